// Which tensors a network of a given configuration has: name, shape and role of each, in M3ViT's own names.
#ifndef EDGEMOE_MODEL_TENSOR_TABLE_H_
#define EDGEMOE_MODEL_TENSOR_TABLE_H_

#include <string>
#include <vector>

#include "base/tensor.h"
#include "model/config.h"

namespace edgemoe {

/// What a tensor is for; decides how `edgemoe new` fills it and how a checkpoint's copy may be laid out.
enum class TensorRole {
  kPatchWeight,      // [embed_dim, 3, patch, patch]
  kClassToken,       // [1, 1, embed_dim]
  kPositionEmbed,    // [1, 1 + grid, embed_dim], class token's row first, then the grid row by row
  kNormWeight,       // [width], LayerNorm or batch norm
  kNormBias,         // [width]
  kLinearWeight,     // [outputs, inputs]
  kBias,             // [outputs]
  kExpertWeight,     // [num_experts, outputs, inputs]
  kExpertBias,       // [num_experts, outputs]
  kGate,             // [inputs, num_experts]
  kConvWeight,       // [outputs, inputs, kernel, kernel]
  kRunningMean,      // [channels]
  kRunningVariance,  // [channels]
};

struct TensorSpec {
  std::string name;
  Shape shape;
  TensorRole role;
};

/// Every tensor of the network, in a fixed order: patch embedding, class token, position embedding, task
/// representation, blocks, decoders. Needs a complete configuration.
std::vector<TensorSpec> tensor_table(const ModelConfig& config);

/// "backbone.blocks.3." and the like: the one place where the names are spelled.
std::string block_prefix(int block);
std::string decoder_prefix(TaskKind task);
/// "backbone.blocks.3.mlp.gate.1.w_gate" or "….mlp.gate.w_gate", by the router's kind.
std::string gate_name(const ModelConfig& config, int block, int task);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_TENSOR_TABLE_H_
