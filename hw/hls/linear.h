// The linear layer of docs/numerics.md, sections 3.1, 3.2 and 3.6, one token at a time.
#ifndef EDGEMOE_HLS_LINEAR_H_
#define EDGEMOE_HLS_LINEAR_H_

#include <cstdint>

#include "hls/pragma.h"
#include "numeric/fixed_point.h"
#include "numeric/gelu_table.h"

namespace edgemoe::hls {

/// A layer's memories. weight is [outputs, inputs], the others [outputs].
struct LinearLayer {
  const std::int8_t* weight;
  const std::uint8_t* pre_shift;
  const std::int16_t* mantissa;
  const std::int32_t* bias;
  int outputs;
  int inputs;
  int exponent;
  int fraction;  // of the outputs
};

/// Quantises a row of s16 with `fraction` bits behind the point to int8 within ±127.
inline RowScale quantize_row(const std::int16_t* row, int count, int fraction, std::int8_t* out) {
  std::int32_t largest = 0;
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    const std::int32_t magnitude = row[i] < 0 ? -row[i] : row[i];
    largest = magnitude > largest ? magnitude : largest;
  }
  const RowQuantizer quantizer = make_row_quantizer(largest, fraction);
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    out[i] = quantize(row[i], quantizer);
  }
  return quantizer.scale;
}

/// A sum of products brought to 16 bits and multiplied by its channel's mantissa.
inline std::int32_t scale_channel(std::int32_t sum, int pre_shift, std::int16_t mantissa) {
  return multiply_q15(static_cast<std::int32_t>(saturate<16>(round_shift(sum, pre_shift))), mantissa);
}

/// The sum of products of one output, exact.
inline std::int32_t dot_product(const std::int8_t* a, const std::int8_t* b, int count) {
  std::int32_t sum = 0;
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    sum += a[i] * b[i];
  }
  return sum;
}

/// What makes a result of an output's sum of products.
struct OutputScale {
  std::int32_t bias;
  std::int16_t mantissa;
  std::uint8_t pre_shift;
};

inline OutputScale output_scale(const LinearLayer& layer, int output) {
  return {layer.bias[output], layer.mantissa[output], layer.pre_shift[output]};
}

/// To s16 with `fraction` bits behind the point; `exponent` is the layer's.
inline std::int16_t narrow_output(std::int32_t sum, const OutputScale& output, RowScale row, int exponent,
                                  int fraction) {
  const std::int32_t channel = scale_channel(sum, output.pre_shift, output.mantissa);
  const int shift = row.exponent - exponent - 15 - fraction;
  const std::int64_t value = saturating_shift<16>(multiply_q15(channel, row.mantissa), shift);
  return static_cast<std::int16_t>(saturate<16>(value + output.bias));
}

/// To the residual stream's format, 16 fraction bits.
inline std::int32_t wide_output(std::int32_t sum, const OutputScale& output, RowScale row, int exponent) {
  const std::int64_t channel = scale_channel(sum, output.pre_shift, output.mantissa);
  const std::int64_t value = saturating_shift<32>(channel * row.mantissa, row.exponent - exponent - 16);
  return static_cast<std::int32_t>(saturate<32>(value + output.bias));
}

/// One token through a layer to s16.
inline void linear_narrow(const std::int8_t* row, RowScale scale, const LinearLayer& layer, std::int16_t* out) {
  for (int o = 0; o < layer.outputs; ++o) {
    const std::int32_t sum = dot_product(row, layer.weight + o * layer.inputs, layer.inputs);
    out[o] = narrow_output(sum, output_scale(layer, o), scale, layer.exponent, layer.fraction);
  }
}

/// One token through a layer to the residual stream's format, 16 fraction bits; not yet added to it.
inline void linear_wide(const std::int8_t* row, RowScale scale, const LinearLayer& layer, std::int32_t* out) {
  for (int o = 0; o < layer.outputs; ++o) {
    const std::int32_t sum = dot_product(row, layer.weight + o * layer.inputs, layer.inputs);
    out[o] = wide_output(sum, output_scale(layer, o), scale, layer.exponent);
  }
}

inline std::int32_t residual_sum(std::int32_t residual, std::int32_t update) {
  return static_cast<std::int32_t>(saturate<32>(std::int64_t{residual} + update));
}

/// An expert's output times its router weight, 65536 of which would be 1.
inline std::int32_t weighed(std::int32_t value, std::uint16_t weight) {
  return static_cast<std::int32_t>(round_shift(std::int64_t{value} * weight, 16));
}

inline void add_to_residual(std::int32_t* residual, const std::int32_t* update, int count) {
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    residual[i] = residual_sum(residual[i], update[i]);
  }
}

inline void weigh(std::int32_t* values, std::uint16_t weight, int count) {
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    values[i] = weighed(values[i], weight);
  }
}

/// One token through an MLP: up, GELU, down; not yet added to the residual stream.
template <typename Design>
void mlp(const std::int8_t* row, RowScale scale, const LinearLayer& up, const LinearLayer& down, std::int32_t* out) {
  std::int16_t hidden[Design::kMaxInputs];
  std::int8_t quantized[Design::kMaxInputs];
  linear_narrow(row, scale, up, hidden);
  for (int i = 0; i < up.outputs; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    hidden[i] = gelu(hidden[i], up.fraction);
  }
  const RowScale hidden_scale = quantize_row(hidden, up.outputs, up.fraction, quantized);
  linear_wide(quantized, hidden_scale, down, out);
}

}  // namespace edgemoe::hls

#endif  // EDGEMOE_HLS_LINEAR_H_
