#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <vector>

#include "kernels/gemm/gemm.h"
#include "kernels/simd/kernel_table.h"
#include "kernels/testing.h"

namespace edgemoe {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

float from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// Floats of one sign spread evenly over the bit patterns up to `last`: every exponent, and `last` itself.
std::vector<float> spread_floats(float last, std::size_t count) {
  std::uint32_t last_bits;
  std::memcpy(&last_bits, &last, sizeof(last_bits));
  const std::uint32_t sign = last_bits & 0x80000000U;
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t magnitude = std::uint64_t{last_bits & 0x7FFFFFFFU} * i / (count - 1);
    values[i] = from_bits(sign | static_cast<std::uint32_t>(magnitude));
  }
  return values;
}

double exact_gelu(float x) {
  const auto wide = static_cast<double>(x);
  return 0.5 * wide * std::erfc(-wide / std::numbers::sqrt2);
}

TEST(GeluTest, allMagnitudes_areWithinOneMillionth) {
  std::vector<float> in = spread_floats(std::numeric_limits<float>::max(), 100'001);
  for (const float x : spread_floats(-std::numeric_limits<float>::max(), 100'001)) in.push_back(x);
  for (int i = -80'000; i <= 80'000; ++i) in.push_back(static_cast<float>(i) * 1e-4F);  // where the curve is
  std::vector<float> out(in.size());
  for (const Isa isa : supported_isas()) {
    kernel_table(isa).gelu(in.data(), in.size(), out.data());
    double worst = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double error = std::abs(static_cast<double>(out[i]) - exact_gelu(in[i]));
      ASSERT_LT(error, 5e-7) << isa_name(isa) << " at " << in[i] << " gives " << out[i];
      worst = std::max(worst, error);
    }
    EXPECT_GT(worst, 1e-8) << "the sweep missed the curve";
  }
}

TEST(GeluTest, extremes_areExact) {
  const float in[] = {0.0F, -0.0F, kInfinity, -kInfinity, 1e30F, -1e30F, 6.0F, -6.0F, kNan};
  for (const Isa isa : supported_isas()) {
    float out[std::size(in)];
    kernel_table(isa).gelu(in, std::size(in), out);
    EXPECT_EQ(out[0], 0.0F) << isa_name(isa);
    EXPECT_EQ(out[1], 0.0F);
    EXPECT_EQ(out[2], kInfinity);
    EXPECT_EQ(out[3], 0.0F);
    EXPECT_EQ(out[4], 1e30F);
    EXPECT_EQ(out[5], 0.0F);
    EXPECT_EQ(out[6], 6.0F);
    EXPECT_EQ(out[7], 0.0F);
    EXPECT_TRUE(std::isnan(out[8]));
  }
}

TEST(GeluTest, tail_givesTheBitsOfFullVectors) {
  const std::vector<float> in = testing::random_floats(37, 5, 3.0F);
  for (const Isa isa : supported_isas()) {
    std::vector<float> together(in.size());
    kernel_table(isa).gelu(in.data(), in.size(), together.data());
    for (std::size_t i = 0; i < in.size(); ++i) {
      float alone = 0;
      kernel_table(isa).gelu(&in[i], 1, &alone);
      EXPECT_EQ(alone, together[i]) << isa_name(isa) << " element " << i;
    }
  }
}

TEST(GeluTest, scalar_isThePortableValue) {
  for (const float x : testing::random_floats(100, 6, 3.0F)) {
    float expected = 0;
    kernel_table(Isa::kPortable).gelu(&x, 1, &expected);
    EXPECT_EQ(gelu(x), expected);
  }
}

TEST(ExpTest, nonPositive_isWithinTheStatedRelativeError) {
  std::vector<float> in = spread_floats(-87.3F, 200'001);
  for (int i = 0; i <= 87'300; ++i) in.push_back(static_cast<float>(i) * -1e-3F);
  std::vector<float> out(in.size());
  for (const Isa isa : supported_isas()) {
    kernel_table(isa).exp_nonpositive(in.data(), in.size(), out.data());
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double exact = std::exp(static_cast<double>(in[i]));
      ASSERT_LT(std::abs(static_cast<double>(out[i]) - exact), 2.5e-7 * exact) << isa_name(isa) << " at " << in[i];
    }
  }
}

TEST(ExpTest, extremes_neitherWrapNorHideNan) {
  const float in[] = {0.0F, -0.0F, -87.31F, -1000.0F, -1e30F, -kInfinity, kNan, from_bits(0xFFFFFFFFU)};
  for (const Isa isa : supported_isas()) {
    float out[std::size(in)];
    kernel_table(isa).exp_nonpositive(in, std::size(in), out);
    EXPECT_EQ(out[0], 1.0F) << isa_name(isa);
    EXPECT_EQ(out[1], 1.0F);
    for (std::size_t i = 2; i <= 5; ++i) EXPECT_EQ(out[i], 0.0F) << in[i];
    EXPECT_TRUE(std::isnan(out[6]));
    EXPECT_TRUE(std::isnan(out[7]));
  }
}

}  // namespace
}  // namespace edgemoe
