#include "base/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace edgemoe {
namespace {

TEST(RandomTest, seed_fixesTheSequence) {
  Random random(1234567);
  // First outputs of the published SplitMix64 reference for this seed.
  EXPECT_EQ(random.next_u64(), 6457827717110365317u);
  EXPECT_EQ(random.next_u64(), 3203168211198807973u);
}

TEST(RandomTest, normal_hasMeanZeroAndDeviationOne) {
  Random random(7);
  double sum = 0;
  double squares = 0;
  const int count = 100000;
  for (int i = 0; i < count; ++i) {
    const double x = static_cast<double>(random.normal());
    sum += x;
    squares += x * x;
  }
  EXPECT_LT(std::abs(sum / count), 0.02);  // 6 deviations of the mean of 100,000
  EXPECT_LT(std::abs(squares / count - 1), 0.03);
}

}  // namespace
}  // namespace edgemoe
