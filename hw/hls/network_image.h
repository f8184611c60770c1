// Makes of a network's layers what read_network() reads (hls/network_stream.h has the order). Runs on the host: nothing
// here is synthesised.
#ifndef EDGEMOE_HLS_NETWORK_IMAGE_H_
#define EDGEMOE_HLS_NETWORK_IMAGE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "hls/network_stream.h"

namespace edgemoe {
namespace hls {

struct MlpLayers {
  LinearLayer up;
  LinearLayer down;
};

/// A router as one task sees it.
struct GateLayer {
  RouterLayer router;
  int first_expert;
};

struct BlockLayers {
  NormLayer norm1;
  LinearLayer query;
  LinearLayer key;
  LinearLayer value;
  LinearLayer proj;
  NormLayer norm2;
  std::vector<MlpLayers> mlps;   // one, or one an expert
  std::vector<GateLayer> gates;  // MoE: one a task, or one
};

struct NetworkLayers {
  const std::int32_t* positions;  // [tokens, embed_dim], 16 fraction bits, the class token in row 0 added
  int tokens;
  LinearLayer patch_embed;
  std::vector<BlockLayers> blocks;
};

/// One item, from a beat's begin to a beat's end.
template <typename Design, typename T>
void append_item(const std::vector<T>& numbers, std::vector<NetworkBeat<Design>>& beats) {
  const std::size_t first = beats.size();
  const std::size_t bytes = numbers.size() * sizeof(T);
  beats.resize(first + (bytes + Design::kBeatBytes - 1) / Design::kBeatBytes, {});
  for (std::size_t i = 0; i < bytes; ++i) {
    const auto number = static_cast<std::uint64_t>(numbers[i / sizeof(T)]);
    beats[first + i / Design::kBeatBytes].byte[i % Design::kBeatBytes] =
        static_cast<std::uint8_t>(number >> (8 * (i % sizeof(T))) & 255);
  }
}

template <typename Design>
void append_linear(const LinearLayer& layer, std::vector<NetworkBeat<Design>>& beats) {
  append_item<Design>(std::vector<std::int32_t>{layer.exponent, layer.fraction}, beats);
  for (int first = 0; first < layer.outputs; first += Design::kOutputLanes) {
    std::vector<std::uint64_t> channels(Design::kOutputLanes);
    std::vector<std::int8_t> weights(static_cast<std::size_t>(Layout<Design>::tile_bytes(layer.inputs)));
    for (int o = 0; o < Design::kOutputLanes && first + o < layer.outputs; ++o) {
      const OutputScale scale = output_scale(layer, first + o);
      channels[static_cast<std::size_t>(o)] = static_cast<std::uint32_t>(scale.bias) |
                                              std::uint64_t{static_cast<std::uint16_t>(scale.mantissa)} << 32 |
                                              std::uint64_t{scale.pre_shift} << 48;
      for (int i = 0; i < layer.inputs; ++i) {
        const int step = i / Design::kInputLanes;
        const int at = (step * Design::kOutputLanes + o) * Design::kInputLanes + i % Design::kInputLanes;
        weights[static_cast<std::size_t>(at)] = layer.weight[(first + o) * layer.inputs + i];
      }
    }
    append_item<Design>(channels, beats);
    append_item<Design>(weights, beats);
  }
}

template <typename Design>
class NetworkImage {
 public:
  /// Throws std::invalid_argument, with what differs, where the network is not the one that the design is for.
  explicit NetworkImage(const NetworkLayers& network) {
    constexpr int kDim = Design::kEmbedDim;
    expect("tokens", network.tokens, Design::kTokens);
    expect("blocks", static_cast<int>(network.blocks.size()), Design::kDepth);
    const ScoreScale score = make_score_scale(Design::kHeadDim);
    append<std::int32_t>({score.mantissa, score.exponent, score.pre_shift});
    append<std::int32_t>({network.positions, network.positions + Design::kTokens * kDim});
    linear("patch embedding", network.patch_embed, kDim, Design::kPatchInputs);
    for (int b = 0; b < Design::kDepth; ++b) block(b, network.blocks[static_cast<std::size_t>(b)]);
    expect("beats", static_cast<int>(beats_.size()), Layout<Design>::total());
  }

  const std::vector<NetworkBeat<Design>>& beats() const { return beats_; }

 private:
  static void expect(const std::string& what, int found, int wanted) {
    if (found == wanted) return;
    throw std::invalid_argument("the design is for " + std::to_string(wanted) + " " + what + ", the network has " +
                                std::to_string(found) + "; choose or write another design in hw/hls/design_points.h");
  }

  void block(int index, const BlockLayers& layers) {
    constexpr int kDim = Design::kEmbedDim;
    const std::string name = "block " + std::to_string(index) + " ";
    const bool moe = Design::is_moe_block(index);
    expect("gates of " + name, static_cast<int>(layers.gates.size()), moe ? Design::kGates : 0);
    expect("MLPs of " + name, static_cast<int>(layers.mlps.size()), moe ? Design::kExperts : 1);
    for (const GateLayer& gate : layers.gates) append_gate(name, gate);
    append_norm(layers.norm1);
    linear(name + "query", layers.query, kDim, kDim);
    linear(name + "key", layers.key, kDim, kDim);
    linear(name + "value", layers.value, kDim, kDim);
    linear(name + "projection", layers.proj, kDim, kDim);
    append_norm(layers.norm2);
    const int hidden = moe ? Design::kExpertDim : Design::kMlpDim;
    for (const MlpLayers& mlp : layers.mlps) {
      linear(name + "up", mlp.up, hidden, kDim);
      linear(name + "down", mlp.down, kDim, hidden);
    }
  }

  void append_norm(const NormLayer& norm) {
    append<std::int32_t>({norm.gain_exponent, norm.fraction, static_cast<std::int32_t>(norm.eps)});
    append<std::int16_t>({norm.gain, norm.gain + Design::kEmbedDim});
    append<std::int16_t>({norm.bias, norm.bias + Design::kEmbedDim});
  }

  void append_gate(const std::string& block, const GateLayer& gate) {
    const RouterLayer& router = gate.router;
    expect("inputs of the router of " + block, router.inputs, Design::kEmbedDim);
    expect("experts a token, " + block, router.top_k, Design::kTopK);
    expect("softmax behind top-k, " + block, router.softmax_after_topk ? 1 : 0, Design::kSoftmaxAfterTopK ? 1 : 0);
    if (gate.first_expert < 0 || gate.first_expert + router.experts > Design::kExperts) {
      expect("experts of " + block, gate.first_expert + router.experts, Design::kExperts);
    }
    append<std::int32_t>(
        {router.experts, gate.first_expert, router.scale.kappa, router.scale.sigma, router.prune_above});
    std::vector<std::int16_t> weights(router.weight, router.weight + router.experts * router.inputs);
    weights.resize(static_cast<std::size_t>(Design::kExperts * Design::kEmbedDim));
    append(weights);
    std::vector<std::int64_t> constants(router.constant, router.constant + router.experts);
    constants.resize(Design::kExperts);
    append(constants);
  }

  void linear(const std::string& name, const LinearLayer& layer, int outputs, int inputs) {
    expect("outputs of " + name, layer.outputs, outputs);
    expect("inputs of " + name, layer.inputs, inputs);
    append_linear<Design>(layer, beats_);
  }

  template <typename T>
  void append(const std::vector<T>& numbers) {
    append_item<Design>(numbers, beats_);
  }

  std::vector<NetworkBeat<Design>> beats_;
};

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_NETWORK_IMAGE_H_
