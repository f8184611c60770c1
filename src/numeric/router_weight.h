// Router weights from differences of logits, docs/numerics.md, section 3.8.
#ifndef EDGEMOE_NUMERIC_ROUTER_WEIGHT_H_
#define EDGEMOE_NUMERIC_ROUTER_WEIGHT_H_

#include <cstdint>

#include "numeric/exp2_table.h"
#include "numeric/fixed_point.h"

namespace edgemoe {

/// A difference of logits · kappa · 2^−sigma is log2 with 12 fraction bits.
struct RouterScale {
  std::int32_t kappa = 0;
  int sigma = 0;

  /// `difference` = largest − logit ≥ 0, below 2⁴⁷; `shift`: of the row that the router read.
  constexpr std::uint16_t exponential(std::int64_t difference, int shift) const {
    // Nothing is left of it from 2¹⁶ on, and what a left shift could lose is more than that.
    const int right = sigma - shift;
    const std::int64_t product = difference * kappa;
    const std::int64_t distance = right >= 0     ? round_shift(product, right)
                                  : product == 0 ? 0
                                  : right < -17  ? (1 << 17)
                                                 : (product > (1 << 17) ? (1 << 17) : product << -right);
    return exp2_negative_fine(static_cast<std::uint32_t>(distance > (1 << 17) ? (1 << 17) : distance));
  }
};

/// A logit's constant (at most 2⁴⁵) in the units of a row that was shifted by `shift` ≥ −15, clipped to 46 bits.
constexpr std::int64_t shifted_constant(std::int64_t constant, int shift) {
  return saturate<46>(shift >= 0 ? round_shift(constant, shift) : constant * (std::int64_t{1} << -shift));
}

/// `sum` ≥ 65280: the largest is in it.
constexpr std::uint32_t router_reciprocal(std::uint32_t sum) {
  return static_cast<std::uint32_t>((std::uint64_t{1} << 32) / sum);
}

/// 16 bits, 65536 would be 1.
constexpr std::uint16_t router_weight(std::uint16_t exponential, std::uint32_t reciprocal) {
  const std::int64_t weight = round_shift(static_cast<std::int64_t>(exponential) * reciprocal, 16);
  return static_cast<std::uint16_t>(weight > 65535 ? 65535 : weight);
}

}  // namespace edgemoe

#endif  // EDGEMOE_NUMERIC_ROUTER_WEIGHT_H_
