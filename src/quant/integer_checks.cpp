#include "quant/integer_checks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "numeric/layer_norm.h"

namespace edgemoe {
namespace {

Status check_range(std::string_view what, std::int64_t value, std::int64_t least, std::int64_t largest) {
  if (value >= least && value <= largest) return {};
  if (least == largest) return malformed("{}: expected {}, found {}", what, least, value);
  return malformed("{}: expected {} to {}, found {}", what, least, largest, value);
}

template <typename T>
Status check_all(std::string_view what, std::span<const T> values, std::int64_t least, std::int64_t largest) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t value = values[i];
    if (value >= least && value <= largest) continue;
    return malformed("{}: expected {} to {}, found {} at place {}", what, least, largest, value, i);
  }
  return {};
}

Status check_exponent(std::string_view what, int exponent) {
  return check_range(what, exponent, -kLargestExponent, kLargestExponent);
}

/// One pass over what is most of the file.
Status check_weights(const IntegerLinear& layer) {
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    const std::span<const std::int8_t> row = layer.weight.span().subspan(o * layer.inputs, layer.inputs);
    if (const void* const lowest = std::memchr(row.data(), 0x80, row.size())) {
      return malformed("weight: expected -127 to 127, found -128 in row {}, column {}", o,
                       static_cast<const std::int8_t*>(lowest) - row.data());
    }
    const int expected = pre_shift_for(row);
    if (layer.pre_shift[o] != expected) {
      return malformed("pre_shift: expected {} for the weights of row {}, found {}", expected, o, layer.pre_shift[o]);
    }
  }
  return {};
}

}  // namespace

Status check_integers(const IntegerLinear& layer, LayerOutputs outputs) {
  if (layer.inputs > kMaxLayerInputs) {
    return unsupported("a layer of {} inputs; the integer network sums at most {}", layer.inputs, kMaxLayerInputs);
  }
  EDGEMOE_RETURN_IF_ERROR(check_exponent("format, exponent", layer.exponent));
  EDGEMOE_RETURN_IF_ERROR(check_all<std::int16_t>("mantissa", layer.mantissa, 0, INT16_MAX));
  EDGEMOE_RETURN_IF_ERROR(check_weights(layer));
  if (outputs == LayerOutputs::kWide) {
    return check_range("format, fraction", layer.fraction, kWideFraction, kWideFraction);
  }
  EDGEMOE_RETURN_IF_ERROR(check_range("format, fraction", layer.fraction, 0, kLargestFraction));
  return check_all<std::int32_t>("bias", layer.bias, INT16_MIN, INT16_MAX);
}

Status check_integers(const IntegerNorm& norm) {
  EDGEMOE_RETURN_IF_ERROR(check_range("width", static_cast<std::int64_t>(norm.gain.size()), 1, kMaxNormWidth));
  EDGEMOE_RETURN_IF_ERROR(check_all<std::int16_t>("weight", norm.gain, -INT16_MAX, INT16_MAX));
  EDGEMOE_RETURN_IF_ERROR(check_exponent("format, exponent", norm.gain_exponent));
  EDGEMOE_RETURN_IF_ERROR(check_range("format, fraction", norm.fraction, 0, kLargestFraction));
  return check_range("format, eps", norm.eps, 1, kMaxNormEps);
}

Status check_integers(const IntegerGate& gate) {
  EDGEMOE_RETURN_IF_ERROR(check_all<std::int16_t>("weight", gate.weight, -INT16_MAX, INT16_MAX));
  EDGEMOE_RETURN_IF_ERROR(check_all<std::int64_t>("constant", gate.constant, -kLargestConstant, kLargestConstant));
  EDGEMOE_RETURN_IF_ERROR(check_range("format, kappa", gate.kappa, 1 << 14, INT16_MAX));
  return check_exponent("format, sigma", gate.sigma);
}

Status check_finite(const Tensor& tensor) {
  const std::span<const float> values = tensor.values.span();
  const auto odd = std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); });
  if (odd == values.end()) return {};
  return unsupported("expected finite numbers, found {} at place {}", *odd, odd - values.begin());
}

}  // namespace edgemoe
