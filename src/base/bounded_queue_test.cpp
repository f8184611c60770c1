#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace edgemoe {
namespace {

TEST(BoundedQueue, AFastWriter_never_has_more_than_the_capacity_in_it) {
  BoundedQueue<std::unique_ptr<int>> queue(3);
  std::thread writer([&] {
    for (int i = 0; i < 1000; ++i) queue.push(std::make_unique<int>(i));
    queue.close();
  });
  std::vector<int> taken;
  while (std::optional<std::unique_ptr<int>> item = queue.pop()) taken.push_back(**item);
  writer.join();
  ASSERT_EQ(taken.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(taken[static_cast<std::size_t>(i)], i);
  EXPECT_LE(queue.peak(), 3U);
  EXPECT_GE(queue.peak(), 1U);
}

TEST(BoundedQueue, Closing_wakes_a_writer_that_waits_and_refuses_its_item) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.push(1));
  bool pushed = true;
  std::thread writer([&] { pushed = queue.push(2); });
  queue.close();
  writer.join();
  EXPECT_FALSE(pushed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, Closing_wakes_a_reader_that_waits) {
  BoundedQueue<int> queue(1);
  std::optional<int> taken = 7;
  std::thread reader([&] { taken = queue.pop(); });
  queue.close();
  reader.join();
  EXPECT_EQ(taken, std::nullopt);
}

}  // namespace
}  // namespace edgemoe
