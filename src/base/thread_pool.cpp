#include "base/thread_pool.h"

#include <sched.h>

#include "base/check.h"

namespace edgemoe {
namespace {

constexpr int kIdleLooks = 2000;  // about a tenth of a millisecond
constexpr int kLooksBeforeYield = 200;

/// Tells the processor that this is a waiting loop.
void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(int num_threads) {
  EDGEMOE_CHECK(num_threads >= 1);
  idle_looks_ = num_threads <= available_cpus() ? kIdleLooks : 0;
  workers_.reserve(static_cast<std::size_t>(num_threads - 1));
  try {
    for (int thread = 1; thread < num_threads; ++thread) {
      workers_.emplace_back([this, thread] { work(thread); });
    }
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping_ = true;
  {
    // A worker between its last look and its sleep holds this.
    const std::lock_guard lock(mutex_);
  }
  start_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(std::size_t count, Call call, void* context) {
  if (workers_.empty() || count <= 1) {
    for (std::size_t index = 0; index < count; ++index) call(context, index, 0);
    return;
  }
  call_ = call;
  context_ = context;
  count_ = count;
  next_.store(0, std::memory_order_relaxed);
  gate_.fetch_add(kClosed);
  generation_.fetch_add(1);
  if (sleepers_.load() > 0) {
    { const std::lock_guard lock(mutex_); }
    start_.notify_all();
  }
  take_iterations(0);
  gate_.fetch_sub(kClosed);
  for (int looks = 0; gate_.load() != -kClosed; ++looks) {
    if (looks < kLooksBeforeYield) {
      relax();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::take_iterations(int thread) {
  for (;;) {
    const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
    if (index >= count_) return;
    call_(context_, index, thread);
  }
}

/// Returns when there is a loop after the one counted as `seen`, or the pool is stopping.
void ThreadPool::wait_for_loop(unsigned seen) {
  const auto has_news = [&] { return stopping_.load() || generation_.load() != seen; };
  for (int looks = 0; looks < idle_looks_; ++looks) {
    if (has_news()) return;
    relax();
  }
  std::unique_lock lock(mutex_);
  sleepers_.fetch_add(1);
  start_.wait(lock, has_news);
  sleepers_.fetch_sub(1);
}

void ThreadPool::work(int thread) {
  unsigned seen = 0;
  for (;;) {
    wait_for_loop(seen);
    if (stopping_.load()) return;
    seen = generation_.load();
    if (gate_.fetch_add(1) >= 0) take_iterations(thread);
    gate_.fetch_sub(1);
  }
}

int available_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof(mask), &mask) == 0) {
    const int count = CPU_COUNT(&mask);
    if (count > 0) return count;
  }
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count);
}

}  // namespace edgemoe
