#include "engine/reference_backbone.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/int8_weights.h"
#include "hls/layer_norm.h"
#include "hls/router.h"
#include "numeric/exp2_table.h"
#include "numeric/gelu_table.h"

namespace edgemoe {
namespace {

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

}  // namespace

hls::NormLayer norm_of(const IntegerNorm& norm) {
  return {norm.gain.data(), norm.bias.data(), norm.gain_exponent, norm.fraction, norm.eps};
}

hls::RouterLayer router_of(const IntegerGate& gate, const ModelConfig& config) {
  const MoeConfig& moe = config.moe;
  return {gate.weight.data(),
          gate.constant.data(),
          static_cast<int>(gate.experts),
          config.embed_dim,
          moe.top_k,
          {gate.kappa, gate.sigma},
          moe.rule == RouterRule::kTopKThenSoftmax,
          integer_prune_threshold(moe)};
}

void ReferenceTaps::floats(std::string_view tap, const std::vector<float>& values, std::size_t cols) const {
  if (sink == nullptr) return;
  const Shape shape{static_cast<std::int64_t>(values.size() / cols), static_cast<std::int64_t>(cols)};
  sink->on_tap(image, scope, tap, {DType::kF32, shape, std::as_bytes(std::span(values))});
}

ReferenceBackbone::ReferenceBackbone(const ModelConfig& config, const IntegerModel& model,
                                     std::vector<std::int32_t> positions, ThreadPool& pool, Saturation& saturation)
    : config_(config),
      model_(model),
      positions_(std::move(positions)),
      pool_(pool),
      saturation_(saturation),
      num_tokens_(extent(config.num_tokens())),
      dim_(extent(config.embed_dim)),
      head_(std::make_unique<hls::HeadMemory<Design>>()) {}

std::size_t ReferenceBackbone::bytes() const { return sizeof(*head_) + positions_.size() * sizeof(std::int32_t); }

template <typename Body>
void ReferenceBackbone::for_tokens(const Body& body) const {
  pool_.parallel_for(num_tokens_, [&](std::size_t token, int) { body(token); });
}

void ReferenceBackbone::embed(const std::uint8_t* pixels, std::int32_t* tokens) const {
  const std::size_t patch = extent(config_.patch_size);
  const std::size_t grid_width = extent(config_.grid_width());
  const std::size_t picture_stride = extent(config_.input.width) * 3;
  const hls::LinearLayer layer = layer_of(model_.patch_embed);
  // A scale of 1: 32512 / 127 · 2^−8.
  constexpr RowScale kPixelScale = {32512, 8};
  std::copy_n(positions_.begin(), dim_, tokens);
  pool_.parallel_for(num_tokens_ - 1, [&](std::size_t token, int) {
    std::vector<std::int8_t> values;
    values.reserve(model_.patch_embed.inputs);
    const std::uint8_t* corner =
        pixels + (token / grid_width) * patch * picture_stride + (token % grid_width) * patch * 3;
    for (std::size_t y = 0; y < patch; ++y) {
      for (std::size_t x = 0; x < patch * 3; ++x) {
        values.push_back(static_cast<std::int8_t>(corner[y * picture_stride + x] - 128));
      }
    }
    std::int32_t* out = tokens + (token + 1) * dim_;
    hls::linear_wide(values.data(), kPixelScale, layer, out);
    saturation_.add(Saturation::kPatchEmbed, count_biased<32>(out, layer.bias, dim_));
    hls::add_to_residual(out, positions_.data() + (token + 1) * dim_, config_.embed_dim);
  });
  saturation_.add(Saturation::kEmbedding, count_ends<32>(tokens, num_values()));
}

std::vector<std::int16_t> ReferenceBackbone::norm(const IntegerNorm& norm, const std::int32_t* tokens) const {
  std::vector<std::int16_t> out(num_tokens_ * dim_);
  const hls::NormLayer layer = norm_of(norm);
  for_tokens([&](std::size_t token) {
    hls::layer_norm<Design>(tokens + token * dim_, config_.embed_dim, layer, out.data() + token * dim_);
  });
  return out;
}

std::vector<ReferenceBackbone::QuantizedRow> ReferenceBackbone::quantized(const std::vector<std::int16_t>& values,
                                                                          int fraction) const {
  std::vector<QuantizedRow> rows(num_tokens_);
  const std::size_t cols = values.size() / num_tokens_;
  for (std::size_t token = 0; token < num_tokens_; ++token) {
    rows[token].values.resize(cols);
    rows[token].scale =
        hls::quantize_row(values.data() + token * cols, static_cast<int>(cols), fraction, rows[token].values.data());
  }
  return rows;
}

std::vector<std::int16_t> ReferenceBackbone::narrow(const IntegerLinear& layer,
                                                    const std::vector<QuantizedRow>& rows) const {
  std::vector<std::int16_t> out(num_tokens_ * layer.outputs);
  for_tokens([&](std::size_t token) {
    hls::linear_narrow(rows[token].values.data(), rows[token].scale, layer_of(layer),
                       out.data() + token * layer.outputs);
  });
  return out;
}

void ReferenceBackbone::block(int index, int task, std::int32_t* tokens, const ReferenceTaps& shared,
                              const ReferenceTaps& own) {
  const IntegerBlock& block = model_.blocks[extent(index)];
  const std::span<const std::int32_t> all(tokens, num_values());
  const std::vector<std::int32_t> block_input(all.begin(), all.end());
  block_index_ = index;

  const std::vector<std::int16_t> normed1 = norm(block.norm1, tokens);
  for_tokens([&](std::size_t token) {
    count(BlockTensor::kNorm1, count_biased<16>(normed1.data() + token * dim_, block.norm1.bias.data(), dim_), shared);
  });
  shared.fixed<std::int16_t>(block_tap(index, kTapNorm1), normed1, dim_, block.norm1.fraction);
  const std::vector<std::int16_t> heads = attend(block, quantized(normed1, block.norm1.fraction), shared, index);
  shared.fixed<std::int16_t>(block_tap(index, kTapAttention), heads, dim_, block.value.fraction);
  const std::vector<QuantizedRow> rows = quantized(heads, block.value.fraction);
  std::vector<std::int32_t> update(num_values());
  for_tokens([&](std::size_t token) {
    std::int32_t* out = update.data() + token * dim_;
    hls::linear_wide(rows[token].values.data(), rows[token].scale, layer_of(block.proj), out);
    count(BlockTensor::kAttentionOut, count_biased<32>(out, block.proj.bias.data(), dim_), shared);
    hls::add_to_residual(tokens + token * dim_, out, config_.embed_dim);
    count(BlockTensor::kResidual, count_ends<32>(tokens + token * dim_, dim_), shared);
  });
  shared.fixed<std::int32_t>(block_tap(index, kTapAttentionOut), update, dim_, kWideFraction);

  const std::vector<std::int16_t> normed2 = norm(block.norm2, tokens);
  for_tokens([&](std::size_t token) {
    count(BlockTensor::kNorm2, count_biased<16>(normed2.data() + token * dim_, block.norm2.bias.data(), dim_), shared);
  });
  shared.fixed<std::int16_t>(block_tap(index, kTapNorm2), normed2, dim_, block.norm2.fraction);
  const std::vector<QuantizedRow> normed_rows = quantized(normed2, block.norm2.fraction);
  if (config_.is_moe_block(index)) {
    mixture(block, index, task, normed2, block_input, normed_rows, tokens, own);
  } else {
    own.fixed<std::int32_t>(block_tap(index, kTapMlpOut), dense(block, normed_rows, tokens, own), dim_, kWideFraction);
  }
  own.fixed<std::int32_t>(block_tap(index, kTapBlockOut), all, dim_, kWideFraction);
}

std::vector<std::int16_t> ReferenceBackbone::attend(const IntegerBlock& block, const std::vector<QuantizedRow>& rows,
                                                    const ReferenceTaps& taps, int index) {
  const std::vector<std::int16_t> query = narrow(block.query, rows);
  const std::vector<std::int16_t> key = narrow(block.key, rows);
  const std::vector<std::int16_t> value = narrow(block.value, rows);
  const std::pair<const std::vector<std::int16_t>*, const IntegerLinear*> made[] = {
      {&query, &block.query}, {&key, &block.key}, {&value, &block.value}};
  for (const auto& [values, layer] : made) {
    for (std::size_t token = 0; token < num_tokens_; ++token) {
      count(BlockTensor::kQkv, count_biased<16>(values->data() + token * dim_, layer->bias.data(), dim_), taps);
    }
  }
  if (taps.sink != nullptr) {
    std::vector<float> qkv;
    const std::pair<const std::vector<std::int16_t>*, int> parts[] = {
        {&query, block.query.fraction}, {&key, block.key.fraction}, {&value, block.value.fraction}};
    for (std::size_t token = 0; token < num_tokens_; ++token) {
      for (const auto& [values, fraction] : parts) {
        for (std::size_t d = 0; d < dim_; ++d) {
          qkv.push_back(std::ldexp(static_cast<float>((*values)[token * dim_ + d]), -fraction));
        }
      }
    }
    taps.floats(block_tap(index, kTapQkv), qkv, 3 * dim_);
  }
  std::vector<std::int16_t> out(num_values());
  const std::size_t head_dim = extent(config_.head_dim());
  for (std::size_t first = 0; first < dim_; first += head_dim) {
    hls::load_head(key.data() + first, value.data() + first, config_.embed_dim, config_.num_tokens(),
                   config_.head_dim(), block.key.fraction, block.value.fraction, *head_);
    for_tokens([&](std::size_t token) {
      const std::int16_t* const row = query.data() + token * dim_ + first;
      hls::attend(row, block.query.fraction, block.value.fraction, *head_, out.data() + token * dim_ + first);
      count_query(row, block.query.fraction, out.data() + token * dim_ + first, taps);
    });
  }
  return out;
}

/// A query's scores and sums, which hls::attend keeps to itself, once more.
void ReferenceBackbone::count_query(const std::int16_t* query, int fraction, const std::int16_t* out,
                                    const ReferenceTaps& taps) const {
  const hls::HeadMemory<Design>& head = *head_;
  const auto row = hls::load_query<Design>(query, head.head_dim, fraction, head.score, head.key_exponent);
  std::vector<std::int16_t> scores(num_tokens_);
  for (std::size_t j = 0; j < num_tokens_; ++j) {
    scores[j] = hls::score_key(row, head.key[j], head.key_mantissa[j], head.head_dim, head.score.pre_shift);
  }
  count(BlockTensor::kScores, count_scores(scores.data(), num_tokens_), taps);
  const std::int32_t largest = *std::max_element(scores.begin(), scores.end());
  hls::WeighedValues<Design> sums = {};
  for (std::size_t j = 0; j < num_tokens_; ++j) {
    hls::weigh_value(largest - scores[j], head.value[j], head.head_dim, sums);
  }
  const int pre_shift = make_softmax_scale(sums.sum).pre_shift;
  std::uint64_t found = 0;
  for (int d = 0; d < head.head_dim; ++d) {
    found += at_end<16>(out[d]) || at_end<16>(saturate<16>(round_shift(sums.product[d], pre_shift)));
  }
  count(BlockTensor::kHeads, found, taps);
}

/// Up, GELU, down.
void ReferenceBackbone::mlp(const IntegerMlp& mlp, const QuantizedRow& row, std::int32_t* out,
                            const ReferenceTaps& taps) const {
  std::vector<std::int16_t> hidden(mlp.up.outputs);
  hls::linear_narrow(row.values.data(), row.scale, layer_of(mlp.up), hidden.data());
  count(BlockTensor::kHidden, count_biased<16>(hidden.data(), mlp.up.bias.data(), hidden.size()), taps);
  for (std::int16_t& value : hidden) value = gelu(value, mlp.up.fraction);
  std::vector<std::int8_t> quantized(hidden.size());
  const RowScale scale =
      hls::quantize_row(hidden.data(), static_cast<int>(hidden.size()), mlp.up.fraction, quantized.data());
  hls::linear_wide(quantized.data(), scale, layer_of(mlp.down), out);
  count(BlockTensor::kMlpOut, count_biased<32>(out, mlp.down.bias.data(), dim_), taps);
}

std::vector<std::int32_t> ReferenceBackbone::dense(const IntegerBlock& block, const std::vector<QuantizedRow>& rows,
                                                   std::int32_t* tokens, const ReferenceTaps& taps) const {
  std::vector<std::int32_t> update(num_values());
  for_tokens([&](std::size_t token) {
    std::int32_t* out = update.data() + token * dim_;
    mlp(block.mlps.front(), rows[token], out, taps);
    hls::add_to_residual(tokens + token * dim_, out, config_.embed_dim);
    count(BlockTensor::kResidual, count_ends<32>(tokens + token * dim_, dim_), taps);
  });
  return update;
}

void ReferenceBackbone::mixture(const IntegerBlock& block, int index, int task, const std::vector<std::int16_t>& normed,
                                const std::vector<std::int32_t>& block_input, const std::vector<QuantizedRow>& rows,
                                std::int32_t* tokens, const ReferenceTaps& taps) const {
  const IntegerGate& gate = block.gates[block.gates.size() == 1 ? 0 : extent(task)];
  const hls::RouterLayer router = router_of(gate, config_);
  const std::size_t top_k = extent(config_.moe.top_k);
  std::vector<std::uint32_t> indices(num_tokens_ * top_k);
  std::vector<std::uint16_t> weights(num_tokens_ * top_k);
  std::vector<std::int32_t> update(num_values());
  for_tokens([&](std::size_t token) {
    std::vector<std::int16_t> seen(normed.begin() + static_cast<std::ptrdiff_t>(token * dim_),
                                   normed.begin() + static_cast<std::ptrdiff_t>((token + 1) * dim_));
    const int shift = config_.moe.gate_input_ahead ? hls::normalize_router_input(block_input.data() + token * dim_,
                                                                                 config_.embed_dim, seen.data())
                                                   : 0;
    std::uint32_t* chosen = indices.data() + token * top_k;
    std::uint16_t* weight = weights.data() + token * top_k;
    hls::route<Design>(seen.data(), shift, router, chosen, weight);
    for (const std::int64_t constant : gate.constant) {
      count(BlockTensor::kRouterLogits, at_end<46>(shifted_constant(constant, shift)), taps);
    }

    std::vector<std::size_t> order(top_k);
    for (std::size_t k = 0; k < top_k; ++k) order[k] = k;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return chosen[a] < chosen[b]; });
    std::vector<std::int32_t> out(dim_);
    for (const std::size_t k : order) {
      mlp(block.mlps[gate.first_expert + chosen[k]], rows[token], out.data(), taps);
      hls::weigh(out.data(), weight[k], config_.embed_dim);
      hls::add_to_residual(tokens + token * dim_, out.data(), config_.embed_dim);
      count(BlockTensor::kResidual, count_ends<32>(tokens + token * dim_, dim_), taps);
      hls::add_to_residual(update.data() + token * dim_, out.data(), config_.embed_dim);
    }
    for (std::size_t k = 0; k < top_k; ++k) chosen[k] += gate.first_expert;
  });
  if (taps.sink == nullptr) return;
  const Shape shape{static_cast<std::int64_t>(num_tokens_), static_cast<std::int64_t>(top_k)};
  taps.sink->on_tap(taps.image, taps.scope, block_tap(index, kTapRouterIndices),
                    {DType::kI32, shape, std::as_bytes(std::span(indices))});
  taps.fixed<std::uint16_t>(block_tap(index, kTapRouterWeights), weights, top_k, 16);
  taps.fixed<std::int32_t>(block_tap(index, kTapMlpOut), update, dim_, kWideFraction);
}

}  // namespace edgemoe
