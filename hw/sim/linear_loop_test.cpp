// The tiles of linear and router phases, in both orders, against the loops in C++.
#include <Vlinear_loop.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "accel/program.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

struct Phase {
  bool columns_outer;
  bool router;
  int rows;
  int column_tiles;
  int row_tiles;  // divides column_tiles
};

constexpr int kSteps = 3;
constexpr int kInput = 100;
constexpr int kInputPitch = 11;
constexpr int kScales = 40;
constexpr int kOutput = 200;
constexpr int kOutputPitch = 13;
constexpr int kOutputScales = 60;
constexpr int kOutputScalesPitch = 2;
constexpr int kRowWords = 5;

/// Group, column, digit, tokens, row, tile of the row, whether it is the row's, the group's, the phase's last; words of
/// the rows, weights, scales, results, their scales.
using Tile = std::array<int, 14>;

std::vector<Tile> reference(const Phase& phase) {
  const int lanes = bench_design().array.tokens;
  const int groups = (phase.rows + lanes - 1) / lanes;
  const int digits = phase.router ? kRouterDigits : 1;
  std::vector<Tile> tiles;
  const auto add = [&](int group, int column, int digit) {
    const int row = column / phase.row_tiles;
    const bool last_column = column + 1 == phase.column_tiles && digit + 1 == digits;
    tiles.push_back({group, column, digit, std::min(lanes, phase.rows - group * lanes), row, column % phase.row_tiles,
                     column % phase.row_tiles + 1 == phase.row_tiles, last_column, last_column && group + 1 == groups,
                     kInput + group * kInputPitch + digit * kSteps, column * kSteps, kScales + group,
                     kOutput + group * kOutputPitch + row * kRowWords,
                     kOutputScales + group * kOutputScalesPitch + row});
  };
  if (phase.columns_outer) {
    for (int column = 0; column < phase.column_tiles; ++column) {
      for (int group = 0; group < groups; ++group) add(group, column, 0);
    }
  } else {
    for (int group = 0; group < groups; ++group) {
      for (int column = 0; column < phase.column_tiles; ++column) {
        for (int digit = 0; digit < digits; ++digit) add(group, column, digit);
      }
    }
  }
  return tiles;
}

std::vector<Tile> walk(Bench<Vlinear_loop>& bench, const Phase& phase, Random& random) {
  bench->columns_outer_i = phase.columns_outer;
  bench->router_i = phase.router;
  bench->rows_i = static_cast<std::uint16_t>(phase.rows);
  bench->column_tiles_i = static_cast<std::uint16_t>(phase.column_tiles);
  bench->row_tiles_i = static_cast<std::uint16_t>(phase.row_tiles);
  bench->steps_i = kSteps;
  bench->input_i = kInput;
  bench->input_pitch_i = kInputPitch;
  bench->scales_i = kScales;
  bench->output_i = kOutput;
  bench->output_pitch_i = kOutputPitch;
  bench->output_scales_i = kOutputScales;
  bench->output_scales_pitch_i = kOutputScalesPitch;
  bench->row_words_i = kRowWords;
  bench->next_i = 0;
  bench->start_i = 1;
  bench.tick();
  bench->start_i = 0;
  std::vector<Tile> tiles;
  while (tiles.size() < 2000) {
    bench->next_i = random.below(3) != 0;
    bench.settle();
    const bool last = bench->last_o;
    if (bench->next_i) {
      tiles.push_back({bench->group_o, bench->column_o, bench->digit_o, bench->tokens_o, bench->row_o,
                       bench->row_column_o, bench->row_last_o, bench->last_column_o, bench->last_o, bench->input_o,
                       bench->weights_o, bench->scales_o, bench->output_o, bench->output_scales_o});
    }
    const bool ends = bench->next_i && last;
    bench.tick();
    if (ends) break;
  }
  return tiles;
}

TEST(LinearLoop, PhasesOfAllShapes_AreTheLoops) {
  for (const PowerUp power_up : kAllPowerUps) {
    Bench<Vlinear_loop> bench(power_up);
    Random random(31);
    const int lanes = bench_design().array.tokens;
    for (const int rows : {1, lanes - 1, lanes, lanes + 1, 5 * lanes, 5 * lanes + 1}) {
      for (const Phase& phase :
           {Phase{false, false, rows, 1, 1}, Phase{false, false, rows, 6, 2}, Phase{false, false, rows, 3, 3},
            Phase{true, false, rows, 4, 4}, Phase{false, true, rows, 1, 1}, Phase{false, true, rows, 2, 2}}) {
        if (rows < 1) continue;
        EXPECT_EQ(walk(bench, phase, random), reference(phase))
            << rows << " rows, " << phase.column_tiles << " tiles, columns outer " << phase.columns_outer << ", router "
            << phase.router;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
