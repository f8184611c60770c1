// 2^(−x) from a table of 64 entries: the exponentials of softmax.
#ifndef EDGEMOE_NUMERIC_EXP2_TABLE_H_
#define EDGEMOE_NUMERIC_EXP2_TABLE_H_

#include <cstdint>

namespace edgemoe {

inline constexpr int kExp2Entries = 64;
inline constexpr int kExp2IndexBits = 6;
/// What stands for 1: a multiple of 255, so that the largest probability of 8 bits is exactly 1 too.
inline constexpr std::int32_t kExp2One = 255 << 8;

/// round(65280 · 2^(−i / 64)); table_generators.h makes it, tables_test.cpp compares.
inline constexpr std::uint16_t kExp2Table[kExp2Entries] = {
    65280, 64577, 63881, 63193, 62512, 61839, 61173, 60514, 59862, 59217, 58579, 57948, 57324, 56707, 56096, 55491,
    54894, 54302, 53717, 53139, 52566, 52000, 51440, 50886, 50338, 49796, 49259, 48729, 48204, 47684, 47171, 46663,
    46160, 45663, 45171, 44684, 44203, 43727, 43256, 42790, 42329, 41873, 41422, 40976, 40534, 40098, 39666, 39238,
    38816, 38398, 37984, 37575, 37170, 36770, 36374, 35982, 35594, 35211, 34831, 34456, 34085, 33718, 33355, 32995,
};

/// 65280 · 2^(−distance / 64), rounded down after the table: at most 0.5 above it, less than 1 + 2^−17 of it below.
/// distance ≥ 0.
constexpr std::uint16_t exp2_negative(std::uint32_t distance) {
  const std::uint32_t halvings = distance >> kExp2IndexBits;
  return halvings > 15 ? 0 : static_cast<std::uint16_t>(kExp2Table[distance % kExp2Entries] >> halvings);
}

/// The same with 12 fraction bits in `distance` and a straight line between entries: off by less than 2 + 2^−15 of the
/// value.
constexpr std::uint16_t exp2_negative_fine(std::uint32_t distance) {
  const std::uint32_t halvings = distance >> 12;
  if (halvings > 15) return 0;
  const std::uint32_t index = distance >> 6 & (kExp2Entries - 1);
  const std::uint32_t here = kExp2Table[index];
  const std::uint32_t next = index + 1 < kExp2Entries ? kExp2Table[index + 1] : kExp2One / 2;
  return static_cast<std::uint16_t>((here - (((here - next) * (distance & 63) + 32) >> 6)) >> halvings);
}

}  // namespace edgemoe

#endif  // EDGEMOE_NUMERIC_EXP2_TABLE_H_
