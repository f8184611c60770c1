// What attention finds once a head and once a query, docs/numerics.md, section 3.5.
#ifndef EDGEMOE_NUMERIC_ATTENTION_SCALE_H_
#define EDGEMOE_NUMERIC_ATTENTION_SCALE_H_

#include <cmath>
#include <cstdint>

#include "numeric/fixed_point.h"

namespace edgemoe {

/// Fraction bits of a score, in units of log2.
inline constexpr int kScoreFraction = 6;

/// The least exponent of the keys that are not all zero.
struct KeyExponent {
  int value = 0;
  bool any = false;

  constexpr void see(RowScale scale) {
    if (scale.mantissa == 0 || (any && value <= scale.exponent)) return;
    value = scale.exponent;
    any = true;
  }
};

/// Of a head of `head_dim` elements: log2(e) / (√head_dim · 127²) = mantissa · 2^(exponent − 15).
struct ScoreScale {
  std::int16_t mantissa;
  int exponent;
  int pre_shift;

  /// The channel's mantissa of a key; `least` is the least exponent of all keys.
  constexpr std::int16_t key_mantissa(RowScale key, int least) const {
    if (key.mantissa == 0) return 0;
    return static_cast<std::int16_t>(round_shift(multiply_q15(key.mantissa, mantissa), key.exponent - least));
  }
  /// What brings a query's scores to kScoreFraction.
  constexpr int shift(int query_exponent, int least) const {
    return query_exponent + least - pre_shift - 30 - kScoreFraction - exponent;
  }
};

/// A constant of the network: made at load, in double precision.
inline ScoreScale make_score_scale(int head_dim) {
  constexpr double kLog2E = 1.4426950408889634074;
  const double value = kLog2E / (std::sqrt(static_cast<double>(head_dim)) * 127 * 127);
  int exponent = 0;
  const double mantissa = std::floor(std::ldexp(std::frexp(value, &exponent), 15) + 0.5);
  const int bits = bit_length(127 * 127 * static_cast<std::uint64_t>(head_dim));
  return {static_cast<std::int16_t>(mantissa > 32767 ? 32767 : mantissa), exponent, bits > 15 ? bits - 15 : 0};
}

/// What a query's sum of exponentials makes of its products with V. `sum` ≥ 65280: the largest is in it.
struct SoftmaxScale {
  int pre_shift;
  std::int16_t reciprocal;  // ⌊2³⁶ / (127 · (sum >> pre_shift))⌋, 8,256 … 16,513
};

constexpr SoftmaxScale make_softmax_scale(std::uint32_t sum) {
  const int pre_shift = bit_length(sum) - 16;
  const std::uint64_t divisor = 127 * static_cast<std::uint64_t>(sum >> pre_shift);
  return {pre_shift, static_cast<std::int16_t>((std::uint64_t{1} << 36) / divisor)};
}

}  // namespace edgemoe

#endif  // EDGEMOE_NUMERIC_ATTENTION_SCALE_H_
