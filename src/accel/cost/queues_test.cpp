#include "accel/cost/queues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;
using namespace cost_testing;

TEST(Queues, EachAddsUpAndNoneIsLongerThanAllTokens) {
  ModelConfig network = edge_moe_network();
  for (const double spread : {0.0, kTypicalQueueSpread, 20.0}) {
    for (const int top_k : {1, 4, 15, 16}) {
      network.moe.top_k = top_k;
      const ExpertQueues queues = make_queues(network, 3, spread, 7);
      ASSERT_EQ(queues.size(), 6U);
      for (const std::vector<int>& queue : queues) {
        EXPECT_EQ(std::accumulate(queue.begin(), queue.end(), 0), 3 * 129 * top_k);
        EXPECT_LE(*std::max_element(queue.begin(), queue.end()), 3 * 129);
        EXPECT_GE(*std::min_element(queue.begin(), queue.end()), 0);
      }
    }
  }
}

TEST(Queues, TypicalOnes_FillRowsAsThePublicNetworksDo) {
  const ModelConfig network = edge_moe_network();
  ExpertQueues all;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const std::vector<int>& queue : make_queues(network, 1, kTypicalQueueSpread, seed)) all.push_back(queue);
  }
  EXPECT_NEAR(slot_use(all, 2), 0.974, 0.01);
  EXPECT_NEAR(slot_use(all, 4), 0.923, 0.01);
  EXPECT_NEAR(slot_use(all, 8), 0.831, 0.01);
  EXPECT_NEAR(slot_use(all, 16), 0.708, 0.01);
  EXPECT_EQ(make_queues(network, 1, 0.5, 3), make_queues(network, 1, 0.5, 3));
  EXPECT_NE(make_queues(network, 1, 0.5, 3), make_queues(network, 1, 0.5, 4));
}

TEST(Queues, CountedOnes_KeepTheirProportions) {
  ModelConfig network = edge_moe_network();
  network.moe.blocks = {1};
  network.moe.num_experts = 4;
  const auto text = [](const char* picks) {
    return fmt::format(R"({{"routing": [{{"block": 1, "tasks": {{"semseg": {{"picks": [{}]}}}}}}]}})", picks);
  };
  const Result<ExpertQueues> queues = parse_queues(text("500, 250, 0, 250"), network, 1);
  ASSERT_TRUE(queues.ok()) << queues.status().message();
  EXPECT_EQ(queues->at(0), (std::vector<int>{129, 65, 0, 64}));
  EXPECT_THAT(parse_queues(text("1, 2, 3"), network, 1).status().message(), HasSubstr("semseg.picks"));
  EXPECT_THAT(parse_queues(text("1, 2, 3, -4"), network, 1).status().message(), HasSubstr("picks[3]"));
  EXPECT_THAT(parse_queues(text("0, 0, 0, 0"), network, 1).status().message(), HasSubstr("no pick"));
  EXPECT_FALSE(parse_queues("{", network, 1).ok());
  EXPECT_FALSE(parse_queues("[1]", network, 1).ok());
  EXPECT_FALSE(parse_queues(R"({"routing": [3]})", network, 1).ok());
  network.moe.blocks = {1, 3};
  EXPECT_THAT(parse_queues(text("1, 2, 3, 4"), network, 1).status().message(), HasSubstr("expected 2 mixtures"));
}

}  // namespace
}  // namespace edgemoe
