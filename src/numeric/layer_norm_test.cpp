#include "numeric/layer_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace edgemoe {
namespace {

static_assert(rounded_mean(5, 2) == 3 && rounded_mean(-5, 2) == -2 && rounded_mean(-6, 4) == -1);
static_assert(rounded_mean(7, 7) == 1 && rounded_mean(0, 3) == 0 && rounded_mean(-1, 3) == 0 &&
              rounded_mean(-2, 3) == -1);
static_assert(deviation_shift(0) == 0 && deviation_shift(1) == -14 && deviation_shift(32767) == 0);
static_assert(deviation_shift(32768) == 1 && deviation_shift(std::uint64_t{1} << 32) == 18);

// The ratio is rounded down twice before its root (2⁻²⁸ each, relative), the root to 2⁻¹⁴; eps to 1/2 of its last
// place.
TEST(InverseDeviationTest, squaresOfEverySize_areWithinTheBound) {
  for (const std::uint64_t count : {1ULL, 2ULL, 17ULL, 192ULL, 768ULL, 8192ULL}) {
    for (int shift = -14; shift <= 18; ++shift) {
      for (std::uint64_t squares = std::uint64_t{1} << 28; squares <= count << 30; squares = squares * 3 / 2) {
        const InverseDeviation found = inverse_deviation(squares, shift, 4295, count);
        ASSERT_GE(found.mantissa, 1 << 14);
        const double variance =
            static_cast<double>(squares) / static_cast<double>(count) + std::ldexp(4295, -2 * shift);
        const double exact = 1 / std::sqrt(variance);
        ASSERT_NEAR(std::ldexp(found.mantissa, -found.exponent) / exact, 1, 1.0 / (1 << 14) + 1e-8)
            << squares << " of " << count << ", shift " << shift;
      }
    }
  }
}

TEST(InverseDeviationTest, constantRow_isDividedByEpsAlone) {
  const InverseDeviation found = inverse_deviation(0, 0, 4295, 192);
  EXPECT_NEAR(std::ldexp(found.mantissa, -found.exponent) * std::sqrt(4295.0), 1, 1.0 / (1 << 14));
}

TEST(InverseDeviationTest, largestEpsAndWidth_doNotOverflow) {
  const InverseDeviation found = inverse_deviation(1U << 28, -14, kMaxNormEps, kMaxNormWidth);
  const double variance = (1U << 28) / static_cast<double>(kMaxNormWidth) + std::ldexp(kMaxNormEps, 28);
  EXPECT_NEAR(std::ldexp(found.mantissa, -found.exponent) * std::sqrt(variance), 1, 1.0 / (1 << 14));
}

}  // namespace
}  // namespace edgemoe
