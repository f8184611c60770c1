// Design points: a network and the machine that is built for it, all sizes compile-time constants. Formats (fractions,
// exponents) belong to the weights and come with them.
#ifndef EDGEMOE_HLS_DESIGN_POINTS_H_
#define EDGEMOE_HLS_DESIGN_POINTS_H_

namespace edgemoe {
namespace hls {

/// configs/models/edgemoe-cityscapes.json: what the Edge-MoE paper runs on a ZCU102.
struct CityscapesSizes {
  // The network.
  static constexpr int kGridHeight = 8;  // patches
  static constexpr int kGridWidth = 16;
  static constexpr int kPatchSize = 16;
  static constexpr int kEmbedDim = 192;
  static constexpr int kHeads = 3;
  static constexpr int kDepth = 12;
  static constexpr int kMlpDim = 768;
  static constexpr int kExperts = 16;
  static constexpr int kTopK = 2;
  static constexpr int kExpertDim = 384;
  static constexpr int kGates = 2;  // routers of a block: one a task, or 1 where all tasks route alike
  static constexpr bool kGateInputAhead = false;
  static constexpr bool kSoftmaxAfterTopK = false;
  static constexpr bool is_moe_block(int block) { return block % 2 == 1; }
  // The machine.
  static constexpr int kTokenLanes = 4;  // the linear unit multiplies 4 tokens × 32 outputs × 16 inputs a cycle
  static constexpr int kOutputLanes = 32;
  static constexpr int kInputLanes = 16;
  static constexpr int kQueryLanes = 8;          // queries that share one stream of keys and values
  static constexpr int kVectorLanes = 16;        // numbers of a row that pass between processes in a cycle
  static constexpr int kBeatBytes = 64;          // of the memory's bus
  static constexpr int kNetworkDepth = 1 << 15;  // beats that may arrive before they are needed: 2 MiB
};

/// configs/models/edgemoe-street.json, the model in the box: the same with three tasks.
struct StreetSizes : CityscapesSizes {
  static constexpr int kGates = 3;
};

/// configs/models/tiny.json on a machine to match: for tests and for a first C simulation.
struct TinySizes {
  static constexpr int kGridHeight = 4;
  static constexpr int kGridWidth = 6;
  static constexpr int kPatchSize = 8;
  static constexpr int kEmbedDim = 32;
  static constexpr int kHeads = 4;
  static constexpr int kDepth = 4;
  static constexpr int kMlpDim = 128;
  static constexpr int kExperts = 4;
  static constexpr int kTopK = 2;
  static constexpr int kExpertDim = 24;
  static constexpr int kGates = 3;
  static constexpr bool kGateInputAhead = false;
  static constexpr bool kSoftmaxAfterTopK = false;
  static constexpr bool is_moe_block(int block) { return block % 2 == 1; }
  static constexpr int kTokenLanes = 2;
  static constexpr int kOutputLanes = 16;
  static constexpr int kInputLanes = 8;
  static constexpr int kQueryLanes = 4;
  static constexpr int kVectorLanes = 8;
  static constexpr int kBeatBytes = 32;
  static constexpr int kNetworkDepth = 64;
};

constexpr int larger(int a, int b) { return a > b ? a : b; }

/// What follows from the sizes. A static member of a derived struct replaces one of these.
template <typename Sizes>
struct Machine : Sizes {
  static constexpr int kTokens = Sizes::kGridHeight * Sizes::kGridWidth + 1;
  static constexpr int kPatchInputs = Sizes::kPatchSize * Sizes::kPatchSize * 3;
  static constexpr int kHeadDim = Sizes::kEmbedDim / Sizes::kHeads;
  static constexpr int kHiddenDim = larger(Sizes::kMlpDim, Sizes::kExpertDim);
  /// Columns of the memory that holds q, k and v side by side, and later hidden values.
  static constexpr int kValueColumns = larger(3 * Sizes::kEmbedDim, kHiddenDim);
  /// Columns of the memory that holds patches, and later quantised hidden values.
  static constexpr int kHiddenColumns = larger(kPatchInputs, kHiddenDim);

  // What hls/design.h asks for.
  static constexpr int kMaxTokens = kTokens;
  static constexpr int kMaxInputs = larger(kHiddenColumns, Sizes::kEmbedDim);
  static constexpr int kMaxHeadDim = kHeadDim;
  static constexpr int kMaxExperts = Sizes::kExperts;

  // Depths of streams; those that are not here are 2, enough for processes that keep step.
  /// The scores of a group wait for its maximum, which the last of them decides.
  static constexpr int kScoreDepth = kTokens;
  /// The channels of the next tile, 8 bytes each, arrive while this tile is multiplied.
  static constexpr int kChannelDepth = 2 * ((8 * Sizes::kOutputLanes + Sizes::kBeatBytes - 1) / Sizes::kBeatBytes);

  static_assert(Sizes::kEmbedDim % Sizes::kHeads == 0, "heads divide the width");
  static_assert(Sizes::kTopK >= 1 && Sizes::kTopK <= Sizes::kExperts, "a token goes to 1 to kExperts experts");
  static_assert(Sizes::kBeatBytes % 8 == 0, "a beat holds whole numbers of up to 8 bytes");
  static_assert(kTokens <= 65536 && kMaxInputs <= 131072, "sums of products fit 32 bits (docs/numerics.md)");
};

using CityscapesDesign = Machine<CityscapesSizes>;
using StreetDesign = Machine<StreetSizes>;
using TinyDesign = Machine<TinySizes>;

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_DESIGN_POINTS_H_
