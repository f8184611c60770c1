#include "accel/cost/resources.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "accel/cost/frame_cost.h"

namespace edgemoe {
namespace {

/// A unit as Yosys counts it, hierarchical, which counts some LUTs too many: docs/rtl.md, and hw/synth/report on
/// designs of 16 and of 32 lanes, between which the line is drawn.
struct Unit {
  Resources fixed;
  Resources lane;

  Resources at(double lanes) const { return fixed + lane * lanes; }
};
/// A lane is a sum times (chains + 1): adders of the chains' results and the accumulator.
constexpr Unit kArrayTile = {.fixed = {}, .lane = {.lut = 10500.0 / 384, .ff = 10637.0 / 384}};
constexpr Unit kRequantize = {.fixed = {}, .lane = {.dsp = 2, .lut = 826, .ff = 325}};
constexpr Unit kGelu = {.fixed = {}, .lane = {.dsp = 1, .lut = 298, .ff = 155}};
constexpr Unit kRowQuantizer = {.fixed = {.bram36 = 0.5, .lut = 817, .ff = 585},
                                .lane = {.dsp = 1, .bram36 = 3.5 / 16, .lut = 72.19, .ff = 62.94}};
constexpr Unit kSoftmax = {.fixed = {.lut = 1467, .ff = 785}, .lane = {.lut = 138.75, .ff = 116.94}};
constexpr Unit kLayerNorm = {.fixed = {.dsp = 1, .bram36 = 4.5, .lut = 9275, .ff = 4265},
                             .lane = {.dsp = 3, .bram36 = 9.5 / 16, .lut = 649.5, .ff = 479.88}};
constexpr Resources kRouterTopK = {.dsp = 5, .bram36 = 0, .lut = 2155, .ff = 1408};
/// Control, commands, AXI, ring, residual and attention's schedule: not built when this was written. Assumed.
constexpr Resources kNotBuilt = {.dsp = 70, .bram36 = 8, .lut = 25000, .ff = 25000};

constexpr double kByteEnables = 1.12;  // block RAM that bytes are written into takes 10 to 12 % more
constexpr int kActivationBuffers = 5;  // norm's rows, hidden, gathered queue, queries, probabilities
constexpr double kUramBits = 72;
constexpr double kUramWords = 4096;
constexpr double kResidualBits = 32;
constexpr double kResidualPortBits = 512;

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

std::vector<ResourcePart> estimate_resources(const DesignPoint& design, const NumberFormat& format,
                                             const ModelConfig& config, const FrameSpec& spec, int ultra_ram) {
  const DesignPoint::Array& array = design.array;
  const double sums = static_cast<double>(array.tokens) * array.outputs;
  const double depth = array.chains * kDotChainLength;
  const double streams = std::max(spec.first_streams(), spec.last_streams(config));
  const double wide = format.activation_bits / 8.0;  // units of the activations, in proportion
  Resources array_tile = kArrayTile.at(sums * (array.chains + 1));
  array_tile.dsp = sums * depth * format.dsp_per_product();

  const double weight_port = static_cast<double>(array.outputs) * array.chains * format.weight_bits;
  const double ring_words = design.memory.weight_words * 8.0 / format.weight_bits;  // the same bytes
  const double activation_port = static_cast<double>(array.tokens) * array.chains * format.activation_bits;
  const double residual_words = streams * config.num_tokens() * config.embed_dim * kResidualBits / kResidualPortBits;
  const double key_value_port = array.outputs * depth * format.activation_bits;
  const double key_value_words = streams * 2 * config.num_tokens() * config.embed_dim / (array.outputs * depth);
  const auto memory = [](double bram36) { return Resources{.bram36 = bram36}; };
  const double ring_uram = kDotChainLength * std::ceil(weight_port / kUramBits) * std::ceil(ring_words / kUramWords);
  const Resources ring = ring_uram <= ultra_ram ? Resources{.uram = ring_uram}
                                                : memory(kDotChainLength * bram36_of(weight_port, ring_words));
  return {
      {"array", array_tile, "DSPs: arithmetic; rest: synthesised unit, scaled"},
      {"requantise", kRequantize.at(array.outputs) * wide, "synthesised unit, scaled"},
      {"GELU", kGelu.at(array.outputs) * wide, "synthesised unit, scaled"},
      {"row quantiser", kRowQuantizer.at(design.lanes.row_quantizer) * wide, "synthesised unit, scaled"},
      {"softmax", kSoftmax.at(design.lanes.softmax) * wide, "synthesised unit, scaled"},
      {"layer norm", kLayerNorm.at(design.lanes.layer_norm), "synthesised unit, scaled"},
      {"router's top k", kRouterTopK, "synthesised unit"},
      {"weight ring", ring, ring.uram > 0 ? "arithmetic; UltraRAM, which the RTL does not name yet" : "arithmetic"},
      {"activations",
       memory(kActivationBuffers * kDotChainLength *
              bram36_of(activation_port, design.memory.activation_words * streams)),
       "arithmetic"},
      {"residual stream", memory(bram36_of(kResidualPortBits, residual_words)), "arithmetic"},
      {"keys and values", memory(kByteEnables * bram36_of(key_value_port, key_value_words)), "arithmetic"},
      {"control, AXI, schedule", kNotBuilt, "assumed, not built yet"},
  };
}

Resources sum(const std::vector<ResourcePart>& parts) {
  Resources total;
  for (const ResourcePart& part : parts) total = total + part.used;
  return total;
}

double part_share(const Resources& used, const DesignPoint::Part& part, int ultra_ram) {
  const double uram = ultra_ram > 0 ? used.uram / ultra_ram : 0;
  return std::max({used.dsp / part.dsp, used.bram36 / part.bram36, used.lut / part.lut, used.ff / part.ff, uram});
}

}  // namespace edgemoe
