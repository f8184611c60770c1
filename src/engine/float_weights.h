// A model's weights as the float engine wants them: widened, packed for the kernels, constants folded.
#ifndef EDGEMOE_ENGINE_FLOAT_WEIGHTS_H_
#define EDGEMOE_ENGINE_FLOAT_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/tensor.h"
#include "kernels/conv/conv.h"
#include "kernels/gemm/gemm.h"
#include "kernels/isa.h"
#include "model/config.h"
#include "model/model_file.h"

namespace edgemoe {

struct NormWeights {
  Tensor weight;  // [width]
  Tensor bias;    // [width]
};

struct LinearWeights {
  GemmWeights weight;  // [outputs, inputs] packed
  Tensor bias;         // [outputs]
};

/// A router's gate as one task sees it: only the columns it may use, its own constants folded into a bias.
struct GateWeights {
  GemmWeights weight;  // [experts of the group, embed_dim] packed
  Tensor bias;         // [experts of the group]: the task feature's product; zero without one
  std::uint32_t first_expert = 0;
};

struct BlockWeights {
  NormWeights norm1;
  LinearWeights qkv;
  LinearWeights proj;
  NormWeights norm2;
  LinearWeights fc1;  // dense blocks
  LinearWeights fc2;
  std::vector<LinearWeights> htoh4;  // MoE blocks: one an expert
  std::vector<LinearWeights> h4toh;
  std::vector<GateWeights> gates;  // one a task; a single one where every task routes alike
};

/// conv_<s> with batch norm folded in; the last one is the 1×1 convolution to the outputs.
struct ConvStage {
  ConvWeights weight;
  Tensor bias;
};

struct HeadWeights {
  NormWeights norm;
  std::vector<ConvStage> stages;  // num_stages
  ConvStage outputs;              // 1×1
};

struct FloatWeights {
  LinearWeights patch_embed;  // [embed_dim, patch · patch · 3], inputs in the order y, x, channel
  Tensor class_token;         // [embed_dim]
  Tensor position_embed;      // [num_tokens, embed_dim] on the engine's own grid
  std::vector<BlockWeights> blocks;
  std::vector<HeadWeights> heads;  // one a task; empty without heads

  std::size_t bytes() const;
};

/// Loads for `config`, which is the model's own but for the input size.
FloatWeights load_float_weights(const ModelFile& model, const ModelConfig& config, Isa isa);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_FLOAT_WEIGHTS_H_
