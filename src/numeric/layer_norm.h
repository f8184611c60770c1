// LayerNorm of one row in integers: what is found once a row. The elements follow docs/numerics.md, section
// "LayerNorm".
#ifndef EDGEMOE_NUMERIC_LAYER_NORM_H_
#define EDGEMOE_NUMERIC_LAYER_NORM_H_

#include <cstdint>

#include "numeric/fixed_point.h"

namespace edgemoe {

/// Fraction bits of the residual stream, which LayerNorm reads.
inline constexpr int kResidualFraction = 16;
/// Most elements of a row.
inline constexpr int kMaxNormWidth = 8192;
/// Largest eps of a norm, 32 fraction bits (4.9 · 10⁻⁴): its sum over a row then fits 64 bits however it is shifted.
inline constexpr std::uint32_t kMaxNormEps = (1U << 21) - 1;

/// The mean of `count` numbers whose sum is `sum`, to the nearest, half up.
constexpr std::int64_t rounded_mean(std::int64_t sum, std::int64_t count) {
  const std::int64_t numerator = 2 * sum + count;
  const std::int64_t quotient = numerator / (2 * count);
  return numerator % (2 * count) < 0 ? quotient - 1 : quotient;
}

/// Right shift (negative: left) that brings the row's largest distance from its mean to 2¹⁴ … 2¹⁵.
constexpr int deviation_shift(std::uint64_t largest) { return largest == 0 ? 0 : bit_length(largest) - 15; }

/// 1/σ of a row: an element is d · mantissa · 2^−exponent with d the deviation, shifted as above.
struct InverseDeviation {
  std::int16_t mantissa = 0;  // 2¹⁴ … 2¹⁵ − 1
  std::int16_t exponent = 0;
};

/// How hardware finds a root: bit by bit. A processor may have it otherwise, with the same result.
struct IntegerRoot {
  constexpr std::uint32_t operator()(std::uint64_t value) const { return integer_sqrt(value); }
};

/// `squares`: sum of the squares of the row's `count` deviations, shifted right by `shift`; `eps`: the norm's, 32
/// fraction bits, 1 … kMaxNormEps, so that a constant row is divided by something.
template <typename Root = IntegerRoot>
constexpr InverseDeviation inverse_deviation(std::uint64_t squares, int shift, std::uint32_t eps, std::uint64_t count,
                                             Root root = {}) {
  const std::uint64_t eps_sum = count * eps;
  const std::uint64_t sum =
      squares + (shift >= 0 ? (shift > 31 ? 0 : eps_sum >> (2 * shift)) : eps_sum << (-2 * shift));
  // count / sum is brought to 2²⁸ … 2³² by even shifts, so that its root has half as many bits.
  int sum_shift = bit_length(sum) - 32;
  sum_shift += sum_shift & 1;
  const std::uint64_t normal_sum = sum_shift >= 0 ? sum >> sum_shift : sum << -sum_shift;
  int count_shift = 0;
  while (count << count_shift < (1U << 12)) count_shift += 2;
  std::uint64_t ratio = ((count << count_shift) << 48) / normal_sum;
  int exponent = 48 + count_shift + sum_shift;
  while (ratio >= (1U << 30)) {
    ratio >>= 2;
    exponent -= 2;
  }
  return {static_cast<std::int16_t>(root(ratio)), static_cast<std::int16_t>(exponent / 2)};
}

}  // namespace edgemoe

#endif  // EDGEMOE_NUMERIC_LAYER_NORM_H_
