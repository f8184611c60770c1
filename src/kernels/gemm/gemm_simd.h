// The GEMM tile: MR rows of A times one packed panel of B with all sums in registers. V is one of the vec_*.h.
//
// Each step of k loads kPanelVecs vectors of B and one element of every row of A, and does MR · kPanelVecs fused
// multiply-adds: with 14 × 2 sums (AVX-512) that is 16 loads for 28 multiply-adds, so the arithmetic is the limit as
// long as the panel comes from the first- or second-level cache.
#ifndef EDGEMOE_KERNELS_GEMM_GEMM_SIMD_H_
#define EDGEMOE_KERNELS_GEMM_GEMM_SIMD_H_

#include <cstddef>

#include "kernels/simd/kernel_table.h"
#include "kernels/simd/math_simd.h"

namespace edgemoe::simd {

inline constexpr std::size_t kPanelVecs = 2;  // vectors in a row of a panel

/// Rows of A for one tile, and the part of B they meet.
struct ProductArgs {
  const float* const* a = nullptr;  // [segments][MR]
  std::size_t segments = 1;
  std::size_t segment_length = 0;
  const float* panel = nullptr;
  const float* prefetch = nullptr;  // Prefetch::kNextPanel only
};

enum class Prefetch { kNone, kNextPanel };

template <typename V, std::size_t MR, std::size_t NV>
struct Sums {
  typename V::Vec at[MR][NV];
};

/// The sums over k, ascending, from zero. NV < kPanelVecs leaves the panel's last vectors out.
template <typename V, std::size_t MR, std::size_t NV, Prefetch kPrefetch = Prefetch::kNone>
[[gnu::always_inline]] inline Sums<V, MR, NV> multiply(const ProductArgs& args) {
  constexpr std::size_t kPanelWidth = kPanelVecs * V::kWidth;
  using Vec = typename V::Vec;
  Sums<V, MR, NV> sums;
#pragma GCC unroll 16
  for (std::size_t i = 0; i < MR; ++i) {
#pragma GCC unroll 2
    for (std::size_t j = 0; j < NV; ++j) sums.at[i][j] = V::zero();
  }
  const float* panel = args.panel;
  [[maybe_unused]] const float* prefetch = args.prefetch;
  for (std::size_t segment = 0; segment < args.segments; ++segment) {
    const float* rows[MR];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < MR; ++i) rows[i] = args.a[segment * MR + i];
    for (std::size_t k = 0; k < args.segment_length; ++k) {
      Vec b[NV];
#pragma GCC unroll 2
      for (std::size_t j = 0; j < NV; ++j) {
        b[j] = V::load(panel + j * V::kWidth);
        if constexpr (kPrefetch == Prefetch::kNextPanel) V::prefetch(prefetch + j * V::kWidth);
      }
#pragma GCC unroll 16
      for (std::size_t i = 0; i < MR; ++i) {
        const Vec a = V::set(rows[i][k]);
#pragma GCC unroll 2
        for (std::size_t j = 0; j < NV; ++j) sums.at[i][j] = V::fma(a, b[j], sums.at[i][j]);
      }
      panel += kPanelWidth;
      if constexpr (kPrefetch == Prefetch::kNextPanel) prefetch += kPanelWidth;
    }
  }
  return sums;
}

/// Bias, activation and store of a tile whose sums stand in `sums` [num_rows][vecs · kWidth]. Not unrolled over rows: a
/// tile is finished once, and the sums pass through the first-level cache meanwhile.
template <typename V>
void finish_tile(const TileArgs& args, const float* sums, std::size_t vecs) {
  using Vec = typename V::Vec;
  for (std::size_t j = 0; j < vecs; ++j) {
    const std::size_t offset = j * V::kWidth;
    const std::size_t left = args.num_cols - offset;
    const std::size_t lanes = left < V::kWidth ? left : V::kWidth;
    const Vec bias = args.bias == nullptr ? V::zero() : V::load_first(args.bias + offset, lanes);
    for (std::size_t i = 0; i < args.num_rows; ++i) {
      Vec value = V::add(V::load(sums + (i * vecs + j) * V::kWidth), bias);
      if (args.activation == GemmActivation::kGelu) value = gelu<V>(value);
      if (args.activation == GemmActivation::kRelu) value = V::max(V::zero(), value);
      float* c = args.c[i] + offset;
      if (args.store == GemmStore::kAccumulate) {
        const Vec scale = V::set(args.row_scale == nullptr ? 1.0F : args.row_scale[i]);
        value = V::fma(scale, value, V::load_first(c, lanes));
      }
      V::store_first(c, value, lanes);
    }
  }
}

template <typename V, std::size_t MR, std::size_t NV, Prefetch kPrefetch>
void gemm_tile_of(const TileArgs& args) {
  const Sums<V, MR, NV> sums = multiply<V, MR, NV, kPrefetch>({.a = args.a,
                                                               .segments = args.segments,
                                                               .segment_length = args.segment_length,
                                                               .panel = args.panel,
                                                               .prefetch = args.prefetch});
  alignas(64) float buffer[MR * NV * V::kWidth];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < MR; ++i) {
#pragma GCC unroll 2
    for (std::size_t j = 0; j < NV; ++j) V::store(buffer + (i * NV + j) * V::kWidth, sums.at[i][j]);
  }
  finish_tile<V>(args, buffer, NV);
}

/// Calls the tile made for exactly num_rows rows; MR counts down from the largest.
template <typename V, std::size_t MR = V::kMaxRows>
void gemm_tile(const TileArgs& args) {
  if constexpr (MR > 1) {
    if (args.num_rows < MR) return gemm_tile<V, MR - 1>(args);
  }
  if (args.num_cols <= V::kWidth) {
    gemm_tile_of<V, MR, 1, Prefetch::kNone>(args);
  } else if (args.prefetch == nullptr) {
    gemm_tile_of<V, MR, kPanelVecs, Prefetch::kNone>(args);
  } else {
    gemm_tile_of<V, MR, kPanelVecs, Prefetch::kNextPanel>(args);
  }
}

}  // namespace edgemoe::simd

#endif  // EDGEMOE_KERNELS_GEMM_GEMM_SIMD_H_
