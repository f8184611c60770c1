// Convolutions of the integer network's heads, docs/numerics.md, section 3.10. Maps are [height · width, channels].
#ifndef EDGEMOE_KERNELS_INT8_CONV_INT8_CONV_H_
#define EDGEMOE_KERNELS_INT8_CONV_INT8_CONV_H_

#include <cstddef>
#include <cstdint>

#include "hls/linear.h"
#include "numeric/fixed_point.h"

namespace edgemoe {

/// A map of int8 with one scale, zeros around it.
struct Int8Map {
  const std::int8_t* data = nullptr;  // [height · width, channels]
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;
  RowScale scale;
};

/// Fraction bits (may be negative) of what a convolution to s16 makes of a map with `scale`.
int conv_fraction(const hls::LinearLayer& layer, RowScale scale);

/// Convolution, bias and ReLU to s16 with conv_fraction() bits. `layer` has inputs in the order row, column, channel of
/// the kernel, whose side follows from their number (odd). out: [height · width, outputs].
void int8_conv_reference(const Int8Map& in, const hls::LinearLayer& layer, std::int16_t* out);

/// The last, 1×1 convolution, to 16 fraction bits. out: [height · width, outputs].
void int8_conv_wide_reference(const Int8Map& in, const hls::LinearLayer& layer, std::int32_t* out);

/// Twice the size by bilinear interpolation, align_corners false. out: [2 · height · 2 · width, channels].
void double_map_reference(const std::int16_t* in, std::size_t height, std::size_t width, std::size_t channels,
                          std::int16_t* out);

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_INT8_CONV_INT8_CONV_H_
