// The synthesisable backbone equals the reference, which computes one token at a time; its streams are as deep as they
// must be.
#include "hls/backbone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "engine/hls_case_testing.h"
#include "hls/design_points.h"

namespace edgemoe {
namespace {

using hls::Machine;
using hls::TinySizes;

TEST(BackboneTest, tiny_equalsTheReference) {
  expect_equals_reference<hls::TinyDesign>(HlsCase::seeded(config_of("tiny"), 1));
}

/// Two tasks, each with half of the experts for itself; routers read the block's raw input; weights are pruned.
struct GroupSizes : TinySizes {
  static constexpr int kGates = 2;
  static constexpr bool kGateInputAhead = true;
};

TEST(BackboneTest, expertGroupsOnRawInput_equalTheReference) {
  ModelConfig config = config_of("tiny");
  config.tasks.resize(2);
  config.moe.router = RouterKind::kShared;
  config.moe.experts_per_task = 2;
  config.moe.gate_input_ahead = true;
  config.moe.prune_threshold = 0.45F;
  expect_equals_reference<Machine<GroupSizes>>(HlsCase::seeded(config, 7));
}

/// One router for all tasks, softmax over the chosen experts.
struct SharedSizes : TinySizes {
  static constexpr int kGates = 1;
  static constexpr bool kSoftmaxAfterTopK = true;
};

TEST(BackboneTest, sharedRouter_equalsTheReference) {
  ModelConfig config = config_of("tiny");
  config.moe.router = RouterKind::kShared;
  config.moe.rule = RouterRule::kTopKThenSoftmax;
  expect_equals_reference<Machine<SharedSizes>>(HlsCase::seeded(config, 8));
}

/// Every lane of queries is served by the same keys and values: their memory is read once a group of queries.
TEST(BackboneTest, keysAndValues_passOnceAGroupOfQueries_whateverTheLanes) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 10);
  using Design = hls::TinyDesign;
  constexpr std::uint64_t kGroups = (Design::kTokens + Design::kQueryLanes - 1) / Design::kQueryLanes;
  hls::Simulation simulation;
  network.run<Design>(0);
  constexpr std::uint64_t kPasses = kGroups * Design::kHeads * Design::kDepth;
  EXPECT_EQ(simulation.use("keys").writes, kPasses * Design::kTokens);
  EXPECT_EQ(simulation.use("values").writes, kPasses * Design::kTokens);
  // A group's scores wait for their maximum, no longer.
  EXPECT_EQ(simulation.use("scores").most, static_cast<std::size_t>(Design::kTokens));
  // Each number of the network is fetched once, all other tasks' routers left out.
  constexpr int kMoeBlocks = 2;
  EXPECT_EQ(simulation.use("network").writes,
            static_cast<std::uint64_t>(hls::Layout<Design>::total() -
                                       kMoeBlocks * (Design::kGates - 1) * hls::Layout<Design>::kGate));
}

template <typename Design>
std::string fault_of_run(const HlsCase& network) {
  try {
    network.run<Design>(0);
  } catch (const hls::StreamError& error) {
    return error.what();
  }
  return "";
}

/// Without room for all scores of a group its maximum never comes.
struct ShortScoresDesign : hls::TinyDesign {
  static constexpr int kScoreDepth = kTokens - 1;
};
/// A tile's sums end only after the next tile's channels are in.
struct ShortChannelsDesign : hls::TinyDesign {
  static constexpr int kChannelDepth = 2;
};

TEST(BackboneTest, streamTooShort_isReportedByName) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 11);
  const std::string scores = fault_of_run<ShortScoresDesign>(network);
  EXPECT_THAT(scores, ::testing::HasSubstr("dead-lock"));
  EXPECT_THAT(scores, ::testing::HasSubstr("compute_backbone > score_queries waits to write stream \"scores\" "
                                           "(24 of 24 filled)"));
  EXPECT_THAT(scores, ::testing::HasSubstr("compute_backbone > weigh_values waits to read stream \"maxima\" "
                                           "(0 of 2 filled)"));
  const std::string channels = fault_of_run<ShortChannelsDesign>(network);
  EXPECT_THAT(channels, ::testing::HasSubstr("compute_backbone > multiply waits to write stream \"channels\" "
                                             "(2 of 2 filled)"));
}

TEST(BackboneTest, networkOfAnotherShape_isRefusedBySize) {
  ModelConfig config = config_of("tiny");
  config.mlp_dim = 64;
  const HlsCase network = HlsCase::seeded(config, 12);
  EXPECT_THAT([&] { network.run<hls::TinyDesign>(0); },
              ::testing::ThrowsMessage<std::invalid_argument>(::testing::HasSubstr(
                  "the design is for 128 outputs of block 0 up, the network has 64; choose or write another design")));
}

}  // namespace
}  // namespace edgemoe
