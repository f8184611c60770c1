#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace edgemoe {
namespace {

TEST(ThreadPoolTest, parallelFor_everyIndexOnce_forAnyThreadCount) {
  for (const int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.num_threads(), threads);
    for (const std::size_t count : {0u, 1u, 2u, 100u, 1000u}) {
      std::vector<std::atomic<int>> seen(count);
      std::atomic<bool> thread_in_range = true;
      pool.parallel_for(count, [&](std::size_t index, int thread) {
        seen[index].fetch_add(1);
        if (thread < 0 || thread >= threads) thread_in_range = false;
      });
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(seen[i].load(), 1) << i;
      EXPECT_TRUE(thread_in_range.load());
    }
  }
}

TEST(ThreadPoolTest, manyShortLoops_doNotMix) {
  ThreadPool pool(4);
  std::vector<long> sums(64);
  for (long round = 0; round < 2000; ++round) {
    pool.parallel_for(sums.size(), [&](std::size_t index, int) { sums[index] += round; });
  }
  for (const long sum : sums) EXPECT_EQ(sum, 1999L * 2000 / 2);
}

TEST(AvailableCpus, isAtLeastOne) { EXPECT_GE(available_cpus(), 1); }

}  // namespace
}  // namespace edgemoe
