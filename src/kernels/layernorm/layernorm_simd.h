// LayerNorm of one row; V is one of the vec_*.h.
#ifndef EDGEMOE_KERNELS_LAYERNORM_LAYERNORM_SIMD_H_
#define EDGEMOE_KERNELS_LAYERNORM_LAYERNORM_SIMD_H_

#include <cstddef>

#include "kernels/simd/kernel_table.h"

namespace edgemoe::simd {

/// Sum of f(vector) over the n / kWidth whole vectors of a row. Four sums take the vectors in turn, so that an addition
/// need not wait for the one before; then they are added up, and their lanes.
template <typename V, typename F>
[[gnu::always_inline]] inline float sum_whole_vectors(const float* in, std::size_t n, const F& f) {
  constexpr std::size_t kStep = 4 * V::kWidth;
  typename V::Vec sums[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) sums[j] = f(V::load(in + i + j * V::kWidth), sums[j]);
  }
  for (; i + V::kWidth <= n; i += V::kWidth) sums[0] = f(V::load(in + i), sums[0]);
  return V::reduce_add(V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3])));
}

/// The mean is summed relative to the row's first element: a constant row has exactly its value as mean and 0 as
/// variance, however large.
template <typename V>
void layernorm_row(const LayerNormRowArgs& args) {
  using Vec = typename V::Vec;
  const std::size_t whole = args.n / V::kWidth * V::kWidth;
  const std::size_t rest = args.n - whole;
  const float* in = args.in;
  const auto n = static_cast<float>(args.n);

  const float first = in[0];
  const Vec origin = V::set(first);
  float sum = sum_whole_vectors<V>(in, whole, [&](Vec x, Vec lanes) { return V::add(lanes, V::sub(x, origin)); });
  for (std::size_t i = whole; i < args.n; ++i) sum += in[i] - first;
  const float row_mean = first + sum / n;

  const Vec mean = V::set(row_mean);
  float squares = sum_whole_vectors<V>(in, whole, [&](Vec x, Vec lanes) {
    const Vec difference = V::sub(x, mean);
    return V::fma(difference, difference, lanes);
  });
  for (std::size_t i = whole; i < args.n; ++i) squares += (in[i] - row_mean) * (in[i] - row_mean);
  const Vec scale = V::set(1.0F / V::sqrt(squares / n + args.eps));

  for (std::size_t i = 0; i < whole; i += V::kWidth) {
    const Vec normed = V::mul(V::sub(V::load(in + i), mean), scale);
    V::store(args.out + i, V::fma(normed, V::load(args.weight + i), V::load(args.bias + i)));
  }
  if (rest == 0) return;
  const Vec normed = V::mul(V::sub(V::load_first(in + whole, rest), mean), scale);
  const Vec out = V::fma(normed, V::load_first(args.weight + whole, rest), V::load_first(args.bias + whole, rest));
  V::store_first(args.out + whole, out, rest);
}

}  // namespace edgemoe::simd

#endif  // EDGEMOE_KERNELS_LAYERNORM_LAYERNORM_SIMD_H_
