#include "eval/routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/tensor.h"

namespace edgemoe {
namespace {

using ::testing::ElementsAre;

ModelConfig config() {
  ModelConfig model;
  model.moe.blocks = {1, 3};
  model.moe.num_experts = 4;
  return model;
}

void publish(RoutingCounter& counter, std::string_view scope, std::string_view tap,
             const std::vector<std::int32_t>& indices) {
  counter.on_tap(0, scope, tap,
                 {DType::kI32, Shape{static_cast<std::int64_t>(indices.size()), 1}, std::as_bytes(std::span(indices))});
}

TEST(RoutingCounter, countsPicksByBlockAndScope_andNothingElse) {
  RoutingCounter counter(config());
  publish(counter, "depth", "block3.router.indices", {0, 0, 3});
  publish(counter, "semseg", "block1.router.indices", {1, 2});
  publish(counter, "semseg", "block1.router.indices", {2, 2});
  publish(counter, "semseg", "block1.router.weights", {1, 1});
  ASSERT_EQ(counter.histograms().size(), 2u);
  EXPECT_EQ(counter.histograms()[0].block, 1);
  EXPECT_EQ(counter.histograms()[0].scope, "semseg");
  EXPECT_THAT(counter.histograms()[0].picks, ElementsAre(0, 1, 3, 0));
  EXPECT_EQ(counter.histograms()[1].block, 3);
  EXPECT_THAT(counter.histograms()[1].picks, ElementsAre(2, 0, 0, 1));
}

TEST(ExpertHistogram, sharesAndHardlyUsedExperts) {
  const ExpertHistogram histogram{1, "depth", {0, 1, 99, 100}};
  EXPECT_EQ(histogram.share(3), 0.5);
  EXPECT_EQ(histogram.min_share(), 0);
  EXPECT_EQ(histogram.max_share(), 0.5);
  EXPECT_EQ(histogram.num_below(0.01), 2u);
  EXPECT_EQ(histogram.num_below(0.005), 1u) << "a share that equals the bound is not below it";
}

TEST(TotalVariation, sameUse_isZero_disjointUse_isOne) {
  const ExpertHistogram a{1, "a", {5, 5, 0, 0}};
  const ExpertHistogram twice{1, "b", {10, 10, 0, 0}};
  const ExpertHistogram other{1, "c", {0, 0, 1, 3}};
  const ExpertHistogram half{1, "d", {4, 0, 4, 0}};
  EXPECT_EQ(total_variation(a, twice), 0);
  EXPECT_EQ(total_variation(a, other), 1);
  EXPECT_EQ(total_variation(a, half), 0.5);
}

}  // namespace
}  // namespace edgemoe
