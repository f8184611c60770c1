// What the requests at work may hold of the machine's memory, all of them together.
#ifndef EDGEMOE_SERVER_MEMORY_BUDGET_H_
#define EDGEMOE_SERVER_MEMORY_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <span>

#include "edgemoe/edgemoe.h"

namespace edgemoe::server {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::size_t held_bytes() const { return held_; }

 private:
  friend class MemoryHold;

  const std::size_t max_bytes_;
  std::atomic<std::size_t> held_ = 0;
};

/// What one request holds of the budget, given back when it ends. Of one thread at a time.
class MemoryHold {
 public:
  explicit MemoryHold(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryHold() { give_back(held_); }
  MemoryHold(const MemoryHold&) = delete;
  MemoryHold& operator=(const MemoryHold&) = delete;

  /// Before the memory is taken. False, and nothing is held for it, where the budget has no room.
  bool take(std::size_t bytes);
  /// Of what was taken.
  void give_back(std::size_t bytes);
  /// Whether a take() found no room.
  bool refused() const { return refused_; }
  const MemoryBudget& budget() const { return budget_; }

 private:
  MemoryBudget& budget_;
  std::size_t held_ = 0;
  bool refused_ = false;
};

/// decode_picture, with what it takes held before it begins and what the picture takes afterwards. kTooLarge with
/// refused() where there is no room for it now; `memory` null: not bounded.
Result<Picture> decode_within(std::span<const std::byte> file, std::size_t max_pixels, MemoryHold* memory);

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_MEMORY_BUDGET_H_
