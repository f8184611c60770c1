// Tiles of any length, one after the other and with gaps, against hls::dot_product.
#include <Varray_tile.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "hls/linear.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

constexpr int kLatency = kDotChainLength + 5;  // to sums_o

/// A tile's operands, [row][input].
struct Tile {
  std::vector<std::vector<std::int8_t>> a;
  std::vector<std::vector<std::int8_t>> w;
  int steps;
};

std::vector<std::vector<std::int8_t>> draw_rows(Random& random, int rows, int inputs, int least) {
  std::vector<std::vector<std::int8_t>> out(static_cast<std::size_t>(rows));
  const bool extreme = random.below(3) == 0;
  for (auto& row : out) {
    for (int k = 0; k < inputs; ++k) {
      row.push_back(
          static_cast<std::int8_t>(extreme ? (random.below(9) == 0 ? 127 : least) : draw(random, least, 127)));
    }
  }
  return out;
}

/// [token][output]
std::vector<std::int32_t> expected_sums(const Tile& tile) {
  std::vector<std::int32_t> sums;
  for (const auto& a : tile.a) {
    for (const auto& w : tile.w) sums.push_back(hls::dot_product(a.data(), w.data(), static_cast<int>(a.size())));
  }
  return sums;
}

class ArrayTile : public ::testing::TestWithParam<std::tuple<PowerUp, bool>> {};

TEST_P(ArrayTile, TilesOfAnyLength_EqualTheReference) {
  const auto [power_up, gaps] = GetParam();
  const DesignPoint& design = bench_design();
  const int inputs_per_step = design.array.chains * kDotChainLength;
  Random random(gaps ? 21 : 22);
  Bench<Varray_tile> bench(power_up);
  bench->valid_i = 0;
  bench.reset();

  constexpr int kTiles = 60;
  std::deque<std::pair<std::int64_t, Tile>> waiting;  // with the cycle in which its sums are to be there
  // What bank 0 took in the last cycles: bank k takes the same k cycles later.
  struct Step {
    const Tile* tile;
    int step;
  };
  std::deque<Step> steps(kDotChainLength, Step{nullptr, 0});
  std::deque<Tile> tiles;
  int started = 0;
  int step = 0;
  int compared = 0;
  std::vector<std::int32_t> standing;
  while (started < kTiles || !waiting.empty()) {
    const bool idle = (step == 0 && started == kTiles) || (gaps && random.below(3) == 0);
    bench->valid_i = !idle;
    bench->first_i = idle ? random.below(2) != 0 : step == 0;
    bench->last_i = random.below(2) != 0;
    if (!idle) {
      if (step == 0) {
        const int length = 1 + static_cast<int>(random.below(random.below(4) == 0 ? 40 : 5));
        tiles.push_back({draw_rows(random, design.array.tokens, length * inputs_per_step, -128),
                         draw_rows(random, design.array.outputs, length * inputs_per_step, -127), length});
        ++started;
      }
      bench->last_i = step + 1 == tiles.back().steps;
    }
    steps.push_front(idle ? Step{nullptr, 0} : Step{&tiles.back(), step});
    steps.pop_back();
    for (std::size_t k = 0; k < kDotChainLength; ++k) {
      for (int c = 0; c < design.array.chains; ++c) {
        const auto byte = [&](const std::vector<std::int8_t>& row) {
          return static_cast<std::uint8_t>(
              row[static_cast<std::size_t>(steps[k].step * inputs_per_step + c * kDotChainLength) + k]);
        };
        const std::size_t lane = k * static_cast<std::size_t>(design.array.chains) + static_cast<std::size_t>(c);
        for (std::size_t t = 0; t < static_cast<std::size_t>(design.array.tokens); ++t) {
          set_bits(bench->a_i, (lane * static_cast<std::size_t>(design.array.tokens) + t) * 8, 8,
                   steps[k].tile ? byte(steps[k].tile->a[t]) : static_cast<std::uint8_t>(random.next_u64()));
        }
        for (std::size_t o = 0; o < static_cast<std::size_t>(design.array.outputs); ++o) {
          set_bits(bench->w_i, (lane * static_cast<std::size_t>(design.array.outputs) + o) * 8, 8,
                   steps[k].tile ? byte(steps[k].tile->w[o]) : static_cast<std::uint8_t>(random.next_u64()));
        }
      }
    }
    if (!idle && ++step == tiles.back().steps) {
      waiting.emplace_back(bench.cycles() + kLatency, tiles.back());
      step = 0;
    }
    bench.tick();
    const bool due = !waiting.empty() && waiting.front().first == bench.cycles();
    ASSERT_EQ(bench->done_o, due) << "cycle " << bench.cycles();
    if (due) {
      standing = expected_sums(waiting.front().second);
      waiting.pop_front();
      ++compared;
    }
    // They stay until the next tile's.
    for (std::size_t i = 0; i < standing.size(); ++i) {
      ASSERT_EQ(get_signed(bench->sums_o, i * 32, 32), standing[i]) << "tile " << compared << " sum " << i;
    }
  }
  EXPECT_EQ(compared, kTiles);
}

INSTANTIATE_TEST_SUITE_P(PowerUpAndGaps, ArrayTile,
                         ::testing::Combine(::testing::ValuesIn(kAllPowerUps), ::testing::Bool()));

}  // namespace
}  // namespace edgemoe::sim
