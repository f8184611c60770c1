// The mixture of experts of the int8 backbone: router, queues of tokens, experts.
#include <algorithm>
#include <cmath>

#include "engine/int8_backbone.h"
#include "hls/router.h"

namespace edgemoe {
namespace {

using int8::kMaxRows;

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

}  // namespace

/// The first router: from here on each task has tokens of its own, all starting from the shared ones.
void Int8Backbone::split_sequences(Sequences& sequences) {
  const std::size_t rows = rows_of(sequences);
  sequences.split = true;
  for (std::size_t task = 1; task < sequences.tasks.size(); ++task) {
    const std::size_t to = task * rows;
    std::copy_n(residual_.data(), rows * stride_, residual_.data() + to * stride_);
    std::copy_n(normed_.data(), rows * stride_, normed_.data() + to * stride_);
    std::copy_n(normed_words_.data(), rows * stride_, normed_words_.data() + to * stride_);
    std::copy_n(normed_scale_.data(), rows, normed_scale_.data() + to);
    std::copy_n(residual_bounds_.data(), rows, residual_bounds_.data() + to);
    if (!block_input_.empty()) {
      std::copy_n(block_input_.data(), rows * stride_, block_input_.data() + to * stride_);
    }
  }
}

/// Chosen experts and their weights of a tile's rows, which may belong to several tasks.
void Int8Backbone::route(const Int8Block& block, const Sequences& sequences, const Tile& tile, int thread) {
  const MoeConfig& moe = config_.moe;
  const std::size_t task_rows = sequences.num_images * num_tokens_;
  for (std::size_t row = tile.first; row < tile.first + tile.count; ++row) {
    const std::size_t number =
        block.gates.size() == 1 ? 0 : extent(sequences.tasks[sequences.split ? row / task_rows : 0]);
    const IntegerGate& gate = block.gates[number];
    std::int16_t* seen = normed_words_.data() + row * stride_;
    const int shift = moe.gate_input_ahead
                          ? hls::normalize_router_input(block_input_.data() + row * stride_, config_.embed_dim, seen)
                          : 0;
    std::int64_t* logits =
        logits_.data() + extent(thread) * int8::round_up(extent(moe.num_experts), int8::kRouterExperts);
    kernels_.router({seen, block.gate_weights[number].data(), dim_, gate.experts, logits});
    for (std::size_t e = 0; e < gate.experts; ++e) {
      const std::int64_t constant = shifted_constant(gate.constant[e], shift);
      if (at_end<46>(constant)) saturation_.add(tensor(BlockTensor::kRouterLogits), 1);
      logits[e] += constant;
    }
    std::uint32_t* chosen = indices_.data() + row * extent(moe.top_k);
    hls::choose_experts(logits, static_cast<int>(gate.experts), moe.top_k, chosen);
    hls::weigh_experts(logits, static_cast<int>(gate.experts), moe.top_k, chosen, {gate.kappa, gate.sigma}, shift,
                       moe.rule == RouterRule::kTopKThenSoftmax, integer_prune_threshold(moe),
                       router_weights_.data() + row * extent(moe.top_k));
    for (std::size_t k = 0; k < extent(moe.top_k); ++k) chosen[k] += gate.first_expert;
  }
}

/// Counting sort of all picks by expert; within an expert by row.
void Int8Backbone::queue_tokens(std::size_t rows) {
  const std::size_t top_k = extent(config_.moe.top_k);
  std::fill(queue_begin_.begin(), queue_begin_.end(), 0U);
  for (std::size_t pick = 0; pick < rows * top_k; ++pick) ++queue_begin_[indices_[pick] + 1];
  for (std::size_t e = 1; e < queue_begin_.size(); ++e) queue_begin_[e] += queue_begin_[e - 1];
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint32_t* chosen = indices_.data() + row * top_k;
    for (std::size_t k = 0; k < top_k; ++k) {
      const auto slot = std::count_if(chosen, chosen + top_k, [&](std::uint32_t e) { return e < chosen[k]; });
      queue_[queue_begin_[chosen[k]]++] = {static_cast<std::uint32_t>(row), router_weights_[row * top_k + k],
                                           static_cast<std::uint16_t>(slot)};
    }
  }
  // Each begin has moved to its end, which is the next one's begin.
  for (std::size_t e = queue_begin_.size() - 1; e > 0; --e) queue_begin_[e] = queue_begin_[e - 1];
  queue_begin_[0] = 0;
}

/// Expert by expert; what an expert makes of a token waits until all are done, then a token's sum grows in ascending
/// order of experts, whichever thread was first.
void Int8Backbone::run_experts(const Int8Block& block, std::size_t rows) {
  const std::size_t top_k = extent(config_.moe.top_k);
  const auto tiles_of_expert = [&](std::size_t e) {
    return (queue_begin_[e + 1] - queue_begin_[e] + kMaxRows - 1) / kMaxRows;
  };
  std::size_t tiles = 0;
  for (std::size_t e = 0; e < block.mlps.size(); ++e) tiles += tiles_of_expert(e);
  pool_.parallel_for(tiles, [&](std::size_t number, int thread) {
    std::size_t expert = 0;
    while (number >= tiles_of_expert(expert)) number -= tiles_of_expert(expert++);
    const std::size_t queued = queue_begin_[expert + 1] - queue_begin_[expert];
    const std::size_t first = queued * number / tiles_of_expert(expert);
    const std::size_t last = queued * (number + 1) / tiles_of_expert(expert);
    expert_tile(block.mlps[expert], queue_.data() + queue_begin_[expert] + first, last - first, scratch(thread));
  });
  pool_.parallel_for(rows, [&](std::size_t row, int) {
    for (std::size_t slot = 0; slot < top_k; ++slot) {
      const std::size_t pick = row * top_k + slot;
      const std::int32_t* part = contributions_.data() + pick * stride_;
      count_sum(saturation_, tensor(BlockTensor::kResidual), residual(row), part, dim_, contribution_bounds_[pick],
                residual_bounds_, row);
      kernels_.add(residual(row), part, dim_);
    }
  });
}

void Int8Backbone::expert_tile(const Int8Mlp& mlp, const Queued* queued, std::size_t count, Scratch& s) {
  const std::size_t top_k = extent(config_.moe.top_k);
  const std::uint8_t* rows[kMaxRows] = {};
  RowScale scales[kMaxRows];
  RowScale hidden_scales[kMaxRows];
  for (std::size_t r = 0; r < count; ++r) {
    rows[r] = normed_.data() + queued[r].row * stride_;
    scales[r] = normed_scale_[queued[r].row];
  }
  hidden_layer(mlp, rows, scales, count, s, hidden_scales);
  for (std::size_t r = 0; r < count; ++r) rows[r] = bytes_row(s.hidden, r);
  kernels_.tile({rows, count, mlp.down.panels(), s.scaled.data()});
  for (std::size_t r = 0; r < count; ++r) {
    const std::size_t pick = queued[r].row * top_k + queued[r].slot;
    std::int32_t* out = contributions_.data() + pick * stride_;
    int8::WideArgs args = wide_args(mlp.down, s.scaled.data(), r, hidden_scales[r], out);
    args.weighted = true;
    args.added = false;
    args.weight = queued[r].weight;
    contribution_bounds_[pick] = count_wide(saturation_, tensor(BlockTensor::kMlpOut), args, mlp.down.largest_bias);
    args.saturating = contribution_bounds_[pick] >= INT32_MAX;
    kernels_.wide(args);
  }
}

}  // namespace edgemoe
