#include <algorithm>
#include <vector>

#include "kernels/int8_conv/int8_conv.h"

namespace edgemoe {
namespace {

/// The kernel's inputs at one place of the map, zeros outside it.
void gather(const Int8Map& in, std::size_t kernel, std::size_t y, std::size_t x, std::int8_t* window) {
  const auto reach = static_cast<std::ptrdiff_t>(kernel / 2);
  for (std::ptrdiff_t dy = -reach; dy <= reach; ++dy) {
    for (std::ptrdiff_t dx = -reach; dx <= reach; ++dx) {
      const auto from_y = static_cast<std::ptrdiff_t>(y) + dy;
      const auto from_x = static_cast<std::ptrdiff_t>(x) + dx;
      const bool inside = from_y >= 0 && from_y < static_cast<std::ptrdiff_t>(in.height) && from_x >= 0 &&
                          from_x < static_cast<std::ptrdiff_t>(in.width);
      if (inside) {
        const std::ptrdiff_t pixel = from_y * static_cast<std::ptrdiff_t>(in.width) + from_x;
        std::copy_n(in.data + pixel * static_cast<std::ptrdiff_t>(in.channels), in.channels, window);
      } else {
        std::fill_n(window, in.channels, std::int8_t{0});
      }
      window += in.channels;
    }
  }
}

std::size_t kernel_side(std::size_t taps) {
  std::size_t side = 1;
  while (side * side < taps) ++side;
  return side;
}

/// (3a + b) / 4, half up.
std::int16_t quarter_way(std::int16_t near, std::int16_t far) {
  return static_cast<std::int16_t>((3 * near + far + 2) >> 2);
}

/// Doubles `count` runs of `run` numbers: along rows a run is a pixel, along columns a whole row.
void double_runs(const std::int16_t* in, std::size_t count, std::size_t run, std::int16_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::int16_t* here = in + i * run;
    const std::int16_t* before = in + (i == 0 ? 0 : i - 1) * run;
    const std::int16_t* after = in + (i + 1 == count ? i : i + 1) * run;
    for (std::size_t c = 0; c < run; ++c) {
      out[2 * i * run + c] = quarter_way(here[c], before[c]);
      out[(2 * i + 1) * run + c] = quarter_way(here[c], after[c]);
    }
  }
}

}  // namespace

int conv_fraction(const hls::LinearLayer& layer, RowScale scale) { return scale.exponent - layer.exponent - 15; }

void int8_conv_reference(const Int8Map& in, const hls::LinearLayer& layer, std::int16_t* out) {
  const std::size_t kernel = kernel_side(static_cast<std::size_t>(layer.inputs) / in.channels);
  const int bias_shift = layer.fraction - conv_fraction(layer, in.scale);
  std::vector<std::int8_t> window(static_cast<std::size_t>(layer.inputs));
  for (std::size_t y = 0; y < in.height; ++y) {
    for (std::size_t x = 0; x < in.width; ++x) {
      gather(in, kernel, y, x, window.data());
      for (int o = 0; o < layer.outputs; ++o) {
        const std::int32_t sum = hls::dot_product(window.data(), layer.weight + o * layer.inputs, layer.inputs);
        const std::int32_t channel = hls::scale_channel(sum, layer.pre_shift[o], layer.mantissa[o]);
        const std::int64_t value =
            saturate<16>(multiply_q15(channel, in.scale.mantissa) + saturating_shift<16>(layer.bias[o], bias_shift));
        *out++ = static_cast<std::int16_t>(std::max<std::int64_t>(value, 0));
      }
    }
  }
}

void int8_conv_wide_reference(const Int8Map& in, const hls::LinearLayer& layer, std::int32_t* out) {
  for (std::size_t pixel = 0; pixel < in.height * in.width; ++pixel) {
    hls::linear_wide(in.data + pixel * in.channels, in.scale, layer, out);
    out += layer.outputs;
  }
}

void double_map_reference(const std::int16_t* in, std::size_t height, std::size_t width, std::size_t channels,
                          std::int16_t* out) {
  std::vector<std::int16_t> wide(height * 2 * width * channels);
  for (std::size_t y = 0; y < height; ++y) {
    double_runs(in + y * width * channels, width, channels, wide.data() + y * 2 * width * channels);
  }
  double_runs(wide.data(), height, 2 * width * channels, out);
}

}  // namespace edgemoe
