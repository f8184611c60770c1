// How alike two tensors are.
#ifndef EDGEMOE_BASE_COSINE_H_
#define EDGEMOE_BASE_COSINE_H_

#include <cmath>
#include <cstddef>
#include <span>

#include "base/check.h"

namespace edgemoe {

/// Cosine of the angle between two vectors of one length; not a number where one is all zeros.
inline double cosine(std::span<const float> a, std::span<const float> b) {
  EDGEMOE_CHECK(a.size() == b.size());
  double product = 0;
  double a_squares = 0;
  double b_squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    a_squares += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    b_squares += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return product / std::sqrt(a_squares * b_squares);
}

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_COSINE_H_
