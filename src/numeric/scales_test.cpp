#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "numeric/attention_scale.h"
#include "numeric/router_weight.h"

namespace edgemoe {
namespace {

TEST(ScoreScaleTest, everyHeadDim_isTheConstantToItsLastPlace) {
  for (int head_dim = 1; head_dim <= 512; ++head_dim) {
    const ScoreScale scale = make_score_scale(head_dim);
    const double exact = std::log2(std::exp(1.0)) / (std::sqrt(head_dim) * 127 * 127);
    EXPECT_GE(scale.mantissa, 1 << 14) << head_dim;
    EXPECT_NEAR(std::ldexp(scale.mantissa, scale.exponent - 15) / exact, 1, 1.0 / (1 << 15)) << head_dim;
    EXPECT_LE(127 * 127 * head_dim >> scale.pre_shift, 32767) << head_dim;
  }
}

// A score must be what its numbers say: q·k in log2 with 6 fraction bits.
TEST(ScoreScaleTest, shiftAndKeyMantissa_giveLog2Units) {
  const ScoreScale scale = make_score_scale(64);
  const RowScale query = {20000, 12};
  const RowScale key = {30000, 14};
  const std::int32_t sum = 400000;  // of products of int8
  const double exact = sum * std::ldexp(query.mantissa / 127.0, -query.exponent) *
                       std::ldexp(key.mantissa / 127.0, -key.exponent) / 8 * std::log2(std::exp(1.0));
  for (const int least : {14, 13, 12}) {
    const std::int32_t channel =
        multiply_q15(static_cast<std::int32_t>(round_shift(sum, scale.pre_shift)), scale.key_mantissa(key, least));
    const std::int64_t score =
        saturating_shift<16>(multiply_q15(channel, query.mantissa), scale.shift(query.exponent, least));
    EXPECT_NEAR(static_cast<double>(score) / 64, exact, 0.02 * exact) << least;
  }
}

TEST(KeyExponentTest, rowsOfZeros_doNotCount) {
  KeyExponent least;
  least.see({0, 0});
  EXPECT_FALSE(least.any);
  least.see({20000, 12});
  least.see({20000, 9});
  least.see({20000, 11});
  least.see({0, 0});
  EXPECT_EQ(least.value, 9);
}

TEST(SoftmaxScaleTest, oneKey_putsOutItsValue) {
  const SoftmaxScale scale = make_softmax_scale(kExp2One);
  const RowQuantizer value = make_row_quantizer(12345, 9);
  const std::int32_t product = 255 * quantize(12345, value);
  const std::int32_t channel =
      multiply_q15(static_cast<std::int32_t>(round_shift(product, scale.pre_shift)), value.scale.mantissa);
  EXPECT_NEAR(
      static_cast<double>(saturating_shift<16>(multiply_q15(channel, scale.reciprocal), value.scale.exponent - 2 - 9)),
      12345, 4);
}

TEST(SoftmaxScaleTest, everySum_fits16Bits) {
  for (std::uint64_t sum = kExp2One; sum <= UINT32_MAX; sum = sum * 9 / 8 + 1) {
    const SoftmaxScale scale = make_softmax_scale(static_cast<std::uint32_t>(sum));
    EXPECT_GE(scale.pre_shift, 0);
    EXPECT_GE(scale.reciprocal, 8256);
    EXPECT_LE(scale.reciprocal, 16513);
  }
}

TEST(RouterWeightTest, differences_giveSoftmaxWeights) {
  const RouterScale scale = {24000, 20};
  const double per_unit = std::ldexp(24000, -20 - 12) * std::log(2.0);  // of the natural exponent
  const std::int64_t differences[] = {0, 1000000, 30000, 5000000};
  std::uint32_t sum = 0;
  double exact_sum = 0;
  for (const std::int64_t difference : differences) {
    sum += scale.exponential(difference, 0);
    exact_sum += std::exp(-per_unit * static_cast<double>(difference));
  }
  for (const std::int64_t difference : differences) {
    const double exact = 65536 * std::exp(-per_unit * static_cast<double>(difference)) / exact_sum;
    EXPECT_NEAR(router_weight(scale.exponential(difference, 0), router_reciprocal(sum)), exact, 8) << difference;
  }
}

TEST(RouterWeightTest, shiftedRows_weighAsTheUnshifted) {
  const RouterScale scale = {24000, 20};
  EXPECT_EQ(scale.exponential(1 << 20, 3), scale.exponential(1 << 23, 0));
  EXPECT_EQ(scale.exponential(std::int64_t{1} << 46, 0), 0);
  EXPECT_EQ(scale.exponential(1, 40), 0);
  EXPECT_EQ(scale.exponential(0, 40), kExp2One);
}

TEST(RouterWeightTest, oneExpert_weighsAlmostOne) {
  EXPECT_EQ(router_weight(kExp2One, router_reciprocal(kExp2One)), 65535);
}

TEST(ShiftedConstantTest, largeOnes_areClipped) {
  EXPECT_EQ(shifted_constant(100, 3), 13);
  EXPECT_EQ(shifted_constant(100, -3), 800);
  EXPECT_EQ(shifted_constant(std::int64_t{1} << 45, -15), (std::int64_t{1} << 45) - 1);
}

}  // namespace
}  // namespace edgemoe
