// LayerNorm of docs/numerics.md, section 3.4: one token of the residual stream to s16.
#ifndef EDGEMOE_HLS_LAYER_NORM_H_
#define EDGEMOE_HLS_LAYER_NORM_H_

#include <cstdint>

#include "hls/pragma.h"
#include "numeric/fixed_point.h"
#include "numeric/layer_norm.h"

namespace edgemoe::hls {

struct NormLayer {
  const std::int16_t* gain;
  const std::int16_t* bias;
  int gain_exponent;
  int fraction;  // of the outputs
  std::uint32_t eps;
};

/// `row` and `out` are [count].
template <typename Design>
void layer_norm(const std::int32_t* row, int count, const NormLayer& norm, std::int16_t* out) {
  std::int64_t sum = 0;
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    sum += row[i];
  }
  const std::int64_t mean = rounded_mean(sum, count);
  std::uint64_t largest = 0;
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    const std::int64_t difference = row[i] - mean;
    const auto magnitude = static_cast<std::uint64_t>(difference < 0 ? -difference : difference);
    largest = magnitude > largest ? magnitude : largest;
  }
  const int shift = deviation_shift(largest);
  std::int16_t deviation[Design::kMaxInputs];
  std::uint64_t squares = 0;
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    deviation[i] = static_cast<std::int16_t>(saturating_shift<16>(row[i] - mean, shift));
    squares += static_cast<std::uint64_t>(std::int64_t{deviation[i]} * deviation[i]);
  }
  const InverseDeviation inverse = inverse_deviation(squares, shift, norm.eps, static_cast<std::uint64_t>(count));
  const int out_shift = inverse.exponent - 15 - norm.fraction - norm.gain_exponent;
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    const std::int32_t scaled = multiply_q15(multiply_q15(deviation[i], inverse.mantissa), norm.gain[i]);
    out[i] = static_cast<std::int16_t>(saturate<16>(saturating_shift<16>(scaled, out_shift) + norm.bias[i]));
  }
}

}  // namespace edgemoe::hls

#endif  // EDGEMOE_HLS_LAYER_NORM_H_
