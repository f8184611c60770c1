// The tiles of attention phases against their order in C++: scores three units ahead of values.
#include <Vattention_loop.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

struct Phase {
  int rows;
  int heads;
  int key_tiles;
  int head_tiles;
};

constexpr int kAhead = 3;
constexpr int kPlaces = 4;
constexpr int kSteps = 2;
constexpr int kValueSteps = 5;
constexpr int kInput = 100;
constexpr int kInputPitch = 30;
constexpr int kScales = 40;
constexpr int kKeys = 300;
constexpr int kValues = 500;
constexpr int kOutput = 700;
constexpr int kOutputPitch = 17;
constexpr int kOutputScales = 90;

/// Values or scores, group, head, tokens, place, tile, whether it is the unit's, the row's, the phase's last; words of
/// the queries or results, columns, scales.
using Tile = std::array<int, 12>;

std::vector<Tile> reference(const Phase& phase) {
  const int lanes = bench_design().array.tokens;
  const int units = (phase.rows + lanes - 1) / lanes * phase.heads;
  std::vector<Tile> tiles;
  const auto add = [&](bool values, int unit) {
    const int group = unit / phase.heads;
    const int head = unit % phase.heads;
    const int count = values ? phase.head_tiles : phase.key_tiles;
    for (int tile = 0; tile < count; ++tile) {
      const bool last = tile + 1 == count;
      tiles.push_back({values, group, head, std::min(lanes, phase.rows - group * lanes), unit % kPlaces, tile, last,
                       last && (!values || head + 1 == phase.heads), values && last && unit + 1 == units,
                       values ? kOutput + group * kOutputPitch : kInput + group * kInputPitch + head * kSteps,
                       values ? kValues + (head * phase.head_tiles + tile) * kValueSteps
                              : kKeys + (head * phase.key_tiles + tile) * kSteps,
                       values ? kOutputScales + group : kScales + unit});
    }
  };
  for (int unit = 0; unit < units + kAhead; ++unit) {
    if (unit < units) add(false, unit);
    if (unit >= kAhead) add(true, unit - kAhead);
  }
  return tiles;
}

std::vector<Tile> walk(Bench<Vattention_loop>& bench, const Phase& phase, Random& random) {
  bench->rows_i = static_cast<std::uint16_t>(phase.rows);
  bench->heads_i = static_cast<std::uint8_t>(phase.heads);
  bench->key_tiles_i = static_cast<std::uint16_t>(phase.key_tiles);
  bench->head_tiles_i = static_cast<std::uint16_t>(phase.head_tiles);
  bench->steps_i = kSteps;
  bench->value_steps_i = kValueSteps;
  bench->input_i = kInput;
  bench->input_pitch_i = kInputPitch;
  bench->scales_i = kScales;
  bench->key_base_i = kKeys;
  bench->value_base_i = kValues;
  bench->output_i = kOutput;
  bench->output_pitch_i = kOutputPitch;
  bench->output_scales_i = kOutputScales;
  bench->next_i = 0;
  bench->start_i = 1;
  bench.tick();
  bench->start_i = 0;
  std::vector<Tile> tiles;
  while (tiles.size() < 5000) {
    bench->next_i = random.below(3) != 0;
    bench.settle();
    const bool values = bench->values_o;
    EXPECT_EQ(bench->first_tile_o, bench->tile_o == 0);
    if (bench->next_i) {
      tiles.push_back({values, bench->group_o, bench->head_o, bench->tokens_o, bench->place_o, bench->tile_o,
                       bench->last_tile_o, bench->last_column_o, bench->last_o,
                       values ? bench->output_o : bench->input_o, bench->columns_o,
                       values ? bench->output_scales_o : bench->scales_o});
      if (values) {
        EXPECT_EQ(bench->column_o, bench->head_o * phase.head_tiles + bench->tile_o);
      }
    }
    const bool ends = bench->next_i && bench->last_o;
    bench.tick();
    if (ends) break;
  }
  return tiles;
}

TEST(AttentionLoop, PhasesOfAllShapes_AreInOrder) {
  for (const PowerUp power_up : kAllPowerUps) {
    Bench<Vattention_loop> bench(power_up);
    Random random(33);
    const int lanes = bench_design().array.tokens;
    for (const int rows : {1, lanes, lanes + 1, 4 * lanes, 9 * lanes + 1}) {
      for (const auto& [heads, key_tiles, head_tiles] :
           {std::array{1, 1, 1}, std::array{1, 3, 2}, std::array{3, 5, 2}, std::array{2, 1, 3}}) {
        const Phase phase = {rows, heads, key_tiles, head_tiles};
        EXPECT_EQ(walk(bench, phase, random), reference(phase))
            << rows << " rows, " << heads << " heads, " << key_tiles << " key tiles, " << head_tiles << " tiles a head";
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
