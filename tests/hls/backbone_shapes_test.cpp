// The synthesisable backbone equals the reference for machines and networks of odd shapes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "engine/hls_case_testing.h"
#include "hls/backbone.h"
#include "hls/design_points.h"

namespace edgemoe {
namespace {

using hls::Machine;
using hls::TinySizes;

/// configs/models/tiny.json for pictures of `height` × `width` patches.
ModelConfig tiny_of_grid(int height, int width) {
  ModelConfig config = config_of("tiny");
  config.input.height = height * config.patch_size;
  config.input.width = width * config.patch_size;
  config.pos_embed_height = height;
  config.pos_embed_width = width;
  return config;
}

/// One lane everywhere, the shortest streams, and 7 tokens.
struct NarrowSizes : TinySizes {
  static constexpr int kGridHeight = 2;
  static constexpr int kGridWidth = 3;
  static constexpr int kTokenLanes = 1;
  static constexpr int kOutputLanes = 1;
  static constexpr int kInputLanes = 1;
  static constexpr int kQueryLanes = 1;
  static constexpr int kVectorLanes = 1;
  static constexpr int kBeatBytes = 8;
  static constexpr int kNetworkDepth = 1;
};

TEST(BackboneShapesTest, oneLane_equalsTheReference) {
  expect_equals_reference<Machine<NarrowSizes>>(HlsCase::seeded(tiny_of_grid(2, 3), 2));
}

/// More lanes than there are tokens, outputs or queries, and none that divides a size.
struct WideSizes : TinySizes {
  static constexpr int kGridHeight = 3;
  static constexpr int kGridWidth = 5;
  static constexpr int kTokenLanes = 19;
  static constexpr int kOutputLanes = 40;
  static constexpr int kInputLanes = 7;
  static constexpr int kQueryLanes = 33;
  static constexpr int kVectorLanes = 11;
  static constexpr int kBeatBytes = 24;
};

TEST(BackboneShapesTest, moreLanesThanTokens_equalsTheReference) {
  expect_equals_reference<Machine<WideSizes>>(HlsCase::seeded(tiny_of_grid(3, 5), 3));
}

/// One patch: two tokens.
struct OnePatchSizes : TinySizes {
  static constexpr int kGridHeight = 1;
  static constexpr int kGridWidth = 1;
};

TEST(BackboneShapesTest, onePatch_equalsTheReference) {
  expect_equals_reference<Machine<OnePatchSizes>>(HlsCase::seeded(tiny_of_grid(1, 1), 4));
}

/// Heads of 3 elements, a hidden width larger than everything else, top-1, three blocks of which the first routes.
struct OddSizes : TinySizes {
  static constexpr int kGridHeight = 2;
  static constexpr int kGridWidth = 2;
  static constexpr int kEmbedDim = 21;
  static constexpr int kHeads = 7;
  static constexpr int kDepth = 3;
  static constexpr int kMlpDim = 29;
  static constexpr int kExperts = 5;
  static constexpr int kTopK = 1;
  static constexpr int kExpertDim = 211;
  static constexpr bool is_moe_block(int block) { return block != 1; }
  static constexpr int kTokenLanes = 3;
  static constexpr int kQueryLanes = 2;
};

ModelConfig odd_config() {
  ModelConfig config = tiny_of_grid(2, 2);
  config.embed_dim = OddSizes::kEmbedDim;
  config.num_heads = OddSizes::kHeads;
  config.depth = OddSizes::kDepth;
  config.mlp_dim = OddSizes::kMlpDim;
  config.moe.num_experts = OddSizes::kExperts;
  config.moe.top_k = OddSizes::kTopK;
  config.moe.expert_dim = OddSizes::kExpertDim;
  config.moe.blocks = {0, 2};
  return config;
}

TEST(BackboneShapesTest, oddSizes_equalTheReference) {
  expect_equals_reference<Machine<OddSizes>>(HlsCase::seeded(odd_config(), 5));
}

/// Without weights all logits of a router are equal, and the lowest expert gets every token.
TEST(BackboneShapesTest, allTokensToOneExpert_equalsTheReference) {
  HlsCase network = HlsCase::seeded(odd_config(), 6);
  int expert = 0;
  for (IntegerBlock& block : network.model().blocks) {
    for (IntegerGate& gate : block.gates) {
      std::fill(gate.weight.begin(), gate.weight.end(), std::int16_t{0});
      // Another expert for each task, the last one too.
      gate.constant[static_cast<std::size_t>(expert++ * 2 % OddSizes::kExperts)] = 1 << 20;
    }
  }
  expect_equals_reference<Machine<OddSizes>>(network);
}

}  // namespace
}  // namespace edgemoe
