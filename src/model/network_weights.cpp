#include "model/network_weights.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "model/tensor_table.h"

namespace edgemoe {
namespace {

std::size_t extent(const Tensor& tensor, std::size_t axis) { return static_cast<std::size_t>(tensor.shape[axis]); }

/// The task's feature: one-hot → fc1 → GELU → fc2 → LayerNorm, in float64.
std::vector<float> task_feature(const ModelFile& model, int task) {
  const std::string prefix = "backbone.gate_task_represent";
  const Tensor fc1 = model.load_f32(prefix + ".fc1.weight");  // [task_dim, tasks]
  const Tensor fc1_bias = model.load_f32(prefix + ".fc1.bias");
  const Tensor fc2 = model.load_f32(prefix + ".fc2.weight");  // [task_dim, task_dim]
  const Tensor fc2_bias = model.load_f32(prefix + ".fc2.bias");
  const PlainNorm norm = plain_norm(model, prefix + ".norm");
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
  const double scale = 1 / std::sqrt(variance + static_cast<double>(model.config().layernorm_eps));
  std::vector<float> feature(dim);
  for (std::size_t i = 0; i < dim; ++i) {
    feature[i] = static_cast<float>((out[i] - mean) * scale * static_cast<double>(norm.weight.values[i]) +
                                    static_cast<double>(norm.bias.values[i]));
  }
  return feature;
}

/// The part of a stored gate [embed_dim (+ task_dim), num_experts] that `task` uses.
PlainGate gate(const ModelFile& model, const Tensor& columns, int task) {
  const MoeConfig& moe = model.config().moe;
  const auto dim = static_cast<std::size_t>(model.config().embed_dim);
  const auto all = static_cast<std::size_t>(moe.num_experts);
  const auto first = static_cast<std::size_t>(model.config().expert_group_start(task));
  const std::size_t count = moe.experts_per_task > 0 ? static_cast<std::size_t>(moe.experts_per_task) : all;
  const auto rows = static_cast<std::int64_t>(count);

  PlainGate gate{Tensor(Shape{rows, model.config().embed_dim}), Tensor(Shape{rows}), static_cast<std::uint32_t>(first)};
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t d = 0; d < dim; ++d) gate.weight.values[e * dim + d] = columns.values[d * all + first + e];
  }
  if (moe.router != RouterKind::kTaskConditioned) return gate;
  const std::vector<float> feature = task_feature(model, task);
  for (std::size_t e = 0; e < count; ++e) {
    double sum = 0;
    for (std::size_t j = 0; j < feature.size(); ++j) {
      sum += static_cast<double>(feature[j]) * static_cast<double>(columns.values[(dim + j) * all + first + e]);
    }
    gate.bias.values[e] = static_cast<float>(sum);
  }
  return gate;
}

void fold_batch_norm(const ModelFile& model, const std::string& prefix, PlainConv& conv) {
  const Tensor gamma = model.load_f32(prefix + ".weight");
  const Tensor beta = model.load_f32(prefix + ".bias");
  const Tensor mean = model.load_f32(prefix + ".running_mean");
  const Tensor variance = model.load_f32(prefix + ".running_var");
  const auto eps = static_cast<double>(model.config().batchnorm_eps);
  const std::size_t outputs = extent(conv.weight, 0);
  const std::size_t taps = conv.weight.values.size() / outputs;
  for (std::size_t o = 0; o < outputs; ++o) {
    const double scale =
        static_cast<double>(gamma.values[o]) / std::sqrt(static_cast<double>(variance.values[o]) + eps);
    for (std::size_t i = 0; i < taps; ++i) {
      float& w = conv.weight.values[o * taps + i];
      w = static_cast<float>(static_cast<double>(w) * scale);
    }
    const double shifted = static_cast<double>(conv.bias.values[o]) - static_cast<double>(mean.values[o]);
    conv.bias.values[o] = static_cast<float>(shifted * scale + static_cast<double>(beta.values[o]));
  }
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

PlainConv plain_conv(const ModelFile& model, const std::string& prefix) {
  return {model.load_f32(prefix + ".weight"), model.load_f32(prefix + ".bias")};
}

}  // namespace

PlainNorm plain_norm(const ModelFile& model, const std::string& prefix) {
  return {model.load_f32(prefix + ".weight"), model.load_f32(prefix + ".bias")};
}

PlainLinear plain_linear(const ModelFile& model, const std::string& prefix) {
  return {model.load_f32(prefix + ".weight"), model.load_f32(prefix + ".bias")};
}

std::vector<PlainLinear> plain_experts(const ModelFile& model, int block, std::string_view layer) {
  const std::string prefix = block_prefix(block) + "mlp.experts." + std::string(layer);
  const TensorView& weight = model.tensor(prefix + ".weight");
  const Tensor bias = model.load_f32(prefix + ".bias");
  const auto experts = static_cast<std::size_t>(weight.shape[0]);
  const std::size_t outputs = extent(bias, 1);
  const std::size_t bytes = weight.bytes.size() / experts;
  std::vector<PlainLinear> layers;
  layers.reserve(experts);
  for (std::size_t e = 0; e < experts; ++e) {
    PlainLinear expert{Tensor(Shape{weight.shape[1], weight.shape[2]}), Tensor(Shape{weight.shape[1]})};
    EDGEMOE_CHECK(widen_to_f32(weight.dtype, weight.bytes.subspan(e * bytes, bytes), expert.weight.values.span()));
    std::copy_n(bias.data() + e * outputs, outputs, expert.bias.data());
    layers.push_back(std::move(expert));
  }
  return layers;
}

PlainLinear plain_patch_embed(const ModelFile& model) {
  const Tensor weight = model.load_f32("backbone.patch_embed.proj.weight");  // [outputs, channel, y, x]
  const std::size_t outputs = extent(weight, 0);
  const std::size_t channels = extent(weight, 1);
  const std::size_t pixels = extent(weight, 2) * extent(weight, 3);
  Tensor reordered(Shape{weight.shape[0], static_cast<std::int64_t>(pixels * channels)});
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t p = 0; p < pixels; ++p) {
        reordered.values[(o * pixels + p) * channels + c] = weight.values[(o * channels + c) * pixels + p];
      }
    }
  }
  return {std::move(reordered), model.load_f32("backbone.patch_embed.proj.bias")};
}

std::vector<PlainGate> plain_gates(const ModelFile& model, int block) {
  const ModelConfig& config = model.config();
  const int count = config.tasks_share_backbone() ? 1 : static_cast<int>(config.tasks.size());
  std::vector<PlainGate> gates;
  for (int task = 0; task < count; ++task) {
    gates.push_back(gate(model, model.load_f32(gate_name(config, block, task)), task));
  }
  return gates;
}

PlainHead plain_head(const ModelFile& model, TaskKind task) {
  const HeadConfig& config = model.config().head;
  const std::string prefix = decoder_prefix(task);
  const auto pixels = static_cast<std::size_t>(config.stage_outputs() / config.channels);
  PlainHead head;
  head.norm = plain_norm(model, prefix + "norm");
  for (int s = 0; s < config.num_stages; ++s) {
    const std::string number = std::to_string(s);
    PlainConv stage = plain_conv(model, prefix + "conv_" + number);
    fold_batch_norm(model, prefix + "syncbn_fc_" + number, stage);
    if (pixels > 1) stage = {pixels_first(stage.weight, pixels), pixels_first(stage.bias, pixels)};
    head.stages.push_back(std::move(stage));
  }
  head.outputs = plain_conv(model, prefix + "conv_" + std::to_string(config.num_stages));
  return head;
}

}  // namespace edgemoe
