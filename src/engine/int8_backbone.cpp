#include "engine/int8_backbone.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/int8_taps.h"
#include "kernels/int8/pack.h"

namespace edgemoe {
namespace {

using int8::kGroup;
using int8::kMaxRows;
using int8::kOutputStep;
using int8::kPanelOutputs;
using int8::kRowStep;
using int8::round_up;

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

std::size_t tiles_of(std::size_t rows) { return (rows + kMaxRows - 1) / kMaxRows; }

/// The number'th of the tiles that `rows` are cut into, as even as can be.
std::size_t tile_begin(std::size_t rows, std::size_t number) { return rows * number / tiles_of(rows); }

}  // namespace

Int8Backbone::Int8Backbone(const ModelConfig& config, const Int8Weights& weights, const int8::Kernels& kernels,
                           ThreadPool& pool, Saturation& saturation, std::size_t max_images)
    : config_(config),
      weights_(weights),
      kernels_(kernels),
      pool_(pool),
      num_tokens_(extent(config.num_tokens())),
      dim_(extent(config.embed_dim)),
      num_heads_(extent(config.num_heads)),
      head_dim_(extent(config.head_dim())),
      shared_backbone_(config.tasks_share_backbone()),
      score_scale_(make_score_scale(config.head_dim())),
      saturation_(saturation),
      max_rows_(max_images * (shared_backbone_ ? 1 : config.tasks.size()) * num_tokens_),
      residual_bounds_(max_rows_) {
  const std::size_t units = max_rows_ / num_tokens_ * num_heads_;
  stride_ = round_up(dim_, kRowStep);
  head_stride_ = round_up(head_dim_, kGroup);
  padded_keys_ = round_up(num_tokens_, kOutputStep);
  key_panel_bytes_ = round_up(num_tokens_, kPanelOutputs) * head_stride_;
  padded_tokens_ = round_up(num_tokens_, kGroup);
  const std::size_t patch_inputs = weights.patch_embed.inputs;
  widest_ = round_up(std::max({dim_, extent(config.mlp_dim), extent(config.moe.expert_dim), patch_inputs, padded_keys_,
                               round_up(head_dim_, kPanelOutputs)}),
                     kRowStep);
  residual_ = AlignedBuffer<std::int32_t>(max_rows_ * stride_);
  normed_ = AlignedBuffer<std::uint8_t>(max_rows_ * stride_);
  normed_scale_ = AlignedBuffer<RowScale>(max_rows_);
  query_ = AlignedBuffer<std::uint8_t>(max_rows_ * num_heads_ * head_stride_);
  key_ = AlignedBuffer<std::uint8_t>(query_.size());
  query_scale_ = AlignedBuffer<RowScale>(max_rows_ * num_heads_);
  key_scale_ = AlignedBuffer<RowScale>(max_rows_ * num_heads_);
  value_ = AlignedBuffer<std::int16_t>(max_rows_ * stride_);
  value_largest_ = AlignedBuffer<std::int32_t>(max_rows_ * num_heads_);
  for (AlignedBuffer<std::uint8_t>* buffer : {&normed_, &query_, &key_}) {
    std::memset(buffer->data(), kernels.offset, buffer->size());
  }
  key_weight_ = AlignedBuffer<std::int8_t>(units * key_panel_bytes_);
  key_start_ = AlignedBuffer<std::int32_t>(units * padded_keys_);
  key_pre_shift_ = AlignedBuffer<std::int32_t>(units * padded_keys_);
  key_mantissa_ = AlignedBuffer<std::int16_t>(units * padded_keys_);
  key_exponent_ = AlignedBuffer<std::int32_t>(units);
  value_weight_ = AlignedBuffer<std::int8_t>(units * round_up(head_dim_, kPanelOutputs) * padded_tokens_);
  value_scale_ = AlignedBuffer<RowScale>(units);
  std::fill(key_pre_shift_.begin(), key_pre_shift_.end(), score_scale_.pre_shift);
  const MoeConfig& moe = config.moe;
  if (!moe.blocks.empty()) {
    const std::size_t picks = max_rows_ * extent(moe.top_k);
    normed_words_ = AlignedBuffer<std::int16_t>(max_rows_ * stride_);
    if (moe.gate_input_ahead) block_input_ = AlignedBuffer<std::int32_t>(max_rows_ * stride_);
    indices_ = AlignedBuffer<std::uint32_t>(picks);
    router_weights_ = AlignedBuffer<std::uint16_t>(picks);
    logits_ = AlignedBuffer<std::int64_t>(extent(pool.num_threads()) *
                                          round_up(extent(moe.num_experts), int8::kRouterExperts));
    queue_ = AlignedBuffer<Queued>(picks);
    queue_begin_ = AlignedBuffer<std::uint32_t>(extent(moe.num_experts) + 1);
    contributions_ = AlignedBuffer<std::int32_t>(picks * stride_);
    contribution_bounds_ = AlignedBuffer<std::int64_t>(picks);
  }
  for (int thread = 0; thread < pool.num_threads(); ++thread) {
    scratch_.push_back(
        {AlignedBuffer<std::int16_t>(kMaxRows * (widest_ + round_up(head_dim_, kPanelOutputs))),
         AlignedBuffer<std::int16_t>(kMaxRows * widest_), AlignedBuffer<std::uint8_t>(kMaxRows * widest_),
         AlignedBuffer<std::uint8_t>(kMaxRows * widest_), AlignedBuffer<std::uint8_t>(kMaxRows * widest_),
         AlignedBuffer<std::uint8_t>(num_tokens_ * head_dim_)});
    std::memset(scratch_.back().bytes.data(), kernels.offset, scratch_.back().bytes.size());
    std::memset(scratch_.back().hidden.data(), kernels.offset, scratch_.back().hidden.size());
  }
}

std::size_t Int8Backbone::bytes() const {
  std::size_t bytes =
      4 * (residual_.size() + block_input_.size() + value_largest_.size() + key_start_.size() + key_pre_shift_.size() +
           key_exponent_.size() + indices_.size() + queue_begin_.size() + contributions_.size()) +
      2 * (normed_words_.size() + value_.size() + key_mantissa_.size() + router_weights_.size()) + normed_.size() +
      query_.size() + key_.size() + key_weight_.size() + value_weight_.size() +
      sizeof(RowScale) * (normed_scale_.size() + query_scale_.size() + key_scale_.size() + value_scale_.size()) +
      8 * (logits_.size() + contribution_bounds_.size()) + residual_bounds_.bytes() + sizeof(Queued) * queue_.size();
  for (const Scratch& s : scratch_) {
    bytes += 2 * (s.scaled.size() + s.words.size()) + s.bytes.size() + s.hidden.size() + s.probabilities.size() +
             s.values.size();
  }
  return bytes;
}

const std::int32_t* Int8Backbone::run(std::span<const std::uint8_t* const> images, std::span<const int> tasks,
                                      TapSink* taps, Sequences& sequences) {
  sequences = {images.size(), tasks, false};
  embed(images);
  Int8Taps(taps, config_, num_tokens_).emit_residual(sequences, kTapPatchEmbed, residual_.data(), stride_);
  for (int i = 0; i < config_.depth; ++i) block(i, sequences, taps);
  return residual_.data();
}

void Int8Backbone::run_block(int index, int task, const std::int32_t* tokens_in, std::int32_t* tokens_out,
                             TapSink* taps) {
  const int tasks[] = {task};
  Sequences sequences = {1, tasks, !shared_backbone_ && index > config_.first_moe_block()};
  for (std::size_t t = 0; t < num_tokens_; ++t) {
    std::copy_n(tokens_in + t * dim_, dim_, residual(t));
    residual_bounds_[t] = INT32_MAX;  // nothing is known of them
  }
  block(index, sequences, taps);
  for (std::size_t t = 0; t < num_tokens_; ++t) std::copy_n(residual(t), dim_, tokens_out + t * dim_);
}

RowScale Int8Backbone::quantize(const std::int16_t* row, std::size_t count, std::int32_t largest, int fraction,
                                std::uint8_t* out) const {
  const RowQuantizer quantizer = make_row_quantizer(largest, fraction);
  kernels_.quantize({row, count, quantizer.left_shift, quantizer.reciprocal, out});
  return quantizer.scale;
}

void Int8Backbone::embed(std::span<const std::uint8_t* const> images) {
  const std::size_t patch = extent(config_.patch_size);
  const std::size_t run = patch * 3;
  const std::size_t grid_width = extent(config_.grid_width());
  const std::size_t picture_stride = extent(config_.input.width) * 3;
  const std::size_t patches = num_tokens_ - 1;
  const int8::PackedLayer& layer = weights_.patch_embed;
  // A scale of 1: 32512 / 127 · 2^−8. A pixel less 128 as int8 is the pixel with its highest bit turned.
  constexpr RowScale kPixelScale = {32512, 8};
  const auto flip = static_cast<std::uint8_t>(0x80 ^ kernels_.offset);
  const std::size_t tiles = tiles_of(patches);
  pool_.parallel_for(images.size() * tiles, [&](std::size_t unit, int thread) {
    const std::size_t image = unit / tiles;
    const std::size_t first = tile_begin(patches, unit % tiles);
    const std::size_t count = tile_begin(patches, unit % tiles + 1) - first;
    Scratch& s = scratch(thread);
    const std::uint8_t* rows[kMaxRows] = {};
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t token = first + r;
      const std::uint8_t* corner =
          images[image] + (token / grid_width) * patch * picture_stride + (token % grid_width) * run;
      std::uint8_t* out = bytes_row(s.hidden, r);
      rows[r] = out;
      for (std::size_t y = 0; y < patch; ++y, out += run) {
        std::memcpy(out, corner + y * picture_stride, run);
        if (flip == 0) continue;
        for (std::size_t x = 0; x < run; ++x) out[x] ^= flip;
      }
    }
    kernels_.tile({rows, count, layer.panels(), s.scaled.data()});
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t row = image * num_tokens_ + 1 + first + r;
      std::copy_n(weights_.positions.data() + (1 + first + r) * dim_, dim_, residual(row));
      residual_bounds_[row] = weights_.largest_position;
      add_to_residual(layer, wide_args(layer, s.scaled.data(), r, kPixelScale, residual(row)), row,
                      Saturation::kPatchEmbed, Saturation::kEmbedding);
    }
  });
  for (std::size_t image = 0; image < images.size(); ++image) {
    const std::size_t row = image * num_tokens_;
    std::copy_n(weights_.positions.data(), dim_, residual(row));
    residual_bounds_[row] = weights_.largest_position;
    if (weights_.largest_position >= INT32_MAX) {
      saturation_.add(Saturation::kEmbedding, count_ends<32>(residual(row), dim_));
    }
  }
}

int8::WideArgs Int8Backbone::wide_args(const int8::PackedLayer& layer, const std::int16_t* scaled, std::size_t r,
                                       RowScale scale, std::int32_t* residual) const {
  return {.scaled = scaled + r * layer.mantissa.size(),
          .mantissa = scale.mantissa,
          .shift = layer.wide_shift(scale),
          .bias = layer.bias.data(),
          .count = dim_,
          .weighted = false,
          .weight = 0,
          .added = true,
          .out = residual};
}

void Int8Backbone::add_to_residual(const int8::PackedLayer& layer, const int8::WideArgs& args, std::size_t row,
                                   std::size_t out_tensor, std::size_t sum_tensor) {
  count_wide_sum(saturation_, out_tensor, sum_tensor, args, layer.largest_bias, residual_bounds_, row);
  kernels_.wide(args);
}

void Int8Backbone::block(int index, Sequences& sequences, TapSink* sink) {
  block_index_ = index;
  const Int8Block& block = weights_.blocks[extent(index)];
  const bool is_moe = config_.is_moe_block(index);
  const std::size_t rows = rows_of(sequences);
  Int8Taps taps(sink, config_, num_tokens_);
  std::vector<std::int32_t> before;
  if (taps.wanted()) {
    taps.norm1.reset(rows, dim_);
    taps.qkv.reset(rows, 3 * dim_);
    taps.heads.reset(rows, dim_);
    taps.norm2.reset(rows, dim_);
    before.assign(residual_.begin(), residual_.end());
  }
  if (is_moe && config_.moe.gate_input_ahead) std::copy_n(residual_.data(), rows * stride_, block_input_.data());

  pool_.parallel_for(tiles_of(rows), [&](std::size_t number, int thread) {
    const std::size_t first = tile_begin(rows, number);
    project(block, {first, tile_begin(rows, number + 1) - first}, scratch(thread), taps);
  });
  pool_.parallel_for(sequences.count() * num_heads_, [&](std::size_t unit, int thread) {
    prepare_head(block, unit / num_heads_, unit % num_heads_, scratch(thread));
  });
  const std::size_t tiles = tiles_of(num_tokens_);
  pool_.parallel_for(sequences.count() * tiles, [&](std::size_t unit, int thread) {
    const std::size_t sequence = unit / tiles;
    const std::size_t first = tile_begin(num_tokens_, unit % tiles);
    const std::size_t count = tile_begin(num_tokens_, unit % tiles + 1) - first;
    const Tile tile = {sequence * num_tokens_ + first, count};
    attend(block, sequence, tile, scratch(thread), taps);
    normalize(block.norm2, tile, scratch(thread));
    if (taps.wanted()) {
      for (std::size_t r = 0; r < count; ++r) {
        taps.norm2.note(tile.first + r, 0, words(scratch(thread), r), dim_, block.norm2.fraction);
      }
    }
    if (is_moe) {
      for (std::size_t r = 0; r < count; ++r) {
        std::copy_n(words(scratch(thread), r), dim_, normed_words_.data() + (tile.first + r) * stride_);
      }
    } else if (!taps.wanted()) {
      dense(block, tile, scratch(thread));
    }
  });
  if (taps.wanted()) {
    taps.emit(sequences, block_tap(index, kTapNorm1), taps.norm1);
    taps.emit(sequences, block_tap(index, kTapQkv), taps.qkv);
    taps.emit(sequences, block_tap(index, kTapAttention), taps.heads);
    taps.emit_residual(sequences, block_tap(index, kTapAttentionOut), residual_.data(), stride_, &before);
    taps.emit(sequences, block_tap(index, kTapNorm2), taps.norm2);
    before.assign(residual_.begin(), residual_.end());
  }

  if (is_moe) {
    if (!shared_backbone_ && !sequences.split) {
      split_sequences(sequences);
      if (taps.wanted()) before.assign(residual_.begin(), residual_.end());
    }
    const std::size_t all = rows_of(sequences);
    pool_.parallel_for(tiles_of(all), [&](std::size_t number, int thread) {
      const std::size_t first = tile_begin(all, number);
      route(block, sequences, {first, tile_begin(all, number + 1) - first}, thread);
    });
    queue_tokens(all);
    run_experts(block, all);
    if (taps.routers_wanted()) {
      taps.emit_indices(sequences, block_tap(index, kTapRouterIndices), indices_.data());
      taps.emit_weights(sequences, block_tap(index, kTapRouterWeights), router_weights_.data());
    }
  } else if (taps.wanted()) {
    pool_.parallel_for(tiles_of(rows), [&](std::size_t number, int thread) {
      const std::size_t first = tile_begin(rows, number);
      dense(block, {first, tile_begin(rows, number + 1) - first}, scratch(thread));
    });
  }
  if (!taps.wanted()) return;
  taps.emit_residual(sequences, block_tap(index, kTapMlpOut), residual_.data(), stride_, &before);
  taps.emit_residual(sequences, block_tap(index, kTapBlockOut), residual_.data(), stride_);
}

/// The first norm, and queries, keys and values of a tile.
void Int8Backbone::project(const Int8Block& block, const Tile& tile, Scratch& s, Int8Taps& taps) {
  const std::uint8_t* rows[kMaxRows] = {};
  RowScale scales[kMaxRows];
  std::int32_t largest[kMaxRows];
  normalize_rows(block.norm1, tile, s, largest);
  for (std::size_t r = 0; r < tile.count; ++r) {
    std::int16_t* out = words(s, r);
    count_narrow(saturation_, tensor(BlockTensor::kNorm1), out, block.norm1.bias.data(), dim_, largest[r],
                 block.norm1.largest_bias);
    if (taps.wanted()) taps.norm1.note(tile.first + r, 0, out, dim_, block.norm1.fraction);
    rows[r] = bytes_row(s.bytes, r);
    scales[r] = quantize(words(s, r), dim_, largest[r], block.norm1.fraction, bytes_row(s.bytes, r));
  }
  const int8::PackedLayer* const layers[] = {&block.query, &block.key, &block.value};
  for (std::size_t part = 0; part < 3; ++part) {
    const int8::PackedLayer& layer = *layers[part];
    kernels_.tile({rows, tile.count, layer.panels(), s.scaled.data()});
    for (std::size_t r = 0; r < tile.count; ++r) {
      const std::size_t row = tile.first + r;
      std::int16_t* out = part == 2 ? value_.data() + row * stride_ : words(s, r);
      const std::int32_t most = kernels_.narrow({s.scaled.data() + r * layer.mantissa.size(), scales[r].mantissa,
                                                 layer.narrow_shift(scales[r]), layer.narrow_bias.data(), dim_, out});
      count_narrow(saturation_, tensor(BlockTensor::kQkv), out, layer.narrow_bias.data(), dim_, most,
                   layer.largest_narrow_bias);
      if (taps.wanted()) taps.qkv.note(row, part * dim_, out, dim_, layer.fraction);
      for (std::size_t head = 0; head < num_heads_; ++head) {
        const std::int16_t* values = out + head * head_dim_;
        const std::int32_t magnitude = kernels_.largest(values, head_dim_);
        const std::size_t unit = row * num_heads_ + head;
        if (part == 2) {
          value_largest_[unit] = magnitude;
        } else {
          (part == 0 ? query_scale_ : key_scale_)[unit] = quantize(
              values, head_dim_, magnitude, layer.fraction, (part == 0 ? query_ : key_).data() + unit * head_stride_);
        }
      }
    }
  }
}

/// Keys and values of one head in the order that the kernels read.
void Int8Backbone::prepare_head(const Int8Block& block, std::size_t sequence, std::size_t head, Scratch& s) {
  const std::size_t unit = sequence * num_heads_ + head;
  const std::size_t first = sequence * num_tokens_;
  KeyExponent least;
  std::int32_t largest = 0;
  for (std::size_t t = 0; t < num_tokens_; ++t) {
    least.see(key_scale_[(first + t) * num_heads_ + head]);
    largest = std::max(largest, value_largest_[(first + t) * num_heads_ + head]);
  }
  key_exponent_[unit] = least.value;
  std::int16_t* mantissas = key_mantissa_.data() + unit * padded_keys_;
  for (std::size_t t = 0; t < num_tokens_; ++t) {
    mantissas[t] = score_scale_.key_mantissa(key_scale_[(first + t) * num_heads_ + head], least.value);
  }
  std::int32_t* start = key_start_.data() + unit * padded_keys_;
  int8::pack_keys(kernels_,
                  {key_.data() + (first * num_heads_ + head) * head_stride_, num_heads_ * head_stride_, num_tokens_,
                   head_stride_, key_weight_.data() + unit * key_panel_bytes_},
                  start);
  for (std::size_t place = 0; place < padded_keys_; ++place) {
    start[place] = int8::first_value(kernels_, start[place], score_scale_.pre_shift);
  }
  const RowQuantizer quantizer = make_row_quantizer(largest, block.value.fraction);
  value_scale_[unit] = quantizer.scale;
  for (std::size_t t = 0; t < num_tokens_; ++t) {
    kernels_.quantize({value_.data() + (first + t) * stride_ + head * head_dim_, head_dim_, quantizer.left_shift,
                       quantizer.reciprocal, s.values.data() + t * head_dim_});
  }
  int8::pack_values(kernels_, {s.values.data(), head_dim_, num_tokens_, head_dim_,
                               value_weight_.data() + unit * round_up(head_dim_, kPanelOutputs) * padded_tokens_});
}

/// Attention of a tile's queries, projection, and the sum with the residual stream.
void Int8Backbone::attend(const Int8Block& block, std::size_t sequence, const Tile& tile, Scratch& s, Int8Taps& taps) {
  const std::size_t padded_head = round_up(head_dim_, kPanelOutputs);
  std::int16_t* const outputs = s.scaled.data() + kMaxRows * widest_;
  for (std::size_t head = 0; head < num_heads_; ++head) {
    const std::size_t unit = sequence * num_heads_ + head;
    const std::uint8_t* rows[kMaxRows] = {};
    for (std::size_t r = 0; r < tile.count; ++r) {
      rows[r] = query_.data() + ((tile.first + r) * num_heads_ + head) * head_stride_;
    }
    kernels_.tile({rows,
                   tile.count,
                   {.weight = key_weight_.data() + unit * key_panel_bytes_,
                    .start = key_start_.data() + unit * padded_keys_,
                    .pre_shift = key_pre_shift_.data() + unit * padded_keys_,
                    .mantissa = key_mantissa_.data() + unit * padded_keys_,
                    .outputs = padded_keys_,
                    .inputs = head_stride_},
                   s.scaled.data()});
    std::uint32_t sums[kMaxRows];
    int pre_shift[kMaxRows];
    std::int16_t reciprocal[kMaxRows];
    for (std::size_t r = 0; r < tile.count; ++r) {
      const RowScale scale = query_scale_[(tile.first + r) * num_heads_ + head];
      std::uint8_t* probabilities = bytes_row(s.probabilities, r);
      rows[r] = probabilities;
      const int8::SoftmaxArgs args{s.scaled.data() + r * padded_keys_, num_tokens_, scale.mantissa,
                                   score_scale_.shift(scale.exponent, key_exponent_[unit]), probabilities};
      sums[r] = kernels_.softmax(args);
      // Shifted to the right, no product of two numbers of 16 bits is at an end.
      if (args.shift < 0 && kernels_.largest(args.scores, num_tokens_) >= INT16_MAX) {
        saturation_.add(tensor(BlockTensor::kScores), count_scores(args.scores, num_tokens_));
      }
      const SoftmaxScale softmax = make_softmax_scale(sums[r]);
      pre_shift[r] = softmax.pre_shift;
      reciprocal[r] = softmax.reciprocal;
    }
    const std::int8_t* const values = value_weight_.data() + unit * padded_head * padded_tokens_;
    const RowScale value_scale = value_scale_[unit];
    const int out_shift = value_scale.exponent - 2 - block.value.fraction;
    kernels_.values({rows, tile.count, values, padded_tokens_, padded_head, pre_shift, reciprocal, value_scale.mantissa,
                     out_shift, outputs});
    for (std::size_t r = 0; r < tile.count; ++r) {
      const std::int16_t* out = outputs + r * padded_head;
      std::copy_n(out, head_dim_, words(s, r) + head * head_dim_);
      if (!values_can_saturate(sums[r], pre_shift[r], num_tokens_)) continue;
      // What a sum at an end makes at least.
      const std::int64_t least =
          saturating_shift<16>(multiply_q15(multiply_q15(INT16_MAX, value_scale.mantissa), reciprocal[r]), out_shift);
      if (kernels_.largest(out, head_dim_) < least) continue;
      saturation_.add(tensor(BlockTensor::kHeads),
                      count_values({s.scaled.data() + r * padded_keys_, num_tokens_, values, kernels_.order, head_dim_,
                                    pre_shift[r], out}));
    }
  }
  const std::uint8_t* rows[kMaxRows] = {};
  RowScale scales[kMaxRows];
  for (std::size_t r = 0; r < tile.count; ++r) {
    if (taps.wanted()) taps.heads.note(tile.first + r, 0, words(s, r), dim_, block.value.fraction);
    rows[r] = bytes_row(s.bytes, r);
    const std::int32_t largest = kernels_.largest(words(s, r), dim_);
    if (largest >= INT16_MAX) saturation_.add(tensor(BlockTensor::kHeads), count_ends<16>(words(s, r), dim_));
    scales[r] = quantize(words(s, r), dim_, largest, block.value.fraction, bytes_row(s.bytes, r));
  }
  kernels_.tile({rows, tile.count, block.proj.panels(), s.scaled.data()});
  for (std::size_t r = 0; r < tile.count; ++r) {
    const std::size_t row = tile.first + r;
    add_to_residual(block.proj, wide_args(block.proj, s.scaled.data(), r, scales[r], residual(row)), row,
                    tensor(BlockTensor::kAttentionOut), tensor(BlockTensor::kResidual));
  }
}

/// A tile's rows normed in 16 bits, to the scratch.
void Int8Backbone::normalize_rows(const Int8Norm& norm, const Tile& tile, Scratch& s, std::int32_t* largest) {
  kernels_.norm({.rows = residual(tile.first),
                 .stride = stride_,
                 .num_rows = tile.count,
                 .count = dim_,
                 .gain = norm.gain.data(),
                 .bias = norm.bias.data(),
                 .gain_exponent = norm.gain_exponent,
                 .fraction = norm.fraction,
                 .eps = norm.eps,
                 .out = words(s, 0),
                 .out_stride = widest_,
                 .largest = largest});
}

/// The second norm of a tile: to `normed_` and, in 16 bits, to the scratch.
void Int8Backbone::normalize(const Int8Norm& norm, const Tile& tile, Scratch& s) {
  std::int32_t largest[kMaxRows];
  normalize_rows(norm, tile, s, largest);
  for (std::size_t r = 0; r < tile.count; ++r) {
    const std::size_t row = tile.first + r;
    std::int16_t* out = words(s, r);
    count_narrow(saturation_, tensor(BlockTensor::kNorm2), out, norm.bias.data(), dim_, largest[r], norm.largest_bias);
    normed_scale_[row] = quantize(out, dim_, largest[r], norm.fraction, normed_.data() + row * stride_);
  }
}

/// Up, GELU, and the hidden values in int8, to the scratch.
void Int8Backbone::hidden_layer(const Int8Mlp& mlp, const std::uint8_t* const* rows, const RowScale* scales,
                                std::size_t count, Scratch& s, RowScale* hidden_scales) {
  kernels_.tile({rows, count, mlp.up.panels(), s.scaled.data()});
  for (std::size_t r = 0; r < count; ++r) {
    std::int16_t* hidden = s.scaled.data() + r * mlp.up.mantissa.size();
    const std::int32_t most = kernels_.narrow({hidden, scales[r].mantissa, mlp.up.narrow_shift(scales[r]),
                                               mlp.up.narrow_bias.data(), mlp.up.outputs, hidden});
    count_narrow(saturation_, tensor(BlockTensor::kHidden), hidden, mlp.up.narrow_bias.data(), mlp.up.outputs, most,
                 mlp.up.largest_narrow_bias);
    const std::int32_t largest = kernels_.gelu(hidden, mlp.up.outputs, mlp.up.fraction);
    hidden_scales[r] = quantize(hidden, mlp.up.outputs, largest, mlp.up.fraction, bytes_row(s.hidden, r));
  }
}

void Int8Backbone::dense(const Int8Block& block, const Tile& tile, Scratch& s) {
  const Int8Mlp& mlp = block.mlps.front();
  const std::uint8_t* rows[kMaxRows] = {};
  RowScale hidden_scales[kMaxRows];
  for (std::size_t r = 0; r < tile.count; ++r) rows[r] = normed_.data() + (tile.first + r) * stride_;
  hidden_layer(mlp, rows, normed_scale_.data() + tile.first, tile.count, s, hidden_scales);
  for (std::size_t r = 0; r < tile.count; ++r) rows[r] = bytes_row(s.hidden, r);
  kernels_.tile({rows, tile.count, mlp.down.panels(), s.scaled.data()});
  for (std::size_t r = 0; r < tile.count; ++r) {
    const std::size_t row = tile.first + r;
    add_to_residual(mlp.down, wide_args(mlp.down, s.scaled.data(), r, hidden_scales[r], residual(row)), row,
                    tensor(BlockTensor::kMlpOut), tensor(BlockTensor::kResidual));
  }
}

}  // namespace edgemoe
