// Multi-head self-attention over the rows of fused q, k, v, without an N×N matrix: a tile of queries against all keys
// at a time (scores, running maximum, exponentials, their sum, product with V, one division), so memory is linear in
// tokens.
#ifndef EDGEMOE_KERNELS_ATTENTION_ATTENTION_H_
#define EDGEMOE_KERNELS_ATTENTION_ATTENTION_H_

#include <cstddef>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "kernels/isa.h"

namespace edgemoe {

struct AttentionArgs {
  MatrixView<const float>
      qkv;                // [num_sequences · num_tokens, 3 · num_heads · head_dim]: q of all heads, then k, then v
  MatrixView<float> out;  // [num_sequences · num_tokens, num_heads · head_dim]
  std::size_t num_sequences = 1;  // rows of one picture and task follow each other; no token sees another sequence
  std::size_t num_tokens = 0;
  std::size_t num_heads = 0;
  std::size_t head_dim = 0;
  float scale = 0;             // applied to the scores
  float* workspace = nullptr;  // attention_workspace_size(...) floats, aligned to kAlignment
};

/// Floats of workspace for any number of sequences up to `num_sequences`.
std::size_t attention_workspace_size(std::size_t num_sequences, std::size_t num_tokens, std::size_t num_heads,
                                     std::size_t head_dim, int num_threads);

/// Any head_dim ≥ 1 and num_tokens ≥ 1. A query's result depends on its sequence alone, not on threads or batch.
void attention(Isa isa, const AttentionArgs& args, ThreadPool& pool);

/// Double-precision reference.
void attention_reference(const AttentionArgs& args);

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_ATTENTION_ATTENTION_H_
