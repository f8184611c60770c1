// How the int8 engine counts saturated numbers without looking at each: a bound that it has anyhow, or a cheap one,
// tells where there can be none. Elsewhere it counts as the reference does, number by number.
#ifndef EDGEMOE_ENGINE_INT8_SATURATION_H_
#define EDGEMOE_ENGINE_INT8_SATURATION_H_

#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "engine/saturation.h"
#include "kernels/int8/int8_kernels.h"

namespace edgemoe {

/// A row of s16 that a bias was added to; `largest` and `largest_bias` are magnitudes.
inline void count_narrow(Saturation& counts, std::size_t tensor, const std::int16_t* row, const std::int16_t* bias,
                         std::size_t count, std::int32_t largest, std::int32_t largest_bias) {
  if (largest + largest_bias >= INT16_MAX) counts.add(tensor, count_biased<16>(row, bias, count));
}

/// A number that no product of the residual stream's format exceeds after the shift, and is not far above.
constexpr std::int64_t wide_bound(int shift) {
  constexpr std::int64_t kProduct = std::int64_t{1} << 30;
  return shift > 0 ? (kProduct >> (shift > 62 ? 62 : shift)) + 1 : kProduct << (shift < -3 ? 3 : -shift);
}

/// Before `args` is computed: its numbers before they are weighted and added. Returns a bound of them.
std::int64_t count_wide(Saturation& counts, std::size_t tensor, const int8::WideArgs& args, std::int64_t largest_bias);

/// What the rows of the residual stream do not exceed.
class ResidualBounds {
 public:
  explicit ResidualBounds(std::size_t rows) : bounds_(rows) {}

  std::int64_t& operator[](std::size_t row) { return bounds_[row]; }
  std::int64_t* data() { return bounds_.data(); }
  std::size_t bytes() const { return 8 * bounds_.size(); }

  /// Before numbers within `bound` are added to a row: true where none of the sums can be at an end.
  bool admit(std::size_t row, std::int64_t bound, const std::int32_t* residual, std::size_t count);

 private:
  AlignedBuffer<std::int64_t> bounds_;
};

/// Before `args` is computed and added to row `row` of the residual stream: its numbers, and the sums. Returns whether
/// any of them can be beyond 32 bits.
bool count_wide_sum(Saturation& counts, std::size_t tensor, std::size_t sum_tensor, const int8::WideArgs& args,
                    std::int64_t largest_bias, ResidualBounds& bounds, std::size_t row);

/// Before `part`, within `bound`, is added to the residual stream.
void count_sum(Saturation& counts, std::size_t tensor, const std::int32_t* residual, const std::int32_t* part,
               std::size_t count, std::int64_t bound, ResidualBounds& bounds, std::size_t row);

/// Whether probabilities times values, shifted, can be at an end of 16 bits: only where most of the exponentials are
/// half a unit of a probability and rounded up, all of them. `sum`: of the exponentials of `tokens` keys.
constexpr bool values_can_saturate(std::uint32_t sum, int pre_shift, std::size_t tokens) {
  const std::uint64_t rounded_up = 1 + (sum - 65280) / 128;
  const std::uint64_t halves = 128 * (tokens < rounded_up ? tokens : rounded_up);
  return 127 * (sum + halves) + 256 * (std::uint64_t{1} << pre_shift) >= 256 * (std::uint64_t{32767} << pre_shift);
}

/// A head's packed values and what it made of them for a query.
struct HeadOutput {
  const std::int16_t* scores;  // final ones
  std::size_t tokens;
  const std::int8_t* values;  // as int8::ValueArgs has them
  const std::uint8_t* order;  // of a panel's outputs
  std::size_t head_dim;
  int pre_shift;
  const std::int16_t* out;
};

/// Of a query's outputs that are at no end themselves, those whose sum of products was.
std::uint64_t count_values(const HeadOutput& head);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_INT8_SATURATION_H_
