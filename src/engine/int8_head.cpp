#include "engine/int8_head.h"

#include <algorithm>
#include <cstring>

#include "engine/int8_saturation.h"
#include "engine/tap_rows.h"
#include "kernels/int8/pack.h"
#include "numeric/fixed_point.h"

namespace edgemoe {
namespace {

using int8::kMaxRows;
using int8::round_up;

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

/// The largest of what threads found.
void raise(std::atomic<std::int32_t>& largest, std::int32_t value) {
  std::int32_t seen = largest.load(std::memory_order_relaxed);
  while (seen < value && !largest.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace

void Int8HeadMemory::allocate(int num_threads, std::uint8_t offset) {
  const std::size_t threads = extent(num_threads);
  for (AlignedBuffer<std::int16_t>& map : maps) map = AlignedBuffer<std::int16_t>(map_values + int8::kRowStep);
  quantized = AlignedBuffer<std::uint8_t>(map_values + int8::kGroup);
  for (AlignedBuffer<float>& part : logits) part = AlignedBuffer<float>(logits_values);
  bias = AlignedBuffer<std::int16_t>(widest);
  windows = AlignedBuffer<std::uint8_t>(threads * kMaxRows * widest);
  scaled = AlignedBuffer<std::int16_t>(threads * kMaxRows * widest);
  wide = AlignedBuffer<std::int32_t>(threads * kMaxRows * widest);
  wide_bias = AlignedBuffer<std::int32_t>(kMaxRows * widest);
  resize = AlignedBuffer<float>(threads * resize_floats);
  std::memset(windows.data(), offset, windows.size());
}

std::size_t Int8HeadMemory::bytes() const {
  return 2 * (maps[0].size() + maps[1].size() + bias.size() + scaled.size()) + quantized.size() + windows.size() +
         4 * (logits[0].size() + logits[1].size() + wide.size() + wide_bias.size() + resize.size());
}

Int8Head::Int8Head(const ModelConfig& config, int task, const Int8HeadWeights& weights, const int8::Kernels& kernels,
                   ThreadPool& pool, Saturation& saturation, Int8HeadMemory& memory)
    : config_(config),
      task_(task),
      weights_(weights),
      kernels_(kernels),
      pool_(pool),
      saturation_(saturation),
      memory_(memory),
      shuffles_(config.head.upsampling == Upsampling::kPixelShuffle) {
  plan();
}

/// Follows the maps through the head once, without values.
void Int8Head::plan() {
  std::size_t height = extent(config_.grid_height());
  std::size_t width = extent(config_.grid_width());
  std::size_t channels = extent(config_.embed_dim);
  const auto see = [this](std::size_t values) { memory_.map_values = std::max(memory_.map_values, values); };
  const auto see_row = [this](std::size_t count) {
    memory_.widest = std::max(memory_.widest, round_up(count, int8::kRowStep));
  };
  see(height * width * channels);
  see_row(channels);
  const std::size_t factor = extent(config_.head.upsample);
  for (std::size_t s = 0; s < weights_.stages.size(); ++s) {
    const int8::PackedLayer& stage = weights_.stages[s];
    see_row(stage.inputs);
    see_row(stage.outputs);
    channels = stage.outputs;
    see(height * width * channels);
    if (shuffles_) {
      height *= factor;
      width *= factor;
      channels /= factor * factor;
    } else if (factor == 2 && s + 1 < weights_.stages.size()) {
      height *= 2;
      width *= 2;
      see(height * width * channels);
      see_row(width * channels);
    }
  }
  see_row(weights_.outputs.inputs);
  see_row(weights_.outputs.outputs);
  const std::size_t outputs = weights_.outputs.outputs;
  const auto see_logits = [&] { memory_.logits_values = std::max(memory_.logits_values, height * width * outputs); };
  see_logits();
  const auto enlarge = [&](std::size_t to_height, std::size_t to_width) {
    enlargements_.emplace_back(ResizeShape{
        .in_height = height, .in_width = width, .out_height = to_height, .out_width = to_width, .channels = outputs});
    memory_.resize_floats = std::max(memory_.resize_floats, enlargements_.back().workspace_size());
    height = to_height;
    width = to_width;
    see_logits();
  };
  if (!shuffles_ && factor == 2) enlarge(2 * height, 2 * width);
  const std::size_t input_height = extent(config_.input.height);
  const std::size_t input_width = extent(config_.input.width);
  if (height != input_height || width != input_width) enlarge(input_height, input_width);
}

MatrixView<const float> Int8Head::run(const std::int32_t* tokens, std::size_t stride, const TapTarget& taps) {
  Map map = normalize(tokens, stride);
  if (taps.sink != nullptr && !taps.sink->routers_only()) {
    std::vector<float> normed(map.pixels() * map.channels);
    for (std::size_t i = 0; i < normed.size(); ++i) {
      normed[i] = static_cast<float>(memory_.maps[0][i]) / static_cast<float>(1 << map.fraction);
    }
    taps.sink->on_tap(
        taps.image, taps.scope, head_tap(kTapHeadNorm),
        {DType::kF32, Shape{static_cast<std::int64_t>(map.pixels()), static_cast<std::int64_t>(map.channels)},
         std::as_bytes(std::span(normed))});
  }
  for (std::size_t s = 0; s < weights_.stages.size(); ++s) {
    map = convolve(map, s);
    if (!shuffles_ && config_.head.upsample == 2 && s + 1 < weights_.stages.size()) map = doubled(map);
  }
  classify(map, quantize(map));
  const MatrixView<const float> logits = enlarge(map);
  if (taps.sink != nullptr) tap_logits(*taps.sink, taps.image, taps.scope, config_, logits);
  return logits;
}

Int8Head::Map Int8Head::normalize(const std::int32_t* tokens, std::size_t stride) {
  const Int8Norm& norm = weights_.norm;
  Map map{extent(config_.grid_height()), extent(config_.grid_width()), extent(config_.embed_dim), 0, norm.fraction, 0};
  std::atomic<std::int32_t> largest = 0;
  pool_.parallel_for((map.pixels() + kMaxRows - 1) / kMaxRows, [&](std::size_t number, int /*thread*/) {
    const std::size_t first = number * kMaxRows;
    const std::size_t count = std::min(kMaxRows, map.pixels() - first);
    std::int16_t* rows = memory_.maps[0].data() + first * map.channels;
    std::int32_t found[kMaxRows];
    kernels_.norm({.rows = tokens + (first + 1) * stride,
                   .stride = stride,
                   .num_rows = count,
                   .count = map.channels,
                   .gain = norm.gain.data(),
                   .bias = norm.bias.data(),
                   .gain_exponent = norm.gain_exponent,
                   .fraction = norm.fraction,
                   .eps = norm.eps,
                   .out = rows,
                   .out_stride = map.channels,
                   .largest = found});
    for (std::size_t r = 0; r < count; ++r) {
      count_narrow(saturation_, saturation_.of_head(task_, 0), rows + r * map.channels, norm.bias.data(), map.channels,
                   found[r], norm.largest_bias);
    }
    raise(largest, *std::max_element(found, found + count));
  });
  map.largest = largest;
  return map;
}

/// The whole map to int8 with one scale.
RowScale Int8Head::quantize(const Map& map) {
  const RowQuantizer quantizer = make_row_quantizer(map.largest, map.fraction);
  const std::size_t row = map.width * map.channels;
  pool_.parallel_for(map.height, [&](std::size_t y, int) {
    kernels_.quantize({memory_.maps[map.half].data() + y * row, row, quantizer.left_shift, quantizer.reciprocal,
                       memory_.quantized.data() + y * row});
  });
  return quantizer.scale;
}

/// Windows of `count` pixels from `first` on, zeros outside of the map. Those of one pixel are where the map has them;
/// what a kernel reads beyond them is multiplied by weights of 0.
void Int8Head::gather(const Map& in, const int8::PackedLayer& layer, std::size_t first, std::size_t count, int thread,
                      const std::uint8_t** rows) {
  const std::size_t taps = layer.inputs / in.channels;
  std::size_t side = 1;
  while (side * side < taps) ++side;
  const std::size_t reach = side / 2;
  for (std::size_t r = 0; r < count; ++r) {
    if (side == 1) {
      rows[r] = memory_.quantized.data() + (first + r) * in.channels;
      continue;
    }
    std::uint8_t* window = memory_.windows.data() + (extent(thread) * kMaxRows + r) * memory_.widest;
    rows[r] = window;
    const std::size_t y = (first + r) / in.width;
    const std::size_t x = (first + r) % in.width;
    // Of each row of the window, the columns that the map has.
    const std::size_t skipped = reach - std::min(reach, x);
    const std::size_t columns = std::min(side, in.width + reach - x) - skipped;
    for (std::size_t row = 0; row < side; ++row, window += side * in.channels) {
      const bool inside = y + row >= reach && y + row < in.height + reach;
      if (!inside || columns < side) std::memset(window, kernels_.offset, side * in.channels);
      if (!inside) continue;
      const std::size_t pixel = (y + row - reach) * in.width + x + skipped - reach;
      std::memcpy(window + skipped * in.channels, memory_.quantized.data() + pixel * in.channels,
                  columns * in.channels);
    }
  }
}

/// Convolution, ReLU and, where the head has it, pixel shuffle.
Int8Head::Map Int8Head::convolve(const Map& in, std::size_t stage) {
  const int8::PackedLayer& layer = weights_.stages[stage];
  const RowScale scale = quantize(in);
  const std::size_t factor = shuffles_ ? extent(config_.head.upsample) : 1;
  Map out{in.height * factor,
          in.width * factor,
          layer.outputs / (factor * factor),
          1 - in.half,
          scale.exponent - layer.exponent - 15,
          0};
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    memory_.bias[o] = static_cast<std::int16_t>(saturating_shift<16>(layer.bias[o], layer.fraction - out.fraction));
  }
  // Below, ReLU makes the same of what was clipped.
  const std::int16_t* const bias = memory_.bias.data();
  const bool bias_saturates = std::find(bias, bias + layer.outputs, INT16_MAX) != bias + layer.outputs;
  const std::size_t run = factor * out.channels;  // a row of what a pixel becomes
  std::int16_t* map = memory_.maps[out.half].data();
  std::atomic<std::int32_t> largest = 0;
  const std::size_t tiles = (in.pixels() + kMaxRows - 1) / kMaxRows;
  pool_.parallel_for(tiles, [&](std::size_t number, int thread) {
    const std::size_t first = number * kMaxRows;
    const std::size_t count = std::min(kMaxRows, in.pixels() - first);
    const std::uint8_t* rows[kMaxRows] = {};
    gather(in, layer, first, count, thread, rows);
    std::int16_t* scaled = memory_.scaled.data() + extent(thread) * kMaxRows * memory_.widest;
    kernels_.tile({rows, count, layer.panels(), scaled});
    std::int16_t most = 0;
    std::uint64_t saturated = 0;
    for (std::size_t r = 0; r < count; ++r) {
      std::int16_t* values = scaled + r * layer.mantissa.size();
      kernels_.narrow({values, scale.mantissa, 0, memory_.bias.data(), layer.outputs, values});
      for (std::size_t o = 0; o < layer.outputs; ++o) {
        values[o] = std::max<std::int16_t>(values[o], 0);
        most = std::max(most, values[o]);
      }
      if (bias_saturates || most == INT16_MAX) {
        for (std::size_t o = 0; o < layer.outputs; ++o) saturated += values[o] == INT16_MAX || bias[o] == INT16_MAX;
      }
      const std::size_t y = (first + r) / in.width;
      const std::size_t x = (first + r) % in.width;
      for (std::size_t i = 0; i < factor; ++i) {
        std::copy_n(values + i * run, run, map + ((y * factor + i) * in.width + x) * run);
      }
    }
    raise(largest, most);
    saturation_.add(saturation_.of_head(task_, 1 + stage), saturated);
  });
  out.largest = largest;
  return out;
}

/// Twice the size, bilinearly: along rows, then along columns.
Int8Head::Map Int8Head::doubled(const Map& in) {
  Map out{2 * in.height, 2 * in.width, in.channels, 1 - in.half, in.fraction, 0};
  const std::int16_t* from = memory_.maps[in.half].data();
  std::int16_t* to = memory_.maps[out.half].data();
  const std::size_t c = in.channels;
  const auto quarter_way = [](std::int32_t near, std::int32_t far) {
    return static_cast<std::int16_t>((3 * near + far + 2) >> 2);
  };
  std::atomic<std::int32_t> largest = 0;
  pool_.parallel_for(out.height, [&](std::size_t y, int) {
    const std::size_t here = y / 2;
    const std::size_t other = y % 2 == 0 ? (here == 0 ? 0 : here - 1) : std::min(here + 1, in.height - 1);
    const std::int16_t* near = from + here * in.width * c;
    const std::int16_t* far = from + other * in.width * c;
    std::int16_t most = 0;
    for (std::size_t x = 0; x < out.width; ++x) {
      const std::size_t column = x / 2;
      const std::size_t beside = x % 2 == 0 ? (column == 0 ? 0 : column - 1) : std::min(column + 1, in.width - 1);
      std::int16_t* pixel = to + (y * out.width + x) * c;
      for (std::size_t i = 0; i < c; ++i) {
        pixel[i] = quarter_way(quarter_way(near[column * c + i], near[beside * c + i]),
                               quarter_way(far[column * c + i], far[beside * c + i]));
        most = std::max(most, pixel[i]);
      }
    }
    raise(largest, most);
  });
  out.largest = largest;
  return out;
}

/// The last convolution, to float32.
void Int8Head::classify(const Map& in, RowScale scale) {
  const int8::PackedLayer& layer = weights_.outputs;
  for (std::size_t r = 0; r < kMaxRows; ++r) {
    std::copy(layer.bias.begin(), layer.bias.end(), memory_.wide_bias.data() + r * layer.bias.size());
  }
  const std::size_t tiles = (in.pixels() + kMaxRows - 1) / kMaxRows;
  pool_.parallel_for(tiles, [&](std::size_t number, int thread) {
    const std::size_t first = number * kMaxRows;
    const std::size_t count = std::min(kMaxRows, in.pixels() - first);
    const std::uint8_t* rows[kMaxRows] = {};
    gather(in, layer, first, count, thread, rows);
    std::int16_t* scaled = memory_.scaled.data() + extent(thread) * kMaxRows * memory_.widest;
    std::int32_t* wide = memory_.wide.data() + extent(thread) * kMaxRows * memory_.widest;
    kernels_.tile({rows, count, layer.panels(), scaled});
    // All rows at once: their biases lie one after another too.
    const std::size_t padded = layer.mantissa.size();
    int8::WideArgs args{.scaled = scaled,
                        .mantissa = scale.mantissa,
                        .shift = layer.wide_shift(scale),
                        .bias = memory_.wide_bias.data(),
                        .count = count * padded,
                        .weighted = false,
                        .weight = 0,
                        .added = false,
                        .saturating = true,
                        .out = wide};
    const std::size_t tensor = saturation_.of_head(task_, 1 + weights_.stages.size());
    args.saturating = count_wide(saturation_, tensor, args, layer.largest_bias) >= INT32_MAX;
    kernels_.wide(args);
    float* out = memory_.logits[0].data() + first * layer.outputs;
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t o = 0; o < layer.outputs; ++o) *out++ = static_cast<float>(wide[r * padded + o]) * 0x1p-16F;
    }
  });
}

MatrixView<const float> Int8Head::enlarge(const Map& map) {
  const std::size_t outputs = weights_.outputs.outputs;
  std::size_t pixels = map.pixels();
  std::size_t half = 0;
  for (const ResizePlan& plan : enlargements_) {
    const float* from = memory_.logits[half].data();
    half = 1 - half;
    float* to = memory_.logits[half].data();
    const std::size_t row = plan.shape().out_width * outputs;
    pool_.parallel_for(plan.shape().out_height, [&](std::size_t y, int thread) {
      float* scratch = memory_.resize.data() + extent(thread) * memory_.resize_floats;
      plan.run_row(from, y, to + y * row, {scratch, memory_.resize_floats});
    });
    pixels = plan.shape().out_height * plan.shape().out_width;
  }
  return {memory_.logits[half].data(), pixels, outputs, outputs};
}

}  // namespace edgemoe
