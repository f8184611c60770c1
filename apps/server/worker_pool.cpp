#include "server/worker_pool.h"

#include <system_error>
#include <utility>

namespace edgemoe::server {

bool WorkerPool::submit(std::function<void()>& job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    if (jobs_.size() >= num_idle_ && threads_.size() < max_threads_) {
      try {
        threads_.emplace_back([this] { work(); });
        ++num_idle_;  // as it will be, once it runs
      } catch (const std::system_error&) {
        if (threads_.empty()) return false;  // those that there are must do
      }
    }
    if (jobs_.size() >= num_idle_ + max_waiting_) return false;
    jobs_.push_back(std::move(job));
    num_waiting_ = jobs_.size();
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    --num_idle_;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    num_waiting_ = jobs_.size();
    lock.unlock();
    job();
    lock.lock();
    ++num_idle_;
  }
}

void WorkerPool::shutdown() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace edgemoe::server
