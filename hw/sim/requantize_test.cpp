// Every output of a linear layer, narrow and wide, against hls::linear_narrow and hls::linear_wide from their sums on.
#include <Vrequantize.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "hls/linear.h"
#include "sim/bench.h"

namespace edgemoe::sim {
namespace {

constexpr int kLatency = 9;

/// The layer of one input whose weight and row make `sum`: the reference's own functions then do the rest.
std::int32_t expected(std::int32_t sum, int pre_shift, std::int16_t mantissa, std::int32_t bias,
                      std::int16_t row_mantissa, int shift, bool narrow) {
  const std::int32_t channel = hls::scale_channel(sum, pre_shift, mantissa);
  if (narrow) {
    return static_cast<std::int32_t>(
        saturate<16>(saturating_shift<16>(multiply_q15(channel, row_mantissa), shift) + bias));
  }
  return static_cast<std::int32_t>(
      saturate<32>(saturating_shift<32>(std::int64_t{channel} * row_mantissa, shift) + bias));
}

TEST(Requantize, RandomAndExtremeNumbers_EqualTheReference) {
  constexpr int kNumbers = 400'000;
  Random random(31);
  Bench<Vrequantize> bench;
  std::deque<std::int32_t> waiting;
  int compared = 0;
  int saturated = 0;
  for (int i = 0; i < kNumbers + kLatency; ++i) {
    const auto sum = static_cast<std::int32_t>(draw(random, INT32_MIN, INT32_MAX));
    const auto pre_shift = static_cast<int>(random.below(32));
    const auto mantissa = static_cast<std::int16_t>(draw(random, -32767, 32767));
    const bool narrow = random.below(2) == 0;
    const auto bias =
        static_cast<std::int32_t>(narrow ? draw(random, -32768, 32767) : draw(random, INT32_MIN, INT32_MAX));
    const auto row_mantissa = static_cast<std::int16_t>(random.below(8) == 0 ? 0 : draw(random, 1 << 14, 32767));
    // Mostly where something is left of the number.
    const auto shift = static_cast<int>(random.below(4) == 0 ? draw(random, -128, 127) : draw(random, -16, 20));
    bench->sum_i = static_cast<std::uint32_t>(sum);
    bench->pre_shift_i = static_cast<std::uint8_t>(pre_shift);
    bench->mantissa_i = static_cast<std::uint16_t>(mantissa);
    bench->bias_i = static_cast<std::uint32_t>(bias);
    bench->row_mantissa_i = static_cast<std::uint16_t>(row_mantissa);
    bench->shift_i = static_cast<std::uint8_t>(shift);
    bench->narrow_i = narrow;
    waiting.push_back(expected(sum, pre_shift, mantissa, bias, row_mantissa, shift, narrow));
    bench.tick();
    if (waiting.size() < kLatency) continue;
    const std::int32_t want = waiting.front();
    ASSERT_EQ(static_cast<std::int32_t>(bench->value_o), want) << "number " << compared;
    saturated += want == INT32_MAX || want == INT32_MIN || want == 32767 || want == -32768;
    waiting.pop_front();
    ++compared;
  }
  EXPECT_GE(compared, kNumbers);
  EXPECT_GT(saturated, 1000);
}

/// A whole layer, against the reference's own loops.
TEST(Requantize, ALayersOutputs_EqualLinearNarrowAndWide) {
  constexpr int kInputs = 24;
  constexpr int kOutputs = 300;
  Random random(32);
  std::vector<std::int8_t> weight(kInputs * kOutputs);
  std::vector<std::int8_t> row(kInputs);
  std::vector<std::uint8_t> pre_shift(kOutputs);
  std::vector<std::int16_t> mantissa(kOutputs);
  std::vector<std::int32_t> bias(kOutputs);
  for (auto& w : weight) w = static_cast<std::int8_t>(draw(random, -127, 127));
  for (auto& a : row) a = static_cast<std::int8_t>(draw(random, -127, 127));
  for (auto& p : pre_shift) p = static_cast<std::uint8_t>(random.below(6));
  for (auto& c : mantissa) c = static_cast<std::int16_t>(draw(random, 0, 32767));
  for (auto& b : bias) b = static_cast<std::int32_t>(draw(random, -20000, 20000));
  const hls::LinearLayer layer = {.weight = weight.data(),
                                  .pre_shift = pre_shift.data(),
                                  .mantissa = mantissa.data(),
                                  .bias = bias.data(),
                                  .outputs = kOutputs,
                                  .inputs = kInputs,
                                  .exponent = -5,
                                  .fraction = 11};
  const RowScale scale = {.mantissa = 23456, .exponent = 17};
  std::vector<std::int16_t> narrow(kOutputs);
  std::vector<std::int32_t> wide(kOutputs);
  hls::linear_narrow(row.data(), scale, layer, narrow.data());
  hls::linear_wide(row.data(), scale, layer, wide.data());
  for (const bool is_narrow : {true, false}) {
    Bench<Vrequantize> bench;
    int compared = 0;
    for (int o = 0; o < kOutputs + kLatency - 1; ++o) {
      const auto i = static_cast<std::size_t>(o < kOutputs ? o : 0);
      bench->sum_i = static_cast<std::uint32_t>(hls::dot_product(row.data(), weight.data() + i * kInputs, kInputs));
      bench->pre_shift_i = pre_shift[i];
      bench->mantissa_i = static_cast<std::uint16_t>(mantissa[i]);
      bench->bias_i = static_cast<std::uint32_t>(bias[i]);
      bench->row_mantissa_i = static_cast<std::uint16_t>(scale.mantissa);
      bench->shift_i =
          static_cast<std::uint8_t>(scale.exponent - layer.exponent - (is_narrow ? 15 + layer.fraction : 16));
      bench->narrow_i = is_narrow;
      bench.tick();
      if (o < kLatency - 1) continue;
      const auto at = static_cast<std::size_t>(o - kLatency + 1);
      ASSERT_EQ(static_cast<std::int32_t>(bench->value_o), is_narrow ? narrow[at] : wide[at]) << "output " << at;
      ++compared;
    }
    EXPECT_EQ(compared, kOutputs);
  }
}

}  // namespace
}  // namespace edgemoe::sim
