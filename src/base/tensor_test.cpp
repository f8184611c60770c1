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

float through_half(float value) {
  std::array<std::byte, 2> half{};
  narrow_to_f16(std::span(&value, 1), half);
  float back = 0;
  EXPECT_TRUE(widen_to_f32(DType::kF16, half, std::span(&back, 1)));
  return back;
}

TEST(NarrowToF16, everyHalf_isItself_andWhatLiesBetweenGoesToTheNearest_evenOnTies) {
  std::size_t compared = 0;
  for (std::uint32_t bits = 0; bits < 0x7BFFu; ++bits) {
    const std::array<std::uint16_t, 2> pair = {static_cast<std::uint16_t>(bits), static_cast<std::uint16_t>(bits + 1)};
    std::array<float, 2> value{};
    ASSERT_TRUE(widen_to_f32(DType::kF16, std::as_bytes(std::span(pair)), value));
    const float middle = (value[0] + value[1]) / 2;  // exact
    ASSERT_EQ(through_half(value[0]), value[0]);
    ASSERT_EQ(through_half(-value[0]), -value[0]);
    ASSERT_EQ(through_half(middle), value[bits % 2]) << "tie above " << value[0];
    ASSERT_EQ(through_half(std::nextafter(middle, 0.0F)), value[0]);
    ASSERT_EQ(through_half(std::nextafter(middle, 1e9F)), value[1]);
    ++compared;
  }
  EXPECT_EQ(compared, 0x7BFFu);
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(through_half(65519.0F), 65504.0F);
  EXPECT_EQ(through_half(65520.0F), inf);
  EXPECT_EQ(through_half(-inf), -inf);
  EXPECT_TRUE(std::isnan(through_half(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::signbit(through_half(-0.0F)));
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
