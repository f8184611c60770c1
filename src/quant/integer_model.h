// A whole network in integers: what docs/numerics.md, section 2, makes of a model file.
#ifndef EDGEMOE_QUANT_INTEGER_MODEL_H_
#define EDGEMOE_QUANT_INTEGER_MODEL_H_

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "base/tensor.h"
#include "model/model_file.h"
#include "quant/integer_layers.h"

namespace edgemoe {

struct IntegerMlp {
  IntegerLinear up;    // to the hidden values, s16
  IntegerLinear down;  // to the residual stream
};

struct IntegerBlock {
  IntegerNorm norm1;
  IntegerLinear query;  // to s16, each with a fraction of its own
  IntegerLinear key;
  IntegerLinear value;
  IntegerLinear proj;  // to the residual stream
  IntegerNorm norm2;
  std::vector<IntegerMlp> mlps;    // one; in a MoE block one an expert, `up` of all with one fraction
  std::vector<IntegerGate> gates;  // MoE blocks: one a task, or a single one where every task routes alike
};

struct IntegerHead {
  IntegerNorm norm;
  std::vector<IntegerLinear> stages;  // convolutions: inputs in the order row, column, channel of the kernel
  IntegerLinear outputs;              // 1×1
};

struct IntegerEmbedding {
  IntegerLinear patch_embed;
  Tensor class_token;     // [embed_dim], float32: engines resample positions to their grid, then round
  Tensor position_embed;  // [stored grid + 1, embed_dim]
};

struct IntegerModel : IntegerEmbedding {
  std::vector<IntegerBlock> blocks;
  std::vector<IntegerHead> heads;  // one a task; empty without heads
};

/// Where the weights of a part lie that comes from a file of integers. Those made of floats are always its own.
enum class WeightStorage {
  kOwned,
  kBorrowed,  ///< in the mapped file, which must outlive them
};

/// A model's integers one part at a time, so that no more of them than a part need be in memory: made of floats, or
/// read and checked where the file holds integers. kUnsupported where the contract has no integers for the model,
/// kMalformed for values that are none of the contract's; the message names the tensor.
class IntegerParts {
 public:
  /// `model` must outlive it.
  IntegerParts(const ModelFile& model, WeightStorage storage) : model_(model), storage_(storage) {}

  Result<IntegerEmbedding> embedding() const;
  Result<IntegerBlock> block(int index) const;
  Result<IntegerHead> head(TaskKind task) const;

 private:
  const ModelFile& model_;
  WeightStorage storage_;
};

/// All parts, which own their weights. Same errors.
Result<IntegerModel> quantize_model(const ModelFile& model);

}  // namespace edgemoe

#endif  // EDGEMOE_QUANT_INTEGER_MODEL_H_
