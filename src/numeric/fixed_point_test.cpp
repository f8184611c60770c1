#include "numeric/fixed_point.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace edgemoe {
namespace {

static_assert(round_shift(5, 1) == 3 && round_shift(-5, 1) == -2 && round_shift(-6, 2) == -1 && round_shift(7, 0) == 7);
static_assert(round_shift(INT64_MIN, 63) == 0 && round_shift(-1, 62) == 0 && round_shift(-1, 1) == 0);
static_assert(saturate<8>(127) == 127 && saturate<8>(128) == 127 && saturate<8>(-129) == -128);
static_assert(saturating_shift<16>(3, -2) == 12 && saturating_shift<16>(-3, -14) == -32768);
static_assert(saturating_shift<32>(1, -1000) == (1 << 29) && saturating_shift<32>(8, -29) == INT32_MAX);
static_assert(saturating_shift<16>(6, 2) == 2 && saturating_shift<16>(0, -40) == 0);
static_assert(multiply_q15(-32768, 32767) == -32767 && multiply_q15(1, 16384) == 1 && multiply_q15(-1, 16384) == 0);
static_assert(bit_length(0) == 0 && bit_length(1) == 1 && bit_length(UINT64_MAX) == 64 && bit_length(32768) == 16);
static_assert(integer_sqrt(0) == 0 && integer_sqrt(15) == 3 && integer_sqrt(16) == 4);
static_assert(integer_sqrt(UINT64_MAX) == UINT32_MAX);

TEST(RoundShiftTest, everySmallValue_isHalfUp) {
  for (int shift = 0; shift < 8; ++shift) {
    for (int value = -1000; value <= 1000; ++value) {
      EXPECT_EQ(round_shift(value, shift), static_cast<std::int64_t>(std::floor(std::ldexp(value, -shift) + 0.5)));
    }
  }
}

TEST(IntegerSqrtTest, aroundSquares_isTheFloor) {
  for (std::uint64_t root = 1; root < UINT32_MAX; root = root * 5 / 4 + 1) {
    EXPECT_EQ(integer_sqrt(root * root), root);
    EXPECT_EQ(integer_sqrt(root * root - 1), root - 1);
    EXPECT_EQ(integer_sqrt(root * root + 2 * root), root);
  }
}

TEST(RowQuantizerTest, everyLargestMagnitude_spans127AndKeepsHalfAStep) {
  for (std::int32_t largest = 1; largest <= 32767; ++largest) {
    const RowQuantizer row = make_row_quantizer(largest, 10);
    ASSERT_GE(row.scale.mantissa, 1 << 14);
    ASSERT_GE(row.reciprocal, 16256);
    ASSERT_LE(row.reciprocal, 32512);
    ASSERT_EQ(quantize(largest, row), 127) << largest;
    ASSERT_EQ(quantize(-largest, row), -127) << largest;
    const double step = std::ldexp(row.scale.mantissa / 127.0, 10 - row.scale.exponent);
    for (const std::int32_t value : {0, 1, -1, largest / 2, -largest / 3, largest - 1}) {
      if (std::abs(value) > largest) continue;
      // Half a step, and what the reciprocal is rounded down by.
      ASSERT_LE(std::abs(quantize(value, row) * step - value), step * 0.504) << value << " of " << largest;
    }
  }
}

TEST(RowQuantizerTest, lowestNumberOf16Bits_staysWithin127) {
  const RowQuantizer row = make_row_quantizer(32768, 0);
  EXPECT_EQ(quantize(-32768, row), -127);
  EXPECT_EQ(quantize(32767, row), 127);
}

TEST(RowQuantizerTest, rowOfZeros_hasNoScale) {
  const RowQuantizer row = make_row_quantizer(0, 10);
  EXPECT_EQ(row.scale, RowScale());
  EXPECT_EQ(quantize(0, row), 0);
}

}  // namespace
}  // namespace edgemoe
