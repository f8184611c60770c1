#include "model/tensor_table.h"

#include <fmt/core.h>

namespace edgemoe {
namespace {

/// Adds tensors one after another.
class TableBuilder {
 public:
  void add(std::string name, Shape shape, TensorRole role) {
    table_.push_back({std::move(name), std::move(shape), role});
  }

  void add_norm(const std::string& prefix, std::int64_t width) {
    add(prefix + ".weight", {width}, TensorRole::kNormWeight);
    add(prefix + ".bias", {width}, TensorRole::kNormBias);
  }

  void add_linear(const std::string& prefix, std::int64_t outputs, std::int64_t inputs) {
    add(prefix + ".weight", {outputs, inputs}, TensorRole::kLinearWeight);
    add(prefix + ".bias", {outputs}, TensorRole::kBias);
  }

  void add_experts(const std::string& prefix, std::int64_t experts, std::int64_t outputs, std::int64_t inputs) {
    add(prefix + ".weight", {experts, outputs, inputs}, TensorRole::kExpertWeight);
    add(prefix + ".bias", {experts, outputs}, TensorRole::kExpertBias);
  }

  void add_conv(const std::string& prefix, std::int64_t outputs, std::int64_t inputs, std::int64_t kernel) {
    add(prefix + ".weight", {outputs, inputs, kernel, kernel}, TensorRole::kConvWeight);
    add(prefix + ".bias", {outputs}, TensorRole::kBias);
  }

  std::vector<TensorSpec> take() && { return std::move(table_); }

 private:
  std::vector<TensorSpec> table_;
};

void add_embedding(const ModelConfig& config, TableBuilder& table) {
  const std::int64_t dim = config.embed_dim;
  const std::int64_t patch = config.patch_size;
  const std::int64_t grid = std::int64_t{config.pos_embed_height} * config.pos_embed_width;
  table.add("backbone.patch_embed.proj.weight", {dim, 3, patch, patch}, TensorRole::kPatchWeight);
  table.add("backbone.patch_embed.proj.bias", {dim}, TensorRole::kBias);
  table.add("backbone.cls_token", {1, 1, dim}, TensorRole::kClassToken);
  table.add("backbone.pos_embed", {1, 1 + grid, dim}, TensorRole::kPositionEmbed);
}

/// The network that turns the one-hot task into the feature that a task-conditioned router appends to each token.
void add_task_representation(const ModelConfig& config, TableBuilder& table) {
  if (config.moe.blocks.empty() || config.moe.router != RouterKind::kTaskConditioned) return;
  const std::string prefix = "backbone.gate_task_represent.";
  const std::int64_t width = config.moe.task_dim;
  table.add_linear(prefix + "fc1", width, static_cast<std::int64_t>(config.tasks.size()));
  table.add_linear(prefix + "fc2", width, width);
  table.add_norm(prefix + "norm", width);
}

void add_moe(const ModelConfig& config, int block, TableBuilder& table) {
  const MoeConfig& moe = config.moe;
  const std::int64_t dim = config.embed_dim;
  const std::string experts = block_prefix(block) + "mlp.experts.";
  table.add_experts(experts + "htoh4", moe.num_experts, moe.expert_dim, dim);
  table.add_experts(experts + "h4toh", moe.num_experts, dim, moe.expert_dim);
  const int num_gates = moe.router == RouterKind::kPerTask ? static_cast<int>(config.tasks.size()) : 1;
  for (int gate = 0; gate < num_gates; ++gate) {
    table.add(gate_name(config, block, gate), {dim + moe.task_dim, moe.num_experts}, TensorRole::kGate);
  }
}

void add_block(const ModelConfig& config, int block, TableBuilder& table) {
  const std::string prefix = block_prefix(block);
  const std::int64_t dim = config.embed_dim;
  table.add_norm(prefix + "norm1", dim);
  table.add_linear(prefix + "attn.qkv", 3 * dim, dim);
  table.add_linear(prefix + "attn.proj", dim, dim);
  table.add_norm(prefix + "norm2", dim);
  if (config.is_moe_block(block)) {
    add_moe(config, block, table);
  } else {
    table.add_linear(prefix + "mlp.fc1", config.mlp_dim, dim);
    table.add_linear(prefix + "mlp.fc2", dim, config.mlp_dim);
  }
}

void add_decoder(const ModelConfig& config, const TaskConfig& task, TableBuilder& table) {
  const HeadConfig& head = config.head;
  const std::string prefix = decoder_prefix(task.kind);
  table.add_norm(prefix + "norm", config.embed_dim);
  for (int stage = 0; stage < head.num_stages; ++stage) {
    table.add_conv(fmt::format("{}conv_{}", prefix, stage), head.stage_outputs(),
                   stage == 0 ? config.embed_dim : head.channels, stage == 0 ? head.first_kernel : 3);
    const std::string norm = fmt::format("{}syncbn_fc_{}", prefix, stage);
    table.add_norm(norm, head.stage_outputs());
    table.add(norm + ".running_mean", {head.stage_outputs()}, TensorRole::kRunningMean);
    table.add(norm + ".running_var", {head.stage_outputs()}, TensorRole::kRunningVariance);
  }
  table.add_conv(fmt::format("{}conv_{}", prefix, head.num_stages), task.outputs, head.channels, 1);
}

}  // namespace

std::string block_prefix(int block) { return fmt::format("backbone.blocks.{}.", block); }

std::string decoder_prefix(TaskKind task) { return fmt::format("decoders.{}.", task_name(task)); }

std::string gate_name(const ModelConfig& config, int block, int task) {
  if (config.moe.router == RouterKind::kPerTask) return fmt::format("{}mlp.gate.{}.w_gate", block_prefix(block), task);
  return block_prefix(block) + "mlp.gate.w_gate";
}

std::vector<TensorSpec> tensor_table(const ModelConfig& config) {
  TableBuilder table;
  add_embedding(config, table);
  add_task_representation(config, table);
  for (int block = 0; block < config.depth; ++block) add_block(config, block, table);
  if (config.head.present) {
    for (const TaskConfig& task : config.tasks) add_decoder(config, task, table);
  }
  return std::move(table).take();
}

}  // namespace edgemoe
