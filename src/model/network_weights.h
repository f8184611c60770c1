// Weights in the shapes that engines compute with, float32 and unpacked: patch embedding in the order of a picture's
// pixels, a gate as one task sees it, convolutions with their batch norm folded in. Each engine packs or quantises from
// here.
#ifndef EDGEMOE_MODEL_NETWORK_WEIGHTS_H_
#define EDGEMOE_MODEL_NETWORK_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "model/config.h"
#include "model/model_file.h"

namespace edgemoe {

struct PlainNorm {
  Tensor weight;  // [width]
  Tensor bias;    // [width]
};

struct PlainLinear {
  Tensor weight;  // [outputs, inputs]
  Tensor bias;    // [outputs]
};

/// Only the columns that the task may use, its own constants as a bias.
struct PlainGate {
  Tensor weight;  // [experts of the group, embed_dim]
  Tensor bias;    // [experts of the group]: the task feature's product; zero without one
  std::uint32_t first_expert = 0;
};

/// A convolution and the batch norm behind it as one: w' = w·g/√(v+ε), b' = (b − m)·g/√(v+ε) + β, folded in float64.
/// Where a pixel shuffle follows, outputs are in the order row, column, channel of what a pixel becomes.
struct PlainConv {
  Tensor weight;  // [outputs, inputs, kernel, kernel]
  Tensor bias;    // [outputs]
};

struct PlainHead {
  PlainNorm norm;
  std::vector<PlainConv> stages;  // num_stages
  PlainConv outputs;              // 1×1
};

// `prefix` as in "backbone.blocks.3.attn.qkv"; the tensors must be tensor_table()'s.
PlainNorm plain_norm(const ModelFile& model, const std::string& prefix);
PlainLinear plain_linear(const ModelFile& model, const std::string& prefix);
/// One layer, "htoh4" or "h4toh", of every expert of a block.
std::vector<PlainLinear> plain_experts(const ModelFile& model, int block, std::string_view layer);
/// [embed_dim, patch · patch · 3]: inputs in the order y, x, channel.
PlainLinear plain_patch_embed(const ModelFile& model);
/// The gates of one block: one a task, or a single one where every task routes alike.
std::vector<PlainGate> plain_gates(const ModelFile& model, int block);
PlainHead plain_head(const ModelFile& model, TaskKind task);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_NETWORK_WEIGHTS_H_
