#include "kernels/int8/pack.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/check.h"

namespace edgemoe::int8 {
namespace {

/// One panel: four inputs of each output in turn. `rows` are those of the outputs in the panel's order.
void pack_panel(const std::int8_t* const* rows, std::size_t inputs, std::int8_t* to) {
  const std::size_t whole = inputs / kGroup * kGroup;
  for (std::size_t i = 0; i < whole; i += kGroup) {
    for (std::size_t place = 0; place < kPanelOutputs; ++place) {
      std::memcpy(to + place * kGroup, rows[place] + i, kGroup);
    }
    to += kPanelOutputs * kGroup;
  }
  if (whole == inputs) return;
  for (std::size_t place = 0; place < kPanelOutputs; ++place) {
    std::memcpy(to + place * kGroup, rows[place] + whole, inputs - whole);
  }
}

std::int32_t sum_of(const std::int8_t* row, std::size_t count) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += row[i];
  return sum;
}

}  // namespace

Panels PackedLayer::panels() const {
  return {.weight = weight,
          .start = start.data(),
          .pre_shift = pre_shift.data(),
          .mantissa = mantissa.data(),
          .outputs = mantissa.size(),
          .inputs = round_up(inputs, kGroup)};
}

std::size_t PackedLayer::bytes() const {
  return packed_weight_bytes(outputs, inputs) + 4 * (start.size() + pre_shift.size() + bias.size()) +
         2 * (mantissa.size() + narrow_bias.size());
}

PackedLayer pack_layer(const Kernels& kernels, const hls::LinearLayer& layer, std::span<std::int8_t> memory) {
  PackedLayer packed;
  packed.outputs = static_cast<std::size_t>(layer.outputs);
  packed.inputs = static_cast<std::size_t>(layer.inputs);
  packed.exponent = layer.exponent;
  packed.fraction = layer.fraction;
  const std::size_t outputs = round_up(packed.outputs, kOutputStep);
  const std::size_t inputs = round_up(packed.inputs, kGroup);
  if (memory.empty()) {
    packed.own_weight = AlignedBuffer<std::int8_t>(packed_weight_bytes(packed.outputs, packed.inputs));
    memory = packed.own_weight.span();
  }
  EDGEMOE_CHECK(memory.size() == packed_weight_bytes(packed.outputs, packed.inputs));
  packed.weight = memory.data();
  packed.start = AlignedBuffer<std::int32_t>(outputs);
  packed.pre_shift = AlignedBuffer<std::int32_t>(outputs);
  packed.mantissa = AlignedBuffer<std::int16_t>(outputs);
  packed.bias = AlignedBuffer<std::int32_t>(outputs);
  packed.narrow_bias = AlignedBuffer<std::int16_t>(outputs);
  std::vector<std::int8_t> zeros;  // an output beyond the layer's own
  if (packed.outputs % kPanelOutputs != 0) zeros.resize(packed.inputs);
  for (std::size_t panel = 0; panel < outputs; panel += kPanelOutputs) {
    const std::int8_t* rows[kPanelOutputs];
    for (std::size_t i = 0; i < kPanelOutputs; ++i) {
      const std::size_t place = panel + i;
      const std::size_t o = panel + kernels.order[i];
      rows[i] = o < packed.outputs ? layer.weight + o * packed.inputs : zeros.data();
      if (o >= packed.outputs) continue;
      packed.start[place] = first_value(kernels, sum_of(rows[i], packed.inputs), layer.pre_shift[o]);
      packed.pre_shift[place] = layer.pre_shift[o];
      packed.mantissa[o] = layer.mantissa[o];
      packed.bias[o] = layer.bias[o];
      packed.narrow_bias[o] = static_cast<std::int16_t>(saturate<16>(layer.bias[o]));
      packed.largest_bias = std::max(packed.largest_bias, std::abs(std::int64_t{layer.bias[o]}));
    }
    pack_panel(rows, packed.inputs, memory.data() + panel * inputs);
  }
  packed.largest_narrow_bias = static_cast<std::int32_t>(std::min<std::int64_t>(packed.largest_bias, 1 << 15));
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
