#include "model/integer_table.h"

#include <fmt/core.h>

#include "model/tensor_table.h"

namespace edgemoe {
namespace {

/// Adds tensors one after another.
class TableBuilder {
 public:
  void add(std::string name, Shape shape, DType dtype) { table_.push_back({std::move(name), std::move(shape), dtype}); }

  void add_norm(const std::string& prefix, std::int64_t width) {
    add(prefix + ".weight", {width}, DType::kI16);
    add(prefix + ".bias", {width}, DType::kI16);
    add(prefix + ".format", {3}, DType::kI32);
  }

  void add_linear(const std::string& prefix, std::int64_t outputs, std::int64_t inputs) {
    add(prefix + ".weight", {outputs, inputs}, DType::kI8);
    add(prefix + ".pre_shift", {outputs}, DType::kU8);
    add(prefix + ".mantissa", {outputs}, DType::kI16);
    add(prefix + ".bias", {outputs}, DType::kI32);
    add(prefix + ".format", {2}, DType::kI32);
  }

  void add_experts(const std::string& prefix, std::int64_t experts, std::int64_t outputs, std::int64_t inputs) {
    add(prefix + ".weight", {experts, outputs, inputs}, DType::kI8);
    add(prefix + ".pre_shift", {experts, outputs}, DType::kU8);
    add(prefix + ".mantissa", {experts, outputs}, DType::kI16);
    add(prefix + ".bias", {experts, outputs}, DType::kI32);
    add(prefix + ".format", {experts, 2}, DType::kI32);
  }

  void add_gate(const std::string& prefix, std::int64_t experts, std::int64_t inputs) {
    add(prefix + ".weight", {experts, inputs}, DType::kI16);
    add(prefix + ".constant", {experts}, DType::kI64);
    add(prefix + ".format", {2}, DType::kI32);
  }

  std::vector<IntegerTensorSpec> take() && { return std::move(table_); }

 private:
  std::vector<IntegerTensorSpec> table_;
};

void add_block(const ModelConfig& config, int block, TableBuilder& table) {
  const std::string prefix = block_prefix(block);
  const std::int64_t dim = config.embed_dim;
  table.add_norm(prefix + "norm1", dim);
  for (const char* layer : {"attn.query", "attn.key", "attn.value", "attn.proj"}) {
    table.add_linear(prefix + layer, dim, dim);
  }
  table.add_norm(prefix + "norm2", dim);
  const MoeConfig& moe = config.moe;
  if (!config.is_moe_block(block)) {
    table.add_linear(prefix + "mlp.fc1", config.mlp_dim, dim);
    table.add_linear(prefix + "mlp.fc2", dim, config.mlp_dim);
    return;
  }
  table.add_experts(prefix + "mlp.experts.htoh4", moe.num_experts, moe.expert_dim, dim);
  table.add_experts(prefix + "mlp.experts.h4toh", moe.num_experts, dim, moe.expert_dim);
  const int experts = moe.experts_per_task > 0 ? moe.experts_per_task : moe.num_experts;
  for (int gate = 0; gate < num_integer_gates(config); ++gate) {
    table.add_gate(integer_gate_prefix(block, gate), experts, dim);
  }
}

void add_decoder(const ModelConfig& config, const TaskConfig& task, TableBuilder& table) {
  const HeadConfig& head = config.head;
  const std::string prefix = decoder_prefix(task.kind);
  table.add_norm(prefix + "norm", config.embed_dim);
  for (int stage = 0; stage < head.num_stages; ++stage) {
    const int kernel = stage == 0 ? head.first_kernel : 3;
    table.add_linear(fmt::format("{}conv_{}", prefix, stage), head.stage_outputs(),
                     std::int64_t{kernel} * kernel * (stage == 0 ? config.embed_dim : head.channels));
  }
  table.add_linear(fmt::format("{}conv_{}", prefix, head.num_stages), task.outputs, head.channels);
}

}  // namespace

int num_integer_gates(const ModelConfig& config) {
  return config.tasks_share_backbone() ? 1 : static_cast<int>(config.tasks.size());
}

std::string integer_gate_prefix(int block, int gate) { return fmt::format("{}mlp.gate.{}", block_prefix(block), gate); }

std::vector<IntegerTensorSpec> integer_tensor_table(const ModelConfig& config) {
  TableBuilder table;
  const std::int64_t dim = config.embed_dim;
  const std::int64_t grid = std::int64_t{config.pos_embed_height} * config.pos_embed_width;
  table.add_linear("backbone.patch_embed.proj", dim, std::int64_t{config.patch_size} * config.patch_size * 3);
  table.add("backbone.cls_token", {1, 1, dim}, DType::kF32);
  table.add("backbone.pos_embed", {1, 1 + grid, dim}, DType::kF32);
  for (int block = 0; block < config.depth; ++block) add_block(config, block, table);
  if (config.head.present) {
    for (const TaskConfig& task : config.tasks) add_decoder(config, task, table);
  }
  return std::move(table).take();
}

}  // namespace edgemoe
