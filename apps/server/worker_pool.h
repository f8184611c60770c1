// A bounded set of threads that serve connections, and a bounded line of those that wait.
#ifndef EDGEMOE_SERVER_WORKER_POOL_H_
#define EDGEMOE_SERVER_WORKER_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace edgemoe::server {

class WorkerPool {
 public:
  /// Threads are started as they are needed.
  WorkerPool(std::size_t max_threads, std::size_t max_waiting) : max_threads_(max_threads), max_waiting_(max_waiting) {}
  ~WorkerPool() { shutdown(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False, and the job is not taken, when all threads are busy and the line is full, or no thread can be had.
  bool submit(std::function<void()>& job);
  /// Jobs that no thread has taken yet.
  std::size_t num_waiting() const { return num_waiting_; }
  /// Ends when all that was submitted is done.
  void shutdown();

 private:
  void work();

  const std::size_t max_threads_;
  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t num_idle_ = 0;
  std::atomic<std::size_t> num_waiting_ = 0;
  bool stopping_ = false;
};

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_WORKER_POOL_H_
