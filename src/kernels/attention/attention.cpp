#include "kernels/attention/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/tile_loop.h"
#include "kernels/simd/kernel_table.h"

namespace edgemoe {
namespace {

constexpr std::size_t kLine = kAlignment / sizeof(float);

std::size_t round_up(std::size_t value, std::size_t step) { return (value + step - 1) / step * step; }

/// Where the parts of the workspace begin: keys and values of each sequence and head, then a tile of scores a thread.
struct Layout {
  std::size_t keys;    // floats of one head's packed keys
  std::size_t values;  // floats of one head's packed values
  std::size_t scores;  // floats of one thread's scores

  Layout(std::size_t num_tokens, std::size_t head_dim, std::size_t panel_width, std::size_t max_rows)
      : keys(round_up(packed_size(num_tokens, head_dim, panel_width), kLine)),
        values(round_up(packed_size(head_dim, num_tokens, panel_width), kLine)),
        scores(round_up(max_rows * round_up(num_tokens, panel_width), kLine)) {}
};

void check_args(const AttentionArgs& args) {
  const std::size_t rows = args.num_sequences * args.num_tokens;
  const std::size_t width = args.num_heads * args.head_dim;
  EDGEMOE_CHECK(args.head_dim >= 1 && args.num_heads >= 1 && args.num_tokens >= 1);
  EDGEMOE_CHECK(args.qkv.rows >= rows && args.qkv.cols == 3 * width);
  EDGEMOE_CHECK(args.out.rows >= rows && args.out.cols == width);
}

}  // namespace

std::size_t attention_workspace_size(std::size_t num_sequences, std::size_t num_tokens, std::size_t num_heads,
                                     std::size_t head_dim, int num_threads) {
  // Panel width and rows of the widest instruction set: what suits it suits every other, whose widths divide this one.
  const Layout layout(num_tokens, head_dim, kMaxPanelWidth, kMaxTileRows);
  return num_sequences * num_heads * (layout.keys + layout.values) +
         static_cast<std::size_t>(num_threads) * layout.scores;
}

void attention(Isa isa, const AttentionArgs& args, ThreadPool& pool) {
  if (args.num_sequences == 0) return;
  check_args(args);
  const KernelTable& kernels = kernel_table(isa);
  const Layout layout(args.num_tokens, args.head_dim, kernels.panel_width, kernels.max_rows);
  const std::size_t width = args.num_heads * args.head_dim;
  const std::size_t num_problems = args.num_sequences * args.num_heads;
  const auto problem_data = [&](std::size_t problem) {
    return args.workspace + problem * (layout.keys + layout.values);
  };
  float* const all_scores = problem_data(num_problems);

  pool.parallel_for(2 * num_problems, [&](std::size_t task, int) {
    const std::size_t problem = task / 2;
    const std::size_t head = problem % args.num_heads;
    const float* first = args.qkv.row(problem / args.num_heads * args.num_tokens) + width + head * args.head_dim;
    if (task % 2 == 0) {
      pack_panels({first, args.num_tokens, args.head_dim, args.qkv.stride, 1}, kernels.panel_width,
                  problem_data(problem));
    } else {
      pack_panels({first + width, args.head_dim, args.num_tokens, 1, args.qkv.stride}, kernels.panel_width,
                  problem_data(problem) + layout.keys);
    }
  });

  const EvenSplit tiles = split_evenly(args.num_tokens, kernels.max_rows);
  pool.parallel_for(num_problems * tiles.parts, [&](std::size_t task, int thread) {
    const std::size_t problem = task / tiles.parts;
    const std::size_t begin = tiles.begin(task % tiles.parts);
    const std::size_t num_rows = tiles.begin(task % tiles.parts + 1) - begin;
    const std::size_t first_row = problem / args.num_heads * args.num_tokens + begin;
    const std::size_t first_col = problem % args.num_heads * args.head_dim;
    const float* q[kMaxTileRows];
    float* out[kMaxTileRows];
    for (std::size_t i = 0; i < num_rows; ++i) {
      q[i] = args.qkv.row(first_row + i) + first_col;
      out[i] = args.out.row(first_row + i) + first_col;
    }
    kernels.attention_tile({.q = q,
                            .num_rows = num_rows,
                            .num_tokens = args.num_tokens,
                            .head_dim = args.head_dim,
                            .scale = args.scale,
                            .k_panels = problem_data(problem),
                            .v_panels = problem_data(problem) + layout.keys,
                            .scores = all_scores + static_cast<std::size_t>(thread) * layout.scores,
                            .out = out});
  });
}

}  // namespace edgemoe
