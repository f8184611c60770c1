#include "engine/int8_saturation.h"

#include <algorithm>
#include <cstdlib>

#include "numeric/exp2_table.h"
#include "numeric/fixed_point.h"

namespace edgemoe {
namespace {

struct WideNumber {
  std::int64_t shifted;  // before the bias
  std::int64_t biased;
};

WideNumber wide_number(const int8::WideArgs& args, std::size_t i) {
  const std::int64_t shifted = saturating_shift<32>(std::int64_t{args.scaled[i]} * args.mantissa, args.shift);
  return {shifted, saturate<32>(shifted + args.bias[i])};
}

}  // namespace

std::int64_t count_wide(Saturation& counts, std::size_t tensor, const int8::WideArgs& args, std::int64_t largest_bias) {
  const std::int64_t bound = wide_bound(args.shift) + largest_bias;
  if (bound < INT32_MAX) return bound;
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < args.count; ++i) {
    const WideNumber number = wide_number(args, i);
    found += at_end<32>(number.shifted) || at_end<32>(number.biased);
  }
  counts.add(tensor, found);
  return std::min(bound, std::int64_t{1} << 31);
}

bool ResidualBounds::admit(std::size_t row, std::int64_t bound, const std::int32_t* residual, std::size_t count) {
  if (bounds_[row] + bound >= INT32_MAX) {
    std::int64_t largest = 0;
    for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(std::int64_t{residual[i]}));
    bounds_[row] = largest;
  }
  bounds_[row] += bound;
  return bounds_[row] < INT32_MAX;
}

bool count_wide_sum(Saturation& counts, std::size_t tensor, std::size_t sum_tensor, const int8::WideArgs& args,
                    std::int64_t largest_bias, ResidualBounds& bounds, std::size_t row) {
  const std::int64_t bound = count_wide(counts, tensor, args, largest_bias);
  if (bounds.admit(row, bound, args.out, args.count)) return false;
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < args.count; ++i) {
    found += at_end<32>(saturate<32>(args.out[i] + wide_number(args, i).biased));
  }
  counts.add(sum_tensor, found);
  return true;
}

void count_sum(Saturation& counts, std::size_t tensor, const std::int32_t* residual, const std::int32_t* part,
               std::size_t count, std::int64_t bound, ResidualBounds& bounds, std::size_t row) {
  if (bounds.admit(row, bound, residual, count)) return;
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < count; ++i) found += at_end<32>(saturate<32>(std::int64_t{residual[i]} + part[i]));
  counts.add(tensor, found);
}

/// Panel by panel, so that nothing is allocated.
std::uint64_t count_values(const HeadOutput& head) {
  const std::int32_t largest = *std::max_element(head.scores, head.scores + head.tokens);
  const std::size_t padded = int8::round_up(head.tokens, int8::kGroup);
  std::uint64_t found = 0;
  for (std::size_t panel = 0; panel < head.head_dim; panel += int8::kPanelOutputs) {
    std::int32_t sums[int8::kPanelOutputs] = {};
    for (std::size_t j = 0; j < head.tokens; ++j) {
      const std::int32_t probability = (exp2_negative(static_cast<std::uint32_t>(largest - head.scores[j])) + 128) >> 8;
      if (probability == 0) continue;
      const std::int8_t* group =
          head.values + panel * padded + j / int8::kGroup * int8::kGroup * int8::kPanelOutputs + j % int8::kGroup;
      for (std::size_t place = 0; place < int8::kPanelOutputs; ++place) {
        sums[place] += probability * group[place * int8::kGroup];
      }
    }
    for (std::size_t place = 0; place < int8::kPanelOutputs; ++place) {
      const std::size_t d = panel + head.order[place];
      if (d >= head.head_dim) continue;
      found += !at_end<16>(head.out[d]) && at_end<16>(saturate<16>(round_shift(sums[place], head.pre_shift)));
    }
  }
  return found;
}

}  // namespace edgemoe
