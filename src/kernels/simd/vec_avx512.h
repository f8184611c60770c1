// Sixteen float lanes of AVX-512 (F, DQ). See vec_portable.h for what each operation promises.
#ifndef EDGEMOE_KERNELS_SIMD_VEC_AVX512_H_
#define EDGEMOE_KERNELS_SIMD_VEC_AVX512_H_

#include <immintrin.h>

#include <cstddef>

namespace edgemoe::simd {

struct VecAvx512 {
  static constexpr std::size_t kWidth = 16;
  static constexpr std::size_t kMaxRows = 14;  // 28 sums, two vectors of B, one element of A: 31 of 32 registers
  using Vec = __m512;

  static Vec zero() { return _mm512_setzero_ps(); }
  static Vec set(float x) { return _mm512_set1_ps(x); }
  static Vec load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
  static Vec load_first(const float* p, std::size_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
  static void store_first(float* p, Vec v, std::size_t n) { _mm512_mask_storeu_ps(p, first(n), v); }

  static Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
  static Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
  static Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
  static Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
  static Vec neg_fma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }
  static Vec abs(Vec a) { return _mm512_abs_ps(a); }
  static Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  static Vec keep_if_less(Vec a, Vec b, Vec v) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), v); }
  static Vec zero_if_less(Vec a, Vec b, Vec v) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ), v); }
  static Vec exp2_of_low_bits(Vec v) {
    const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(v), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(exponent, _mm512_set1_epi32(0x3F800000)));
  }
  static float reduce_add(Vec v) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
  }
  static float reduce_max(Vec v) {
    const __m256 half = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 top = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    top = _mm_max_ps(top, _mm_movehl_ps(top, top));
    return _mm_cvtss_f32(_mm_max_ss(top, _mm_movehdup_ps(top)));
  }
  static float sqrt(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
  [[gnu::always_inline]] static void prefetch(const float* p) {
    _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1);
  }

 private:
  static __mmask16 first(std::size_t n) { return static_cast<__mmask16>((1u << n) - 1u); }
};

}  // namespace edgemoe::simd

#endif  // EDGEMOE_KERNELS_SIMD_VEC_AVX512_H_
