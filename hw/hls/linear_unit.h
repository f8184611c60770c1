// The one linear unit: patch embedding, q/k/v, projection, MLPs and experts all pass through linear_unit(). It
// multiplies kTokenLanes rows × kOutputLanes outputs × kInputLanes inputs a cycle and is weight-stationary: a tile of
// kOutputLanes outputs stays while all rows of the job pass by, and the next tile arrives meanwhile. So every weight is
// fetched once, whatever the number of tokens.
//
//   feed_rows ── activations ──> multiply ── sums ──> scale_outputs ── outputs ──> store_outputs
//       │                           ^└──── channels ──────^ ^
//       └────────── tags ───────────│───────────────────────┘
//                                network
#ifndef EDGEMOE_HLS_LINEAR_UNIT_H_
#define EDGEMOE_HLS_LINEAR_UNIT_H_

#include <cstdint>

#include "hls/dataflow.h"
#include "hls/linear.h"
#include "hls/network_stream.h"

namespace edgemoe {
namespace hls {

/// Rows of int8 with their scales, on chip.
template <int kRows, int kColumns>
struct RowMemory {
  std::int8_t value[kRows][kColumns];
  RowScale scale[kRows];
};

/// The tokens of a job, in the order in which they pass: all of them, or those that chose an expert.
template <typename Design>
struct TokenQueue {
  int count;
  std::uint16_t token[Design::kTokens];
  std::uint16_t weight[Design::kTokens];  // the router's
};

/// What the unit works on.
template <typename Design>
struct LinearMemories {
  RowMemory<Design::kTokens, Design::kEmbedDim> tokens;       // row: token
  RowMemory<Design::kTokens, Design::kHiddenColumns> hidden;  // row: place in the queue
  std::int16_t values[Design::kTokens][Design::kValueColumns];
  std::int32_t residual[Design::kTokens][Design::kEmbedDim];
};

enum class Source { kTokens, kHidden };
enum class Destination {
  kValues,            // s16, row: place in the queue
  kActivatedValues,   // the same after GELU
  kResidual,          // added, row: token
  kWeightedResidual,  // the same times the router's weight
};

struct LinearJob {
  Source source;
  int inputs;
  int outputs;
  Destination destination;
  int first_column;  // of values

  constexpr bool wide() const {
    return destination == Destination::kResidual || destination == Destination::kWeightedResidual;
  }
};

template <typename Design>
struct ActivationBeat {
  std::int8_t value[Design::kTokenLanes][Design::kInputLanes];
};

template <typename Design>
struct SumBeat {
  std::int32_t value[Design::kTokenLanes][Design::kOutputLanes];
};

/// What a group of rows is and where its results go.
template <typename Design>
struct GroupTag {
  int rows;  // lanes in use
  RowScale scale[Design::kTokenLanes];
  std::uint16_t row[Design::kTokenLanes];
  std::uint16_t weight[Design::kTokenLanes];
};

template <typename Design>
struct OutputBeat {
  GroupTag<Design> tag;
  std::int32_t value[Design::kTokenLanes][Design::kOutputLanes];
};

/// Read process: for each tile all rows of the queue, kTokenLanes at a time.
template <typename Design>
void feed_rows(const LinearJob& job, const TokenQueue<Design>& queue,
               const RowMemory<Design::kTokens, Design::kEmbedDim>& tokens,
               const RowMemory<Design::kTokens, Design::kHiddenColumns>& hidden,
               stream<ActivationBeat<Design>, 2>& activations, stream<GroupTag<Design>, 2>& tags) {
  constexpr int kLanes = Design::kTokenLanes;
  const int tiles = Layout<Design>::tiles(job.outputs);
  const int steps = Layout<Design>::steps(job.inputs);
  for (int tile = 0; tile < tiles; ++tile) {
    for (int first = 0; first < queue.count; first += kLanes) {
      int source[kLanes];
      GroupTag<Design> tag;
      tag.rows = queue.count - first < kLanes ? queue.count - first : kLanes;
      for (int l = 0; l < kLanes; ++l) {
        EDGEMOE_HLS(unroll)
        const int place = first + (l < tag.rows ? l : 0);
        source[l] = job.source == Source::kTokens ? queue.token[place] : place;
        tag.scale[l] = job.source == Source::kTokens ? tokens.scale[source[l]] : hidden.scale[source[l]];
        tag.row[l] = job.wide() ? queue.token[place] : static_cast<std::uint16_t>(place);
        tag.weight[l] = queue.weight[place];
      }
      tags.write(tag);
      for (int step = 0; step < steps; ++step) {
        EDGEMOE_HLS(pipeline II = 1)
        ActivationBeat<Design> beat;
        for (int l = 0; l < kLanes; ++l) {
          EDGEMOE_HLS(unroll)
          for (int i = 0; i < Design::kInputLanes; ++i) {
            EDGEMOE_HLS(unroll)
            const int column = step * Design::kInputLanes + i;
            if (l >= tag.rows || column >= job.inputs) {
              beat.value[l][i] = 0;
            } else {
              beat.value[l][i] =
                  job.source == Source::kTokens ? tokens.value[source[l]][column] : hidden.value[source[l]][column];
            }
          }
        }
        activations.write(beat);
      }
    }
  }
}

/// The weights of a tile, [step][output][input], in whole beats.
template <typename Design>
using WeightTile =
    std::int8_t[Layout<Design>::beats(Layout<Design>::tile_bytes(Design::kMaxInputs)) * Design::kBeatBytes];

/// Beats of channels on their way to scale_outputs.
template <typename Design>
using ChannelStream = stream<NetworkBeat<Design>, Design::kChannelDepth>;

/// One beat of a tile: channels go on, weights into `tile`.
template <typename Design>
void take_beat(const NetworkBeat<Design>& beat, int index, ChannelStream<Design>& channels, WeightTile<Design>& tile) {
  EDGEMOE_HLS(inline)
  if (index < Layout<Design>::kChannelBeats) {
    channels.write(beat);
    return;
  }
  for (int b = 0; b < Design::kBeatBytes; ++b) {
    EDGEMOE_HLS(unroll)
    tile[(index - Layout<Design>::kChannelBeats) * Design::kBeatBytes + b] = static_cast<std::int8_t>(beat.byte[b]);
  }
}

/// The channels of a tile.
template <typename Design>
void read_channels(ChannelStream<Design>& channels, OutputScale (&scale)[Design::kOutputLanes]) {
  constexpr int kOfBeat = Layout<Design>::kChannelsOfBeat;
  for (int first = 0; first < Design::kOutputLanes; first += kOfBeat) {
    EDGEMOE_HLS(pipeline II = 1)
    const NetworkBeat<Design> beat = channels.read();
    for (int c = 0; c < kOfBeat; ++c) {
      EDGEMOE_HLS(unroll)
      if (first + c < Design::kOutputLanes) scale[first + c] = channel_at<Design>(beat, c);
    }
  }
}

template <typename Design>
void multiply_step(const ActivationBeat<Design>& beat, const WeightTile<Design>& tile, int step, SumBeat<Design>& sum) {
  EDGEMOE_HLS(inline)
  for (int l = 0; l < Design::kTokenLanes; ++l) {
    EDGEMOE_HLS(unroll)
    for (int o = 0; o < Design::kOutputLanes; ++o) {
      EDGEMOE_HLS(unroll)
      std::int32_t products = 0;
      for (int i = 0; i < Design::kInputLanes; ++i) {
        EDGEMOE_HLS(unroll)
        products += beat.value[l][i] * tile[(step * Design::kOutputLanes + o) * Design::kInputLanes + i];
      }
      sum.value[l][o] = (step == 0 ? 0 : sum.value[l][o]) + products;
    }
  }
}

/// Compute process. Pass t multiplies tile t and takes in tile t + 1; the first only takes in.
template <typename Design>
void multiply(const LinearJob& job, int rows, NetworkStream<Design>& network,
              stream<ActivationBeat<Design>, 2>& activations, ChannelStream<Design>& channels,
              stream<SumBeat<Design>, 2>& sums) {
  WeightTile<Design> tile[2];
  EDGEMOE_HLS(array_partition variable = tile dim = 1 complete)
  EDGEMOE_HLS(array_reshape variable = tile dim = 2 cyclic factor = Design::kOutputLanes * Design::kInputLanes)
  const int tiles = Layout<Design>::tiles(job.outputs);
  const int steps = Layout<Design>::steps(job.inputs);
  const int products = ceil_div(rows, Design::kTokenLanes) * steps;
  const int beats = Layout<Design>::tile_beats(job.inputs);
  int active = 1;
  for (int t = -1; t < tiles; ++t) {
    const int multiply_cycles = t < 0 ? 0 : products;
    const int take_cycles = t + 1 < tiles ? beats : 0;
    SumBeat<Design> sum;
    int step = 0;
    for (int cycle = 0; cycle < multiply_cycles || cycle < take_cycles; ++cycle) {
      EDGEMOE_HLS(pipeline II = 1)
      if (cycle < take_cycles) take_beat<Design>(network.read(), cycle, channels, tile[1 - active]);
      if (cycle < multiply_cycles) {
        multiply_step<Design>(activations.read(), tile[active], step, sum);
        step = step + 1 == steps ? 0 : step + 1;
        if (step == 0) sums.write(sum);
      }
    }
    active = 1 - active;
  }
}

/// Compute process: sums of products to results; GELU by its table.
template <typename Design>
void scale_outputs(const LinearJob& job, LinearHeader header, int rows, ChannelStream<Design>& channels,
                   stream<GroupTag<Design>, 2>& tags, stream<SumBeat<Design>, 2>& sums,
                   stream<OutputBeat<Design>, 2>& outputs) {
  const int tiles = Layout<Design>::tiles(job.outputs);
  for (int tile = 0; tile < tiles; ++tile) {
    OutputScale scale[Design::kOutputLanes];
    EDGEMOE_HLS(array_partition variable = scale complete)
    read_channels<Design>(channels, scale);
    for (int first = 0; first < rows; first += Design::kTokenLanes) {
      const SumBeat<Design> sum = sums.read();
      OutputBeat<Design> out;
      out.tag = tags.read();
      for (int l = 0; l < Design::kTokenLanes; ++l) {
        EDGEMOE_HLS(pipeline II = 1)
        for (int o = 0; o < Design::kOutputLanes; ++o) {
          EDGEMOE_HLS(unroll)
          const RowScale row = out.tag.scale[l];
          if (job.wide()) {
            out.value[l][o] = wide_output(sum.value[l][o], scale[o], row, header.exponent);
          } else {
            const std::int16_t value = narrow_output(sum.value[l][o], scale[o], row, header.exponent, header.fraction);
            out.value[l][o] = job.destination == Destination::kActivatedValues ? gelu(value, header.fraction) : value;
          }
        }
      }
      outputs.write(out);
    }
  }
}

/// Write process. A token of the residual stream is met once a job, so that reading and adding never collide.
template <typename Design>
void store_outputs(const LinearJob& job, int rows, stream<OutputBeat<Design>, 2>& outputs,
                   std::int16_t (&values)[Design::kTokens][Design::kValueColumns],
                   std::int32_t (&residual)[Design::kTokens][Design::kEmbedDim]) {
  const int tiles = Layout<Design>::tiles(job.outputs);
  for (int tile = 0; tile < tiles; ++tile) {
    for (int first = 0; first < rows; first += Design::kTokenLanes) {
      const OutputBeat<Design> out = outputs.read();
      for (int l = 0; l < out.tag.rows; ++l) {
        EDGEMOE_HLS(pipeline II = 1)
        EDGEMOE_HLS(dependence variable = residual inter false)
        for (int o = 0; o < Design::kOutputLanes; ++o) {
          EDGEMOE_HLS(unroll)
          const int output = tile * Design::kOutputLanes + o;
          if (output >= job.outputs) continue;
          const std::int32_t value = out.value[l][o];
          if (!job.wide()) {
            values[out.tag.row[l]][job.first_column + output] = static_cast<std::int16_t>(value);
          } else {
            std::int32_t& sum = residual[out.tag.row[l]][output];
            const bool weighted = job.destination == Destination::kWeightedResidual;
            sum = residual_sum(sum, weighted ? weighed(value, out.tag.weight[l]) : value);
          }
        }
      }
    }
  }
}

/// The unit's processes, for one job.
template <typename Design>
void linear_processes(const LinearJob& job, LinearHeader header, const TokenQueue<Design>& queue,
                      NetworkStream<Design>& network, LinearMemories<Design>& memory) {
  EDGEMOE_HLS(dataflow)
  EDGEMOE_DATAFLOW(region);
  const int rows = queue.count;
  stream<ActivationBeat<Design>, 2> activations("activations");
  stream<GroupTag<Design>, 2> tags("tags");
  ChannelStream<Design> channels("channels");
  stream<SumBeat<Design>, 2> sums("sums");
  stream<OutputBeat<Design>, 2> outputs("outputs");
  EDGEMOE_PROCESS(region, feed_rows<Design>(job, queue, memory.tokens, memory.hidden, activations, tags));
  EDGEMOE_PROCESS(region, multiply<Design>(job, rows, network, activations, channels, sums));
  EDGEMOE_PROCESS(region, scale_outputs<Design>(job, header, rows, channels, tags, sums, outputs));
  EDGEMOE_PROCESS(region, store_outputs<Design>(job, rows, outputs, memory.values, memory.residual));
  EDGEMOE_RUN(region);
}

/// All tokens of `queue` through one layer, whose numbers come next in `network`. Returns the layer's header.
template <typename Design>
LinearHeader linear_unit(const LinearJob& job, const TokenQueue<Design>& queue, NetworkStream<Design>& network,
                         LinearMemories<Design>& memory) {
  EDGEMOE_HLS(inline off)
  const LinearHeader header = read_linear_header<Design>(network);
  linear_processes<Design>(job, header, queue, network, memory);
  return header;
}

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_LINEAR_UNIT_H_
