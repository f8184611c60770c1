// Fills a KernelTable with the templates made for one vec_*.h.
#ifndef EDGEMOE_KERNELS_SIMD_MAKE_KERNEL_TABLE_H_
#define EDGEMOE_KERNELS_SIMD_MAKE_KERNEL_TABLE_H_

#include "kernels/attention/attention_simd.h"
#include "kernels/gemm/gemm_simd.h"
#include "kernels/layernorm/layernorm_simd.h"
#include "kernels/simd/kernel_table.h"
#include "kernels/simd/math_simd.h"

namespace edgemoe::simd {

template <typename V>
void gelu_array(const float* in, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) V::store(out + i, gelu<V>(V::load(in + i)));
  if (i < n) V::store_first(out + i, gelu<V>(V::load_first(in + i, n - i)), n - i);
}

template <typename V>
void exp_nonpositive_array(const float* in, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) V::store(out + i, exp_nonpositive<V>(V::load(in + i)));
  if (i < n) V::store_first(out + i, exp_nonpositive<V>(V::load_first(in + i, n - i)), n - i);
}

template <typename V>
constexpr KernelTable make_kernel_table() {
  static_assert(V::kMaxRows <= kMaxTileRows && kPanelVecs * V::kWidth <= kMaxPanelWidth);
  return {.panel_width = kPanelVecs * V::kWidth,
          .max_rows = V::kMaxRows,
          .gemm_tile = gemm_tile<V>,
          .attention_tile = attention_tile<V>,
          .layernorm_row = layernorm_row<V>,
          .gelu = gelu_array<V>,
          .exp_nonpositive = exp_nonpositive_array<V>};
}

}  // namespace edgemoe::simd

#endif  // EDGEMOE_KERNELS_SIMD_MAKE_KERNEL_TABLE_H_
