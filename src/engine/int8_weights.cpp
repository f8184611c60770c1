#include "engine/int8_weights.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "numeric/fixed_point.h"
#include "resample/resize.h"

namespace edgemoe {
namespace {

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

std::int64_t to_residual(float value) {
  return saturate<32>(static_cast<std::int64_t>(std::floor(std::ldexp(static_cast<double>(value), 16) + 0.5)));
}

Int8Norm packed(const IntegerNorm& norm) {
  const std::size_t room = int8::round_up(norm.gain.size(), int8::kRowStep);
  Int8Norm result{AlignedBuffer<std::int16_t>(room), AlignedBuffer<std::int16_t>(room), norm.gain_exponent,
                  norm.fraction, norm.eps};
  std::copy(norm.gain.begin(), norm.gain.end(), result.gain.begin());
  std::copy(norm.bias.begin(), norm.bias.end(), result.bias.begin());
  return result;
}

std::size_t bytes_of(const Int8Norm& norm) { return 2 * (norm.gain.size() + norm.bias.size()); }

}  // namespace

hls::LinearLayer layer_of(const IntegerLinear& linear) {
  return {linear.weight.data(),
          linear.pre_shift.data(),
          linear.mantissa.data(),
          linear.bias.data(),
          static_cast<int>(linear.outputs),
          static_cast<int>(linear.inputs),
          linear.exponent,
          linear.fraction};
}

std::int32_t integer_prune_threshold(const MoeConfig& moe) {
  if (!moe.prune_threshold) return -1;
  return static_cast<std::int32_t>(
      std::clamp(std::floor(std::ldexp(static_cast<double>(*moe.prune_threshold), 16)), -1.0, 65536.0));
}

std::vector<std::int32_t> integer_positions(const ModelConfig& stored, const ModelConfig& config,
                                            const IntegerModel& model) {
  const std::size_t dim = extent(config.embed_dim);
  std::vector<float> resampled(extent(config.num_tokens()) * dim);
  resize_position_embedding(model.position_embed.data(), extent(stored.pos_embed_height),
                            extent(stored.pos_embed_width), resampled.data(), extent(config.grid_height()),
                            extent(config.grid_width()), dim);
  std::vector<std::int32_t> positions;
  positions.reserve(resampled.size());
  for (const float value : resampled) positions.push_back(static_cast<std::int32_t>(to_residual(value)));
  for (std::size_t d = 0; d < dim; ++d) {
    positions[d] = static_cast<std::int32_t>(saturate<32>(positions[d] + to_residual(model.class_token.values[d])));
  }
  return positions;
}

Int8Weights pack_int8_weights(const IntegerModel& model, std::vector<std::int32_t> positions,
                              const int8::Kernels& kernels) {
  const auto layer = [&](const IntegerLinear& linear) { return int8::pack_layer(kernels, layer_of(linear)); };
  Int8Weights weights;
  weights.patch_embed = layer(model.patch_embed);
  weights.positions = std::move(positions);
  for (const IntegerBlock& block : model.blocks) {
    Int8Block& to = weights.blocks.emplace_back();
    to.norm1 = packed(block.norm1);
    to.query = layer(block.query);
    to.key = layer(block.key);
    to.value = layer(block.value);
    to.proj = layer(block.proj);
    to.norm2 = packed(block.norm2);
    for (const IntegerMlp& mlp : block.mlps) to.mlps.push_back({layer(mlp.up), layer(mlp.down)});
    to.gates = block.gates;
    for (IntegerGate& gate : to.gates) {
      to.gate_weights.push_back(int8::pack_router(gate.weight.data(), gate.experts, gate.weight.size() / gate.experts));
      gate.weight = {};
    }
  }
  for (const IntegerHead& head : model.heads) {
    Int8HeadWeights& to = weights.heads.emplace_back();
    to.norm = packed(head.norm);
    for (const IntegerLinear& stage : head.stages) to.stages.push_back(layer(stage));
    to.outputs = layer(head.outputs);
  }
  return weights;
}

std::size_t Int8Weights::bytes() const {
  std::size_t bytes = patch_embed.bytes() + 4 * positions.size();
  for (const Int8Block& block : blocks) {
    bytes += bytes_of(block.norm1) + bytes_of(block.norm2) + block.query.bytes() + block.key.bytes() +
             block.value.bytes() + block.proj.bytes();
    for (const Int8Mlp& mlp : block.mlps) bytes += mlp.up.bytes() + mlp.down.bytes();
    for (const IntegerGate& gate : block.gates) bytes += 8 * gate.constant.size();
    for (const AlignedBuffer<std::int16_t>& weight : block.gate_weights) bytes += 2 * weight.size();
  }
  for (const Int8HeadWeights& head : heads) {
    bytes += bytes_of(head.norm) + head.outputs.bytes();
    for (const int8::PackedLayer& stage : head.stages) bytes += stage.bytes();
  }
  return bytes;
}

}  // namespace edgemoe
