#include "kernels/gemm/gemm.h"

#include <algorithm>

#include "base/check.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/tile_loop.h"
#include "kernels/simd/kernel_table.h"

namespace edgemoe {
namespace {

void check_args(const GemmArgs& args) {
  EDGEMOE_CHECK(args.b != nullptr);
  EDGEMOE_CHECK(args.a.cols == args.b->k && args.c.cols == args.b->n);
  EDGEMOE_CHECK(args.a_rows.empty() ? args.m <= args.a.rows : args.m == args.a_rows.size());
  EDGEMOE_CHECK(args.c_rows.empty() ? args.m <= args.c.rows : args.m == args.c_rows.size());
  EDGEMOE_CHECK(args.row_scale.empty() || (args.store == GemmStore::kAccumulate && args.row_scale.size() == args.m));
}

/// One tile of rows of the product times one panel.
void run_tile(const KernelTable& kernels, const GemmArgs& args, EvenSplit tiles, std::size_t tile, std::size_t panel) {
  const GemmWeights& b = *args.b;
  const std::size_t begin = tiles.begin(tile);
  const std::size_t num_rows = tiles.begin(tile + 1) - begin;
  const float* a[kMaxTileRows];
  float* c[kMaxTileRows];
  const std::size_t first_col = panel * kernels.panel_width;
  for (std::size_t i = 0; i < num_rows; ++i) {
    const std::size_t row = begin + i;
    a[i] = args.a.row(args.a_rows.empty() ? row : args.a_rows[row]);
    c[i] = args.c.row(args.c_rows.empty() ? row : args.c_rows[row]) + first_col;
  }
  // The first tile of a panel fetches the panel that follows, so that it is near when its turn comes. With one tile a
  // panel the processor's own prefetch keeps up, and a second one would only take its place in the queue.
  const std::size_t panel_size = b.k * kernels.panel_width;
  const bool fetch = tile == 0 && tiles.parts > 1 && first_col + kernels.panel_width < b.n;
  const float* panel_data = b.panels.data() + panel * panel_size;
  kernels.gemm_tile({.a = a,
                     .num_rows = num_rows,
                     .num_cols = std::min(kernels.panel_width, b.n - first_col),
                     .segment_length = b.k,
                     .panel = panel_data,
                     .prefetch = fetch ? panel_data + panel_size : nullptr,
                     .bias = args.bias == nullptr ? nullptr : args.bias + first_col,
                     .activation = args.activation,
                     .store = args.store,
                     .c = c,
                     .row_scale = args.row_scale.empty() ? nullptr : args.row_scale.data() + begin});
}

}  // namespace

GemmWeights pack_gemm_weights(Isa isa, MatrixView<const float> b) {
  const std::size_t panel_width = kernel_table(isa).panel_width;
  GemmWeights weights{b.rows, b.cols, AlignedBuffer<float>(packed_size(b.rows, b.cols, panel_width))};
  pack_panels({.data = b.data, .n = b.rows, .k = b.cols, .n_stride = b.stride}, panel_width, weights.panels.data());
  return weights;
}

void gemm(Isa isa, const GemmArgs& args, ThreadPool& pool) {
  check_args(args);
  if (args.m == 0) return;
  const KernelTable& kernels = kernel_table(isa);
  EDGEMOE_CHECK(args.b->panels.size() == packed_size(args.b->n, args.b->k, kernels.panel_width));
  const std::size_t num_panels = (args.b->n + kernels.panel_width - 1) / kernels.panel_width;
  const EvenSplit tiles = split_evenly(args.m, kernels.max_rows);
  for_each_tile(num_panels, tiles.parts, pool,
                [&](std::size_t panel, std::size_t tile) { run_tile(kernels, args, tiles, tile, panel); });
}

float gelu(float x) {
  kernel_table(Isa::kPortable).gelu(&x, 1, &x);
  return x;
}

}  // namespace edgemoe
