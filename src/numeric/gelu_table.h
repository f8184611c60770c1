// GELU as the paper has it: ReLU less a small table, even in x, of the difference. 64 straight segments over |x| < 4.
#ifndef EDGEMOE_NUMERIC_GELU_TABLE_H_
#define EDGEMOE_NUMERIC_GELU_TABLE_H_

#include <cstdint>

#include "numeric/fixed_point.h"

namespace edgemoe {

inline constexpr int kGeluSegments = 64;
inline constexpr int kGeluSegmentsPerUnit = 16;
inline constexpr int kGeluFraction = 17;  // fraction bits of the knots

/// ReLU(x) − GELU(x) at |x| = i / 16, with what halves the error between; table_generators.h makes it.
inline constexpr std::int16_t kGeluKnots[kGeluSegments + 1] = {
    0,     3917,  7402,  10485, 13174, 15479, 17414, 18995, 20240, 21170, 21806, 22172, 22292,
    22190, 21892, 21421, 20803, 20061, 19218, 18295, 17312, 16289, 15241, 14185, 13134, 12099,
    11091, 10117, 9186,  8301,  7467,  6686,  5960,  5290,  4674,  4112,  3602,  3142,  2729,
    2360,  2032,  1743,  1489,  1266,  1072,  905,   760,   636,   530,   440,   363,   299,
    245,   200,   163,   132,   106,   86,    68,    55,    43,    34,    27,    21,    17,
};

/// GELU of a number with `fraction` bits (0 … 15) behind the point; the result has as many. Off by at most
/// 3.1 · 10⁻⁴ + 2^−(fraction + 1); 0 gives 0. Beyond ±4 it is ReLU.
constexpr std::int16_t gelu(std::int16_t x, int fraction) {
  const std::int32_t magnitude = x < 0 ? -std::int32_t{x} : x;
  const std::int32_t relu = x < 0 ? 0 : x;
  const std::int32_t segment = fraction >= 4 ? magnitude >> (fraction - 4) : magnitude << (4 - fraction);
  if (segment >= kGeluSegments) return static_cast<std::int16_t>(relu);
  // The place in the segment, 15 fraction bits.
  const std::int32_t place = fraction > 4 ? (magnitude << (19 - fraction)) & 0x7fff : 0;
  const std::int32_t rise = kGeluKnots[segment + 1] - kGeluKnots[segment];
  const std::int32_t difference = kGeluKnots[segment] + multiply_q15(rise, place);
  return static_cast<std::int16_t>(relu - round_shift(difference, kGeluFraction - fraction));
}

}  // namespace edgemoe

#endif  // EDGEMOE_NUMERIC_GELU_TABLE_H_
