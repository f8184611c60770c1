// Tiles of all kinds, one behind the other, from memories as the machine has them, against the operations of hw/hls.
#include <Vcompute_unit.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "hls/linear.h"
#include "numeric/gelu_table.h"
#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/tile_layout.h"

namespace edgemoe::sim {
namespace {

constexpr int kBanks = kDotChainLength;
constexpr int kWords = 64;
constexpr int kMaxSteps = 5;

const DesignPoint::Array& array() { return bench_design().array; }

enum class Mode { kLinear, kScores, kValues, kRaw };

/// A tile and what it finds in the memories.
struct Tile {
  Mode mode;
  bool narrow;
  bool gelu;
  bool unit_rows;
  int fraction;
  int exponent_base;
  int pre_shift;
  int tokens;
  int steps;
  int row_base;
  int column_base;
  int scale_word;
  int channel_word;
  int head;
  int number;  // in the order of issue
};

/// What memories hold: operands by word, bank and byte; scales and constants by word.
struct Memories {
  explicit Memories(Random& random) {
    const auto words = static_cast<std::size_t>(kWords);
    const auto row_bytes = static_cast<std::size_t>(kBanks * array().chains * array().tokens);
    const auto column_bytes = static_cast<std::size_t>(kBanks * array().chains * array().outputs);
    for (auto* rows : {&activations, &probabilities}) {
      rows->resize(words * row_bytes);
      for (auto& byte : *rows) byte = static_cast<std::int8_t>(draw(random, -128, 127));
    }
    for (auto* columns : {&weights, &keys_values}) {
      columns->resize(words * column_bytes);
      for (auto& byte : *columns) byte = static_cast<std::int8_t>(draw(random, -127, 127));
    }
    const auto outputs = static_cast<std::size_t>(array().outputs);
    for (std::size_t i = 0; i < words * static_cast<std::size_t>(array().tokens); ++i) {
      row_scales.push_back(
          {static_cast<std::int16_t>(draw(random, 1 << 14, 32767)), static_cast<std::int16_t>(draw(random, 0, 29))});
      softmax_scales.push_back(
          {static_cast<std::int16_t>(draw(random, 1 << 13, 32767)), static_cast<std::int16_t>(draw(random, 0, 13))});
    }
    for (std::size_t i = 0; i < words * outputs; ++i) {
      biases.push_back(static_cast<std::int32_t>(draw(random, INT32_MIN, INT32_MAX)));
      mantissas.push_back(static_cast<std::int16_t>(draw(random, 0, 32767)));
      pre_shifts.push_back(static_cast<std::uint8_t>(draw(random, 0, 17)));
      key_mantissas.push_back(static_cast<std::int16_t>(draw(random, 0, 32767)));
      value_sums.push_back(static_cast<std::int32_t>(draw(random, -(1 << 22), 1 << 22)));
    }
    for (std::size_t i = 0; i < words; ++i) {
      key_exponents.push_back(static_cast<int>(draw(random, 0, 29)));
      value_scales.push_back(
          {static_cast<std::int16_t>(draw(random, 1 << 14, 32767)), static_cast<std::int16_t>(draw(random, 0, 29))});
    }
  }

  std::vector<std::int8_t> activations, probabilities, weights, keys_values;
  std::vector<RowScale> row_scales, softmax_scales, value_scales;  // softmax: reciprocal, pre-shift
  std::vector<std::int32_t> biases, value_sums;
  std::vector<std::int16_t> mantissas, key_mantissas;
  std::vector<std::uint8_t> pre_shifts;
  std::vector<int> key_exponents;
};

class ComputeUnit {
 public:
  ComputeUnit(PowerUp power_up, std::uint64_t seed)
      : random_(seed), memories_(random_), bench_(power_up, static_cast<int>(seed)) {
    bench_->tile_valid_i = 0;
    bench_.reset();
  }

  Tile random_tile(int number) {
    Tile tile = {};
    tile.mode = static_cast<Mode>(random_.below(4));
    tile.narrow = tile.mode != Mode::kLinear || random_.below(2) == 0;
    tile.gelu = tile.mode == Mode::kLinear && tile.narrow && random_.below(2) == 0;
    tile.unit_rows = tile.mode == Mode::kLinear && random_.below(4) == 0;
    tile.fraction = static_cast<int>(random_.below(16));
    tile.exponent_base = static_cast<int>(draw(random_, -10, 60));
    tile.pre_shift = static_cast<int>(random_.below(12));
    tile.tokens = 1 + static_cast<int>(random_.below(static_cast<unsigned>(array().tokens)));
    tile.steps = 1 + static_cast<int>(random_.below(kMaxSteps));
    tile.row_base = static_cast<int>(random_.below(kWords - kMaxSteps));
    tile.column_base = static_cast<int>(random_.below(kWords - kMaxSteps));
    tile.scale_word = static_cast<int>(random_.below(kWords));
    tile.channel_word = static_cast<int>(random_.below(kWords));
    tile.head = static_cast<int>(random_.below(kWords));
    tile.number = number;
    return tile;
  }

  /// Offers tiles, with gaps or without, and compares all that comes out. Without gaps a tile is taken as many cycles
  /// behind the one before it as that one has steps, or the array tokens.
  void run(int count, bool gaps) {
    std::deque<Tile> to_issue;
    std::map<int, Tile> tiles;
    int expected_results = 0;
    for (int i = 0; i < count; ++i) {
      to_issue.push_back(random_tile(i));
      tiles[i] = to_issue.back();
      expected_results += to_issue.back().tokens;
    }
    int results = 0;
    int next_take = 0;
    bool offered = false;
    drained_ = 0;
    for (int cycle = 0; cycle < 60 * count + 200 && (results < expected_results || !bench_->idle_o); ++cycle) {
      offered = offered || (!to_issue.empty() && !(gaps && random_.below(3) != 0));
      if (step(offered ? &to_issue.front() : nullptr)) {
        if (!gaps) {
          EXPECT_EQ(cycle, next_take) << "tile " << to_issue.front().number << " was taken";
        }
        next_take = cycle + std::max(to_issue.front().steps, array().tokens);
        to_issue.pop_front();
        offered = false;
      }
      results += look(tiles);
    }
    EXPECT_EQ(results, expected_results);
    EXPECT_EQ(drained_, count);
    EXPECT_TRUE(bench_->idle_o);
    EXPECT_EQ(wrong_, 0);
  }

  /// Cycles from a tile's last step to its results: token t comes t later.
  struct Latency {
    int raw = 0, wide = 0, narrow = 0, drained = 0;
  };
  /// Of one tile at a time, whatever its steps.
  void expect_latency(const Latency& latency) {
    for (int i = 0; i < 200; ++i) {
      const Tile tile = random_tile(i);
      const int expected = tile.mode == Mode::kRaw ? latency.raw : tile.narrow ? latency.narrow : latency.wide;
      int last_step = -1;
      int token = 0;
      bool left = false;
      bool taken = false;
      for (int cycle = 0; cycle < 100 && (!taken || token < tile.tokens); ++cycle) {
        // What stands in this cycle: an address, results of an earlier one.
        if (bench_->read_o) last_step = cycle;
        if (bench_->raw_valid_o || bench_->wide_valid_o || bench_->narrow_valid_o) {
          EXPECT_EQ(cycle - last_step, expected + token++) << "kind " << static_cast<int>(tile.mode);
        }
        if (bench_->drained_o && !left) {
          EXPECT_EQ(cycle - last_step, latency.drained + tile.tokens - 1);
          left = true;
        }
        taken = step(taken ? nullptr : &tile) || taken;
      }
      EXPECT_EQ(token, tile.tokens);
      EXPECT_TRUE(left);
      if (testing::Test::HasFailure()) return;
      for (int cycle = 0; cycle < array().tokens; ++cycle) step(nullptr);
    }
  }

  /// Puts a weight where a tile of that kind meets it, and runs the tile.
  void run_with_weight(Mode mode, int bank, std::int8_t weight) {
    Tile tile = random_tile(0);
    tile.mode = mode;
    tile.gelu = tile.unit_rows = false;
    tile.narrow = true;
    const auto word = static_cast<std::size_t>(tile.column_base + tile.steps - 1);
    const auto bytes = static_cast<std::size_t>(array().chains * array().outputs);
    memories_.weights[(word * kBanks + static_cast<std::size_t>(bank)) * bytes +
                      random_.below(static_cast<unsigned>(bytes))] = weight;
    int results = 0;
    bool taken = false;
    for (int cycle = 0; cycle < 60; ++cycle) {
      taken = step(taken ? nullptr : &tile) || taken;
      results += look({{0, tile}});
    }
    EXPECT_EQ(results, tile.tokens);
    EXPECT_EQ(wrong_, 0);
  }

  /// Offers tiles for so many cycles, then resets.
  void reset_after(int cycles) {
    Tile tile = random_tile(0);
    for (int cycle = 0; cycle < cycles; ++cycle) {
      if (step(&tile)) tile = random_tile(0);
    }
    bench_->tile_valid_i = 0;
    bench_.reset();
    EXPECT_TRUE(bench_->idle_o);
  }

 private:
  /// A cycle in which `tile` is offered, where there is one: whether it is taken.
  bool step(const Tile* tile) {
    if (tile != nullptr) offer(*tile);
    bench_->tile_valid_i = tile != nullptr;
    bench_.settle();
    const bool taken = tile != nullptr && bench_->tile_ready_o;
    remember();
    drained_ += bench_->drained_o;
    bench_.tick();
    answer();
    bench_.settle();
    return taken;
  }

  void offer(const Tile& tile) {
    auto& port = bench_->tile_i;
    const std::pair<const char*, std::int64_t> fields[] = {{"mode", static_cast<int>(tile.mode)},
                                                           {"narrow", tile.narrow},
                                                           {"gelu", tile.gelu},
                                                           {"unit_rows", tile.unit_rows},
                                                           {"fraction", tile.fraction},
                                                           {"exponent_base", tile.exponent_base},
                                                           {"pre_shift", tile.pre_shift},
                                                           {"row_addr", tile.scale_word},
                                                           {"channel_addr", tile.channel_word},
                                                           {"head", tile.head},
                                                           {"tokens", tile.tokens},
                                                           {"group", tile.number}};
    for (const auto& [name, value] : fields) layout_.set(port, name, value);
    bench_->steps_i = static_cast<std::uint16_t>(tile.steps);
    bench_->row_base_i = static_cast<std::uint16_t>(tile.row_base);
    bench_->column_base_i = static_cast<std::uint16_t>(tile.column_base);
    bench_->row_select_i = tile.mode == Mode::kValues || tile.mode == Mode::kRaw;
    bench_->column_select_i = tile.mode == Mode::kScores || tile.mode == Mode::kValues;
  }

  /// Addresses of this cycle.
  void remember() {
    rows_.push_front(bench_->row_addr_o % kWords);
    columns_.push_front(bench_->column_addr_o % kWords);
    scale_ = bench_->row_scale_addr_o % kWords;
    channels_.push_front(bench_->channel_addr_o % kWords);
    head_ = bench_->head_addr_o % kWords;
    for (auto* line : {&rows_, &columns_, &channels_}) {
      if (line->size() > kBanks + 2) line->pop_back();
    }
  }
  static std::size_t back(const std::deque<int>& line, std::size_t cycles) {
    return static_cast<std::size_t>(cycles < line.size() ? line[cycles] : 0);
  }

  /// What the memories say in the cycle that begins: a cycle after the address, rings two, bank k k later.
  void answer() {
    const auto row_bytes = static_cast<std::size_t>(array().chains * array().tokens);
    const auto column_bytes = static_cast<std::size_t>(array().chains * array().outputs);
    for (std::size_t bank = 0; bank < kBanks; ++bank) {
      const auto put = [&](auto& port, const std::vector<std::int8_t>& bytes, std::size_t word, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i) {
          set_bits(port, (bank * width + i) * 8, 8,
                   static_cast<std::uint8_t>(bytes[(word * kBanks + bank) * width + i]));
        }
      };
      put(bench_->activations_i, memories_.activations, back(rows_, bank), row_bytes);
      put(bench_->probabilities_i, memories_.probabilities, back(rows_, bank), row_bytes);
      put(bench_->keys_values_i, memories_.keys_values, back(columns_, bank), column_bytes);
      put(bench_->weights_i, memories_.weights, back(columns_, bank + 1), column_bytes);
    }
    for (int t = 0; t < array().tokens; ++t) {
      const auto at = static_cast<std::size_t>(t);
      const std::size_t from = static_cast<std::size_t>(scale_) * static_cast<std::size_t>(array().tokens) + at;
      const RowScale row = memories_.row_scales[from];
      set_bits(bench_->row_scales_i, at * 23, 15, static_cast<std::uint16_t>(row.mantissa));
      set_bits(bench_->row_scales_i, at * 23 + 15, 8, static_cast<std::uint8_t>(row.exponent));
      const RowScale softmax = memories_.softmax_scales[from];
      set_bits(bench_->softmax_scales_i, at * 20, 5, static_cast<std::uint8_t>(softmax.exponent));
      set_bits(bench_->softmax_scales_i, at * 20 + 5, 15, static_cast<std::uint16_t>(softmax.mantissa));
    }
    for (std::size_t o = 0; o < static_cast<std::size_t>(array().outputs); ++o) {
      const std::size_t late = back(channels_, 1) * static_cast<std::size_t>(array().outputs) + o;
      const std::size_t soon = back(channels_, 0) * static_cast<std::size_t>(array().outputs) + o;
      set_bits(bench_->channels_i, o * 64, 32, static_cast<std::uint32_t>(memories_.biases[late]));
      set_bits(bench_->channels_i, o * 64 + 32, 16, static_cast<std::uint16_t>(memories_.mantissas[late]));
      set_bits(bench_->channels_i, o * 64 + 48, 5, memories_.pre_shifts[late]);
      set_bits(bench_->key_mantissas_i, o * 16, 16, static_cast<std::uint16_t>(memories_.key_mantissas[soon]));
      set_bits(bench_->value_sums_i, o * 32, 32, static_cast<std::uint32_t>(memories_.value_sums[soon]));
    }
    const auto head = static_cast<std::size_t>(head_);
    bench_->key_exponent_i = static_cast<std::uint8_t>(memories_.key_exponents[head]);
    bench_->value_mantissa_i = static_cast<std::uint16_t>(memories_.value_scales[head].mantissa);
    bench_->value_exponent_i = static_cast<std::uint8_t>(memories_.value_scales[head].exponent);
  }

  std::int32_t sum_of(const Tile& tile, int token, int output) const {
    const bool other_rows = tile.mode == Mode::kValues || tile.mode == Mode::kRaw;
    const bool other_columns = tile.mode == Mode::kScores || tile.mode == Mode::kValues;
    const auto& rows = other_rows ? memories_.probabilities : memories_.activations;
    const auto& columns = other_columns ? memories_.keys_values : memories_.weights;
    std::int32_t sum = 0;
    for (int step = 0; step < tile.steps; ++step) {
      for (int i = 0; i < kBanks * array().chains; ++i) {  // bank * chains + chain
        const int row = ((tile.row_base + step) * kBanks * array().chains + i) * array().tokens + token;
        const int column = ((tile.column_base + step) * kBanks * array().chains + i) * array().outputs + output;
        sum += rows[static_cast<std::size_t>(row)] * columns[static_cast<std::size_t>(column)];
      }
    }
    return sum;
  }

  std::int32_t expected(const Tile& tile, int token, int output) const {
    std::int32_t sum = sum_of(tile, token, output);
    const auto channel = static_cast<std::size_t>(tile.channel_word * array().outputs + output);
    const auto row = static_cast<std::size_t>(tile.scale_word * array().tokens + token);
    const auto head = static_cast<std::size_t>(tile.head);
    const RowScale scale = tile.unit_rows ? RowScale{32512, 8} : memories_.row_scales[row];
    // The unit wants E + 15 + f or E + 16 in one number.
    const hls::OutputScale constants = {memories_.biases[channel], memories_.mantissas[channel],
                                        memories_.pre_shifts[channel]};
    switch (tile.mode) {
      case Mode::kRaw:
        return sum;
      case Mode::kScores: {
        const int shift = scale.exponent + memories_.key_exponents[head] - tile.exponent_base;
        const std::int32_t t = hls::scale_channel(sum, tile.pre_shift, memories_.key_mantissas[channel]);
        return static_cast<std::int32_t>(saturating_shift<16>(multiply_q15(t, scale.mantissa), shift));
      }
      case Mode::kValues: {
        sum += memories_.value_sums[channel];
        const RowScale softmax = memories_.softmax_scales[row];
        const std::int32_t t = hls::scale_channel(sum, softmax.exponent, memories_.value_scales[head].mantissa);
        return static_cast<std::int32_t>(saturating_shift<16>(
            multiply_q15(t, softmax.mantissa), memories_.value_scales[head].exponent - tile.exponent_base));
      }
      default:
        break;
    }
    if (!tile.narrow) return hls::wide_output(sum, constants, scale, tile.exponent_base - 16);
    const std::int16_t value =
        hls::narrow_output(sum, constants, scale, tile.exponent_base - 15 - tile.fraction, tile.fraction);
    return tile.gelu ? gelu(value, tile.fraction) : value;
  }

  /// Each port has its results in the order of issue.
  int look(const std::map<int, Tile>& tiles) {
    int seen = 0;
    const auto compare = [&](auto& tile_port, int token, auto& values, int width, auto fits) {
      ++seen;
      const Tile& tile = tiles.at(static_cast<int>(layout_.get(tile_port, "group")));
      if (!fits(tile) || token >= tile.tokens) ++wrong_;
      for (int o = 0; o < array().outputs; ++o) {
        const std::int32_t found = get_signed(values, static_cast<std::size_t>(o * width), width);
        const std::int32_t want = expected(tile, token, o);
        if (found != want && ++wrong_ == 1) {
          EXPECT_EQ(found, want) << "tile " << tile.number << " of kind " << static_cast<int>(tile.mode) << ", token "
                                 << token << ", output " << o;
        }
      }
    };
    if (bench_->raw_valid_o) {
      compare(bench_->raw_tile_o, bench_->raw_token_o, bench_->raw_values_o, 32,
              [](const Tile& tile) { return tile.mode == Mode::kRaw; });
    }
    if (bench_->wide_valid_o) {
      compare(bench_->wide_tile_o, bench_->wide_token_o, bench_->wide_values_o, 32,
              [](const Tile& tile) { return tile.mode == Mode::kLinear && !tile.narrow; });
    }
    if (bench_->narrow_valid_o) {
      compare(bench_->narrow_tile_o, bench_->narrow_token_o, bench_->narrow_values_o, 16,
              [](const Tile& tile) { return tile.mode != Mode::kRaw && tile.narrow; });
    }
    return seen;
  }

  Random random_;
  Memories memories_;
  TileLayout layout_;
  Bench<Vcompute_unit> bench_;
  std::deque<int> rows_, columns_, channels_;  // addresses, the latest first
  int scale_ = 0;
  int head_ = 0;
  int drained_ = 0;
  int wrong_ = 0;
};

TEST(ComputeUnit, TilesOfAllKinds_EqualTheReference) {
  for (const PowerUp power_up : kAllPowerUps) {
    SCOPED_TRACE(testing::PrintToString(power_up));
    ComputeUnit(power_up, 91).run(300, false);
  }
}

TEST(ComputeUnit, TilesWithPauses_EqualTheReference) { ComputeUnit(PowerUp::kRandom, 92).run(300, true); }

/// As compute_unit.sv says.
TEST(ComputeUnit, Results_ComeInTheStatedCycles) {
  ComputeUnit(PowerUp::kRandom, 94).expect_latency({.raw = 17, .wide = 28, .narrow = 32, .drained = 16});
}

#ifndef EDGEMOE_BENCH_NETLIST
TEST(ComputeUnitDeathTest, WeightsOf128BelowZero_EndTheSimulationButOfARouter) {
  for (int bank = 0; bank < kBanks; ++bank) {
    for (const Mode mode : {Mode::kLinear, Mode::kRaw, Mode::kScores, Mode::kValues}) {
      ComputeUnit(PowerUp::kRandom, 95).run_with_weight(mode, bank, -127);
      if (mode == Mode::kLinear) {
        EXPECT_DEATH(ComputeUnit(PowerUp::kRandom, 95).run_with_weight(mode, bank, -128), "") << "bank " << bank;
      } else {
        ComputeUnit(PowerUp::kRandom, 95).run_with_weight(mode, bank, -128);
      }
    }
  }
}
#endif

TEST(ComputeUnit, ResetAtAnyCycle_LeavesTheNextTilesRight) {
  ComputeUnit unit(PowerUp::kRandom, 93);
  for (int cut = 1; cut < 60 && !testing::Test::HasFailure(); ++cut) {
    SCOPED_TRACE(testing::Message() << "reset after " << cut);
    unit.reset_after(cut);
    unit.run(6, false);
  }
}

}  // namespace
}  // namespace edgemoe::sim
