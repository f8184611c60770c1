#include "engine/reference_head.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/int8_weights.h"
#include "hls/layer_norm.h"
#include "kernels/int8_conv/int8_conv.h"
#include "resample/resize.h"

namespace edgemoe {
namespace {

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

/// [height · width, channels] of s16.
struct Map {
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;
  std::vector<std::int16_t> values;
};

/// The map in int8, with one scale.
struct QuantizedMap {
  std::vector<std::int8_t> values;
  Int8Map view;
};

QuantizedMap quantized(const Map& map, int fraction) {
  QuantizedMap result;
  result.values.resize(map.values.size());
  const RowScale scale =
      hls::quantize_row(map.values.data(), static_cast<int>(map.values.size()), fraction, result.values.data());
  result.view = {result.values.data(), map.height, map.width, map.channels, scale};
  return result;
}

/// A pixel's channels are [row][column][channel] of the pixels that it becomes.
Map shuffled(const Map& in, std::size_t factor) {
  Map out{in.height * factor, in.width * factor, in.channels / (factor * factor), {}};
  out.values.resize(in.values.size());
  for (std::size_t y = 0; y < out.height; ++y) {
    for (std::size_t x = 0; x < out.width; ++x) {
      const std::size_t pixel = y / factor * in.width + x / factor;
      const std::size_t place = y % factor * factor + x % factor;
      std::copy_n(in.values.data() + pixel * in.channels + place * out.channels, out.channels,
                  out.values.data() + (y * out.width + x) * out.channels);
    }
  }
  return out;
}

Map doubled(const Map& in) {
  Map out{2 * in.height, 2 * in.width, in.channels, {}};
  out.values.resize(4 * in.values.size());
  double_map_reference(in.values.data(), in.height, in.width, in.channels, out.values.data());
  return out;
}

/// Numbers at the upper end, or whose bias is; ReLU makes the same of what was clipped at the lower one.
std::uint64_t count_convolution(const Map& map, const IntegerLinear& layer, int fraction) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    const std::int64_t bias = saturating_shift<16>(layer.bias[i % layer.outputs], layer.fraction - fraction);
    found += map.values[i] == INT16_MAX || bias == INT16_MAX;
  }
  return found;
}

struct FloatMap {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<float> values;
};

FloatMap resized(const FloatMap& in, std::size_t height, std::size_t width, std::size_t channels) {
  FloatMap out{height, width, std::vector<float>(height * width * channels)};
  resize({.in = in.values.data(),
          .in_height = in.height,
          .in_width = in.width,
          .out = out.values.data(),
          .out_height = height,
          .out_width = width,
          .channels = channels});
  return out;
}

}  // namespace

std::vector<float> run_reference_head(const ModelConfig& config, int task, const IntegerHead& head,
                                      const std::int32_t* tokens, const ReferenceTaps& taps, Saturation& saturation) {
  const bool shuffles = config.head.upsampling == Upsampling::kPixelShuffle;
  const std::size_t dim = extent(config.embed_dim);
  Map map{extent(config.grid_height()), extent(config.grid_width()), dim, {}};
  map.values.resize(map.height * map.width * dim);
  const hls::NormLayer norm = norm_of(head.norm);
  for (std::size_t t = 0; t < map.height * map.width; ++t) {
    std::int16_t* const row = map.values.data() + t * dim;
    hls::layer_norm<hls::ReferenceDesign>(tokens + (t + 1) * dim, config.embed_dim, norm, row);
    saturation.add(saturation.of_head(task, 0), count_biased<16>(row, norm.bias, dim));
  }
  taps.fixed<std::int16_t>(head_tap(kTapHeadNorm), map.values, dim, head.norm.fraction);

  int fraction = head.norm.fraction;
  for (std::size_t s = 0; s < head.stages.size(); ++s) {
    const QuantizedMap in = quantized(map, fraction);
    const hls::LinearLayer layer = layer_of(head.stages[s]);
    map.channels = head.stages[s].outputs;
    map.values.resize(map.height * map.width * map.channels);
    int8_conv_reference(in.view, layer, map.values.data());
    fraction = conv_fraction(layer, in.view.scale);
    saturation.add(saturation.of_head(task, 1 + s), count_convolution(map, head.stages[s], fraction));
    if (shuffles) map = shuffled(map, extent(config.head.upsample));
    if (!shuffles && config.head.upsample == 2 && s + 1 < head.stages.size()) map = doubled(map);
  }
  const QuantizedMap in = quantized(map, fraction);
  std::vector<std::int32_t> wide(map.height * map.width * head.outputs.outputs);
  int8_conv_wide_reference(in.view, layer_of(head.outputs), wide.data());
  for (std::size_t pixel = 0; pixel < map.height * map.width; ++pixel) {
    saturation.add(
        saturation.of_head(task, 1 + head.stages.size()),
        count_biased<32>(wide.data() + pixel * head.outputs.outputs, head.outputs.bias.data(), head.outputs.outputs));
  }
  FloatMap logits{map.height, map.width, {}};
  logits.values.reserve(wide.size());
  for (const std::int32_t value : wide) logits.values.push_back(static_cast<float>(value) * 0x1p-16F);
  const std::size_t outputs = head.outputs.outputs;
  if (!shuffles && config.head.upsample == 2) logits = resized(logits, 2 * logits.height, 2 * logits.width, outputs);
  if (logits.height != extent(config.input.height) || logits.width != extent(config.input.width)) {
    logits = resized(logits, extent(config.input.height), extent(config.input.width), outputs);
  }
  return std::move(logits.values);
}

}  // namespace edgemoe
