// The float backbone: pictures to tokens, every task's, on memory planned beforehand.
#ifndef EDGEMOE_ENGINE_FLOAT_BACKBONE_H_
#define EDGEMOE_ENGINE_FLOAT_BACKBONE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "engine/float_weights.h"
#include "engine/scratch.h"
#include "engine/sequences.h"
#include "kernels/isa.h"
#include "model/config.h"
#include "model/taps.h"

namespace edgemoe {

/// Runs the backbone. All buffers belong to the caller's scratch memory.
class FloatBackbone {
 public:
  /// Plans its memory into `plan`. `config`, `weights` and `pool` must outlive it.
  FloatBackbone(const ModelConfig& config, const FloatWeights& weights, Isa isa, ThreadPool& pool,
                std::size_t max_images, ScratchPlan& plan);

  /// Binds the planned pieces to memory of at least plan.size() floats.
  void bind(float* memory);

  /// Tokens of the last block, [sequences · num_tokens, embed_dim], valid until the next run; `sequences` is filled in.
  MatrixView<const float> run(std::span<const float* const> images, std::span<const int> tasks, TapSink* taps,
                              Sequences& sequences);

  /// One block alone for one task: [num_tokens, embed_dim] to the same.
  void run_block(int index, int task, const float* tokens_in, float* tokens_out, TapSink* taps);

 private:
  struct Piece {
    std::size_t offset = 0;
    std::size_t cols = 0;
  };
  MatrixView<float> rows(const Piece& piece, std::size_t count) const {
    return {memory_ + piece.offset, count, piece.cols, piece.cols};
  }
  std::size_t token_rows(const Sequences& sequences) const { return sequences.count() * num_tokens_; }

  void block(int index, Sequences& sequences, TapSink* taps);
  void embed(std::span<const float* const> images, TapSink* taps, const Sequences& sequences);
  void attention_half(const BlockWeights& block, int index, const Sequences& sequences, TapSink* taps);
  void dense_half(const BlockWeights& block, int index, const Sequences& sequences, TapSink* taps);
  void moe_half(const BlockWeights& block, int index, Sequences& sequences, TapSink* taps);
  void route(const BlockWeights& block, int index, const Sequences& sequences, TapSink* taps);
  void run_experts(const BlockWeights& block, const Sequences& sequences);
  void split_sequences(Sequences& sequences);
  void add_to_residual(const Piece& piece, const Sequences& sequences);
  void tap_tokens(TapSink* taps, const Sequences& sequences, std::string_view name, const Piece& piece) const;

  const ModelConfig& config_;
  const FloatWeights& weights_;
  const Isa isa_;
  ThreadPool& pool_;
  const std::size_t num_tokens_;
  const std::size_t max_rows_;
  const bool shared_backbone_;
  float* memory_ = nullptr;

  Piece residual_;    // x
  Piece normed_;      // LayerNorm's output: input of q/k/v, MLP, experts
  Piece update_;      // what is added to the residual
  Piece gate_input_;  // the block's raw input, kept for gate_input_ahead
  Piece qkv_;
  Piece heads_;    // attention's output before projection
  Piece hidden_;   // MLP's or one expert's hidden layer
  Piece patches_;  // one picture's patches, row by row
  Piece logits_;   // [rows, experts of a group]
  Piece attention_workspace_;
  AlignedBuffer<std::uint32_t> indices_;       // [rows, top_k]
  AlignedBuffer<float> router_weights_;        // [rows, top_k]
  AlignedBuffer<std::uint32_t> queue_begin_;   // [num_experts + 1]
  AlignedBuffer<std::uint32_t> queue_tokens_;  // [rows · top_k]
  AlignedBuffer<float> queue_weights_;         // [rows · top_k]
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_FLOAT_BACKBONE_H_
