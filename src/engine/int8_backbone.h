// The int8 backbone: pictures to tokens, every task's, the integers of docs/numerics.md at the speed of the machine.
#ifndef EDGEMOE_ENGINE_INT8_BACKBONE_H_
#define EDGEMOE_ENGINE_INT8_BACKBONE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "engine/int8_saturation.h"
#include "engine/int8_weights.h"
#include "engine/sequences.h"
#include "kernels/int8/int8_kernels.h"
#include "model/config.h"
#include "model/taps.h"
#include "numeric/attention_scale.h"
#include "numeric/fixed_point.h"

namespace edgemoe {

class Int8Taps;

/// Rows of all sequences lie in one matrix. Work is cut into tiles of a few rows, which one thread takes through as
/// many operations as it can before tokens need each other: norm and q, k, v; then attention, projection, norm and MLP.
class Int8Backbone {
 public:
  /// `config`, `weights`, `kernels`, `pool` and `saturation` must outlive it.
  Int8Backbone(const ModelConfig& config, const Int8Weights& weights, const int8::Kernels& kernels, ThreadPool& pool,
               Saturation& saturation, std::size_t max_images);

  /// Values a row of tokens is apart from the next.
  std::size_t stride() const { return stride_; }
  std::size_t bytes() const;

  /// `images` are [height, width, 3] of 8 bits. Returns the residual stream, 16 fraction bits, one row a token.
  const std::int32_t* run(std::span<const std::uint8_t* const> images, std::span<const int> tasks, TapSink* taps,
                          Sequences& sequences);
  /// One block of one picture as `task` sees it; tokens are [num_tokens, embed_dim] without gaps.
  void run_block(int index, int task, const std::int32_t* tokens_in, std::int32_t* tokens_out, TapSink* taps);

 private:
  /// What one thread works in.
  struct Scratch {
    AlignedBuffer<std::int16_t> scaled;         // [kMaxRows][widest output]
    AlignedBuffer<std::int16_t> words;          // [kMaxRows][widest row]
    AlignedBuffer<std::uint8_t> bytes;          // [kMaxRows][widest input]
    AlignedBuffer<std::uint8_t> hidden;         // the same
    AlignedBuffer<std::uint8_t> probabilities;  // [kMaxRows][tokens]
    AlignedBuffer<std::uint8_t> values;         // [tokens][head_dim]
  };

  /// Consecutive rows that a thread takes together.
  struct Tile {
    std::size_t first;
    std::size_t count;
  };

  struct Queued {
    std::uint32_t row;
    std::uint16_t weight;
    std::uint16_t slot;  // the expert's place among the token's, ascending
  };

  std::size_t rows_of(const Sequences& sequences) const { return sequences.count() * num_tokens_; }
  std::int32_t* residual(std::size_t row) { return residual_.data() + row * stride_; }
  Scratch& scratch(int thread) { return scratch_[static_cast<std::size_t>(thread)]; }
  std::int16_t* words(Scratch& scratch, std::size_t r) const { return scratch.words.data() + r * widest_; }
  std::uint8_t* bytes_row(AlignedBuffer<std::uint8_t>& buffer, std::size_t r) const {
    return buffer.data() + r * widest_;
  }

  void embed(std::span<const std::uint8_t* const> images);
  void block(int index, Sequences& sequences, TapSink* taps);
  void project(const Int8Block& block, const Tile& tile, Scratch& scratch, Int8Taps& taps);
  void prepare_head(const Int8Block& block, std::size_t sequence, std::size_t head, Scratch& scratch);
  void attend(const Int8Block& block, std::size_t sequence, const Tile& tile, Scratch& scratch, Int8Taps& taps);
  void normalize_rows(const Int8Norm& norm, const Tile& tile, std::int16_t* out, std::size_t out_stride,
                      std::int32_t* largest);
  void normalize(const Int8Norm& norm, const Tile& tile, std::int16_t* out, std::size_t out_stride, Int8Taps& taps);
  void dense(const Int8Block& block, const Tile& tile, Scratch& scratch);
  void split_sequences(Sequences& sequences);
  void route(const Int8Block& block, const Sequences& sequences, const Tile& tile, int thread);
  void queue_tokens(std::size_t rows);
  void run_experts(const Int8Block& block, std::size_t rows);
  void expert_tile(const Int8Mlp& mlp, const Queued* queued, std::size_t count, Scratch& scratch);
  void hidden_layer(const Int8Mlp& mlp, const std::uint8_t* const* rows, const RowScale* scales, std::size_t count,
                    Scratch& scratch, RowScale* hidden_scales);
  std::size_t tensor(BlockTensor tensor) const { return Saturation::of_block(block_index_, tensor); }
  int8::WideArgs wide_args(const int8::PackedLayer& layer, const std::int16_t* scaled, std::size_t r, RowScale scale,
                           std::int32_t* residual) const;
  void add_to_residual(const int8::PackedLayer& layer, int8::WideArgs args, std::size_t row, std::size_t out_tensor,
                       std::size_t sum_tensor);

  const ModelConfig& config_;
  const Int8Weights& weights_;
  const int8::Kernels& kernels_;
  ThreadPool& pool_;
  const std::size_t num_tokens_;
  const std::size_t dim_;
  const std::size_t num_heads_;
  const std::size_t head_dim_;
  const bool shared_backbone_;
  const ScoreScale score_scale_;
  Saturation& saturation_;
  int block_index_ = 0;  // of the block that is being computed
  std::size_t max_rows_;
  std::size_t stride_;           // of residual, normed and value rows
  std::size_t head_stride_;      // of a head's q or k in bytes
  std::size_t padded_keys_;      // tokens as outputs
  std::size_t key_panel_bytes_;  // of a head
  std::size_t padded_tokens_;    // tokens as inputs
  std::size_t widest_;           // elements of the widest row of scratch

  AlignedBuffer<std::int32_t> residual_;
  AlignedBuffer<std::int32_t> block_input_;   // where the router sees it
  AlignedBuffer<std::uint8_t> normed_;        // int8 rows of the second norm
  AlignedBuffer<std::int16_t> normed_words_;  // the same before they were quantised: what the router sees
  AlignedBuffer<RowScale> normed_scale_;
  AlignedBuffer<std::uint8_t> query_;  // [rows][heads][head_stride]
  AlignedBuffer<std::uint8_t> key_;
  AlignedBuffer<RowScale> query_scale_;  // [rows][heads]
  AlignedBuffer<RowScale> key_scale_;
  AlignedBuffer<std::int16_t> value_;          // [rows][stride]
  AlignedBuffer<std::int32_t> value_largest_;  // [rows][heads]

  // One head of one sequence after another.
  AlignedBuffer<std::int8_t> key_weight_;
  AlignedBuffer<std::int32_t> key_start_;
  AlignedBuffer<std::int32_t> key_pre_shift_;
  AlignedBuffer<std::int16_t> key_mantissa_;
  AlignedBuffer<std::int32_t> key_exponent_;
  AlignedBuffer<std::int8_t> value_weight_;
  AlignedBuffer<RowScale> value_scale_;

  AlignedBuffer<std::uint32_t> indices_;         // [rows][top_k], by falling logit
  AlignedBuffer<std::uint16_t> router_weights_;  // the same
  AlignedBuffer<std::int64_t> logits_;           // [threads][experts]
  AlignedBuffer<Queued> queue_;
  AlignedBuffer<std::uint32_t> queue_begin_;         // [experts + 1]
  AlignedBuffer<std::int32_t> contributions_;        // [rows][top_k][stride]
  AlignedBuffer<std::int64_t> contribution_bounds_;  // [rows][top_k]
  ResidualBounds residual_bounds_;
  std::vector<Scratch> scratch_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_INT8_BACKBONE_H_
