// A tile of queries of one head against all keys; V is one of the vec_*.h.
#ifndef EDGEMOE_KERNELS_ATTENTION_ATTENTION_SIMD_H_
#define EDGEMOE_KERNELS_ATTENTION_ATTENTION_SIMD_H_

#include <cstddef>

#include "kernels/gemm/gemm_simd.h"
#include "kernels/simd/kernel_table.h"
#include "kernels/simd/math_simd.h"

namespace edgemoe::simd {

/// scores[i][0 … num_tokens) = scale · q_i · kᵀ; what a row holds past num_tokens is not used.
template <typename V, std::size_t MR>
void attention_scores(const AttentionTileArgs& args, std::size_t score_stride) {
  constexpr std::size_t kPanelWidth = kPanelVecs * V::kWidth;
  const typename V::Vec scale = V::set(args.scale);
  for (std::size_t first = 0; first < args.num_tokens; first += kPanelWidth) {
    const float* panel = args.k_panels + first * args.head_dim;
    const Sums<V, MR, kPanelVecs> sums =
        multiply<V, MR, kPanelVecs>({.a = args.q, .segment_length = args.head_dim, .panel = panel, .prefetch = panel});
#pragma GCC unroll 16
    for (std::size_t i = 0; i < MR; ++i) {
      float* scores = args.scores + i * score_stride + first;
#pragma GCC unroll 2
      for (std::size_t j = 0; j < kPanelVecs; ++j) V::store(scores + j * V::kWidth, V::mul(sums.at[i][j], scale));
    }
  }
}

/// Replaces a row of scores by exp(score − maximum) and returns their sum. Lane l of the sum takes the keys l, l +
/// kWidth, … in turn.
template <typename V>
float exponentiate_row(float* scores, std::size_t num_tokens) {
  using Vec = typename V::Vec;
  const std::size_t whole = num_tokens / V::kWidth * V::kWidth;
  Vec lanes = V::set(scores[0]);
  for (std::size_t t = 0; t < whole; t += V::kWidth) lanes = V::max(V::load(scores + t), lanes);
  float running_max = V::reduce_max(lanes);
  for (std::size_t t = whole; t < num_tokens; ++t) running_max = scores[t] > running_max ? scores[t] : running_max;

  const Vec maximum = V::set(running_max);
  Vec running_sum = V::zero();
  for (std::size_t t = 0; t < whole; t += V::kWidth) {
    const Vec e = exp_nonpositive<V>(V::sub(V::load(scores + t), maximum));
    V::store(scores + t, e);
    running_sum = V::add(running_sum, e);
  }
  if (whole < num_tokens) {
    const std::size_t rest = num_tokens - whole;
    const Vec e = exp_nonpositive<V>(V::sub(V::load_first(scores + whole, rest), maximum));
    V::store_first(scores + whole, e, rest);
    running_sum = V::add(running_sum, V::load_first(scores + whole, rest));
  }
  return V::reduce_add(running_sum);
}

/// out[i] = (exponentials of row i) · V / (their sum)
template <typename V, std::size_t MR>
void attention_values(const AttentionTileArgs& args, std::size_t score_stride, const float* sums) {
  constexpr std::size_t kPanelWidth = kPanelVecs * V::kWidth;
  const float* rows[MR];
  for (std::size_t i = 0; i < MR; ++i) rows[i] = args.scores + i * score_stride;
  for (std::size_t first = 0; first < args.head_dim; first += kPanelWidth) {
    const float* panel = args.v_panels + first * args.num_tokens;
    const Sums<V, MR, kPanelVecs> products =
        multiply<V, MR, kPanelVecs>({.a = rows, .segment_length = args.num_tokens, .panel = panel, .prefetch = panel});
#pragma GCC unroll 16
    for (std::size_t i = 0; i < MR; ++i) {
      const typename V::Vec inverse = V::set(1.0F / sums[i]);
#pragma GCC unroll 2
      for (std::size_t j = 0; j < kPanelVecs; ++j) {
        const std::size_t offset = first + j * V::kWidth;
        if (offset >= args.head_dim) break;
        const std::size_t left = args.head_dim - offset;
        V::store_first(args.out[i] + offset, V::mul(products.at[i][j], inverse), left < V::kWidth ? left : V::kWidth);
      }
    }
  }
}

/// Calls the code made for exactly num_rows queries; MR counts down from the largest.
template <typename V, std::size_t MR = V::kMaxRows>
void attention_tile(const AttentionTileArgs& args) {
  if constexpr (MR > 1) {
    if (args.num_rows < MR) return attention_tile<V, MR - 1>(args);
  }
  constexpr std::size_t kPanelWidth = kPanelVecs * V::kWidth;
  const std::size_t score_stride = (args.num_tokens + kPanelWidth - 1) / kPanelWidth * kPanelWidth;
  attention_scores<V, MR>(args, score_stride);
  float sums[MR];
  for (std::size_t i = 0; i < MR; ++i) sums[i] = exponentiate_row<V>(args.scores + i * score_stride, args.num_tokens);
  attention_values<V, MR>(args, score_stride, sums);
}

}  // namespace edgemoe::simd

#endif  // EDGEMOE_KERNELS_ATTENTION_ATTENTION_SIMD_H_
