// The whole backbone: patch embedding and all blocks of one picture for one task.
//
//   read_network ── network ──┐
//                             v
//   read_patches ── patches ──> compute_backbone ── tokens ──> write_tokens
//
// All activations stay on chip; weights come in once, in order; tokens go out.
#ifndef EDGEMOE_HLS_BACKBONE_H_
#define EDGEMOE_HLS_BACKBONE_H_

#include <cstdint>

#include "hls/attention_unit.h"
#include "hls/dataflow.h"
#include "hls/linear_unit.h"
#include "hls/network_stream.h"
#include "hls/token_unit.h"

namespace edgemoe {
namespace hls {

template <typename Design>
using PatchStream = stream<Vector<std::int8_t, Design::kVectorLanes>, 2>;

/// Read process: patches of a picture [height, width, 3], in the order row, column, channel, less 128.
template <typename Design>
void read_patches(const std::uint8_t* picture, PatchStream<Design>& patches) {
  constexpr int kRowBytes = Design::kPatchSize * 3;
  constexpr int kStride = Design::kGridWidth * kRowBytes;
  for (int patch = 0; patch < Design::kTokens - 1; ++patch) {
    const int corner =
        patch / Design::kGridWidth * Design::kPatchSize * kStride + patch % Design::kGridWidth * kRowBytes;
    std::int8_t row[Design::kPatchInputs];
    for (int y = 0; y < Design::kPatchSize; ++y) {
      for (int x = 0; x < kRowBytes; ++x) {
        EDGEMOE_HLS(pipeline II = 1)
        row[y * kRowBytes + x] = static_cast<std::int8_t>(picture[corner + y * kStride + x] - 128);
      }
    }
    write_row(row, Design::kPatchInputs, patches);
  }
}

/// Write process: tokens [tokens, embed_dim], 16 fraction bits.
template <typename Design>
void write_tokens(WideStream<Design>& results, std::int32_t* tokens) {
  for (int token = 0; token < Design::kTokens; ++token) {
    read_row(results, tokens + token * Design::kEmbedDim, Design::kEmbedDim);
  }
}

/// Everything on chip but the units' own buffers.
template <typename Design>
struct BackboneMemories {
  LinearMemories<Design> linear;
  std::int16_t heads[Design::kTokens][Design::kEmbedDim];
  NormMemory<Design> norm;
  GateMemory<Design> gate;
  TokenQueue<Design> all;  // every token
  ExpertQueues<Design> queues;
};

/// Positions, the class token among them, and patches: the residual stream of the first block.
template <typename Design>
void embed_patches(PatchStream<Design>& patches, NetworkStream<Design>& network, BackboneMemories<Design>& memory) {
  // Patches wait where hidden values will be; 32512 / 127 · 2^−8 is a scale of 1.
  for (int patch = 0; patch < Design::kTokens - 1; ++patch) {
    read_row(patches, memory.linear.hidden.value[patch], Design::kPatchInputs);
    memory.linear.hidden.scale[patch].mantissa = 32512;
    memory.linear.hidden.scale[patch].exponent = 8;
  }
  read_numbers<Design>(network, memory.linear.residual[0], Design::kTokens * Design::kEmbedDim);
  // Patch p becomes token p + 1.
  memory.all.count = Design::kTokens - 1;
  for (int token = 0; token < Design::kTokens; ++token) {
    memory.all.token[token] = static_cast<std::uint16_t>(token + 1);
    memory.all.weight[token] = 0;
  }
  const LinearJob job = {Source::kHidden, Design::kPatchInputs, Design::kEmbedDim, Destination::kResidual, 0};
  linear_unit<Design>(job, memory.all, network, memory.linear);
  memory.all.count = Design::kTokens;
  for (int token = 0; token < Design::kTokens; ++token) memory.all.token[token] = static_cast<std::uint16_t>(token);
}

template <typename Design>
void attend_tokens(const ScoreScale& score, NetworkStream<Design>& network, BackboneMemories<Design>& memory) {
  constexpr int kDim = Design::kEmbedDim;
  int fraction[3];  // of q, k and v
  for (int part = 0; part < 3; ++part) {
    const LinearJob job = {Source::kTokens, kDim, kDim, Destination::kValues, part * kDim};
    fraction[part] = linear_unit<Design>(job, memory.all, network, memory.linear).fraction;
  }
  attention_unit<Design>(memory.linear.values, {fraction[0], fraction[1], fraction[2]}, score, memory.heads);
  quantize_rows(memory.heads, Design::kTokens, kDim, fraction[2], memory.linear.tokens);
  const LinearJob job = {Source::kTokens, kDim, kDim, Destination::kResidual, 0};
  linear_unit<Design>(job, memory.all, network, memory.linear);
}

/// An MLP or expert for the tokens of `queue`.
template <typename Design>
void mlp_tokens(const TokenQueue<Design>& queue, int hidden, Destination destination, NetworkStream<Design>& network,
                LinearMemories<Design>& memory) {
  const LinearJob up = {Source::kTokens, Design::kEmbedDim, hidden, Destination::kActivatedValues, 0};
  const int fraction = linear_unit<Design>(up, queue, network, memory).fraction;
  quantize_rows(memory.values, queue.count, hidden, fraction, memory.hidden);
  const LinearJob down = {Source::kHidden, hidden, Design::kEmbedDim, destination, 0};
  linear_unit<Design>(down, queue, network, memory);
}

/// Experts in ascending order, which is the order in which a token's sum grows. Each one's weights pass once, for all
/// the tokens of its queue, and those of the next are already arriving.
template <typename Design>
void mix_experts(NetworkStream<Design>& network, BackboneMemories<Design>& memory) {
  for (int expert = 0; expert < Design::kExperts; ++expert) {
    mlp_tokens<Design>(memory.queues.queue[expert], Design::kExpertDim, Destination::kWeightedResidual, network,
                       memory.linear);
  }
}

template <typename Design>
void compute_block(bool moe, const ScoreScale& score, NetworkStream<Design>& network,
                   BackboneMemories<Design>& memory) {
  const bool ahead = moe && Design::kGateInputAhead;
  if (moe) read_gate<Design>(network, memory.gate);
  read_norm<Design>(network, memory.norm);
  normalize_tokens<Design>(memory.norm, memory.gate, ahead ? RouterInput::kRaw : RouterInput::kNone,
                           memory.linear.residual, memory.linear.tokens, memory.queues);
  attend_tokens<Design>(score, network, memory);
  read_norm<Design>(network, memory.norm);
  normalize_tokens<Design>(memory.norm, memory.gate, moe && !ahead ? RouterInput::kNormed : RouterInput::kNone,
                           memory.linear.residual, memory.linear.tokens, memory.queues);
  if (moe) {
    mix_experts<Design>(network, memory);
  } else {
    mlp_tokens<Design>(memory.all, Design::kMlpDim, Destination::kResidual, network, memory.linear);
  }
}

/// Compute process.
template <typename Design>
void compute_backbone(NetworkStream<Design>& network, PatchStream<Design>& patches, WideStream<Design>& results) {
  BackboneMemories<Design> memory;
  static_assert(sizeof(memory) < 4 << 20, "activations stay on chip: more than 4 MiB is more than any block RAM");
  EDGEMOE_HLS(allocation function instances = linear_unit<Design> limit = 1)
  EDGEMOE_HLS(allocation function instances = normalize_tokens<Design> limit = 1)
  EDGEMOE_HLS(allocation function instances = mlp_tokens<Design> limit = 1)
  EDGEMOE_HLS(array_partition variable = memory.linear.tokens.value dim = 2 cyclic factor = Design::kInputLanes)
  EDGEMOE_HLS(array_partition variable = memory.linear.tokens.value dim = 1 cyclic factor = Design::kTokenLanes)
  EDGEMOE_HLS(array_partition variable = memory.linear.hidden.value dim = 2 cyclic factor = Design::kInputLanes)
  EDGEMOE_HLS(array_partition variable = memory.linear.hidden.value dim = 1 cyclic factor = Design::kTokenLanes)
  EDGEMOE_HLS(array_partition variable = memory.linear.values dim = 2 cyclic factor = Design::kOutputLanes)
  EDGEMOE_HLS(array_partition variable = memory.linear.residual dim = 2 cyclic factor = Design::kOutputLanes)
  const ScoreScale score = read_score_scale<Design>(network);
  embed_patches<Design>(patches, network, memory);
  for (int block = 0; block < Design::kDepth; ++block) {
    compute_block<Design>(Design::is_moe_block(block), score, network, memory);
  }
  for (int token = 0; token < Design::kTokens; ++token) {
    write_row(memory.linear.residual[token], Design::kEmbedDim, results);
  }
}

/// The top. `picture` is [height, width, 3]; `network` what hls/network_image.h makes; `gate` the task's router, 0
/// where all tasks share one; `tokens` [tokens, embed_dim], 16 fraction bits.
template <typename Design>
void backbone_top(const std::uint8_t* picture, const NetworkBeat<Design>* network, int gate, std::int32_t* tokens) {
  EDGEMOE_HLS(dataflow)
  EDGEMOE_DATAFLOW(region);
  NetworkStream<Design> beats("network");
  PatchStream<Design> patches("patches");
  WideStream<Design> results("tokens");
  EDGEMOE_PROCESS(region, read_network<Design>(network, gate, beats));
  EDGEMOE_PROCESS(region, read_patches<Design>(picture, patches));
  EDGEMOE_PROCESS(region, compute_backbone<Design>(beats, patches, results));
  EDGEMOE_PROCESS(region, write_tokens<Design>(results, tokens));
  EDGEMOE_RUN(region);
}

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_BACKBONE_H_
