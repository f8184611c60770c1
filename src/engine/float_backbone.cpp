#include "engine/float_backbone.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/tap_rows.h"
#include "kernels/attention/attention.h"
#include "kernels/layernorm/layernorm.h"
#include "kernels/router/router.h"

namespace edgemoe {
namespace {

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

std::size_t group_size(const MoeConfig& moe) {
  return extent(moe.experts_per_task > 0 ? moe.experts_per_task : moe.num_experts);
}

}  // namespace

FloatBackbone::FloatBackbone(const ModelConfig& config, const FloatWeights& weights, Isa isa, ThreadPool& pool,
                             std::size_t max_images, ScratchPlan& plan)
    : config_(config),
      weights_(weights),
      isa_(isa),
      pool_(pool),
      num_tokens_(extent(config.num_tokens())),
      max_rows_(max_images * num_tokens_ * (config.tasks_share_backbone() ? 1 : config.tasks.size())),
      shared_backbone_(config.tasks_share_backbone()) {
  const auto piece = [&](std::size_t cols, std::size_t rows) { return Piece{plan.take(rows * cols), cols}; };
  const std::size_t dim = extent(config.embed_dim);
  residual_ = piece(dim, max_rows_);
  normed_ = piece(dim, max_rows_);
  update_ = piece(dim, max_rows_);
  if (config.moe.gate_input_ahead) gate_input_ = piece(dim, max_rows_);

  // Patches, attention and the MLP never live at the same time.
  const std::size_t mark = plan.mark();
  const std::size_t patch_values = weights.patch_embed.weight.k;
  patches_ = piece(patch_values, num_tokens_ - 1);
  plan.return_to(mark);
  qkv_ = piece(3 * dim, max_rows_);
  heads_ = piece(dim, max_rows_);
  attention_workspace_ = piece(attention_workspace_size(max_rows_ / num_tokens_, num_tokens_, extent(config.num_heads),
                                                        extent(config.head_dim()), pool.num_threads()),
                               1);
  plan.return_to(mark);
  const bool has_moe = !config.moe.blocks.empty();
  if (has_moe) logits_ = piece(group_size(config.moe), max_rows_);
  hidden_ = piece(extent(std::max(config.mlp_dim, has_moe ? config.moe.expert_dim : 0)), max_rows_);
  plan.return_to(mark);

  if (has_moe) {
    const std::size_t queued = max_rows_ * extent(config.moe.top_k);
    indices_ = AlignedBuffer<std::uint32_t>(queued);
    router_weights_ = AlignedBuffer<float>(queued);
    queue_begin_ = AlignedBuffer<std::uint32_t>(extent(config.moe.num_experts) + 1);
    queue_tokens_ = AlignedBuffer<std::uint32_t>(queued);
    queue_weights_ = AlignedBuffer<float>(queued);
  }
}

void FloatBackbone::bind(float* memory) { memory_ = memory; }

MatrixView<const float> FloatBackbone::run(std::span<const float* const> images, std::span<const int> tasks,
                                           TapSink* taps, Sequences& sequences) {
  sequences = {images.size(), tasks, false};
  embed(images, taps, sequences);
  for (int i = 0; i < config_.depth; ++i) block(i, sequences, taps);
  return as_const(rows(residual_, token_rows(sequences)));
}

void FloatBackbone::run_block(int index, int task, const float* tokens_in, float* tokens_out, TapSink* taps) {
  const int tasks[] = {task};
  Sequences sequences = {1, tasks, !shared_backbone_ && index > config_.first_moe_block()};
  const std::size_t values = num_tokens_ * residual_.cols;
  std::copy_n(tokens_in, values, memory_ + residual_.offset);
  block(index, sequences, taps);
  std::copy_n(memory_ + residual_.offset, values, tokens_out);
}

void FloatBackbone::block(int index, Sequences& sequences, TapSink* taps) {
  const BlockWeights& weights = weights_.blocks[extent(index)];
  const bool is_moe = config_.is_moe_block(index);
  if (is_moe && config_.moe.gate_input_ahead) {
    std::copy_n(memory_ + residual_.offset, token_rows(sequences) * residual_.cols, memory_ + gate_input_.offset);
  }
  attention_half(weights, index, sequences, taps);
  if (is_moe) {
    moe_half(weights, index, sequences, taps);
  } else {
    dense_half(weights, index, sequences, taps);
  }
  if (taps != nullptr) tap_tokens(taps, sequences, block_tap(index, kTapBlockOut), residual_);
}

void FloatBackbone::embed(std::span<const float* const> images, TapSink* taps, const Sequences& sequences) {
  const std::size_t patch = extent(config_.patch_size);
  const std::size_t row_values = patch * 3;  // one row of a patch's pixels
  const std::size_t grid_width = extent(config_.grid_width());
  const std::size_t picture_stride = extent(config_.input.width) * 3;
  const std::size_t dim = extent(config_.embed_dim);
  const MatrixView<float> patches = rows(patches_, num_tokens_ - 1);
  for (std::size_t image = 0; image < images.size(); ++image) {
    if (taps != nullptr) tap_input(*taps, static_cast<int>(image), config_, images[image]);
    for (std::size_t token = 0; token < patches.rows; ++token) {
      const float* corner =
          images[image] + (token / grid_width) * patch * picture_stride + (token % grid_width) * row_values;
      for (std::size_t y = 0; y < patch; ++y) {
        std::memcpy(patches.row(token) + y * row_values, corner + y * picture_stride, row_values * sizeof(float));
      }
    }
    float* class_row = memory_ + residual_.offset + image * num_tokens_ * dim;
    gemm(isa_,
         {.a = {patches.data, patches.rows, patches.cols, patches.stride},
          .b = &weights_.patch_embed.weight,
          .bias = weights_.patch_embed.bias.data(),
          .c = {class_row + dim, patches.rows, dim, dim},
          .m = patches.rows},
         pool_);
    std::copy_n(weights_.class_token.data(), dim, class_row);
    const float* position = weights_.position_embed.data();
    for (std::size_t i = 0; i < num_tokens_ * dim; ++i) class_row[i] += position[i];
  }
  if (taps != nullptr) tap_tokens(taps, sequences, kTapPatchEmbed, residual_);
}

void FloatBackbone::attention_half(const BlockWeights& block, int index, const Sequences& sequences, TapSink* taps) {
  const std::size_t count = token_rows(sequences);
  const MatrixView<float> residual = rows(residual_, count);
  const MatrixView<float> normed = rows(normed_, count);
  const MatrixView<float> qkv = rows(qkv_, count);
  const MatrixView<float> heads = rows(heads_, count);
  const MatrixView<float> update = rows(update_, count);
  layernorm(isa_, as_const(residual), block.norm1.weight.data(), block.norm1.bias.data(), config_.layernorm_eps, normed,
            pool_);
  gemm(isa_, {.a = as_const(normed), .b = &block.qkv.weight, .bias = block.qkv.bias.data(), .c = qkv, .m = count},
       pool_);
  attention(isa_,
            {.qkv = as_const(qkv),
             .out = heads,
             .num_sequences = sequences.count(),
             .num_tokens = num_tokens_,
             .num_heads = extent(config_.num_heads),
             .head_dim = extent(config_.head_dim()),
             .scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config_.head_dim()))),
             .workspace = memory_ + attention_workspace_.offset},
            pool_);
  gemm(isa_, {.a = as_const(heads), .b = &block.proj.weight, .bias = block.proj.bias.data(), .c = update, .m = count},
       pool_);
  if (taps != nullptr) {
    tap_tokens(taps, sequences, block_tap(index, kTapNorm1), normed_);
    tap_tokens(taps, sequences, block_tap(index, kTapQkv), qkv_);
    tap_tokens(taps, sequences, block_tap(index, kTapAttention), heads_);
    tap_tokens(taps, sequences, block_tap(index, kTapAttentionOut), update_);
  }
  add_to_residual(update_, sequences);
  layernorm(isa_, as_const(residual), block.norm2.weight.data(), block.norm2.bias.data(), config_.layernorm_eps, normed,
            pool_);
  if (taps != nullptr) tap_tokens(taps, sequences, block_tap(index, kTapNorm2), normed_);
}

void FloatBackbone::dense_half(const BlockWeights& block, int index, const Sequences& sequences, TapSink* taps) {
  const std::size_t count = token_rows(sequences);
  const MatrixView<float> hidden = {memory_ + hidden_.offset, count, block.fc1.weight.n, block.fc1.weight.n};
  gemm(isa_,
       {.a = as_const(rows(normed_, count)),
        .b = &block.fc1.weight,
        .bias = block.fc1.bias.data(),
        .activation = GemmActivation::kGelu,
        .c = hidden,
        .m = count},
       pool_);
  gemm(isa_,
       {.a = as_const(hidden),
        .b = &block.fc2.weight,
        .bias = block.fc2.bias.data(),
        .c = rows(update_, count),
        .m = count},
       pool_);
  if (taps != nullptr) tap_tokens(taps, sequences, block_tap(index, kTapMlpOut), update_);
  add_to_residual(update_, sequences);
}

void FloatBackbone::moe_half(const BlockWeights& block, int index, Sequences& sequences, TapSink* taps) {
  if (!shared_backbone_ && !sequences.split) split_sequences(sequences);
  route(block, index, sequences, taps);
  run_experts(block, sequences);
  if (taps != nullptr) tap_tokens(taps, sequences, block_tap(index, kTapMlpOut), update_);
  add_to_residual(update_, sequences);
}

/// The first router: from here on each task has tokens of its own, all starting from the shared ones.
void FloatBackbone::split_sequences(Sequences& sequences) {
  const std::size_t shared_rows = token_rows(sequences);
  sequences.split = true;
  for (const Piece* piece : {&residual_, &normed_, &gate_input_}) {
    const std::size_t values = shared_rows * piece->cols;
    float* first = memory_ + piece->offset;
    for (std::size_t task = 1; task < sequences.tasks.size(); ++task) std::copy_n(first, values, first + task * values);
  }
}

/// Router logits, chosen experts and their weights, and the queue of tokens of every expert.
void FloatBackbone::route(const BlockWeights& block, int index, const Sequences& sequences, TapSink* taps) {
  const MoeConfig& moe = config_.moe;
  const std::size_t top_k = extent(moe.top_k);
  const std::size_t groups = sequences.split ? sequences.tasks.size() : 1;
  const std::size_t group_rows = sequences.num_images * num_tokens_;
  const Piece& input = moe.gate_input_ahead ? gate_input_ : normed_;
  for (std::size_t g = 0; g < groups; ++g) {
    const GateWeights& gate = block.gates[sequences.split ? extent(sequences.tasks[g]) : 0];
    const std::size_t first_row = g * group_rows;
    const MatrixView<float> logits = {memory_ + logits_.offset + first_row * logits_.cols, group_rows, logits_.cols,
                                      logits_.cols};
    gemm(isa_,
         {.a = {memory_ + input.offset + first_row * input.cols, group_rows, input.cols, input.cols},
          .b = &gate.weight,
          .bias = gate.bias.data(),
          .c = logits,
          .m = group_rows},
         pool_);
    select_experts(as_const(logits),
                   {.top_k = top_k,
                    .softmax_after_topk = moe.rule == RouterRule::kTopKThenSoftmax,
                    .prune_threshold = moe.prune_threshold,
                    .index_offset = gate.first_expert},
                   indices_.data() + first_row * top_k, router_weights_.data() + first_row * top_k);
  }
  const std::size_t count = token_rows(sequences);
  build_expert_queues({indices_.data(), count * top_k}, {router_weights_.data(), count * top_k}, top_k,
                      extent(moe.num_experts),
                      {.begin = queue_begin_.span(),
                       .tokens = queue_tokens_.span().first(count * top_k),
                       .token_weights = queue_weights_.span().first(count * top_k)});
  if (taps == nullptr) return;
  const TapRows tap{*taps, config_, sequences.num_images, sequences.tasks, sequences.split, num_tokens_};
  tap.emit(block_tap(index, kTapRouterLogits), as_const(rows(logits_, count)));
  tap.emit_indices(block_tap(index, kTapRouterIndices), indices_.data(), top_k);
  tap.emit(block_tap(index, kTapRouterWeights), {router_weights_.data(), count, top_k, top_k});
}

/// Expert by expert, so that each one's weights are streamed once for all tokens of all pictures and tasks. A token's
/// sum grows in ascending order of experts, whatever else is in the batch.
void FloatBackbone::run_experts(const BlockWeights& block, const Sequences& sequences) {
  const std::size_t count = token_rows(sequences);
  const MatrixView<float> update = rows(update_, count);
  std::fill_n(update.data, count * update.cols, 0.0F);
  for (std::size_t e = 0; e < block.htoh4.size(); ++e) {
    const std::size_t begin = queue_begin_[e];
    const std::size_t queued = queue_begin_[e + 1] - begin;
    if (queued == 0) continue;
    const std::span<const std::uint32_t> tokens = queue_tokens_.span().subspan(begin, queued);
    const std::size_t width = block.htoh4[e].weight.n;
    const MatrixView<float> hidden = {memory_ + hidden_.offset, queued, width, width};
    gemm(isa_,
         {.a = as_const(rows(normed_, count)),
          .a_rows = tokens,
          .b = &block.htoh4[e].weight,
          .bias = block.htoh4[e].bias.data(),
          .activation = GemmActivation::kGelu,
          .c = hidden,
          .m = queued},
         pool_);
    gemm(isa_,
         {.a = as_const(hidden),
          .b = &block.h4toh[e].weight,
          .bias = block.h4toh[e].bias.data(),
          .store = GemmStore::kAccumulate,
          .c = update,
          .c_rows = tokens,
          .row_scale = queue_weights_.span().subspan(begin, queued),
          .m = queued},
         pool_);
  }
}

void FloatBackbone::add_to_residual(const Piece& piece, const Sequences& sequences) {
  const std::size_t values = token_rows(sequences) * residual_.cols;
  float* residual = memory_ + residual_.offset;
  const float* update = memory_ + piece.offset;
  for (std::size_t i = 0; i < values; ++i) residual[i] += update[i];
}

void FloatBackbone::tap_tokens(TapSink* taps, const Sequences& sequences, std::string_view name,
                               const Piece& piece) const {
  TapRows{*taps, config_, sequences.num_images, sequences.tasks, sequences.split, num_tokens_}.emit(
      name, as_const(rows(piece, token_rows(sequences))));
}

}  // namespace edgemoe
