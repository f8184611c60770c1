#include "quant/integer_model.h"

#include <algorithm>
#include <string>
#include <utility>

#include "model/network_weights.h"
#include "model/tensor_table.h"
#include "numeric/layer_norm.h"
#include "quant/integer_file.h"

namespace edgemoe {
namespace {

/// Puts the tensor's name before a failure's message.
template <typename T>
Result<T> named(const std::string& name, Result<T> result) {
  if (result.ok()) return result;
  return Status(result.status().code(), name + ": " + result.status().message());
}

/// Rows [first, first + count) of a linear layer.
PlainLinear rows_of(const PlainLinear& linear, std::size_t first, std::size_t count) {
  const std::size_t inputs = linear.weight.values.size() / linear.bias.values.size();
  PlainLinear part{Tensor(Shape{static_cast<std::int64_t>(count), static_cast<std::int64_t>(inputs)}),
                   Tensor(Shape{static_cast<std::int64_t>(count)})};
  std::copy_n(linear.weight.data() + first * inputs, count * inputs, part.weight.data());
  std::copy_n(linear.bias.data() + first, count, part.bias.data());
  return part;
}

/// [outputs, inputs, kernel, kernel] as a linear layer over [kernel, kernel, inputs].
PlainLinear as_linear(const PlainConv& conv) {
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(conv.weight.shape[axis]); };
  const std::size_t inputs = extent(1);
  const std::size_t taps = extent(2) * extent(3);
  PlainLinear linear{Tensor(Shape{conv.weight.shape[0], static_cast<std::int64_t>(inputs * taps)}),
                     Tensor(conv.bias.shape)};
  for (std::size_t o = 0; o < extent(0); ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t t = 0; t < taps; ++t) {
        linear.weight.values[(o * taps + t) * inputs + i] = conv.weight.values[(o * inputs + i) * taps + t];
      }
    }
  }
  std::copy_n(conv.bias.data(), conv.bias.values.size(), linear.bias.data());
  return linear;
}

class Quantizer {
 public:
  explicit Quantizer(const ModelFile& model) : model_(model), config_(model.config()) {}

  Result<IntegerEmbedding> embedding() const {
    IntegerEmbedding embedding;
    EDGEMOE_ASSIGN_OR_RETURN(
        embedding.patch_embed,
        named("backbone.patch_embed.proj", quantize_patch_embed(plain_patch_embed(model_), config_.input)));
    embedding.class_token = model_.load_f32("backbone.cls_token");
    embedding.position_embed = model_.load_f32("backbone.pos_embed");
    EDGEMOE_RETURN_IF_ERROR(check_finite(embedding.class_token).with_context("backbone.cls_token"));
    EDGEMOE_RETURN_IF_ERROR(check_finite(embedding.position_embed).with_context("backbone.pos_embed"));
    return embedding;
  }

  Result<IntegerBlock> block(int index) const {
    const std::string prefix = block_prefix(index);
    const PlainNorm norm1 = plain_norm(model_, prefix + "norm1");
    const PlainNorm norm2 = plain_norm(model_, prefix + "norm2");
    IntegerBlock block;
    EDGEMOE_ASSIGN_OR_RETURN(block.norm1, norm(prefix + "norm1", norm1));
    EDGEMOE_ASSIGN_OR_RETURN(block.norm2, norm(prefix + "norm2", norm2));
    const PlainLinear qkv = plain_linear(model_, prefix + "attn.qkv");
    const auto dim = static_cast<std::size_t>(config_.embed_dim);
    IntegerLinear* const layers[] = {&block.query, &block.key, &block.value};
    for (std::size_t i = 0; i < 3; ++i) {
      const PlainLinear part = rows_of(qkv, i * dim, dim);
      EDGEMOE_ASSIGN_OR_RETURN(*layers[i],
                               named(prefix + "attn.qkv", quantize_narrow(part, output_fraction(part, norm1))));
    }
    EDGEMOE_ASSIGN_OR_RETURN(block.proj,
                             named(prefix + "attn.proj", quantize_wide(plain_linear(model_, prefix + "attn.proj"))));
    if (config_.is_moe_block(index)) {
      EDGEMOE_RETURN_IF_ERROR(experts(index, norm2, block));
    } else {
      EDGEMOE_RETURN_IF_ERROR(dense(prefix, norm2, block));
    }
    return block;
  }

  Result<IntegerHead> head(TaskKind task) const {
    const std::string prefix = decoder_prefix(task);
    const PlainHead plain = plain_head(model_, task);
    IntegerHead head;
    EDGEMOE_ASSIGN_OR_RETURN(head.norm, norm(prefix + "norm", plain.norm));
    for (std::size_t s = 0; s < plain.stages.size(); ++s) {
      EDGEMOE_ASSIGN_OR_RETURN(IntegerLinear stage,
                               named(prefix + "conv_" + std::to_string(s), quantize_wide(as_linear(plain.stages[s]))));
      head.stages.push_back(std::move(stage));
    }
    EDGEMOE_ASSIGN_OR_RETURN(head.outputs, named(prefix + "conv_" + std::to_string(plain.stages.size()),
                                                 quantize_wide(as_linear(plain.outputs))));
    return head;
  }

 private:
  Result<IntegerNorm> norm(const std::string& name, const PlainNorm& plain) const {
    return named(name, quantize_norm(plain, config_.layernorm_eps));
  }

  Status dense(const std::string& prefix, const PlainNorm& norm2, IntegerBlock& block) const {
    const PlainLinear fc1 = plain_linear(model_, prefix + "mlp.fc1");
    IntegerMlp mlp;
    EDGEMOE_ASSIGN_OR_RETURN(mlp.up, named(prefix + "mlp.fc1", quantize_narrow(fc1, output_fraction(fc1, norm2))));
    EDGEMOE_ASSIGN_OR_RETURN(mlp.down,
                             named(prefix + "mlp.fc2", quantize_wide(plain_linear(model_, prefix + "mlp.fc2"))));
    block.mlps.push_back(std::move(mlp));
    return {};
  }

  Status experts(int index, const PlainNorm& norm2, IntegerBlock& block) const {
    const std::string prefix = block_prefix(index);
    block.mlps.resize(static_cast<std::size_t>(config_.moe.num_experts));
    {
      const std::vector<PlainLinear> ups = plain_experts(model_, index, "htoh4");
      int fraction = kLargestFraction;
      for (const PlainLinear& up : ups) fraction = std::min(fraction, output_fraction(up, norm2));
      for (std::size_t e = 0; e < ups.size(); ++e) {
        EDGEMOE_ASSIGN_OR_RETURN(block.mlps[e].up,
                                 named(prefix + "mlp.experts.htoh4", quantize_narrow(ups[e], fraction)));
      }
    }
    const std::vector<PlainLinear> downs = plain_experts(model_, index, "h4toh");
    for (std::size_t e = 0; e < downs.size(); ++e) {
      EDGEMOE_ASSIGN_OR_RETURN(block.mlps[e].down, named(prefix + "mlp.experts.h4toh", quantize_wide(downs[e])));
    }
    const int seen = config_.moe.gate_input_ahead ? kResidualFraction : block.norm2.fraction;
    for (const PlainGate& gate : plain_gates(model_, index)) {
      EDGEMOE_ASSIGN_OR_RETURN(IntegerGate quantized, named(prefix + "mlp.gate", quantize_gate(gate, seen)));
      block.gates.push_back(std::move(quantized));
    }
    return {};
  }

  const ModelFile& model_;
  const ModelConfig& config_;
};

}  // namespace

Result<IntegerEmbedding> IntegerParts::embedding() const {
  if (model_.numbers() == StoredNumbers::kIntegers) return IntegerFileReader(model_, storage_).embedding();
  return Quantizer(model_).embedding();
}

Result<IntegerBlock> IntegerParts::block(int index) const {
  if (model_.numbers() == StoredNumbers::kIntegers) return IntegerFileReader(model_, storage_).block(index);
  return Quantizer(model_).block(index);
}

Result<IntegerHead> IntegerParts::head(TaskKind task) const {
  if (model_.numbers() == StoredNumbers::kIntegers) return IntegerFileReader(model_, storage_).head(task);
  return Quantizer(model_).head(task);
}

Result<IntegerModel> quantize_model(const ModelFile& model) {
  const IntegerParts parts(model, WeightStorage::kOwned);
  IntegerModel result;
  EDGEMOE_ASSIGN_OR_RETURN(static_cast<IntegerEmbedding&>(result), parts.embedding());
  for (int i = 0; i < model.config().depth; ++i) {
    EDGEMOE_ASSIGN_OR_RETURN(IntegerBlock block, parts.block(i));
    result.blocks.push_back(std::move(block));
  }
  if (model.config().head.present) {
    for (const TaskConfig& task : model.config().tasks) {
      EDGEMOE_ASSIGN_OR_RETURN(IntegerHead head, parts.head(task.kind));
      result.heads.push_back(std::move(head));
    }
  }
  return result;
}

}  // namespace edgemoe
