// Which tensors a model file of integers has: name, type and shape of each. docs/model-format.md lists them.
#ifndef EDGEMOE_MODEL_INTEGER_TABLE_H_
#define EDGEMOE_MODEL_INTEGER_TABLE_H_

#include <string>
#include <vector>

#include "base/tensor.h"
#include "model/config.h"

namespace edgemoe {

struct IntegerTensorSpec {
  std::string name;
  Shape shape;
  DType dtype;
};

/// Every tensor, in the order in which a file holds them: patch embedding, class token, position embedding, blocks,
/// decoders. Needs a complete configuration.
std::vector<IntegerTensorSpec> integer_tensor_table(const ModelConfig& config);

/// Gates of a MoE block: one a task, or a single one where every task routes alike.
int num_integer_gates(const ModelConfig& config);
/// "backbone.blocks.3.mlp.gate.1".
std::string integer_gate_prefix(int block, int gate);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_INTEGER_TABLE_H_
