#include <fmt/core.h>

#include <cstring>
#include <span>

#include "model/integer_table.h"
#include "model/tensor_table.h"
#include "quant/integer_file.h"

namespace edgemoe {

/// The part'th of `parts` equal parts of a tensor. Elements in a file need not be aligned.
template <typename T>
std::vector<T> IntegerFileReader::values(const std::string& name, std::size_t part, std::size_t parts) const {
  const std::span<const std::byte> bytes = model_.tensor(name).bytes;
  const std::size_t size = bytes.size() / parts;
  std::vector<T> result(size / sizeof(T));
  std::memcpy(result.data(), bytes.data() + part * size, size);
  return result;
}

Result<IntegerLinear> IntegerFileReader::linear(const std::string& prefix, LayerOutputs outputs, std::size_t part,
                                                std::size_t parts) const {
  IntegerLinear layer;
  layer.pre_shift = values<std::uint8_t>(prefix + ".pre_shift", part, parts);
  layer.mantissa = values<std::int16_t>(prefix + ".mantissa", part, parts);
  layer.bias = values<std::int32_t>(prefix + ".bias", part, parts);
  const auto format = values<std::int32_t>(prefix + ".format", part, parts);
  layer.exponent = format[0];
  layer.fraction = format[1];
  const std::span<const std::byte> weight = model_.tensor(prefix + ".weight").bytes;
  const std::size_t size = weight.size() / parts;
  layer.outputs = layer.mantissa.size();
  layer.inputs = size / layer.outputs;
  const auto* first = reinterpret_cast<const std::int8_t*>(weight.data()) + part * size;
  layer.weight = storage_ == WeightStorage::kBorrowed ? LayerWeights::borrowed({first, size})
                                                      : LayerWeights(std::vector<std::int8_t>(first, first + size));
  const Status status = check_integers(layer, outputs);
  if (!status.ok()) return status.with_context(parts == 1 ? prefix : fmt::format("{}, expert {}", prefix, part));
  return layer;
}

Result<IntegerNorm> IntegerFileReader::norm(const std::string& prefix) const {
  const auto format = values<std::int32_t>(prefix + ".format", 0, 1);
  IntegerNorm norm{.gain = values<std::int16_t>(prefix + ".weight", 0, 1),
                   .bias = values<std::int16_t>(prefix + ".bias", 0, 1),
                   .gain_exponent = format[0],
                   .fraction = format[1],
                   .eps = static_cast<std::uint32_t>(format[2])};
  EDGEMOE_RETURN_IF_ERROR(check_integers(norm).with_context(prefix));
  return norm;
}

Result<IntegerGate> IntegerFileReader::gate(const std::string& prefix, int task) const {
  const auto format = values<std::int32_t>(prefix + ".format", 0, 1);
  IntegerGate gate{.weight = values<std::int16_t>(prefix + ".weight", 0, 1),
                   .constant = values<std::int64_t>(prefix + ".constant", 0, 1),
                   .kappa = format[0],
                   .sigma = format[1],
                   .first_expert = static_cast<std::uint32_t>(model_.config().expert_group_start(task))};
  gate.experts = gate.constant.size();
  EDGEMOE_RETURN_IF_ERROR(check_integers(gate).with_context(prefix));
  return gate;
}

Result<Tensor> IntegerFileReader::floats(const std::string& name) const {
  Tensor tensor = model_.load_f32(name);
  EDGEMOE_RETURN_IF_ERROR(check_finite(tensor).with_context(name));
  return tensor;
}

Result<IntegerEmbedding> IntegerFileReader::embedding() const {
  IntegerEmbedding embedding;
  EDGEMOE_ASSIGN_OR_RETURN(embedding.patch_embed, linear("backbone.patch_embed.proj", LayerOutputs::kWide));
  EDGEMOE_ASSIGN_OR_RETURN(embedding.class_token, floats("backbone.cls_token"));
  EDGEMOE_ASSIGN_OR_RETURN(embedding.position_embed, floats("backbone.pos_embed"));
  return embedding;
}

Result<IntegerBlock> IntegerFileReader::block(int index) const {
  const std::string prefix = block_prefix(index);
  IntegerBlock block;
  EDGEMOE_ASSIGN_OR_RETURN(block.norm1, norm(prefix + "norm1"));
  EDGEMOE_ASSIGN_OR_RETURN(block.query, linear(prefix + "attn.query", LayerOutputs::kNarrow));
  EDGEMOE_ASSIGN_OR_RETURN(block.key, linear(prefix + "attn.key", LayerOutputs::kNarrow));
  EDGEMOE_ASSIGN_OR_RETURN(block.value, linear(prefix + "attn.value", LayerOutputs::kNarrow));
  EDGEMOE_ASSIGN_OR_RETURN(block.proj, linear(prefix + "attn.proj", LayerOutputs::kWide));
  EDGEMOE_ASSIGN_OR_RETURN(block.norm2, norm(prefix + "norm2"));
  if (model_.config().is_moe_block(index)) {
    EDGEMOE_RETURN_IF_ERROR(experts(prefix + "mlp.experts.", index, block));
    return block;
  }
  IntegerMlp mlp;
  EDGEMOE_ASSIGN_OR_RETURN(mlp.up, linear(prefix + "mlp.fc1", LayerOutputs::kNarrow));
  EDGEMOE_ASSIGN_OR_RETURN(mlp.down, linear(prefix + "mlp.fc2", LayerOutputs::kWide));
  block.mlps.push_back(std::move(mlp));
  return block;
}

Status IntegerFileReader::experts(const std::string& prefix, int index, IntegerBlock& block) const {
  const auto count = static_cast<std::size_t>(model_.config().moe.num_experts);
  for (std::size_t e = 0; e < count; ++e) {
    IntegerMlp mlp;
    EDGEMOE_ASSIGN_OR_RETURN(mlp.up, linear(prefix + "htoh4", LayerOutputs::kNarrow, e, count));
    EDGEMOE_ASSIGN_OR_RETURN(mlp.down, linear(prefix + "h4toh", LayerOutputs::kWide, e, count));
    block.mlps.push_back(std::move(mlp));
    const int fraction = block.mlps.front().up.fraction;
    if (block.mlps.back().up.fraction != fraction) {
      return malformed("{}htoh4, expert {}: format, fraction: expected {} as of the first expert, found {}", prefix, e,
                       fraction, block.mlps.back().up.fraction);
    }
  }
  for (int i = 0; i < num_integer_gates(model_.config()); ++i) {
    EDGEMOE_ASSIGN_OR_RETURN(IntegerGate own, gate(integer_gate_prefix(index, i), i));
    block.gates.push_back(std::move(own));
  }
  return {};
}

Result<IntegerHead> IntegerFileReader::head(TaskKind task) const {
  const std::string prefix = decoder_prefix(task);
  const int stages = model_.config().head.num_stages;
  IntegerHead head;
  EDGEMOE_ASSIGN_OR_RETURN(head.norm, norm(prefix + "norm"));
  for (int s = 0; s < stages; ++s) {
    EDGEMOE_ASSIGN_OR_RETURN(IntegerLinear stage, linear(fmt::format("{}conv_{}", prefix, s), LayerOutputs::kWide));
    head.stages.push_back(std::move(stage));
  }
  EDGEMOE_ASSIGN_OR_RETURN(head.outputs, linear(fmt::format("{}conv_{}", prefix, stages), LayerOutputs::kWide));
  return head;
}

}  // namespace edgemoe
