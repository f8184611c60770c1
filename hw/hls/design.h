// Compile-time sizes of a machine: what its on-chip memories hold and how wide it computes. A network must fit; smaller
// ones use a part.
#ifndef EDGEMOE_HLS_DESIGN_H_
#define EDGEMOE_HLS_DESIGN_H_

namespace edgemoe::hls {

/// Large enough for every named model at any of its input sizes: what tests compare with.
struct ReferenceDesign {
  static constexpr int kMaxTokens = 8192;
  static constexpr int kMaxInputs = 8192;  // of a linear layer: embed_dim, mlp_dim, patch · patch · 3
  static constexpr int kMaxHeadDim = 256;
  static constexpr int kMaxExperts = 256;
};

}  // namespace edgemoe::hls

#endif  // EDGEMOE_HLS_DESIGN_H_
