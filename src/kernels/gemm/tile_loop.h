// Cuts a product into tiles: how rows are shared out, and how many tasks the pool gets.
#ifndef EDGEMOE_KERNELS_GEMM_TILE_LOOP_H_
#define EDGEMOE_KERNELS_GEMM_TILE_LOOP_H_

#include <algorithm>
#include <cstddef>

#include "base/thread_pool.h"

namespace edgemoe {

/// `count` things in `parts` runs that differ by one at most; parts ≥ 1. Run i is [begin(i), begin(i + 1)).
struct EvenSplit {
  std::size_t count = 0;
  std::size_t parts = 1;

  std::size_t begin(std::size_t i) const { return i * (count / parts) + std::min(i, count % parts); }
};

/// As few runs as keep each within `largest`, all nearly equal: 129 rows in tiles of 14 are nine of 13 and one of 12,
/// not nine of 14 and one of 3, since a small tile leaves the multipliers waiting.
inline EvenSplit split_evenly(std::size_t count, std::size_t largest) {
  return {count, std::max<std::size_t>(1, (count + largest - 1) / largest)};
}

/// Runs body(panel, tile) for all panels × tiles on the pool. A task takes one panel and a run of tiles, so that the
/// panel stays in its core's cache meanwhile; the tiles are shared between tasks only as far as the threads need work.
template <typename Body>
void for_each_tile(std::size_t num_panels, std::size_t num_tiles, ThreadPool& pool, const Body& body) {
  if (num_panels == 0 || num_tiles == 0) return;
  const auto threads = static_cast<std::size_t>(pool.num_threads());
  const std::size_t wanted = threads == 1 ? 1 : (4 * threads + num_panels - 1) / num_panels;
  const EvenSplit chunks{num_tiles, std::min(wanted, num_tiles)};
  pool.parallel_for(num_panels * chunks.parts, [&](std::size_t task, int) {
    const std::size_t panel = task / chunks.parts;
    const std::size_t chunk = task % chunks.parts;
    for (std::size_t tile = chunks.begin(chunk); tile < chunks.begin(chunk + 1); ++tile) body(panel, tile);
  });
}

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_GEMM_TILE_LOOP_H_
