#include "engine/scrambled_model_testing.h"

#include <cstddef>

#include "quant/integer_checks.h"

namespace edgemoe {
namespace {

void scramble(IntegerLinear& layer, LayerOutputs outputs, int reach, Values& values) {
  const std::int64_t magnitude = values.between(0, 3) == 0 ? 1 : 127;
  layer.weight = LayerWeights(values.list<std::int8_t>(layer.weight.size(), -magnitude, magnitude));
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    const int shift = pre_shift_for(layer.weight.span().subspan(o * layer.inputs, layer.inputs));
    layer.pre_shift[o] = static_cast<std::uint8_t>(shift);
  }
  layer.mantissa = values.list<std::int16_t>(layer.outputs, 0, INT16_MAX);
  layer.exponent = static_cast<int>(values.between(-reach, reach));
  const bool narrow = outputs == LayerOutputs::kNarrow;
  if (narrow) layer.fraction = static_cast<int>(values.between(0, kLargestFraction));
  const std::int64_t bias = narrow ? INT16_MAX : values.between(0, 1) == 0 ? INT32_MAX : 1 << 18;
  layer.bias = values.list<std::int32_t>(layer.outputs, -bias - 1, bias);
}

void scramble(IntegerNorm& norm, int reach, Values& values) {
  norm.gain = values.list<std::int16_t>(norm.gain.size(), -INT16_MAX, INT16_MAX);
  norm.bias = values.list<std::int16_t>(norm.bias.size(), INT16_MIN, INT16_MAX);
  norm.gain_exponent = static_cast<int>(values.between(-reach, reach));
  norm.fraction = static_cast<int>(values.between(0, kLargestFraction));
}

void scramble(IntegerBlock& block, int reach, Values& values) {
  scramble(block.norm1, reach, values);
  scramble(block.norm2, reach, values);
  for (IntegerLinear* layer : {&block.query, &block.key, &block.value}) {
    scramble(*layer, LayerOutputs::kNarrow, reach, values);
  }
  scramble(block.proj, LayerOutputs::kWide, reach, values);
  for (IntegerMlp& mlp : block.mlps) {
    scramble(mlp.up, LayerOutputs::kNarrow, reach, values);
    scramble(mlp.down, LayerOutputs::kWide, reach, values);
    mlp.up.fraction = block.mlps.front().up.fraction;
  }
  for (IntegerGate& gate : block.gates) {
    gate.weight = values.list<std::int16_t>(gate.weight.size(), -INT16_MAX, INT16_MAX);
    gate.constant = values.list<std::int64_t>(gate.experts, -kLargestConstant, kLargestConstant);
    gate.kappa = static_cast<std::int32_t>(values.between(1 << 14, INT16_MAX));
    gate.sigma = static_cast<int>(values.between(-reach, reach));
  }
}

}  // namespace

void scramble(IntegerModel& model, int reach, Values& values) {
  scramble(model.patch_embed, LayerOutputs::kWide, reach, values);
  for (IntegerBlock& block : model.blocks) scramble(block, reach, values);
  for (IntegerHead& head : model.heads) {
    scramble(head.norm, reach, values);
    for (IntegerLinear& stage : head.stages) scramble(stage, LayerOutputs::kWide, reach, values);
    scramble(head.outputs, LayerOutputs::kWide, reach, values);
  }
}

}  // namespace edgemoe
