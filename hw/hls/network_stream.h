// The network's numbers in the order in which a machine uses them, so that one reader fetches them in long bursts and
// runs ahead of the computation as far as the stream is deep: an expert's weights arrive while another computes.
//
//   start         score scale; positions [tokens, embed_dim] s32; patch embedding (a linear layer)
//   each block    MoE: the gates of all tasks, of which one is fetched
//                 norm1; q, k, v, projection; norm2
//                 MLP, or every expert: up, down
//   a linear      header; for each tile of kOutputLanes outputs its channels (bias, mantissa, pre-shift), then its
//   layer         weights, [step of kInputLanes inputs][output][input], zeros where the layer ends within a tile
//
// Every item begins on a beat; numbers are little-endian.
#ifndef EDGEMOE_HLS_NETWORK_STREAM_H_
#define EDGEMOE_HLS_NETWORK_STREAM_H_

#include <cstdint>

#include "hls/dataflow.h"
#include "hls/layer_norm.h"
#include "hls/linear.h"
#include "hls/router.h"
#include "numeric/attention_scale.h"

namespace edgemoe {
namespace hls {

template <int kBytes>
struct Beat {
  std::uint8_t byte[kBytes];
};

template <typename Design>
using NetworkBeat = Beat<Design::kBeatBytes>;
template <typename Design>
using NetworkStream = stream<NetworkBeat<Design>, Design::kNetworkDepth>;

constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

/// Sizes of the items, in beats.
template <typename Design>
struct Layout {
  static constexpr int kChannelBytes = 8;
  static constexpr int kChannelsOfBeat = Design::kBeatBytes / kChannelBytes;
  static constexpr int kChannelBeats = ceil_div(Design::kOutputLanes, kChannelsOfBeat);

  static constexpr int beats(int bytes) { return ceil_div(bytes, Design::kBeatBytes); }
  static constexpr int tiles(int outputs) { return ceil_div(outputs, Design::kOutputLanes); }
  static constexpr int steps(int inputs) { return ceil_div(inputs, Design::kInputLanes); }
  static constexpr int tile_bytes(int inputs) { return steps(inputs) * Design::kOutputLanes * Design::kInputLanes; }
  static constexpr int tile_beats(int inputs) { return kChannelBeats + beats(tile_bytes(inputs)); }
  static constexpr int linear(int outputs, int inputs) { return beats(2 * 4) + tiles(outputs) * tile_beats(inputs); }
  static constexpr int mlp(int hidden) { return linear(hidden, Design::kEmbedDim) + linear(Design::kEmbedDim, hidden); }

  static constexpr int kNorm = beats(3 * 4) + 2 * beats(2 * Design::kEmbedDim);
  static constexpr int kGate =
      beats(5 * 4) + beats(2 * Design::kExperts * Design::kEmbedDim) + beats(8 * Design::kExperts);
  static constexpr int kStart =
      beats(3 * 4) + beats(4 * Design::kTokens * Design::kEmbedDim) + linear(Design::kEmbedDim, Design::kPatchInputs);
  static constexpr int kAttention = 2 * kNorm + 4 * linear(Design::kEmbedDim, Design::kEmbedDim);
  static constexpr int kExperts = Design::kExperts * mlp(Design::kExpertDim);
  static constexpr int kMlp = mlp(Design::kMlpDim);

  /// The whole network in memory.
  static constexpr int total() {
    int sum = kStart;
    for (int block = 0; block < Design::kDepth; ++block) {
      sum += kAttention + (Design::is_moe_block(block) ? Design::kGates * kGate + kExperts : kMlp);
    }
    return sum;
  }
};

template <typename Design>
void read_beats(const NetworkBeat<Design>* memory, int count, NetworkStream<Design>& network) {
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    network.write(memory[i]);
  }
}

/// Read process: the network as one task sees it. Which experts have tokens is not known yet when their weights are
/// fetched, so all of them are: the order is fixed, and nothing waits for a router.
template <typename Design>
void read_network(const NetworkBeat<Design>* memory, int gate, NetworkStream<Design>& network) {
  using Sizes = Layout<Design>;
  read_beats<Design>(memory, Sizes::kStart, network);
  int at = Sizes::kStart;
  for (int block = 0; block < Design::kDepth; ++block) {
    const bool moe = Design::is_moe_block(block);
    if (moe) {
      read_beats<Design>(memory + at + gate * Sizes::kGate, Sizes::kGate, network);
      at += Design::kGates * Sizes::kGate;
    }
    const int rest = Sizes::kAttention + (moe ? Sizes::kExperts : Sizes::kMlp);
    read_beats<Design>(memory + at, rest, network);
    at += rest;
  }
}

/// A little-endian number out of a beat.
template <typename T, int kBytes>
T number_at(const Beat<kBytes>& beat, int first) {
  std::uint64_t bits = 0;
  for (int b = 0; b < static_cast<int>(sizeof(T)); ++b) {
    EDGEMOE_HLS(unroll)
    bits |= static_cast<std::uint64_t>(beat.byte[first + b]) << (8 * b);
  }
  return static_cast<T>(bits);
}

/// One item: `count` numbers.
template <typename Design, typename T>
void read_numbers(NetworkStream<Design>& network, T* out, int count) {
  constexpr int kNumbers = Design::kBeatBytes / static_cast<int>(sizeof(T));
  for (int first = 0; first < count; first += kNumbers) {
    EDGEMOE_HLS(pipeline II = 1)
    const NetworkBeat<Design> beat = network.read();
    for (int n = 0; n < kNumbers; ++n) {
      EDGEMOE_HLS(unroll)
      if (first + n < count) out[first + n] = number_at<T>(beat, n * static_cast<int>(sizeof(T)));
    }
  }
}

/// What an output of a linear layer is scaled by.
template <typename Design>
OutputScale channel_at(const NetworkBeat<Design>& beat, int channel) {
  const int first = channel * Layout<Design>::kChannelBytes;
  return {number_at<std::int32_t>(beat, first), number_at<std::int16_t>(beat, first + 4),
          number_at<std::uint8_t>(beat, first + 6)};
}

struct LinearHeader {
  int exponent;
  int fraction;
};

template <typename Design>
LinearHeader read_linear_header(NetworkStream<Design>& network) {
  std::int32_t header[2];
  read_numbers<Design>(network, header, 2);
  return {header[0], header[1]};
}

template <typename Design>
ScoreScale read_score_scale(NetworkStream<Design>& network) {
  std::int32_t header[3];
  read_numbers<Design>(network, header, 3);
  return {static_cast<std::int16_t>(header[0]), header[1], header[2]};
}

template <typename Design>
struct NormMemory {
  std::int16_t gain[Design::kEmbedDim];
  std::int16_t bias[Design::kEmbedDim];
  int gain_exponent;
  int fraction;
  std::uint32_t eps;

  NormLayer layer() const { return {gain, bias, gain_exponent, fraction, eps}; }
};

template <typename Design>
void read_norm(NetworkStream<Design>& network, NormMemory<Design>& norm) {
  std::int32_t header[3];
  read_numbers<Design>(network, header, 3);
  norm.gain_exponent = header[0];
  norm.fraction = header[1];
  norm.eps = static_cast<std::uint32_t>(header[2]);
  read_numbers<Design>(network, norm.gain, Design::kEmbedDim);
  read_numbers<Design>(network, norm.bias, Design::kEmbedDim);
}

template <typename Design>
struct GateMemory {
  std::int16_t weight[Design::kExperts * Design::kEmbedDim];
  std::int64_t constant[Design::kExperts];
  int experts;  // of the task's group
  int first_expert;
  RouterScale scale;
  std::int32_t prune_above;

  RouterLayer layer() const {
    return {weight, constant, experts, Design::kEmbedDim, Design::kTopK, scale, Design::kSoftmaxAfterTopK, prune_above};
  }
};

template <typename Design>
void read_gate(NetworkStream<Design>& network, GateMemory<Design>& gate) {
  std::int32_t header[5];
  read_numbers<Design>(network, header, 5);
  gate.experts = header[0];
  gate.first_expert = header[1];
  gate.scale.kappa = header[2];
  gate.scale.sigma = header[3];
  gate.prune_above = header[4];
  read_numbers<Design>(network, gate.weight, Design::kExperts * Design::kEmbedDim);
  read_numbers<Design>(network, gate.constant, Design::kExperts);
}

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_NETWORK_STREAM_H_
