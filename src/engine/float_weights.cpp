#include "engine/float_weights.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "model/tensor_table.h"
#include "resample/resize.h"

namespace edgemoe {
namespace {

MatrixView<const float> as_matrix(const float* data, std::size_t rows, std::size_t cols) {
  return {data, rows, cols, cols};
}

std::size_t extent(const Tensor& tensor, std::size_t axis) { return static_cast<std::size_t>(tensor.shape[axis]); }

/// Reads and packs tensors of one model.
class Loader {
 public:
  Loader(const ModelFile& model, const ModelConfig& config, Isa isa) : model_(model), config_(config), isa_(isa) {}

  FloatWeights load() const;

 private:
  Tensor tensor(const std::string& name) const { return model_.load_f32(name); }
  NormWeights norm(const std::string& prefix) const { return {tensor(prefix + ".weight"), tensor(prefix + ".bias")}; }
  LinearWeights linear(const std::string& prefix) const;
  LinearWeights patch_embed() const;
  Tensor position_embed() const;
  std::vector<LinearWeights> experts(const std::string& prefix) const;
  BlockWeights block(int index) const;
  std::vector<GateWeights> gates(int block) const;
  GateWeights gate(const Tensor& columns, int task) const;
  std::vector<float> task_feature(int task) const;
  ConvStage folded_conv(const std::string& conv, const std::string& batch_norm, std::size_t pixels = 1) const;
  HeadWeights head(TaskKind task) const;

  const ModelFile& model_;
  const ModelConfig& config_;
  Isa isa_;
};

LinearWeights Loader::linear(const std::string& prefix) const {
  const Tensor weight = tensor(prefix + ".weight");
  return {pack_gemm_weights(isa_, as_matrix(weight.data(), extent(weight, 0), extent(weight, 1))),
          tensor(prefix + ".bias")};
}

LinearWeights Loader::patch_embed() const {
  // [outputs, channel, y, x] to [outputs, y, x, channel]: the order in which a picture's pixels lie.
  const Tensor weight = tensor("backbone.patch_embed.proj.weight");
  const std::size_t outputs = extent(weight, 0);
  const std::size_t channels = extent(weight, 1);
  const std::size_t pixels = extent(weight, 2) * extent(weight, 3);
  Tensor reordered(weight.shape);
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t p = 0; p < pixels; ++p) {
        reordered.values[(o * pixels + p) * channels + c] = weight.values[(o * channels + c) * pixels + p];
      }
    }
  }
  return {pack_gemm_weights(isa_, as_matrix(reordered.data(), outputs, pixels * channels)),
          tensor("backbone.patch_embed.proj.bias")};
}

Tensor Loader::position_embed() const {
  const Tensor stored = tensor("backbone.pos_embed");
  const auto dim = static_cast<std::size_t>(config_.embed_dim);
  Tensor resampled(Shape{config_.num_tokens(), config_.embed_dim});
  resize_position_embedding(stored.data(), static_cast<std::size_t>(model_.config().pos_embed_height),
                            static_cast<std::size_t>(model_.config().pos_embed_width), resampled.data(),
                            static_cast<std::size_t>(config_.grid_height()),
                            static_cast<std::size_t>(config_.grid_width()), dim);
  return resampled;
}

std::vector<LinearWeights> Loader::experts(const std::string& prefix) const {
  const Tensor weight = tensor(prefix + ".weight");
  const Tensor bias = tensor(prefix + ".bias");
  const std::size_t count = extent(weight, 0);
  const std::size_t outputs = extent(weight, 1);
  const std::size_t inputs = extent(weight, 2);
  std::vector<LinearWeights> experts;
  experts.reserve(count);
  for (std::size_t e = 0; e < count; ++e) {
    LinearWeights expert{pack_gemm_weights(isa_, as_matrix(weight.data() + e * outputs * inputs, outputs, inputs)),
                         Tensor(Shape{static_cast<std::int64_t>(outputs)})};
    for (std::size_t o = 0; o < outputs; ++o) expert.bias.values[o] = bias.values[e * outputs + o];
    experts.push_back(std::move(expert));
  }
  return experts;
}

/// The task's feature: one-hot → fc1 → GELU → fc2 → LayerNorm, in float64, once at load.
std::vector<float> Loader::task_feature(int task) const {
  const std::string prefix = "backbone.gate_task_represent";
  const Tensor fc1 = tensor(prefix + ".fc1.weight");  // [task_dim, tasks]
  const Tensor fc1_bias = tensor(prefix + ".fc1.bias");
  const Tensor fc2 = tensor(prefix + ".fc2.weight");  // [task_dim, task_dim]
  const Tensor fc2_bias = tensor(prefix + ".fc2.bias");
  const NormWeights norm_weights = norm(prefix + ".norm");
  const std::size_t dim = extent(fc1, 0);
  const std::size_t tasks = extent(fc1, 1);

  std::vector<double> hidden(dim);
  for (std::size_t i = 0; i < dim; ++i) {
    const double x = static_cast<double>(fc1.values[i * tasks + static_cast<std::size_t>(task)]) +
                     static_cast<double>(fc1_bias.values[i]);
    hidden[i] = 0.5 * x * std::erfc(-x * M_SQRT1_2);
  }
  std::vector<double> out(dim);
  double mean = 0;
  for (std::size_t i = 0; i < dim; ++i) {
    out[i] = static_cast<double>(fc2_bias.values[i]);
    for (std::size_t j = 0; j < dim; ++j) out[i] += static_cast<double>(fc2.values[i * dim + j]) * hidden[j];
    mean += out[i];
  }
  mean /= static_cast<double>(dim);
  double variance = 0;
  for (const double x : out) variance += (x - mean) * (x - mean);
  variance /= static_cast<double>(dim);
  const double scale = 1 / std::sqrt(variance + static_cast<double>(config_.layernorm_eps));
  std::vector<float> feature(dim);
  for (std::size_t i = 0; i < dim; ++i) {
    feature[i] = static_cast<float>((out[i] - mean) * scale * static_cast<double>(norm_weights.weight.values[i]) +
                                    static_cast<double>(norm_weights.bias.values[i]));
  }
  return feature;
}

/// The part of a stored gate [embed_dim (+ task_dim), num_experts] that `task` uses.
GateWeights Loader::gate(const Tensor& columns, int task) const {
  const MoeConfig& moe = config_.moe;
  const auto dim = static_cast<std::size_t>(config_.embed_dim);
  const auto all = static_cast<std::size_t>(moe.num_experts);
  const auto first = static_cast<std::size_t>(config_.expert_group_start(task));
  const std::size_t count = moe.experts_per_task > 0 ? static_cast<std::size_t>(moe.experts_per_task) : all;

  std::vector<float> transposed(count * dim);
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t d = 0; d < dim; ++d) transposed[e * dim + d] = columns.values[d * all + first + e];
  }
  GateWeights gate{pack_gemm_weights(isa_, as_matrix(transposed.data(), count, dim)),
                   Tensor(Shape{static_cast<std::int64_t>(count)}), static_cast<std::uint32_t>(first)};
  if (moe.router == RouterKind::kTaskConditioned) {
    const std::vector<float> feature = task_feature(task);
    for (std::size_t e = 0; e < count; ++e) {
      double sum = 0;
      for (std::size_t j = 0; j < feature.size(); ++j) {
        sum += static_cast<double>(feature[j]) * static_cast<double>(columns.values[(dim + j) * all + first + e]);
      }
      gate.bias.values[e] = static_cast<float>(sum);
    }
  }
  return gate;
}

std::vector<GateWeights> Loader::gates(int block) const {
  const int count = config_.tasks_share_backbone() ? 1 : static_cast<int>(config_.tasks.size());
  std::vector<GateWeights> gates;
  for (int task = 0; task < count; ++task) gates.push_back(gate(tensor(gate_name(config_, block, task)), task));
  return gates;
}

BlockWeights Loader::block(int index) const {
  const std::string prefix = block_prefix(index);
  BlockWeights block;
  block.norm1 = norm(prefix + "norm1");
  block.qkv = linear(prefix + "attn.qkv");
  block.proj = linear(prefix + "attn.proj");
  block.norm2 = norm(prefix + "norm2");
  if (config_.is_moe_block(index)) {
    block.htoh4 = experts(prefix + "mlp.experts.htoh4");
    block.h4toh = experts(prefix + "mlp.experts.h4toh");
    block.gates = gates(index);
  } else {
    block.fc1 = linear(prefix + "mlp.fc1");
    block.fc2 = linear(prefix + "mlp.fc2");
  }
  return block;
}

/// Rows c · pixels + p of a tensor as rows p · channels + c: what becomes one pixel lies together, so that a pixel
/// shuffle copies runs.
Tensor pixels_first(const Tensor& in, std::size_t pixels) {
  Tensor out(in.shape);
  const std::size_t channels = extent(in, 0) / pixels;
  const std::size_t row = in.values.size() / extent(in, 0);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t p = 0; p < pixels; ++p) {
      std::copy_n(in.data() + (c * pixels + p) * row, row, out.data() + (p * channels + c) * row);
    }
  }
  return out;
}

/// Convolution and the batch norm behind it as one: w' = w·g/√(v+ε), b' = (b − m)·g/√(v+ε) + β, folded in float64.
/// An empty `batch_norm` folds nothing. Where a pixel shuffle follows, `pixels` is what it makes of a pixel.
ConvStage Loader::folded_conv(const std::string& conv, const std::string& batch_norm, std::size_t pixels) const {
  Tensor weight = tensor(conv + ".weight");
  Tensor bias = tensor(conv + ".bias");
  const std::size_t outputs = extent(weight, 0);
  const std::size_t inputs = extent(weight, 1);
  const std::size_t kernel = extent(weight, 2);
  if (!batch_norm.empty()) {
    const Tensor gamma = tensor(batch_norm + ".weight");
    const Tensor beta = tensor(batch_norm + ".bias");
    const Tensor mean = tensor(batch_norm + ".running_mean");
    const Tensor variance = tensor(batch_norm + ".running_var");
    const std::size_t taps = inputs * kernel * kernel;
    for (std::size_t o = 0; o < outputs; ++o) {
      const double scale = static_cast<double>(gamma.values[o]) / std::sqrt(static_cast<double>(variance.values[o]) +
                                                                            static_cast<double>(config_.batchnorm_eps));
      for (std::size_t i = 0; i < taps; ++i) {
        float& w = weight.values[o * taps + i];
        w = static_cast<float>(static_cast<double>(w) * scale);
      }
      bias.values[o] =
          static_cast<float>((static_cast<double>(bias.values[o]) - static_cast<double>(mean.values[o])) * scale +
                             static_cast<double>(beta.values[o]));
    }
  }
  if (pixels > 1) {
    weight = pixels_first(weight, pixels);
    bias = pixels_first(bias, pixels);
  }
  return {pack_conv_weights(isa_, weight.data(), outputs, inputs, kernel), std::move(bias)};
}

HeadWeights Loader::head(TaskKind task) const {
  const std::string prefix = decoder_prefix(task);
  const int stages = config_.head.num_stages;
  const auto pixels = static_cast<std::size_t>(config_.head.stage_outputs() / config_.head.channels);
  HeadWeights head;
  head.norm = norm(prefix + "norm");
  for (int s = 0; s < stages; ++s) {
    const std::string number = std::to_string(s);
    head.stages.push_back(folded_conv(prefix + "conv_" + number, prefix + "syncbn_fc_" + number, pixels));
  }
  head.outputs = folded_conv(prefix + "conv_" + std::to_string(stages), "");
  return head;
}

FloatWeights Loader::load() const {
  FloatWeights weights;
  weights.patch_embed = patch_embed();
  weights.class_token = tensor("backbone.cls_token");
  weights.position_embed = position_embed();
  for (int i = 0; i < config_.depth; ++i) weights.blocks.push_back(block(i));
  if (config_.head.present) {
    for (const TaskConfig& task : config_.tasks) weights.heads.push_back(head(task.kind));
  }
  return weights;
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
  return Loader(model, config, isa).load();
}

}  // namespace edgemoe
