#include "quant/integer_layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "numeric/fixed_point.h"

namespace edgemoe {
namespace {

PlainLinear random_linear(std::int64_t outputs, std::int64_t inputs, float deviation) {
  PlainLinear linear{Tensor(Shape{outputs, inputs}), Tensor(Shape{outputs})};
  Random random(7);
  for (float& w : linear.weight.values.span()) w = random.uniform(-deviation, deviation);
  for (float& b : linear.bias.values.span()) b = random.uniform(-0.5F, 0.5F);
  return linear;
}

double weight_scale(const IntegerLinear& layer, std::size_t output) {
  return std::ldexp(127.0 * layer.mantissa[output], layer.exponent - 15 - layer.pre_shift[output]);
}

TEST(QuantizeLinearTest, weights_areWithinHalfAStepAndTheirScaleIsInTheMantissa) {
  for (const float deviation : {1e-6F, 0.02F, 3000.0F}) {
    const PlainLinear linear = random_linear(24, 96, deviation);
    const auto layer = quantize_wide(linear);
    ASSERT_TRUE(layer.ok());
    for (std::size_t o = 0; o < layer->outputs; ++o) {
      float largest = 0;
      for (std::size_t i = 0; i < 96; ++i) largest = std::max(largest, std::abs(linear.weight.values[o * 96 + i]));
      const double step = static_cast<double>(largest) / 127;
      EXPECT_NEAR(weight_scale(*layer, o) / step, 1, 1e-4);
      std::uint64_t magnitudes = 0;
      for (std::size_t i = 0; i < 96; ++i) {
        const int q = layer->weight[o * 96 + i];
        magnitudes += static_cast<std::uint64_t>(std::abs(q));
        EXPECT_LE(std::abs(q), 127);
        EXPECT_LE(std::abs(q * step - static_cast<double>(linear.weight.values[o * 96 + i])), 0.5001 * step);
      }
      EXPECT_LE(128 * magnitudes >> layer->pre_shift[o], 32767U);
    }
  }
}

TEST(QuantizeLinearTest, channelOfZeros_hasNoScaleAndHarmsNoOther) {
  PlainLinear linear = random_linear(2, 8, 1);
  for (std::size_t i = 0; i < 8; ++i) linear.weight.values[i] = 0;
  const auto layer = quantize_narrow(linear, 10);
  ASSERT_TRUE(layer.ok());
  EXPECT_EQ(layer->mantissa[0], 0);
  EXPECT_GE(layer->mantissa[1], 1 << 14);
  EXPECT_EQ(layer->bias[0], static_cast<std::int32_t>(std::floor(linear.bias.values[0] * 1024 + 0.5F)));
}

TEST(QuantizeLinearTest, weightsThatAreNoNumbers_areRefused) {
  PlainLinear linear = random_linear(2, 8, 1);
  linear.weight.values[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(quantize_wide(linear).status().code(), StatusCode::kUnsupported);
  linear.weight.values[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(quantize_narrow(linear, 3).status().code(), StatusCode::kUnsupported);
}

PlainNorm plain_norm_of(std::int64_t width, float gain, float bias) {
  PlainNorm norm{Tensor(Shape{width}), Tensor(Shape{width})};
  for (float& g : norm.weight.values.span()) g = gain;
  for (float& b : norm.bias.values.span()) b = bias;
  return norm;
}

TEST(OutputFractionTest, largestOutputOfANorm_fits) {
  const PlainLinear linear = random_linear(16, 64, 0.3F);
  const PlainNorm norm = plain_norm_of(64, 1.5F, 0.2F);
  const int fraction = output_fraction(linear, norm);
  double bound = 0;
  for (std::size_t o = 0; o < 16; ++o) {
    double squares = 0;
    double offset = static_cast<double>(linear.bias.values[o]);
    for (std::size_t i = 0; i < 64; ++i) {
      const auto w = static_cast<double>(linear.weight.values[o * 64 + i]);
      squares += w * w * 2.25;
      offset += 0.2 * w;
    }
    bound = std::max(bound, std::sqrt(squares * 64) + std::abs(offset));
  }
  EXPECT_LE(std::ldexp(1.1 * bound, fraction), 32767);
  EXPECT_GT(std::ldexp(1.1 * bound, fraction + 1), 32767);
}

TEST(QuantizeNormTest, gainsAndBiases_keepTheirSigns) {
  PlainNorm norm = plain_norm_of(192, -0.75F, -0.1F);
  norm.weight.values[5] = 0;
  const auto quantized = quantize_norm(norm, 1e-6F);
  ASSERT_TRUE(quantized.ok());
  EXPECT_EQ(quantized->eps, 4295U);
  EXPECT_EQ(quantized->gain_exponent, 0);
  EXPECT_EQ(quantized->gain[0], -24576);
  EXPECT_EQ(quantized->gain[5], 0);
  EXPECT_EQ(quantized->fraction, 11);
  EXPECT_EQ(quantized->bias[0], -205);
}

TEST(QuantizeNormTest, epsOutsideItsRange_isRefused) {
  const PlainNorm norm = plain_norm_of(8, 1, 0);
  for (const float eps : {0.0F, 1e-11F, 1e-3F}) {
    EXPECT_EQ(quantize_norm(norm, eps).status().code(), StatusCode::kUnsupported) << eps;
  }
}

TEST(QuantizeGateTest, kappa_bringsLogitsToLog2) {
  PlainGate gate{Tensor(Shape{4, 8}), Tensor(Shape{4}), 2};
  for (std::size_t i = 0; i < 32; ++i) gate.weight.values[i] = 0.01F * static_cast<float>(i) - 0.1F;
  gate.bias.values[3] = 0.5F;
  const auto quantized = quantize_gate(gate, 11);
  ASSERT_TRUE(quantized.ok());
  EXPECT_EQ(quantized->weight[31], 32767);
  EXPECT_EQ(quantized->first_expert, 2U);
  const double unit = std::ldexp(0.21 / 32767, -11);
  EXPECT_NEAR(static_cast<double>(quantized->constant[3]) * unit, 0.5, 1e-6);
  EXPECT_NEAR(std::ldexp(quantized->kappa, -quantized->sigma) / (unit * std::log2(std::exp(1.0)) * 4096), 1, 1e-4);
}

TEST(QuantizePatchEmbedTest, greyPicture_givesWhatTheFloatLayerGives) {
  const PlainLinear linear = random_linear(4, 48, 0.1F);
  InputConfig input;
  input.mean = {0.4F, 0.45F, 0.5F};
  input.deviation = {0.2F, 0.25F, 0.3F};
  const auto layer = quantize_patch_embed(linear, input);
  ASSERT_TRUE(layer.ok());
  for (std::size_t o = 0; o < 4; ++o) {
    auto exact = static_cast<double>(linear.bias.values[o]);
    double found = std::ldexp(layer->bias[o], -kWideFraction);
    for (std::size_t i = 0; i < 48; ++i) {
      const double mean = static_cast<double>(input.mean[i % 3]);
      const double deviation = static_cast<double>(input.deviation[i % 3]);
      exact += static_cast<double>(linear.weight.values[o * 48 + i]) * (200 / 255.0 - mean) / deviation;
      found += (200 - 128) * weight_scale(*layer, o) * layer->weight[o * 48 + i];
    }
    EXPECT_NEAR(found, exact, 48 * 0.5 * 72 * weight_scale(*layer, o));
    EXPECT_NEAR(found, exact, 0.1);
  }
}

}  // namespace
}  // namespace edgemoe
