#include "kernels/int8/pack.h"

#include <algorithm>

namespace edgemoe::int8 {
Panels PackedLayer::panels() const {
  return {.weight = weight.data(),
          .start = start.data(),
          .pre_shift = pre_shift.data(),
          .mantissa = mantissa.data(),
          .outputs = mantissa.size(),
          .inputs = round_up(inputs, kGroup)};
}

std::size_t PackedLayer::bytes() const {
  return weight.size() + 4 * (start.size() + pre_shift.size() + bias.size()) +
         2 * (mantissa.size() + narrow_bias.size());
}

PackedLayer pack_layer(const Kernels& kernels, const hls::LinearLayer& layer) {
  PackedLayer packed;
  packed.outputs = static_cast<std::size_t>(layer.outputs);
  packed.inputs = static_cast<std::size_t>(layer.inputs);
  packed.exponent = layer.exponent;
  packed.fraction = layer.fraction;
  const std::size_t outputs = round_up(packed.outputs, kOutputStep);
  const std::size_t inputs = round_up(packed.inputs, kGroup);
  packed.weight = AlignedBuffer<std::int8_t>(round_up(outputs, kPanelOutputs) * inputs);
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
      packed.weight[panel * inputs + i / kGroup * kGroup * kPanelOutputs + (place - panel) * kGroup + i % kGroup] =
          row[i];
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

AlignedBuffer<std::int16_t> pack_router(const std::int16_t* weight, std::size_t experts, std::size_t inputs) {
  const std::size_t pairs = (inputs + 1) / 2;
  AlignedBuffer<std::int16_t> packed(round_up(experts, kRouterExperts) * pairs * 4);
  for (std::size_t e = 0; e < experts; ++e) {
    std::int16_t* panel = packed.data() + e / kRouterExperts * pairs * 4 * kRouterExperts + e % kRouterExperts * 2;
    for (std::size_t i = 0; i < inputs; ++i) {
      const std::int32_t w = weight[e * inputs + i];
      const auto low = static_cast<std::int8_t>(w);
      std::int16_t* to = panel + i / 2 * 4 * kRouterExperts + i % 2;
      to[0] = static_cast<std::int16_t>((w - low) / 256);
      to[2 * kRouterExperts] = low;
    }
  }
  return packed;
}

}  // namespace edgemoe::int8
