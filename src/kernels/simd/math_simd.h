// exp and GELU on vectors; V is one of the vec_*.h.
#ifndef EDGEMOE_KERNELS_SIMD_MATH_SIMD_H_
#define EDGEMOE_KERNELS_SIMD_MATH_SIMD_H_

#include <cstddef>

namespace edgemoe::simd {

/// Horner's scheme, coefficients from the constant term up.
template <typename V, std::size_t kTerms>
[[gnu::always_inline]] inline typename V::Vec polynomial(const float (&coefficients)[kTerms], typename V::Vec x) {
  typename V::Vec sum = V::set(coefficients[kTerms - 1]);
#pragma GCC unroll 32
  for (std::size_t i = 1; i < kTerms; ++i) sum = V::fma(sum, x, V::set(coefficients[kTerms - 1 - i]));
  return sum;
}

/// e^x for x ≤ 0: relative error below 2.5e-7; 0 below −87.3, where the result leaves the normal numbers; NaN stays.
///
/// x = n·ln 2 + f with |f| ≤ ln 2 / 2; e^f by the polynomial of degree 6 of least relative error (3e-9) among those
/// that begin 1 + f.
template <typename V>
[[gnu::always_inline]] inline typename V::Vec exp_nonpositive(typename V::Vec x) {
  static constexpr float kCoefficients[] = {1.0F,           1.0F,          0x1.fffffcp-2F, 0x1.555492p-3F,
                                            0x1.5558f2p-5F, 0x1.123a2p-7F, 0x1.6a23cep-10F};
  const typename V::Vec rounder = V::set(0x1.8p23F);  // adding it rounds to an integer, kept in the lowest bits
  const typename V::Vec shifted = V::fma(x, V::set(0x1.715476p0F), rounder);  // log2 e
  const typename V::Vec n = V::sub(shifted, rounder);
  typename V::Vec f = V::neg_fma(n, V::set(0x1.62ep-1F), x);  // ln 2 in two parts; n times the first is exact
  f = V::neg_fma(n, V::set(0x1.0bfbe8p-15F), f);
  const typename V::Vec result = V::mul(polynomial<V>(kCoefficients, f), V::exp2_of_low_bits(shifted));
  return V::zero_if_less(x, V::set(-87.3F), result);
}

/// x·Φ(x), absolute error below 5e-7; exactly x from 5.5 up, exactly 0 at 0 and from −5.5 down; NaN stays.
///
/// GELU(x) = max(x, 0) − t·Φ(−t) with t = |x|: the second term is even, at most 0.17, and below 1.1e-7 from t = 5.5 on.
/// Φ(−t) on [0, 5.5] is a polynomial of degree 15 in u = t / 2.75 − 1, fitted for the least maximum of t·|error|
/// (1.3e-7); centred, its coefficients sum to 1.3 in magnitude, so rounding adds little.
template <typename V>
[[gnu::always_inline]] inline typename V::Vec gelu(typename V::Vec x) {
  static constexpr float kCoefficients[] = {0x1.8690a2p-9F,  -0x1.99bb6ap-6F, 0x1.834f2ep-4F,  -0x1.a78afap-3F,
                                            0x1.166a44p-2F,  -0x1.6ad5bp-3F,  -0x1.a50bcap-5F, 0x1.bf5acp-3F,
                                            -0x1.4df1ccp-3F, -0x1.1e1b58p-5F, 0x1.10cep-3F,    -0x1.92062ap-5F,
                                            -0x1.646abap-5F, 0x1.edab2p-6F,   0x1.5d2628p-8F,  -0x1.6dba4cp-8F};
  const typename V::Vec t = V::abs(x);
  const typename V::Vec u = V::fma(t, V::set(0x1.745d18p-2F), V::set(-1.0F));  // 1 / 2.75
  const typename V::Vec tail = V::mul(t, polynomial<V>(kCoefficients, u));
  return V::sub(V::max(V::zero(), x), V::keep_if_less(t, V::set(5.5F), tail));
}

}  // namespace edgemoe::simd

#endif  // EDGEMOE_KERNELS_SIMD_MATH_SIMD_H_
