#include "kernels/router/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <set>

#include "kernels/testing.h"

namespace edgemoe {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Selection {
  std::vector<std::uint32_t> indices;
  std::vector<float> weights;
};

Selection select(const std::vector<float>& logits, std::size_t rows, const TopKRule& rule) {
  Selection selection{std::vector<std::uint32_t>(rows * rule.top_k), std::vector<float>(rows * rule.top_k)};
  const std::size_t cols = logits.size() / rows;
  select_experts({logits.data(), rows, cols, cols}, rule, selection.indices.data(), selection.weights.data());
  return selection;
}

TEST(SelectExpertsTest, distinctLogits_areRankedFalling) {
  const Selection got = select({0.5F, 3, -1, 2, 1, 0}, 1, {.top_k = 4});
  EXPECT_THAT(got.indices, ElementsAre(1, 3, 4, 0));
}

TEST(SelectExpertsTest, equalLogits_giveTheLowerIndexFirst) {
  EXPECT_THAT(select({7, 7, 7, 7, 7}, 1, {.top_k = 3}).indices, ElementsAre(0, 1, 2));
  EXPECT_THAT(select({1, 2, 1, 2, 2}, 1, {.top_k = 4}).indices, ElementsAre(1, 3, 4, 0));
  EXPECT_THAT(select({-0.0F, 0.0F, -0.0F}, 1, {.top_k = 2}).indices, ElementsAre(0, 1));
}

TEST(SelectExpertsTest, nan_ranksBelowEverything) {
  EXPECT_THAT(select({kNan, -kInfinity, kNan, -5}, 1, {.top_k = 4}).indices, ElementsAre(3, 1, 0, 2));
}

TEST(SelectExpertsTest, equalLogits_sixteenExperts_keepAQuarterTogether) {
  const Selection got = select(std::vector<float>(16, 0.3F), 1, {.top_k = 4});
  EXPECT_THAT(got.weights, ElementsAre(0.0625F, 0.0625F, 0.0625F, 0.0625F));
}

TEST(SelectExpertsTest, softmaxFirst_dividesByAllAndSoftmaxAfterByTheChosen) {
  const std::vector<float> logits = {1, 3, 2, -1};
  const double all = std::exp(-2.0) + 1 + std::exp(-1.0) + std::exp(-4.0);
  const Selection first = select(logits, 1, {.top_k = 2});
  EXPECT_NEAR(static_cast<double>(first.weights[0]), 1 / all, 3e-7);
  EXPECT_NEAR(static_cast<double>(first.weights[1]), std::exp(-1.0) / all, 3e-7);
  const Selection after = select(logits, 1, {.top_k = 2, .softmax_after_topk = true});
  EXPECT_NEAR(static_cast<double>(after.weights[0]), 1 / (1 + std::exp(-1.0)), 3e-7);
  EXPECT_NEAR(static_cast<double>(after.weights[1]), 1 / (1 + std::exp(1.0)), 3e-7);
}

TEST(SelectExpertsTest, threshold_keepsOnlyWhatIsStrictlyAbove) {
  // Two equal logits of two: both weights are exactly one half.
  EXPECT_THAT(select({4, 4}, 1, {.top_k = 2, .prune_threshold = 0.5F}).weights, ElementsAre(0.0F, 0.0F));
  EXPECT_THAT(select({4, 4}, 1, {.top_k = 2, .prune_threshold = 0.49F}).weights, ElementsAre(0.5F, 0.5F));
}

TEST(SelectExpertsTest, offset_shiftsEveryIndex) {
  EXPECT_THAT(select({1, 2, 3}, 1, {.top_k = 2, .index_offset = 10}).indices, ElementsAre(12, 11));
}

TEST(SelectExpertsTest, largeLogits_neitherOverflowNorLoseTheirSum) {
  for (const float level : {60.0F, -60.0F, 3e38F}) {
    const Selection got = select({level, level, -3e38F}, 1, {.top_k = 3});
    EXPECT_EQ(got.weights[0] + got.weights[1] + got.weights[2], 1.0F) << level;
  }
}

TEST(SelectExpertsTest, randomRows_matchAStableSort) {
  const std::size_t rows = 200;
  const std::size_t experts = 16;
  std::vector<float> logits = testing::random_floats(rows * experts, 1);
  for (float& logit : logits) logit = std::round(logit * 2) / 2;  // many ties
  for (const std::size_t top_k : {1UL, 2UL, 4UL, 16UL}) {
    const Selection got = select(logits, rows, {.top_k = top_k});
    for (std::size_t row = 0; row < rows; ++row) {
      std::vector<std::uint32_t> order(experts);
      std::iota(order.begin(), order.end(), 0U);
      std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return logits[row * experts + a] > logits[row * experts + b];
      });
      order.resize(top_k);
      const auto* begin = got.indices.data() + row * top_k;
      EXPECT_THAT(std::vector<std::uint32_t>(begin, begin + top_k), ElementsAreArray(order)) << "row " << row;
    }
  }
}

struct Queues {
  std::vector<std::uint32_t> begin;
  std::vector<std::uint32_t> tokens;
  std::vector<float> weights;
};

Queues queue(const std::vector<std::uint32_t>& indices, const std::vector<float>& weights, std::size_t top_k,
             std::size_t num_experts) {
  Queues queues{std::vector<std::uint32_t>(num_experts + 1, 99U), std::vector<std::uint32_t>(indices.size()),
                std::vector<float>(indices.size())};
  build_expert_queues(indices, weights, top_k, num_experts, {queues.begin, queues.tokens, queues.weights});
  return queues;
}

TEST(ExpertQueuesTest, queues_holdTokensAscendingWithTheirWeights) {
  const Queues got = queue({2, 0, 0, 2, 3, 2}, {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F}, 2, 5);
  EXPECT_THAT(got.begin, ElementsAre(0, 2, 2, 5, 6, 6));
  EXPECT_THAT(got.tokens, ElementsAre(0, 1, 0, 1, 2, 2));
  EXPECT_THAT(got.weights, ElementsAre(0.2F, 0.3F, 0.1F, 0.4F, 0.6F, 0.5F));
}

TEST(ExpertQueuesTest, oneExpertWithAllTokens_leavesTheOthersEmpty) {
  const Queues got = queue({1, 1, 1}, {1, 2, 3}, 1, 3);
  EXPECT_THAT(got.begin, ElementsAre(0, 0, 3, 3));
  EXPECT_THAT(got.tokens, ElementsAre(0, 1, 2));
}

TEST(ExpertQueuesTest, oneTokenInAllExperts_standsInEveryQueue) {
  const Queues got = queue({3, 1, 0, 2}, {0.4F, 0.2F, 0.1F, 0.3F}, 4, 4);
  EXPECT_THAT(got.begin, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(got.tokens, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(got.weights, ElementsAre(0.1F, 0.2F, 0.3F, 0.4F));
}

TEST(ExpertQueuesTest, noTokens_giveEmptyQueues) { EXPECT_THAT(queue({}, {}, 2, 3).begin, ElementsAre(0, 0, 0, 0)); }

TEST(ExpertQueuesTest, randomRouting_dropsNoTokenAndInventsNone) {
  const std::size_t rows = 129;
  const Selection selection = select(testing::random_floats(rows * 16, 2), rows, {.top_k = 4});
  const Queues got = queue(selection.indices, selection.weights, 4, 16);
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (std::uint32_t e = 0; e < 16; ++e) {
    for (std::uint32_t i = got.begin[e]; i < got.begin[e + 1]; ++i) {
      if (i > got.begin[e]) {
        EXPECT_LT(got.tokens[i - 1], got.tokens[i]);
      }
      pairs.emplace(got.tokens[i], e);
    }
  }
  EXPECT_EQ(pairs.size(), rows * 4);
  for (std::size_t i = 0; i < selection.indices.size(); ++i) {
    EXPECT_TRUE(pairs.contains({static_cast<std::uint32_t>(i / 4), selection.indices[i]}));
  }
}

}  // namespace
}  // namespace edgemoe
