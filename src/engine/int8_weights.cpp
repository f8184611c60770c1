#include "engine/int8_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "engine/pixels.h"
#include "model/integer_table.h"
#include "numeric/fixed_point.h"
#include "resample/resize.h"

namespace edgemoe {
namespace {

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

Int8Norm packed(const IntegerNorm& norm) {
  const std::size_t room = int8::round_up(norm.gain.size(), int8::kRowStep);
  Int8Norm result{AlignedBuffer<std::int16_t>(room), AlignedBuffer<std::int16_t>(room), norm.gain_exponent,
                  norm.fraction, norm.eps};
  std::copy(norm.gain.begin(), norm.gain.end(), result.gain.begin());
  std::copy(norm.bias.begin(), norm.bias.end(), result.bias.begin());
  for (const std::int16_t bias : norm.bias) result.largest_bias = std::max(result.largest_bias, std::abs(bias + 0));
  return result;
}

/// Packs layers into one piece of memory, on all threads, those of a part together.
class LayerPacker {
 public:
  LayerPacker(const int8::Kernels& kernels, std::span<std::byte> memory, ThreadPool& pool)
      : kernels_(kernels), memory_(memory), pool_(pool) {}

  /// Both must stay in their places until pack().
  void add(const IntegerLinear& from, int8::PackedLayer& to) {
    const std::size_t bytes = int8::packed_weight_bytes(from.outputs, from.inputs);
    EDGEMOE_CHECK(bytes <= memory_.size());
    layers_.push_back({&from, &to, {reinterpret_cast<std::int8_t*>(memory_.data()), bytes}});
    memory_ = memory_.subspan(bytes);
  }

  void pack() {
    pool_.parallel_for(layers_.size(), [&](std::size_t i, int) {
      const Layer& layer = layers_[i];
      *layer.to = int8::pack_layer(kernels_, layer_of(*layer.from), layer.memory);
    });
    layers_.clear();
  }

 private:
  struct Layer {
    const IntegerLinear* from;
    int8::PackedLayer* to;
    std::span<std::int8_t> memory;
  };
  const int8::Kernels& kernels_;
  std::span<std::byte> memory_;  // what is left of it
  ThreadPool& pool_;
  std::vector<Layer> layers_;
};

/// Bytes of all layers' packed weights.
std::size_t packed_bytes(const ModelConfig& config) {
  std::size_t bytes = 0;
  for (const IntegerTensorSpec& spec : integer_tensor_table(config)) {
    if (spec.dtype != DType::kI8) continue;
    const std::span<const std::int64_t> dims = spec.shape.dims();
    std::size_t layers = 1;
    for (const std::int64_t dim : dims.first(dims.size() - 2)) layers *= static_cast<std::size_t>(dim);
    bytes += layers * int8::packed_weight_bytes(static_cast<std::size_t>(dims[dims.size() - 2]),
                                                static_cast<std::size_t>(dims.back()));
  }
  return bytes;
}

Int8Block packed(IntegerBlock block, LayerPacker& packer) {
  Int8Block to;
  to.norm1 = packed(block.norm1);
  to.norm2 = packed(block.norm2);
  packer.add(block.query, to.query);
  packer.add(block.key, to.key);
  packer.add(block.value, to.value);
  packer.add(block.proj, to.proj);
  to.mlps.resize(block.mlps.size());
  for (std::size_t i = 0; i < block.mlps.size(); ++i) {
    packer.add(block.mlps[i].up, to.mlps[i].up);
    packer.add(block.mlps[i].down, to.mlps[i].down);
  }
  packer.pack();
  to.gates = std::move(block.gates);
  for (IntegerGate& gate : to.gates) {
    to.gate_weights.push_back(int8::pack_router(gate.weight.data(), gate.experts, gate.weight.size() / gate.experts));
    gate.weight = {};
  }
  return to;
}

Int8HeadWeights packed(const IntegerHead& head, LayerPacker& packer) {
  Int8HeadWeights to;
  to.norm = packed(head.norm);
  to.stages.resize(head.stages.size());
  for (std::size_t i = 0; i < head.stages.size(); ++i) packer.add(head.stages[i], to.stages[i]);
  packer.add(head.outputs, to.outputs);
  packer.pack();
  return to;
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
                                            const IntegerEmbedding& embedding) {
  const std::size_t dim = extent(config.embed_dim);
  std::vector<float> resampled(extent(config.num_tokens()) * dim);
  resize_position_embedding(embedding.position_embed.data(), extent(stored.pos_embed_height),
                            extent(stored.pos_embed_width), resampled.data(), extent(config.grid_height()),
                            extent(config.grid_width()), dim);
  std::vector<std::int32_t> positions = to_residual(resampled);
  const std::vector<std::int32_t> class_token = to_residual(embedding.class_token.values);
  for (std::size_t d = 0; d < dim; ++d) {
    positions[d] = static_cast<std::int32_t>(saturate<32>(std::int64_t{positions[d]} + class_token[d]));
  }
  return positions;
}

Result<Int8Weights> pack_int8_weights(const ModelFile& model, const ModelConfig& config, const int8::Kernels& kernels,
                                      ThreadPool& pool) {
  const IntegerParts parts(model, WeightStorage::kBorrowed);
  Int8Weights weights;
  weights.memory = PageBuffer(packed_bytes(config));
  LayerPacker packer(kernels, weights.memory.span(), pool);
  {
    EDGEMOE_ASSIGN_OR_RETURN(const IntegerEmbedding embedding, parts.embedding());
    packer.add(embedding.patch_embed, weights.patch_embed);
    packer.pack();
    weights.positions = integer_positions(model.config(), config, embedding);
    for (const std::int64_t position : weights.positions) {
      weights.largest_position = std::max(weights.largest_position, std::abs(position));
    }
  }
  for (int i = 0; i < config.depth; ++i) {
    EDGEMOE_ASSIGN_OR_RETURN(IntegerBlock block, parts.block(i));
    weights.blocks.push_back(packed(std::move(block), packer));
    model.release_pages();
  }
  if (!config.head.present) return weights;
  for (const TaskConfig& task : config.tasks) {
    EDGEMOE_ASSIGN_OR_RETURN(const IntegerHead head, parts.head(task.kind));
    weights.heads.push_back(packed(head, packer));
  }
  model.release_pages();
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
