#include "engine/float_weights.h"

#include <utility>

#include "model/network_weights.h"
#include "model/tensor_table.h"
#include "resample/resize.h"

namespace edgemoe {
namespace {

MatrixView<const float> as_matrix(const Tensor& tensor) {
  const auto rows = static_cast<std::size_t>(tensor.shape[0]);
  const std::size_t cols = tensor.values.size() / rows;
  return {tensor.data(), rows, cols, cols};
}

NormWeights packed(PlainNorm norm) { return {std::move(norm.weight), std::move(norm.bias)}; }

LinearWeights packed(Isa isa, PlainLinear linear) {
  return {pack_gemm_weights(isa, as_matrix(linear.weight)), std::move(linear.bias)};
}

ConvStage packed(Isa isa, PlainConv conv) {
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(conv.weight.shape[axis]); };
  return {pack_conv_weights(isa, conv.weight.data(), extent(0), extent(1), extent(2)), std::move(conv.bias)};
}

Tensor position_embed(const ModelFile& model, const ModelConfig& config) {
  const Tensor stored = model.load_f32("backbone.pos_embed");
  Tensor resampled(Shape{config.num_tokens(), config.embed_dim});
  resize_position_embedding(stored.data(), static_cast<std::size_t>(model.config().pos_embed_height),
                            static_cast<std::size_t>(model.config().pos_embed_width), resampled.data(),
                            static_cast<std::size_t>(config.grid_height()),
                            static_cast<std::size_t>(config.grid_width()), static_cast<std::size_t>(config.embed_dim));
  return resampled;
}

std::vector<LinearWeights> experts(const ModelFile& model, int block, std::string_view layer, Isa isa) {
  std::vector<LinearWeights> result;
  for (PlainLinear& expert : plain_experts(model, block, layer)) result.push_back(packed(isa, std::move(expert)));
  return result;
}

BlockWeights load_block(const ModelFile& model, int index, Isa isa) {
  const std::string prefix = block_prefix(index);
  const auto linear = [&](const char* name) { return packed(isa, plain_linear(model, prefix + name)); };
  BlockWeights block;
  block.norm1 = packed(plain_norm(model, prefix + "norm1"));
  block.qkv = linear("attn.qkv");
  block.proj = linear("attn.proj");
  block.norm2 = packed(plain_norm(model, prefix + "norm2"));
  if (model.config().is_moe_block(index)) {
    block.htoh4 = experts(model, index, "htoh4", isa);
    block.h4toh = experts(model, index, "h4toh", isa);
    for (PlainGate& gate : plain_gates(model, index)) {
      block.gates.push_back({pack_gemm_weights(isa, as_matrix(gate.weight)), std::move(gate.bias), gate.first_expert});
    }
  } else {
    block.fc1 = linear("mlp.fc1");
    block.fc2 = linear("mlp.fc2");
  }
  return block;
}

HeadWeights load_head(const ModelFile& model, TaskKind task, Isa isa) {
  PlainHead plain = plain_head(model, task);
  HeadWeights head;
  head.norm = packed(std::move(plain.norm));
  for (PlainConv& stage : plain.stages) head.stages.push_back(packed(isa, std::move(stage)));
  head.outputs = packed(isa, std::move(plain.outputs));
  return head;
}

std::size_t floats(const LinearWeights& linear) { return linear.weight.panels.size() + linear.bias.values.size(); }
std::size_t floats(const NormWeights& norm) { return norm.weight.values.size() + norm.bias.values.size(); }
std::size_t floats(const ConvStage& stage) {
  return stage.weight.packed.panels.size() + stage.weight.zeros.size() + stage.bias.values.size();
}

}  // namespace

std::size_t FloatWeights::bytes() const {
  std::size_t count = floats(patch_embed) + class_token.values.size() + position_embed.values.size();
  for (const BlockWeights& block : blocks) {
    count += floats(block.norm1) + floats(block.qkv) + floats(block.proj) + floats(block.norm2) + floats(block.fc1) +
             floats(block.fc2);
    for (const LinearWeights& expert : block.htoh4) count += floats(expert);
    for (const LinearWeights& expert : block.h4toh) count += floats(expert);
    for (const GateWeights& gate : block.gates) count += gate.weight.panels.size() + gate.bias.values.size();
  }
  for (const HeadWeights& head : heads) {
    count += floats(head.norm) + floats(head.outputs);
    for (const ConvStage& stage : head.stages) count += floats(stage);
  }
  return count * sizeof(float);
}

FloatWeights load_float_weights(const ModelFile& model, const ModelConfig& config, Isa isa) {
  FloatWeights weights;
  weights.patch_embed = packed(isa, plain_patch_embed(model));
  weights.class_token = model.load_f32("backbone.cls_token");
  weights.position_embed = position_embed(model, config);
  for (int i = 0; i < config.depth; ++i) weights.blocks.push_back(load_block(model, i, isa));
  if (config.head.present) {
    for (const TaskConfig& task : config.tasks) weights.heads.push_back(load_head(model, task.kind, isa));
  }
  return weights;
}

}  // namespace edgemoe
