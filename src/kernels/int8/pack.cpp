#include "kernels/int8/pack.h"

#include <algorithm>

namespace edgemoe::int8 {
namespace {

/// Half of what the shift takes away, and what the activations' offset has added.
std::int32_t first_value(const Kernels& kernels, std::int32_t weight_sum, int pre_shift) {
  const std::int32_t half = pre_shift > 0 ? 1 << (pre_shift - 1) : 0;
  return half - static_cast<std::int32_t>(kernels.offset) * weight_sum;
}

}  // namespace

Panels PackedLayer::panels() const {
  return {.weight = weight.data(),
          .start = start.data(),
          .pre_shift = pre_shift.data(),
          .mantissa = mantissa.data(),
          .outputs = mantissa.size(),
          .inputs = round_up(inputs, kGroup)};
}

std::size_t PackedLayer::bytes() const {
  return weight.size() + 4 * (start.size() + pre_shift.size() + bias.size()) + 2 * (mantissa.size() + narrow_bias.size());
}

PackedLayer pack_layer(const Kernels& kernels, const hls::LinearLayer& layer) {
  PackedLayer packed;
  packed.outputs = static_cast<std::size_t>(layer.outputs);
  packed.inputs = static_cast<std::size_t>(layer.inputs);
  packed.exponent = layer.exponent;
  packed.fraction = layer.fraction;
  const std::size_t outputs = round_up(packed.outputs, kPanelOutputs);
  const std::size_t inputs = round_up(packed.inputs, kGroup);
  packed.weight = AlignedBuffer<std::int8_t>(outputs * inputs);
  packed.start = AlignedBuffer<std::int32_t>(outputs);
  packed.pre_shift = AlignedBuffer<std::int32_t>(outputs);
  packed.mantissa = AlignedBuffer<std::int16_t>(outputs);
  packed.bias = AlignedBuffer<std::int32_t>(outputs);
  packed.narrow_bias = AlignedBuffer<std::int16_t>(outputs);
  for (std::size_t place = 0; place < outputs; ++place) {
    const std::size_t panel = place / kPanelOutputs * kPanelOutputs;
    const std::size_t o = panel + kernels.order[place % kPanelOutputs];
    if (o >= packed.outputs) continue;
    const std::int8_t* row = layer.weight + o * packed.inputs;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < packed.inputs; ++i) {
      packed.weight[panel * inputs + i / kGroup * kGroup * kPanelOutputs + (place - panel) * kGroup + i % kGroup] = row[i];
      sum += row[i];
    }
    packed.start[place] = first_value(kernels, sum, layer.pre_shift[o]);
    packed.pre_shift[place] = layer.pre_shift[o];
    packed.mantissa[o] = layer.mantissa[o];
    packed.bias[o] = layer.bias[o];
    packed.narrow_bias[o] = static_cast<std::int16_t>(saturate<16>(layer.bias[o]));
  }
  return packed;
}

void pack_keys(const Kernels& kernels, const std::uint8_t* keys, std::size_t stride, std::size_t tokens,
               std::size_t inputs, int pre_shift, const KeyPanels& out) {
  const std::size_t padded_inputs = round_up(inputs, kGroup);
  for (std::size_t place = 0; place < round_up(tokens, kPanelOutputs); ++place) {
    const std::size_t panel = place / kPanelOutputs * kPanelOutputs;
    const std::size_t key = panel + kernels.order[place % kPanelOutputs];
    std::int8_t* to = out.weight + panel * padded_inputs + (place - panel) * kGroup;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < padded_inputs; i += kGroup) {
      for (std::size_t j = 0; j < kGroup; ++j) {
        const auto value = key < tokens ? static_cast<std::int8_t>(keys[key * stride + i + j] ^ kernels.offset) : std::int8_t{0};
        to[i * kPanelOutputs + j] = value;
        sum += value;
      }
    }
    out.start[place] = first_value(kernels, sum, pre_shift);
    out.pre_shift[place] = pre_shift;
  }
}

void pack_values(const Kernels& kernels, const std::uint8_t* values, std::size_t stride, std::size_t tokens,
                 std::size_t head_dim, std::int8_t* out) {
  const std::size_t padded_tokens = round_up(tokens, kGroup);
  for (std::size_t panel = 0; panel < head_dim; panel += kPanelOutputs) {
    std::int8_t* to = out + panel * padded_tokens;
    for (std::size_t token = 0; token < padded_tokens; ++token) {
      std::int8_t* group = to + token / kGroup * kGroup * kPanelOutputs + token % kGroup;
      for (std::size_t place = 0; place < kPanelOutputs; ++place) {
        const std::size_t dim = panel + kernels.order[place];
        group[place * kGroup] = token < tokens && dim < head_dim
                                    ? static_cast<std::int8_t>(values[token * stride + dim] ^ kernels.offset)
                                    : std::int8_t{0};
      }
    }
  }
}

}  // namespace edgemoe::int8
