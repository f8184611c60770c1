// A tile of queries of one head against all keys; V is one of the vec_*.h.
#ifndef EDGEMOE_KERNELS_ATTENTION_ATTENTION_SIMD_H_
#define EDGEMOE_KERNELS_ATTENTION_ATTENTION_SIMD_H_

#include <cstddef>

#include "kernels/gemm/gemm_simd.h"
#include "kernels/simd/kernel_table.h"
#include "kernels/simd/math_simd.h"

namespace edgemoe::simd {

/// scores[i][first …) = scale · q_i · k_tᵀ for NV vectors of keys.
template <typename V, std::size_t MR, std::size_t NV>
void score_panel(const AttentionTileArgs& args, std::size_t score_stride, std::size_t first) {
  const typename V::Vec scale = V::set(args.scale);
  const Sums<V, MR, NV> sums = multiply<V, MR, NV>(
      {.a = args.q, .segment_length = args.head_dim, .panel = args.k_panels + first * args.head_dim});
#pragma GCC unroll 16
  for (std::size_t i = 0; i < MR; ++i) {
    float* scores = args.scores + i * score_stride + first;
#pragma GCC unroll 2
    for (std::size_t j = 0; j < NV; ++j) V::store(scores + j * V::kWidth, V::mul(sums.at[i][j], scale));
  }
}

/// All scores of the tile; what a row holds past num_tokens is not used.
template <typename V, std::size_t MR>
void attention_scores(const AttentionTileArgs& args, std::size_t score_stride) {
  for (std::size_t first = 0; first < args.num_tokens; first += kPanelVecs * V::kWidth) {
    if (args.num_tokens - first <= V::kWidth) {
      score_panel<V, MR, 1>(args, score_stride, first);
    } else {
      score_panel<V, MR, kPanelVecs>(args, score_stride, first);
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

/// out[i][first …) = (exponentials of row i) · V / (their sum) for NV vectors of columns, the last perhaps short.
template <typename V, std::size_t MR, std::size_t NV>
void value_panel(const AttentionTileArgs& args, const float* const* exponentials, const float* sums,
                 std::size_t first) {
  const Sums<V, MR, NV> products = multiply<V, MR, NV>(
      {.a = exponentials, .segment_length = args.num_tokens, .panel = args.v_panels + first * args.num_tokens});
  const std::size_t left = args.head_dim - first - (NV - 1) * V::kWidth;
  const std::size_t last = left < V::kWidth ? left : V::kWidth;
#pragma GCC unroll 16
  for (std::size_t i = 0; i < MR; ++i) {
    const typename V::Vec inverse = V::set(1.0F / sums[i]);
    float* out = args.out[i] + first;
#pragma GCC unroll 2
    for (std::size_t j = 0; j + 1 < NV; ++j) V::store(out + j * V::kWidth, V::mul(products.at[i][j], inverse));
    V::store_first(out + (NV - 1) * V::kWidth, V::mul(products.at[i][NV - 1], inverse), last);
  }
}

template <typename V, std::size_t MR>
void attention_values(const AttentionTileArgs& args, std::size_t score_stride, const float* sums) {
  const float* exponentials[MR];
  for (std::size_t i = 0; i < MR; ++i) exponentials[i] = args.scores + i * score_stride;
  for (std::size_t first = 0; first < args.head_dim; first += kPanelVecs * V::kWidth) {
    if (args.head_dim - first <= V::kWidth) {
      value_panel<V, MR, 1>(args, exponentials, sums, first);
    } else {
      value_panel<V, MR, kPanelVecs>(args, exponentials, sums, first);
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
