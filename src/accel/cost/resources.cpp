#include "accel/cost/resources.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace edgemoe {
namespace {

/// A unit as Yosys counts it, hierarchical, which counts some LUTs too many: `hw/synth/report` of the whole machine at
/// `zcu102`, memories apart; where units were synthesised at 16 and at 32 lanes, the line through both.
struct Unit {
  Resources fixed;
  Resources lane;

  Resources at(double lanes) const { return fixed + lane * lanes; }
};
/// A lane is a sum times (chains + 1): adders of the chains' results and the accumulator.
constexpr Unit kArrayTile = {.fixed = {}, .lane = {.lut = 10500.0 / 384, .ff = 10637.0 / 384}};
constexpr Unit kRequantize = {.fixed = {}, .lane = {.dsp = 2, .lut = 799, .ff = 325}};
constexpr Unit kGelu = {.fixed = {}, .lane = {.dsp = 1, .lut = 295, .ff = 155}};
constexpr Unit kRowQuantizer = {.fixed = {.lut = 817, .ff = 585}, .lane = {.dsp = 1, .lut = 72.19, .ff = 62.94}};
constexpr Unit kSoftmax = {.fixed = {.lut = 1467, .ff = 785}, .lane = {.lut = 138.75, .ff = 116.94}};
constexpr Unit kLayerNorm = {.fixed = {.dsp = 1, .lut = 9275, .ff = 4265},
                             .lane = {.dsp = 3, .lut = 649.5, .ff = 479.88}};
/// A lane is a token of the array: as many choose in turn.
constexpr Unit kRouterTopK = {.fixed = {}, .lane = {.dsp = 5, .lut = 2243, .ff = 1405}};
/// Lanes are the array's outputs: sums of digits to logits; additions, weighted; byte enables and what chooses among
/// words for keys and values; what a head of values needs beside its quantiser.
constexpr Unit kRouterLogits = {.fixed = {.lut = 80, .ff = 300}, .lane = {.lut = 110, .ff = 72}};
constexpr Unit kResidual = {.fixed = {.dsp = 2, .lut = 100, .ff = 50}, .lane = {.dsp = 2, .lut = 200, .ff = 163}};
constexpr Unit kKeysValues = {.fixed = {.dsp = 4, .lut = 700, .ff = 600}, .lane = {.lut = 240, .ff = 48}};
/// Sequencer, host, ports, commands, writers' addresses.
constexpr Resources kControl = {.dsp = 2, .lut = 7500, .ff = 6500};

constexpr double kByteEnables = 36.0 / 32;  // parity bits are of no use to block RAM that bytes are written into
constexpr double kLeastBramWords = 128;     // what is shorter becomes LUT RAM
constexpr double kLutsOfRamBit = 0.57;      // of 32 words
constexpr double kSlots = 4;                // groups in a row buffer, heads of two kinds in a queue of values
constexpr double kUramBits = 72;
constexpr double kUramWords = 4096;
constexpr double kScaleBits = 23;
constexpr double kRouterWeightBits = 16;

double power_of_two(double words) {
  return static_cast<double>(std::bit_ceil(static_cast<std::uint64_t>(std::max(1.0, std::ceil(words)))));
}

}  // namespace

double bram36_of(double width_bits, double words) {
  constexpr double kLeastWords = 512;
  constexpr double kMostWords = 32768;  // of one bit
  const double depth = std::max(kLeastWords, power_of_two(words));
  const double rows = std::ceil(depth / kMostWords);
  // 72 bits of 512 words; of more words the same bits, and from 8,192 on without the parity bits.
  const double capacity = depth <= 4096 ? 36864 : 32768;
  const double width = std::max(1.0, std::floor(capacity / std::min(depth, kMostWords)));
  return rows * std::ceil(2 * width_bits / width) / 2;
}

namespace {

/// Memories of the machine as hw/rtl has them, `activation` and `weight` times as wide as its bytes.
class Memories {
 public:
  Memories(const DesignPoint& design, double streams, double activation, double weight)
      : design_(design), streams_(streams), activation_(activation), weight_(weight) {}

  Resources ring(int ultra_ram) const {
    const double port = outputs() * design_.array.chains * 8 * weight_;
    const double words = design_.memory.weight_words / weight_;  // the same bytes
    const double uram = kDotChainLength * std::ceil(port / kUramBits) * std::ceil(words / kUramWords);
    return uram <= ultra_ram ? Resources{.uram = uram} : one(port, words) * kDotChainLength;
  }
  Resources channels() const { return one(64 * outputs(), design_.memory.channel_words); }
  /// Rows and probabilities, a memory for each token, bank and step of a beat; their scales, the queues' places.
  Resources activations() const {
    const double ways = std::max(1.0, outputs() / (design_.array.chains * kDotChainLength));
    const double banks = ways * kDotChainLength * design_.array.tokens;
    const double width = 8 * activation_ * design_.array.chains;
    const double scale_words = streams_ * design_.memory.scale_words;
    return (one(width, streams_ * design_.memory.activation_words / ways) +
            one(width, streams_ * design_.memory.probability_words / ways)) *
               banks +
           (one(kScaleBits, scale_words) + one(token_bits() + kRouterWeightBits, scale_words)) * design_.array.tokens +
           one(8 * activation_ * outputs(), streams_ * design_.memory.gather_words) +
           one(kScaleBits, streams_ * design_.limits.max_tokens);
  }
  Resources keys_and_values() const {
    const double width = 8 * activation_ * outputs() * design_.array.chains;
    return one(width * kByteEnables, streams_ * design_.memory.key_value_words) * kDotChainLength +
           one(kScaleBits, 1.0 * design_.limits.max_heads * design_.limits.max_tokens) +
           one(16 * outputs(), design_.limits.max_heads * design_.limits.max_tokens / outputs());
  }
  /// Between the array and the row units: results to rows, values of two heads, scores.
  Resources row_buffers() const {
    const double groups = kSlots * std::bit_ceil(static_cast<unsigned>(design_.array.tokens));
    const double scores = design_.limits.max_tokens / outputs();
    const double beat = 16 * activation_ * outputs();
    return one(beat, groups * beats()) + one(beat, std::max(64.0, 4 * beats())) + one(72, 128) +
           one(beat, kSlots * design_.limits.max_tokens) + one(beat, groups * scores) +
           one(17 * activation_ * outputs(), 4 * scores);
  }
  Resources norm() const {
    const double words = std::max(256.0, 8 * beats());
    return one(32 * outputs(), words) + one(16 * outputs(), words) + one(38, words) + one(23, words) +
           one(32 * outputs(), design_.memory.norm_words) + one(16 * outputs(), std::max(64.0, 4 * beats())) +
           one(16 * outputs() + 1, 256);
  }
  Resources residual() const { return one(32 * outputs(), streams_ * design_.memory.token_words); }
  Resources queues() const {
    return one(token_bits() + kRouterWeightBits, streams_ * design_.limits.max_experts * design_.limits.max_tokens);
  }

 private:
  double outputs() const { return design_.array.outputs; }
  double beats() const { return design_.limits.max_width / outputs(); }  // of the widest row
  double token_bits() const { return std::ceil(std::log2(design_.limits.max_tokens)); }
  static Resources one(double width, double words) {
    if (words >= kLeastBramWords) return {.bram36 = bram36_of(width, words)};
    return {.lut = kLutsOfRamBit * width * std::ceil(words / 32)};
  }

  const DesignPoint& design_;
  double streams_;
  double activation_;
  double weight_;
};

}  // namespace

std::vector<ResourcePart> estimate_resources(const DesignPoint& design, const NumberFormat& format,
                                             const ModelConfig& config, const FrameSpec& spec, int ultra_ram) {
  const DesignPoint::Array& array = design.array;
  const double outputs = array.outputs;
  const double sums = array.tokens * outputs;
  const double depth = array.chains * kDotChainLength;
  const double streams = std::max(spec.first_streams(), spec.last_streams(config));
  const double wide = format.activation_bits / 8.0;  // units of the activations, in proportion
  const Memories memories(design, streams, wide, format.weight_bits / 8.0);
  Resources array_tile = kArrayTile.at(sums * (array.chains + 1));
  array_tile.dsp = sums * depth * format.dsp_per_product();
  // A choice between two memories, and registers, for each operand of a step; sums to the lanes.
  const double rows = 8 * wide * array.tokens * depth;
  const double columns = format.weight_bits * outputs * depth;
  const Resources operands = {.lut = rows + columns + 220 * outputs, .ff = 2 * (rows + columns) + 192 * outputs};
  const Resources ring_ports = {.ff = columns + 64 * outputs};
  const double ways = outputs / depth;
  const Resources row_ports = {.lut = ways > 1 ? 3 * 2 * rows : 0};
  const char* const scaled = "synthesised unit, scaled";
  const char* const with_memory = "synthesised unit, scaled; memories by width and depth";
  const Resources ring = memories.ring(ultra_ram);
  return {
      {"array", array_tile, "DSPs: arithmetic; rest: synthesised unit, scaled"},
      {"operands", operands, scaled},
      {"requantise", kRequantize.at(outputs) * wide, scaled},
      {"GELU", kGelu.at(outputs) * wide, scaled},
      {"row quantisers", kRowQuantizer.at(design.lanes.row_quantizer) * (3 * wide) + memories.row_buffers(),
       with_memory},
      {"softmax", kSoftmax.at(design.lanes.softmax) * wide, scaled},
      {"layer norm", kLayerNorm.at(design.lanes.layer_norm) + memories.norm(), with_memory},
      {"router", kRouterTopK.at(array.tokens) + kRouterLogits.at(outputs) + memories.queues(), with_memory},
      {"weight ring", ring + ring_ports,
       ring.uram > 0 ? "arithmetic; UltraRAM, which the RTL does not name yet" : "arithmetic"},
      {"channel constants", memories.channels(), "arithmetic"},
      {"activations", memories.activations() + row_ports, with_memory},
      {"residual stream", kResidual.at(outputs) + memories.residual(), with_memory},
      {"keys and values", kKeysValues.at(outputs) + memories.keys_and_values(), with_memory},
      {"control, AXI, schedule", kControl, "synthesised units; the same for all designs"},
  };
}

Resources sum(const std::vector<ResourcePart>& parts) {
  Resources total;
  for (const ResourcePart& part : parts) total = total + part.used;
  return total;
}

double part_share(const Resources& used, const DesignPoint::Part& part, int ultra_ram) {
  // Of what the part has none of, all that is used is too much.
  const auto share = [](double used_units, int units) { return used_units > 0 ? used_units / std::max(units, 0) : 0; };
  return std::max({share(used.dsp, part.dsp), share(used.bram36, part.bram36), share(used.lut, part.lut),
                   share(used.ff, part.ff), share(used.uram, ultra_ram)});
}

}  // namespace edgemoe
