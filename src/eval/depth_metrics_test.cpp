#include "eval/depth_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace edgemoe {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr DepthCap kCap = {0.5, 80};

DepthSums score(const std::vector<float>& predicted, const std::vector<float>& truth, const DepthRule& rule = {kCap},
                int threads = 1) {
  ThreadPool pool(threads);
  return score_depth(predicted, truth, truth.size() % 4 == 0 ? 4 : 1, rule, pool);
}

TEST(DepthSums, byHand) {
  // (p, g): (2, 4) (6, 4) (10, 10) (11, 10).
  const DepthSums sums = score({2, 6, 10, 11}, {4, 4, 10, 10});
  EXPECT_EQ(sums.num_scored, 4u);
  EXPECT_DOUBLE_EQ(sums.abs_rel(), (0.5 + 0.5 + 0 + 0.1) / 4);
  EXPECT_DOUBLE_EQ(sums.sq_rel(), (1 + 1 + 0 + 0.1) / 4);
  EXPECT_DOUBLE_EQ(sums.rmse(), std::sqrt((4 + 4 + 0 + 1) / 4.0));
  const double logs = std::pow(std::log(2.0), 2) + std::pow(std::log(1.5), 2) + std::pow(std::log(1.1), 2);
  EXPECT_NEAR(sums.rmse_log(), std::sqrt(logs / 4), 1e-15);
  // Ratios 2, 1.5, 1, 1.1 against 1.25, 1.5625, 1.953125.
  EXPECT_EQ(sums.delta(0), 0.5);
  EXPECT_EQ(sums.delta(1), 0.75);
  EXPECT_EQ(sums.delta(2), 0.75);
}

TEST(DepthSums, perfectPrediction_hasNoError) {
  const std::vector<float> depth = {0.5F, 3, 79.5F, 80};
  const DepthSums sums = score(depth, depth);
  EXPECT_EQ(sums.abs_rel(), 0);
  EXPECT_EQ(sums.sq_rel(), 0);
  EXPECT_EQ(sums.rmse(), 0);
  EXPECT_EQ(sums.rmse_log(), 0);
  EXPECT_EQ(sums.delta(0), 1);
}

TEST(DepthSums, ratioOfExactlyTheBound_isNotWithin) {
  const DepthSums sums = score({5, 4, 5.0001F, 4.9999F}, {4, 5, 4, 4});
  EXPECT_EQ(sums.num_within[0], 1u);
}

TEST(DepthSums, truthThatIsNone_orOutsideTheCap_isCountedAndNotScored) {
  const DepthSums sums = score({1, 1, 1, 1, 1, 1, 1, 1}, {0, -3, kNan, kInf, 0.4F, 0.5F, 80, 80.5F});
  EXPECT_EQ(sums.num_without_truth, 4u);
  EXPECT_EQ(sums.num_outside_cap, 2u);
  EXPECT_EQ(sums.num_scored, 2u);
}

TEST(DepthSums, predictionsOutsideTheCap_countAsItsEnds) {
  const DepthSums sums = score({-5, 0, 200, 80}, {1, 1, 40, 40});
  EXPECT_EQ(sums.num_cut, 3u);
  EXPECT_DOUBLE_EQ(sums.abs_rel(), (0.5 + 0.5 + 1 + 1) / 4);
  EXPECT_TRUE(std::isfinite(sums.rmse_log()));
}

TEST(DepthSums, nonFinitePredictions_countAsTheFartherEnd) {
  // 80 / 2 > 2 / 0.5: cut to 80; 80 / 40 < 40 / 0.5: cut to 0.5.
  const DepthSums sums = score({kNan, kInf, -kInf, kNan}, {2, 40, 2, 40});
  EXPECT_EQ(sums.num_non_finite, 4u);
  EXPECT_EQ(sums.num_cut, 0u);
  EXPECT_EQ(sums.num_scored, 4u);
  EXPECT_DOUBLE_EQ(sums.abs_rel(), (39 + 39.5 / 40 + 39 + 39.5 / 40) / 4);
}

TEST(DepthSums, withoutAnUpperCap_everyTruthCounts) {
  const DepthSums sums = score({1e6F, kNan}, {1e6F, 100}, {{0.001, std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(sums.num_scored, 2u);
  EXPECT_EQ(sums.num_non_finite, 1u);
  EXPECT_TRUE(std::isfinite(sums.rmse_log()));
}

TEST(MedianScale, oddAndEvenCounts) {
  EXPECT_DOUBLE_EQ(median_scale(std::vector<float>{1, 2, 9}, std::vector<float>{4, 10, 6}, kCap), 6.0 / 2.0);
  // Medians (2 + 4) / 2 and (6 + 10) / 2.
  EXPECT_DOUBLE_EQ(median_scale(std::vector<float>{4, 1, 2, 9}, std::vector<float>{10, 6, 20, 1}, kCap), 8.0 / 3.0);
}

TEST(MedianScale, onlyScoredPixelsWithAPositivePrediction_count) {
  EXPECT_DOUBLE_EQ(median_scale(std::vector<float>{kNan, -1, 5, 5, 2}, std::vector<float>{9, 9, 0, 200, 6}, kCap), 3);
  EXPECT_EQ(median_scale(std::vector<float>{-1, 2}, std::vector<float>{4, 0}, kCap), 0);
}

TEST(DepthAlignment, scaledPredictions_scoreTheSame) {
  Random random(3);
  std::vector<float> truth;
  std::vector<float> predicted;
  std::vector<float> scaled;
  for (int i = 0; i < 400; ++i) {
    truth.push_back(random.uniform(1, 70));
    predicted.push_back(truth.back() * random.uniform(0.2F, 0.3F));
    scaled.push_back(predicted.back() * 8);  // a power of two: exact
  }
  const DepthRule rule{kCap, DepthAlignment::kMedianScale};
  const DepthSums one = score(predicted, truth, rule);
  const DepthSums other = score(scaled, truth, rule);
  EXPECT_EQ(one.abs_rel(), other.abs_rel());
  EXPECT_EQ(one.rmse_log(), other.rmse_log());
  EXPECT_EQ(one.num_within, other.num_within);
  EXPECT_LT(one.abs_rel(), 0.3);
  EXPECT_GT(score(predicted, truth).abs_rel(), 0.6) << "not aligned, the scale counts";
}

TEST(DepthAlignment, pictureThatCannotBeAligned_isCountedAndScoredAsItIs) {
  const DepthSums sums = score({-1, -1}, {2, 2}, {kCap, DepthAlignment::kMedianScale});
  EXPECT_EQ(sums.num_unaligned, 1u);
  EXPECT_EQ(sums.num_scored, 2u);
  EXPECT_DOUBLE_EQ(sums.abs_rel(), 0.75);
}

TEST(DepthSums, anyThreadCount_sameSums) {
  Random random(4);
  std::vector<float> truth(4 * 1001);
  std::vector<float> predicted(truth.size());
  for (float& value : truth) value = random.uniform(0, 90);
  for (float& value : predicted) value = random.uniform(0, 90);
  const DepthSums expected = score(predicted, truth);
  for (const int threads : {2, 7}) {
    const DepthSums sums = score(predicted, truth, {kCap}, threads);
    EXPECT_EQ(sums.abs_rel_sum, expected.abs_rel_sum);
    EXPECT_EQ(sums.log_square_sum, expected.log_square_sum);
    EXPECT_EQ(sums.num_scored, expected.num_scored);
  }
}

}  // namespace
}  // namespace edgemoe
