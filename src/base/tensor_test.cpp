#include "base/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace edgemoe {
namespace {

float widen_one(DType dtype, std::uint16_t bits) {
  float out = 0;
  std::array<std::byte, 2> bytes;
  std::memcpy(bytes.data(), &bits, 2);
  EXPECT_TRUE(widen_to_f32(dtype, bytes, std::span(&out, 1)));
  return out;
}

TEST(Widen, half_knownValues_areExact) {
  EXPECT_EQ(widen_one(DType::kF16, 0x3C00), 1.0F);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(widen_one(DType::kF16, 0x8000)), 0x80000000u);
  EXPECT_EQ(widen_one(DType::kF16, 0x0001), 0x1p-24F);  // smallest subnormal
  EXPECT_EQ(widen_one(DType::kF16, 0x03FF), 0x3FFp-24F);
  EXPECT_EQ(widen_one(DType::kF16, 0x0400), 0x1p-14F);
  EXPECT_EQ(widen_one(DType::kF16, 0x7BFF), 65504.0F);
  EXPECT_EQ(widen_one(DType::kF16, 0xFC00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(widen_one(DType::kF16, 0x7E01)));
}

TEST(Widen, half_everyFiniteValue_equalsTheFormula) {
  int compared = 0;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const std::uint32_t exponent = (bits >> 10) & 31;
    if (exponent == 31) continue;
    const double mantissa = exponent == 0 ? (bits & 1023) : 1024 + (bits & 1023);
    double expected = std::ldexp(mantissa, static_cast<int>(exponent == 0 ? 1 : exponent) - 25);
    if ((bits & 0x8000) != 0) expected = -expected;
    ASSERT_EQ(static_cast<double>(widen_one(DType::kF16, static_cast<std::uint16_t>(bits))), expected) << bits;
    ++compared;
  }
  EXPECT_EQ(compared, 63488);
}

TEST(Widen, bfloat16_isTheUpperHalf) {
  EXPECT_EQ(widen_one(DType::kBF16, 0x3F80), 1.0F);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(widen_one(DType::kBF16, 0x0001)), 0x00010000u);  // subnormal kept
  EXPECT_EQ(std::bit_cast<std::uint32_t>(widen_one(DType::kBF16, 0x8000)), 0x80000000u);
}

TEST(Widen, otherTypes_areRefused) {
  float out = 0;
  const std::array<std::byte, 8> bytes = {};
  EXPECT_FALSE(widen_to_f32(DType::kF64, bytes, std::span(&out, 1)));
  EXPECT_FALSE(widen_to_f32(DType::kI8, bytes, std::span(&out, 1)));
}

TEST(ShapeTest, checkedNumElements_overflowOrNegative_isNothing) {
  EXPECT_EQ(Shape({2, 3, 4}).checked_num_elements(), 24);
  EXPECT_EQ(Shape().checked_num_elements(), 1);
  EXPECT_EQ(Shape({5, 0}).checked_num_elements(), 0);
  EXPECT_FALSE(Shape({std::int64_t{1} << 40, std::int64_t{1} << 40}).checked_num_elements().has_value());
  EXPECT_FALSE(Shape({std::int64_t{1} << 40, 0, std::int64_t{1} << 40}).checked_num_elements().has_value());
  EXPECT_FALSE(Shape({-1, 4}).checked_num_elements().has_value());
  EXPECT_EQ(Shape({192, 3, 16, 16}).to_string(), "[192,3,16,16]");
}

TEST(DTypeTest, names_goBothWays) {
  EXPECT_EQ(dtype_from_name("BF16"), DType::kBF16);
  EXPECT_EQ(dtype_name(DType::kI64), "I64");
  EXPECT_FALSE(dtype_from_name("F8_E4M3").has_value());
}

}  // namespace
}  // namespace edgemoe
