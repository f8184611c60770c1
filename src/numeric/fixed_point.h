// The integer arithmetic that docs/numerics.md is written in: one rounding rule, saturation, and the scale of a row.
// Plain integers, no heap, every loop bounded, C++17: usable from the synthesisable code in hw/hls as it is.
#ifndef EDGEMOE_NUMERIC_FIXED_POINT_H_
#define EDGEMOE_NUMERIC_FIXED_POINT_H_

#include <cstdint>

namespace edgemoe {

/// ⌊value / 2^shift + 1/2⌋, half up: the one rounding rule. Shifts beyond 62 give 0.
constexpr std::int64_t round_shift(std::int64_t value, int shift) {
  if (shift <= 0) return value;
  if (shift > 62) return 0;
  return (value >> shift) + ((value >> (shift - 1)) & 1);
}

/// `value` clipped to the signed integers of `bits` bits.
template <int bits>
constexpr std::int64_t saturate(std::int64_t value) {
  constexpr std::int64_t kLargest = (std::int64_t{1} << (bits - 1)) - 1;
  return value > kLargest ? kLargest : value < -kLargest - 1 ? -kLargest - 1 : value;
}

/// Right by `shift` with rounding; left by −shift, at most 29, where that is negative; clipped to `bits` bits (at most
/// 32). `value` has at most 33 bits.
template <int bits>
constexpr std::int64_t saturating_shift(std::int64_t value, int shift) {
  if (shift >= 0) return saturate<bits>(round_shift(value, shift));
  // 34 bits and 29 fit 63. The contract's mantissas are at least 2¹⁴, so that 29 clips whatever a larger shift would.
  return saturate<bits>(saturate<34>(value) * (std::int64_t{1} << (shift < -29 ? 29 : -shift)));
}

/// Product of two numbers of 16 bits with 15 fraction bits: ⌊a·b / 2¹⁵ + 1/2⌋. −2¹⁵ times −2¹⁵ never occurs: one factor
/// is a mantissa ≥ −32767.
constexpr std::int32_t multiply_q15(std::int32_t a, std::int32_t b) { return (a * b + (1 << 14)) >> 15; }

/// Number of bits of a magnitude: 0 → 0, 1 → 1, 255 → 8, 256 → 9.
constexpr int bit_length(std::uint64_t value) { return value == 0 ? 0 : 64 - __builtin_clzll(value); }

/// ⌊√value⌋, bit by bit as a sequential root in hardware finds it.
constexpr std::uint32_t integer_sqrt(std::uint64_t value) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 62; bit != 0; bit >>= 2) {
    if (value >= root + bit) {
      value -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return static_cast<std::uint32_t>(root);
}

/// The scale of a row (or tensor) of int8: element = a · (mantissa / 127) · 2^−exponent. The mantissa is the row's
/// largest magnitude, shifted to 2¹⁴ ≤ mantissa < 2¹⁵; 0 in a row of zeros.
struct RowScale {
  std::int16_t mantissa = 0;
  std::int16_t exponent = 0;

  constexpr bool operator==(const RowScale& other) const {
    return mantissa == other.mantissa && exponent == other.exponent;
  }
};

/// What quantising a row of s16 to int8 needs: found once a row, from its largest magnitude.
struct RowQuantizer {
  int left_shift = 0;           // brings the largest magnitude to 2¹⁴ … 2¹⁵ − 1
  std::int32_t reciprocal = 0;  // ⌊127 · 2²² / (largest magnitude << left_shift)⌋, 16,256 … 32,512
  RowScale scale;
};

/// `largest` is the largest magnitude of a row of s16 with `fraction` fraction bits, 0 … 32768.
constexpr RowQuantizer make_row_quantizer(std::int32_t largest, int fraction) {
  const std::int32_t magnitude = largest > 32767 ? 32767 : largest;
  if (magnitude == 0) return {};
  const int left_shift = 15 - bit_length(static_cast<std::uint64_t>(magnitude));
  const std::int32_t mantissa = magnitude << left_shift;
  return {left_shift,
          (127 << 22) / mantissa,
          {static_cast<std::int16_t>(mantissa), static_cast<std::int16_t>(fraction + left_shift)}};
}

/// One element of the row: within ±127.
constexpr std::int8_t quantize(std::int32_t value, const RowQuantizer& row) {
  const auto normalized = static_cast<std::int32_t>(static_cast<std::uint32_t>(value) << row.left_shift);
  return static_cast<std::int8_t>((normalized * row.reciprocal + (1 << 21)) >> 22);
}

}  // namespace edgemoe

#endif  // EDGEMOE_NUMERIC_FIXED_POINT_H_
