#include "base/page_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace edgemoe {
namespace {

TEST(PageBufferTest, anySize_isZeroWritableAndAligned) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{1} << 21, (std::size_t{5} << 20) + 3}) {
    PageBuffer buffer(bytes);
    ASSERT_GE(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.span().data()) % (std::size_t{1} << 21), 0u);
    EXPECT_TRUE(std::ranges::all_of(buffer.span(), [](std::byte b) { return b == std::byte{0}; }));
    std::ranges::fill(buffer.span(), std::byte{7});
    EXPECT_EQ(buffer.span().back(), std::byte{7});
  }
}

TEST(PageBufferTest, moved_keepsItsPlaceAndLeavesNothing) {
  PageBuffer first(100);
  const std::byte* const place = first.span().data();
  PageBuffer second(std::move(first));
  EXPECT_EQ(second.span().data(), place);
  EXPECT_EQ(first.size(), 0u);  // NOLINT(bugprone-use-after-move): that it is empty is what is tested
  PageBuffer third(50);
  third = std::move(second);
  EXPECT_EQ(third.span().data(), place);
}

TEST(PageBufferTest, noneAndTooMuch) {
  EXPECT_EQ(PageBuffer(0).size(), 0u);
  EXPECT_THROW(PageBuffer(SIZE_MAX), std::bad_alloc);
  EXPECT_THROW(PageBuffer(SIZE_MAX / 4), std::bad_alloc);
}

}  // namespace
}  // namespace edgemoe
