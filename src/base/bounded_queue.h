// A queue between two threads that holds only so much: who is ahead waits.
#ifndef EDGEMOE_BASE_BOUNDED_QUEUE_H_
#define EDGEMOE_BASE_BOUNDED_QUEUE_H_

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace edgemoe {

/// First in, first out, at most `capacity` (≥ 1) items. Any number of threads may push and pop.
template <typename Item>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  /// Waits while the queue is full. False once it is closed: the item is dropped.
  bool push(Item item) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, [this] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    peak_ = std::max(peak_, items_.size());
    not_empty_.notify_one();
    return true;
  }

  /// Waits while the queue is empty. Nothing once it is closed and what was in it has been taken.
  std::optional<Item> pop() {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front()));
    items_.pop_front();
    not_full_.notify_one();
    return item;
  }

  /// No more items: the writer is done, or the reader wants none.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    not_full_.notify_all();
    not_empty_.notify_all();
  }

  /// The most items that it ever held.
  std::size_t peak() const {
    const std::lock_guard lock(mutex_);
    return peak_;
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable not_full_;
  std::condition_variable not_empty_;
  std::deque<Item> items_;
  std::size_t peak_ = 0;
  bool closed_ = false;
};

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_BOUNDED_QUEUE_H_
