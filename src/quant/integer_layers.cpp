#include "quant/integer_layers.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "numeric/fixed_point.h"
#include "numeric/layer_norm.h"

namespace edgemoe {
namespace {

constexpr double kLargestS16 = 32767;

double rounded(double value) { return std::floor(value + 0.5); }

/// Least exponent with value < 2^exponent; 0 for 0.
int exponent_above(double value) {
  int exponent = 0;
  if (value > 0) std::frexp(value, &exponent);
  return exponent;
}

/// value · 2^shift to the nearest, within the bounds of an integer type.
template <typename T>
T scaled(double value, int shift) {
  const double result = rounded(std::ldexp(value, shift));
  return static_cast<T>(std::clamp(result, static_cast<double>(std::numeric_limits<T>::min()),
                                   static_cast<double>(std::numeric_limits<T>::max())));
}

/// Largest fraction, 0 … 15, with which `bound` fits 16 bits; 0 where none does.
int fraction_for(double bound) {
  int fraction = kLargestFraction;
  while (fraction > 0 && !(std::ldexp(bound, fraction) <= kLargestS16)) --fraction;
  return fraction;
}

bool all_finite(const Tensor& tensor) {
  return std::all_of(tensor.data(), tensor.data() + tensor.values.size(), [](float x) { return std::isfinite(x); });
}

Status check_layer(const PlainLinear& linear, std::size_t inputs) {
  if (inputs > kMaxLayerInputs) {
    return unsupported("a layer of {} inputs; the integer network sums at most {}", inputs, kMaxLayerInputs);
  }
  if (!all_finite(linear.weight) || !all_finite(linear.bias)) {
    return unsupported("a layer has weights that are no finite numbers; integers cannot stand for them");
  }
  return {};
}

/// One output's weights to int8; returns its scale, 0 for a row of zeros.
double quantize_row(std::span<const double> row, std::int8_t* out) {
  double largest = 0;
  for (const double w : row) largest = std::max(largest, std::abs(w));
  if (largest == 0) return 0;
  const double scale = largest / 127;
  for (const double w : row) *out++ = static_cast<std::int8_t>(std::clamp(rounded(w / scale), -127.0, 127.0));
  return scale;
}

/// Weights, shifts and mantissas; the bias stays empty. `column_scale` multiplies an input's weights, empty: nothing.
/// `scales` gets the weights' scale of each output.
IntegerLinear quantize_weights(const Tensor& weight, std::span<const double> column_scale,
                               std::vector<double>& scales) {
  IntegerLinear layer;
  layer.outputs = static_cast<std::size_t>(weight.shape[0]);
  layer.inputs = weight.values.size() / layer.outputs;
  std::vector<std::int8_t> weights(layer.outputs * layer.inputs);
  layer.pre_shift.resize(layer.outputs);
  layer.mantissa.resize(layer.outputs);
  scales.resize(layer.outputs);
  std::vector<double> row(layer.inputs);
  std::vector<double> channel(layer.outputs);
  double largest = 0;
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      row[i] = static_cast<double>(weight.values[o * layer.inputs + i]) * (column_scale.empty() ? 1 : column_scale[i]);
    }
    std::int8_t* out = weights.data() + o * layer.inputs;
    scales[o] = quantize_row(row, out);
    layer.pre_shift[o] = static_cast<std::uint8_t>(pre_shift_for({out, layer.inputs}));
    channel[o] = std::ldexp(scales[o], layer.pre_shift[o]) / 127;
    largest = std::max(largest, channel[o]);
  }
  layer.weight = LayerWeights(std::move(weights));
  layer.exponent = exponent_above(largest);
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    layer.mantissa[o] = scaled<std::int16_t>(channel[o], 15 - layer.exponent);
  }
  return layer;
}

Result<IntegerLinear> quantize(const PlainLinear& linear, int fraction) {
  EDGEMOE_RETURN_IF_ERROR(check_layer(linear, linear.weight.values.size() / linear.bias.values.size()));
  std::vector<double> scales;
  IntegerLinear layer = quantize_weights(linear.weight, {}, scales);
  layer.fraction = fraction;
  for (const float bias : linear.bias.values.span()) {
    layer.bias.push_back(scaled<std::int32_t>(static_cast<double>(bias), fraction));
  }
  return layer;
}

}  // namespace

int pre_shift_for(std::span<const std::int8_t> row) {
  // Pieces whose sum fits 16 bits, so that many are added at once.
  constexpr std::size_t kPiece = 256;
  std::uint32_t magnitudes = 0;
  for (std::size_t first = 0; first < row.size(); first += kPiece) {
    std::uint16_t sum = 0;
    for (const std::int8_t q : row.subspan(first, std::min(kPiece, row.size() - first))) {
      sum = static_cast<std::uint16_t>(sum + static_cast<std::uint8_t>(q < 0 ? -q : q));
    }
    magnitudes += sum;
  }
  return std::max(0, bit_length(std::uint64_t{128} * magnitudes) - 15);
}

Result<IntegerLinear> quantize_wide(const PlainLinear& linear) { return quantize(linear, kWideFraction); }

Result<IntegerLinear> quantize_narrow(const PlainLinear& linear, int fraction) {
  EDGEMOE_ASSIGN_OR_RETURN(IntegerLinear layer, quantize(linear, fraction));
  for (std::int32_t& bias : layer.bias) bias = static_cast<std::int32_t>(saturate<16>(bias));
  return layer;
}

int output_fraction(const PlainLinear& linear, const PlainNorm& norm) {
  const std::size_t outputs = linear.bias.values.size();
  const std::size_t inputs = linear.weight.values.size() / outputs;
  double bound = 0;
  for (std::size_t o = 0; o < outputs; ++o) {
    double squares = 0;
    double offset = static_cast<double>(linear.bias.values[o]);
    for (std::size_t i = 0; i < inputs; ++i) {
      const auto w = static_cast<double>(linear.weight.values[o * inputs + i]);
      const double scaled_w = w * static_cast<double>(norm.weight.values[i]);
      squares += scaled_w * scaled_w;
      offset += w * static_cast<double>(norm.bias.values[i]);
    }
    bound = std::max(bound, std::sqrt(squares) * std::sqrt(static_cast<double>(inputs)) + std::abs(offset));
  }
  return fraction_for(1.1 * bound);
}

Result<IntegerNorm> quantize_norm(const PlainNorm& norm, float eps) {
  const std::size_t width = norm.weight.values.size();
  if (width > kMaxNormWidth) {
    return unsupported("a norm over {} elements; the integer network has at most {}", width, kMaxNormWidth);
  }
  if (!all_finite(norm.weight) || !all_finite(norm.bias)) {
    return unsupported("a norm has weights that are no finite numbers; integers cannot stand for them");
  }
  const double eps_units = rounded(std::ldexp(static_cast<double>(eps), 32));
  if (!(eps_units >= 1 && eps_units <= kMaxNormEps)) {
    return unsupported("layernorm_eps {}: the integer network has {:.2g} to {:.2g}", eps, std::ldexp(1.0, -32),
                       std::ldexp(static_cast<double>(kMaxNormEps), -32));
  }
  double largest_gain = 0;
  double bound = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const double gain = std::abs(static_cast<double>(norm.weight.values[i]));
    largest_gain = std::max(largest_gain, gain);
    bound = std::max(bound,
                     gain * std::sqrt(static_cast<double>(width)) + std::abs(static_cast<double>(norm.bias.values[i])));
  }
  IntegerNorm result;
  result.eps = static_cast<std::uint32_t>(eps_units);
  result.gain_exponent = exponent_above(largest_gain);
  result.fraction = fraction_for(bound);
  for (std::size_t i = 0; i < width; ++i) {
    const auto gain = static_cast<double>(norm.weight.values[i]);
    const auto magnitude = scaled<std::int16_t>(std::abs(gain), 15 - result.gain_exponent);
    result.gain.push_back(static_cast<std::int16_t>(gain < 0 ? -magnitude : magnitude));
    result.bias.push_back(scaled<std::int16_t>(static_cast<double>(norm.bias.values[i]), result.fraction));
  }
  return result;
}

Result<IntegerGate> quantize_gate(const PlainGate& gate, int fraction) {
  if (!all_finite(gate.weight) || !all_finite(gate.bias)) {
    return unsupported("a router has weights that are no finite numbers; integers cannot stand for them");
  }
  double largest = 0;
  for (const float w : gate.weight.values.span()) largest = std::max(largest, std::abs(static_cast<double>(w)));
  // A gate of zeros routes alike with any scale.
  const double scale = largest == 0 ? 1 : largest / kLargestS16;
  IntegerGate result;
  result.experts = gate.bias.values.size();
  result.first_expert = gate.first_expert;
  for (const float w : gate.weight.values.span()) {
    result.weight.push_back(static_cast<std::int16_t>(rounded(static_cast<double>(w) / scale)));
  }
  constexpr auto kLargest = static_cast<double>(kLargestConstant);
  for (const float constant : gate.bias.values.span()) {
    const double units = rounded(std::ldexp(static_cast<double>(constant) / scale, fraction));
    result.constant.push_back(static_cast<std::int64_t>(std::clamp(units, -kLargest, kLargest)));
  }
  constexpr double kLog2E = 1.4426950408889634074;
  const double per_unit = std::ldexp(kLog2E * scale, 12 - fraction);
  const int exponent = exponent_above(per_unit);
  result.kappa = scaled<std::int16_t>(per_unit, 15 - exponent);
  result.sigma = 15 - exponent;
  return result;
}

Result<IntegerLinear> quantize_patch_embed(const PlainLinear& patch_embed, const InputConfig& input) {
  const std::size_t outputs = patch_embed.bias.values.size();
  const std::size_t inputs = patch_embed.weight.values.size() / outputs;
  EDGEMOE_RETURN_IF_ERROR(check_layer(patch_embed, inputs));
  std::vector<double> column_scale(inputs);
  for (std::size_t i = 0; i < inputs; ++i) column_scale[i] = 1 / (255 * static_cast<double>(input.deviation[i % 3]));
  std::vector<double> scales;
  IntegerLinear layer = quantize_weights(patch_embed.weight, column_scale, scales);
  for (std::size_t o = 0; o < outputs; ++o) {
    auto bias = static_cast<double>(patch_embed.bias.values[o]);
    for (std::size_t i = 0; i < inputs; ++i) {
      const std::size_t channel = i % 3;
      bias -= static_cast<double>(patch_embed.weight.values[o * inputs + i]) *
              static_cast<double>(input.mean[channel]) / static_cast<double>(input.deviation[channel]);
      bias += 128 * layer.weight[o * inputs + i] * scales[o];
    }
    layer.bias.push_back(scaled<std::int32_t>(bias, kWideFraction));
  }
  return layer;
}

}  // namespace edgemoe
