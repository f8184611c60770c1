// A fixed set of threads that share the iterations of one loop at a time.
#ifndef EDGEMOE_BASE_THREAD_POOL_H_
#define EDGEMOE_BASE_THREAD_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace edgemoe {

/// Runs loops on `num_threads` threads, the caller's among them. Iterations are handed out one at a time in ascending
/// order; which thread takes which is not fixed, so an iteration may write only what no other touches. One loop at a
/// time; loops do not nest; the pool is used from one thread.
///
/// A frame is hundreds of short loops, so idle workers look out for the next one for a while before they sleep (unless
/// there are more threads than processors), and a loop never waits for a worker that did not come in time.
class ThreadPool {
 public:
  /// `num_threads` ≥ 1 counts the caller; 1 makes no thread at all. Throws std::system_error, as std::thread does, when
  /// the system grants no more.
  explicit ThreadPool(int num_threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  int num_threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls `body(index, thread)` for every index in [0, count), thread in [0, num_threads()); returns when all are
  /// done. `body` must not throw. Allocates nothing.
  template <typename Body>
  void parallel_for(std::size_t count, Body&& body) {
    using Stored = std::remove_reference_t<Body>;
    run(
        count, [](void* context, std::size_t index, int thread) { (*static_cast<Stored*>(context))(index, thread); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  using Call = void (*)(void* context, std::size_t index, int thread);
  void run(std::size_t count, Call call, void* context);
  void take_iterations(int thread);
  void work(int thread);
  void stop();
  void wait_for_loop(unsigned seen);

  std::vector<std::thread> workers_;
  int idle_looks_ = 0;  // how often a worker looks for a loop before it sleeps
  std::mutex mutex_;
  std::condition_variable start_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> sleepers_ = 0;         // workers that must be woken
  std::atomic<unsigned> generation_ = 0;  // counts loops

  // Workers inside the loop; less kClosed while there is none to join. Only ever added to and taken from, so that a
  // worker that finds the gate closed can step back without disturbing whoever opens it next.
  static constexpr int kClosed = 1 << 20;
  std::atomic<int> gate_ = -kClosed;

  // Written while the gate is closed, constant while it is open.
  Call call_ = nullptr;
  void* context_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_ = 0;
};

/// Threads that this process may run on (its affinity mask), at least 1.
int available_cpus();

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_THREAD_POOL_H_
