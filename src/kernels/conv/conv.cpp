#include "kernels/conv/conv.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/tile_loop.h"
#include "kernels/simd/kernel_table.h"

namespace edgemoe {
namespace {

constexpr std::size_t kMaxTaps = 9;

void check_args(const ConvArgs& args) {
  EDGEMOE_CHECK(args.weights != nullptr);
  const std::size_t pixels = args.height * args.width;
  EDGEMOE_CHECK(args.in.rows >= pixels && args.in.cols == args.weights->inputs);
  EDGEMOE_CHECK(args.out.rows >= pixels && args.out.cols == args.weights->outputs);
}

/// Pointers to the pixels under each tap for num_pixels outputs from `first` on: taps[tap · num_pixels + i]. A tap
/// outside the picture reads a row of zeros.
void point_taps(const ConvArgs& args, std::size_t first, std::size_t num_pixels, const float** taps) {
  const std::size_t kernel = args.weights->kernel;
  const std::size_t margin = kernel / 2;
  const float* const zeros = args.weights->zeros.data();
  for (std::size_t i = 0; i < num_pixels; ++i) {
    const std::size_t y = (first + i) / args.width;
    const std::size_t x = (first + i) % args.width;
    for (std::size_t ky = 0; ky < kernel; ++ky) {
      for (std::size_t kx = 0; kx < kernel; ++kx) {
        // Unsigned: left of or above the picture wraps to a huge number, so one comparison covers both sides.
        const std::size_t from_y = y + ky - margin;
        const std::size_t from_x = x + kx - margin;
        const bool inside = from_y < args.height && from_x < args.width;
        taps[(ky * kernel + kx) * num_pixels + i] = inside ? args.in.row(from_y * args.width + from_x) : zeros;
      }
    }
  }
}

void run_tile(const KernelTable& kernels, const ConvArgs& args, EvenSplit tiles, std::size_t tile, std::size_t panel) {
  const ConvWeights& weights = *args.weights;
  const std::size_t begin = tiles.begin(tile);
  const std::size_t num_pixels = tiles.begin(tile + 1) - begin;
  const std::size_t first_col = panel * kernels.panel_width;
  const float* taps[kMaxTaps * kMaxTileRows];
  float* out[kMaxTileRows];
  point_taps(args, begin, num_pixels, taps);
  for (std::size_t i = 0; i < num_pixels; ++i) out[i] = args.out.row(begin + i) + first_col;
  kernels.gemm_tile({.a = taps,
                     .num_rows = num_pixels,
                     .num_cols = std::min(kernels.panel_width, weights.outputs - first_col),
                     .segments = weights.kernel * weights.kernel,
                     .segment_length = weights.inputs,
                     .panel = weights.packed.panels.data() + first_col * weights.packed.k,
                     .bias = args.bias == nullptr ? nullptr : args.bias + first_col,
                     .activation = args.relu ? GemmActivation::kRelu : GemmActivation::kNone,
                     .c = out});
}

}  // namespace

ConvWeights pack_conv_weights(Isa isa, const float* weights, std::size_t outputs, std::size_t inputs,
                              std::size_t kernel) {
  EDGEMOE_CHECK(kernel == 1 || kernel == 3);
  // [outputs, inputs, taps] to [outputs, taps · inputs]: the order in which the sums run.
  const std::size_t taps = kernel * kernel;
  std::vector<float> by_tap(outputs * taps * inputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t c = 0; c < inputs; ++c) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        by_tap[(o * taps + tap) * inputs + c] = weights[(o * inputs + c) * taps + tap];
      }
    }
  }
  const std::size_t k = taps * inputs;
  return {.outputs = outputs,
          .inputs = inputs,
          .kernel = kernel,
          .packed = pack_gemm_weights(isa, {.data = by_tap.data(), .rows = outputs, .cols = k, .stride = k}),
          .zeros = AlignedBuffer<float>(inputs)};
}

void conv2d(Isa isa, const ConvArgs& args, ThreadPool& pool) {
  check_args(args);
  const KernelTable& kernels = kernel_table(isa);
  EDGEMOE_CHECK(args.weights->packed.panels.size() ==
                packed_size(args.weights->outputs, args.weights->packed.k, kernels.panel_width));
  const std::size_t pixels = args.height * args.width;
  if (pixels == 0) return;
  const std::size_t num_panels = (args.weights->outputs + kernels.panel_width - 1) / kernels.panel_width;
  const EvenSplit tiles = split_evenly(pixels, kernels.max_rows);
  for_each_tile(num_panels, tiles.parts, pool,
                [&](std::size_t panel, std::size_t tile) { run_tile(kernels, args, tiles, tile, panel); });
}

}  // namespace edgemoe
