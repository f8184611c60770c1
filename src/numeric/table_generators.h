// Where the tables' constants come from. Only the test that compares them uses this: no floating-point number decides a
// result of the integer network.
#ifndef EDGEMOE_NUMERIC_TABLE_GENERATORS_H_
#define EDGEMOE_NUMERIC_TABLE_GENERATORS_H_

#include <cmath>
#include <cstdint>

#include "numeric/exp2_table.h"
#include "numeric/gelu_table.h"

namespace edgemoe {

/// 65280 · 2^(−index / 64), to the nearest.
inline std::uint16_t make_exp2_entry(int index) {
  return static_cast<std::uint16_t>(std::lround(kExp2One * std::exp2(-index / static_cast<long double>(kExp2Entries))));
}

/// ReLU(x) − GELU(x) = |x| · Φ(−|x|).
inline long double relu_minus_gelu(long double magnitude) {
  return magnitude * 0.5L * std::erfc(magnitude / std::sqrt(2.0L));
}

/// Value at the start of segment `index`, 17 fraction bits. Zero at 0, so that GELU(0) = 0; every other knot is moved
/// by half the chord's largest distance from the curve, h²/16 · f″ with f″(x) = φ(x) · (x² − 2), which halves the
/// error.
inline std::int16_t make_gelu_knot(int index) {
  constexpr long double kWidth = 1.0L / kGeluSegmentsPerUnit;
  constexpr long double kInverseSqrtTwoPi = 0.3989422804014326779L;
  if (index == 0) return 0;
  const long double x = index * kWidth;
  const long double curvature = kInverseSqrtTwoPi * std::exp(-x * x / 2) * (x * x - 2);
  const long double knot = relu_minus_gelu(x) - kWidth * kWidth / 16 * curvature;
  return static_cast<std::int16_t>(std::lround(std::ldexp(knot, kGeluFraction)));
}

}  // namespace edgemoe

#endif  // EDGEMOE_NUMERIC_TABLE_GENERATORS_H_
