#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "numeric/exp2_table.h"
#include "numeric/gelu_table.h"
#include "numeric/table_generators.h"

namespace edgemoe {
namespace {

TEST(Exp2TableTest, entries_areWhatTheGeneratorMakes) {
  for (int i = 0; i < kExp2Entries; ++i) EXPECT_EQ(kExp2Table[i], make_exp2_entry(i)) << i;
}

TEST(Exp2TableTest, negative_isWithinItsBoundForEveryDistance) {
  for (std::uint32_t distance = 0; distance < 70000; ++distance) {
    const double exact = kExp2One * std::exp2(-static_cast<double>(distance) / 64);
    const double error = exact - exp2_negative(distance);
    ASSERT_GE(error, -0.5) << distance;
    ASSERT_LT(error, 1 + exact / (1 << 17)) << distance;
  }
}

TEST(Exp2TableTest, negative_neverRisesAndEndsAtZero) {
  for (std::uint32_t distance = 1; distance < 70000; ++distance) {
    ASSERT_LE(exp2_negative(distance), exp2_negative(distance - 1)) << distance;
  }
  EXPECT_EQ(exp2_negative(0), 65280);
  EXPECT_EQ(exp2_negative(0xffffffff), 0);
}

TEST(Exp2TableTest, negativeFine_isWithinItsBoundForEveryDistance) {
  for (std::uint32_t distance = 0; distance < 17 * 4096; ++distance) {
    const double exact = kExp2One * std::exp2(-static_cast<double>(distance) / 4096);
    ASSERT_NEAR(exp2_negative_fine(distance), exact, 2 + exact / (1 << 15)) << distance;
  }
  EXPECT_EQ(exp2_negative_fine(0), 65280);
  EXPECT_EQ(exp2_negative_fine(0xffffffff), 0);
}

TEST(GeluTableTest, knots_areWhatTheGeneratorMakes) {
  for (int i = 0; i <= kGeluSegments; ++i) EXPECT_EQ(kGeluKnots[i], make_gelu_knot(i)) << i;
}

TEST(GeluTableTest, gelu_isWithinItsBoundForEveryInputAndFormat) {
  for (int fraction = 0; fraction <= 15; ++fraction) {
    const double bound = 3.1e-4 + std::ldexp(0.5, -fraction);
    double worst = 0;
    for (int x = -32768; x <= 32767; ++x) {
      const double real = std::ldexp(x, -fraction);
      const double exact = 0.5 * real * std::erfc(-real / std::sqrt(2.0));
      worst = std::max(worst, std::abs(std::ldexp(gelu(static_cast<std::int16_t>(x), fraction), -fraction) - exact));
    }
    EXPECT_LE(worst, bound) << "fraction " << fraction;
    EXPECT_GT(worst, 0) << "fraction " << fraction;
  }
}

TEST(GeluTableTest, gelu_ofZeroIsZeroAndBeyondFourIsRelu) {
  for (int fraction = 0; fraction <= 12; ++fraction) {
    EXPECT_EQ(gelu(0, fraction), 0);
    const auto four = static_cast<std::int16_t>(4 << fraction);
    EXPECT_EQ(gelu(four, fraction), four);
    EXPECT_EQ(gelu(static_cast<std::int16_t>(-four), fraction), 0);
    EXPECT_EQ(gelu(32767, fraction), 32767);
    EXPECT_EQ(gelu(-32768, fraction), 0);
  }
}

}  // namespace
}  // namespace edgemoe
