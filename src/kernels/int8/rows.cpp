#include "kernels/int8/rows.h"

#include <algorithm>
#include <cstdlib>

#include "numeric/exp2_table.h"
#include "numeric/fixed_point.h"
#include "numeric/gelu_table.h"
#include "numeric/layer_norm.h"

namespace edgemoe::int8::plain {

std::int32_t largest(const std::int16_t* row, std::size_t count) {
  std::int32_t result = 0;
  for (std::size_t i = 0; i < count; ++i) result = std::max(result, std::abs(std::int32_t{row[i]}));
  return result;
}

std::int32_t narrow(const NarrowArgs& args) {
  for (std::size_t i = 0; i < args.count; ++i) {
    const std::int64_t value = saturating_shift<16>(multiply_q15(args.scaled[i], args.mantissa), args.shift);
    args.out[i] = static_cast<std::int16_t>(saturate<16>(value + args.bias[i]));
  }
  return largest(args.out, args.count);
}

HiddenResult hidden(const HiddenArgs& args) {
  std::int16_t* out = args.narrow.out;
  const std::int32_t narrowed = narrow(args.narrow);
  for (std::size_t i = 0; i < args.narrow.count; ++i) out[i] = edgemoe::gelu(out[i], args.fraction);
  return {narrowed, largest(out, args.narrow.count)};
}

void wide(const WideArgs& args) {
  for (std::size_t i = 0; i < args.count; ++i) {
    const std::int64_t product = std::int64_t{args.scaled[i]} * args.mantissa;
    std::int64_t value = saturate<32>(saturating_shift<32>(product, args.shift) + args.bias[i]);
    if (args.weighted) value = round_shift(value * args.weight, 16);
    if (args.added) value += args.out[i];
    args.out[i] = static_cast<std::int32_t>(saturate<32>(value));
  }
}

void norm_row(const NormArgs& args, std::size_t r) {
  const std::int32_t* row = args.rows + r * args.stride;
  std::int16_t* out = args.out + r * args.out_stride;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < args.count; ++i) sum += row[i];
  const std::int64_t mean = rounded_mean(sum, static_cast<std::int64_t>(args.count));
  std::int64_t farthest = 0;
  for (std::size_t i = 0; i < args.count; ++i) farthest = std::max(farthest, std::abs(row[i] - mean));
  const int shift = deviation_shift(static_cast<std::uint64_t>(farthest));
  std::uint64_t squares = 0;
  for (std::size_t i = 0; i < args.count; ++i) {
    const std::int64_t deviation = saturating_shift<16>(row[i] - mean, shift);
    out[i] = static_cast<std::int16_t>(deviation);
    squares += static_cast<std::uint64_t>(deviation * deviation);
  }
  const InverseDeviation inverse = inverse_deviation(squares, shift, args.eps, args.count);
  const int out_shift = inverse.exponent - 15 - args.fraction - args.gain_exponent;
  for (std::size_t i = 0; i < args.count; ++i) {
    const std::int32_t scaled = multiply_q15(multiply_q15(out[i], inverse.mantissa), args.gain[i]);
    out[i] = static_cast<std::int16_t>(saturate<16>(saturating_shift<16>(scaled, out_shift) + args.bias[i]));
  }
  args.largest[r] = largest(out, args.count);
}

void norm(const NormArgs& args) {
  for (std::size_t r = 0; r < args.num_rows; ++r) norm_row(args, r);
}

std::uint32_t softmax(const SoftmaxArgs& args) {
  std::int32_t running_max = INT16_MIN;
  for (std::size_t j = 0; j < args.tokens; ++j) {
    args.scores[j] =
        static_cast<std::int16_t>(saturating_shift<16>(multiply_q15(args.scores[j], args.mantissa), args.shift));
    running_max = std::max<std::int32_t>(running_max, args.scores[j]);
  }
  std::uint32_t sum = 0;
  for (std::size_t j = 0; j < args.tokens; ++j) {
    const std::uint16_t exponential = exp2_negative(static_cast<std::uint32_t>(running_max - args.scores[j]));
    args.probabilities[j] = static_cast<std::uint8_t>((exponential + 128) >> 8);
    sum += exponential;
  }
  std::fill(args.probabilities + args.tokens, args.probabilities + round_up(args.tokens, kGroup), std::uint8_t{0});
  return sum;
}

void add(std::int32_t* sum, const std::int32_t* part, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    sum[i] = static_cast<std::int32_t>(saturate<32>(std::int64_t{sum[i]} + part[i]));
  }
}

void router(const RouterArgs& args) {
  const std::size_t pairs = (args.inputs + 1) / 2;
  for (std::size_t e = 0; e < args.experts; ++e) {
    std::int64_t sum = 0;
    const std::int16_t* panel = args.weight + e / kRouterExperts * pairs * 4 * kRouterExperts + e % kRouterExperts * 2;
    for (std::size_t i = 0; i < args.inputs; ++i) {
      const std::int16_t* w = panel + i / 2 * 4 * kRouterExperts + i % 2;
      sum += std::int64_t{args.row[i]} * (256 * w[0] + w[2 * kRouterExperts]);
    }
    args.sums[e] = sum;
  }
}

}  // namespace edgemoe::int8::plain
