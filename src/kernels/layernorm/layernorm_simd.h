// LayerNorm of one row; V is one of the vec_*.h.
#ifndef EDGEMOE_KERNELS_LAYERNORM_LAYERNORM_SIMD_H_
#define EDGEMOE_KERNELS_LAYERNORM_LAYERNORM_SIMD_H_

#include <cstddef>

#include "kernels/simd/kernel_table.h"

namespace edgemoe::simd {

/// Sums are kept per lane, lane l taking the elements l, l + kWidth, …, then added up across lanes. The mean is summed
/// relative to the row's first element: a constant row has exactly its value as mean and 0 as variance, however large.
template <typename V>
void layernorm_row(const LayerNormRowArgs& args) {
  using Vec = typename V::Vec;
  const std::size_t whole = args.n / V::kWidth * V::kWidth;
  const std::size_t rest = args.n - whole;
  const float* in = args.in;
  const auto n = static_cast<float>(args.n);

  const Vec origin = V::set(in[0]);
  Vec lanes = V::zero();
  for (std::size_t i = 0; i < whole; i += V::kWidth) lanes = V::add(lanes, V::sub(V::load(in + i), origin));
  float sum = V::reduce_add(lanes);
  for (std::size_t i = whole; i < args.n; ++i) sum += in[i] - in[0];
  const Vec mean = V::set(in[0] + sum / n);

  lanes = V::zero();
  for (std::size_t i = 0; i < whole; i += V::kWidth) {
    const Vec difference = V::sub(V::load(in + i), mean);
    lanes = V::fma(difference, difference, lanes);
  }
  float squares = V::reduce_add(lanes);
  for (std::size_t i = whole; i < args.n; ++i) {
    const float difference = in[i] - (in[0] + sum / n);
    squares += difference * difference;
  }
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
