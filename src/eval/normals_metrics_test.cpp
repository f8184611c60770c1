#include "eval/normals_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "base/random.h"

namespace edgemoe {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

double angle(std::array<float, 3> a, std::array<float, 3> b) { return angle_degrees(a, b); }

NormalsSums score(const std::vector<float>& predicted, const std::vector<float>& truth, int threads = 1) {
  ThreadPool pool(threads);
  return score_normals(predicted, truth, pool);
}

TEST(AngleDegrees, knownAngles_whateverTheLengths) {
  EXPECT_EQ(angle({0, 0, 1}, {0, 0, 5}), 0);
  EXPECT_DOUBLE_EQ(angle({0, 0, 1}, {0, 3, 0}), 90);
  EXPECT_DOUBLE_EQ(angle({0, 0, 1}, {0, 2, 2}), 45);
  EXPECT_DOUBLE_EQ(angle({1, 1, 1}, {-2, -2, -2}), 180);
  EXPECT_EQ(angle({0.6F, 0.1F, 0.7F}, {0.6F, 0.1F, 0.7F}), 0) << "exactly, not the arc cosine of nearly 1";
}

TEST(AngleDegrees, tinyAngle_isNotLostInRounding) {
  const double expected = std::atan(1e-6) * 180 / std::numbers::pi;
  EXPECT_NEAR(angle({0, 0, 1}, {1e-6F, 0, 1}), expected, 1e-6 * expected);
}

TEST(AngleDegrees, vectorWithoutDirection_isNan) {
  EXPECT_TRUE(std::isnan(angle({0, 0, 0}, {0, 0, 1})));
  EXPECT_TRUE(std::isnan(angle({0, kNan, 1}, {0, 0, 1})));
}

TEST(NormalsSums, byHand) {
  // Angles 0, 90, 45 and a pixel without truth.
  const NormalsSums sums = score({0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0}, {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0});
  EXPECT_EQ(sums.num_scored(), 3u);
  EXPECT_EQ(sums.num_without_truth(), 1u);
  EXPECT_DOUBLE_EQ(sums.mean(), 45);
  EXPECT_DOUBLE_EQ(sums.median(), 45);
  EXPECT_DOUBLE_EQ(sums.rmse(), std::sqrt((0 + 8100 + 2025) / 3.0));
  for (std::size_t i = 0; i < kAngleThresholds.size(); ++i) EXPECT_DOUBLE_EQ(sums.within(i), 1.0 / 3.0);
}

TEST(NormalsSums, thresholds_areStrict) {
  NormalsSums sums;
  for (const double degrees : {11.25, 11.24, 22.5, 22.49, 30.0, 29.99, 31.0, 100.0}) sums.add_angle(degrees);
  EXPECT_EQ(sums.within(0), 1 / 8.0);
  EXPECT_EQ(sums.within(1), 3 / 8.0);
  EXPECT_EQ(sums.within(2), 5 / 8.0);
}

TEST(NormalsSums, medianOfAnEvenNumber_isTheMeanOfTheMiddleTwo) {
  NormalsSums sums;
  for (const double degrees : {10.0, 40.0, 20.0, 180.0}) sums.add_angle(degrees);
  EXPECT_DOUBLE_EQ(sums.median(), 30);
}

TEST(NormalsSums, perfectPrediction_isZeroEverywhere) {
  const std::vector<float> normals = {0.6F, 0, 0.8F, -1, 0, 0, 0.1F, 0.2F, 0.3F};
  const NormalsSums sums = score(normals, normals);
  EXPECT_EQ(sums.mean(), 0);
  EXPECT_EQ(sums.median(), 0);
  EXPECT_EQ(sums.rmse(), 0);
  EXPECT_EQ(sums.within(0), 1);
}

TEST(NormalsSums, predictionsWithoutDirection_countAs180Degrees) {
  const NormalsSums sums = score({kNan, 0, 0, 0, 0, 0, 0, 0, 1}, {0, 0, 1, 0, 0, 1, 0, 0, 1});
  EXPECT_EQ(sums.num_invalid(), 2u);
  EXPECT_EQ(sums.num_scored(), 3u);
  EXPECT_DOUBLE_EQ(sums.mean(), 120);
}

TEST(NormalsSums, mergedParts_andAnyThreadCount_equalTheWhole) {
  Random random(9);
  std::vector<float> predicted(3 * 9001);
  std::vector<float> truth(predicted.size());
  for (float& value : predicted) value = random.normal();
  for (float& value : truth) value = random.normal();
  const NormalsSums whole = score(predicted, truth);
  for (const int threads : {2, 5}) {
    EXPECT_EQ(score(predicted, truth, threads).mean(), whole.mean());
    EXPECT_EQ(score(predicted, truth, threads).median(), whole.median());
  }
  NormalsSums parts = score({predicted.begin(), predicted.begin() + 3000}, {truth.begin(), truth.begin() + 3000});
  parts.merge(score({predicted.begin() + 3000, predicted.end()}, {truth.begin() + 3000, truth.end()}));
  EXPECT_EQ(parts.num_scored(), whole.num_scored());
  EXPECT_EQ(parts.median(), whole.median());
  EXPECT_NEAR(parts.rmse(), whole.rmse(), 1e-9);
}

}  // namespace
}  // namespace edgemoe
