// Scores of units in the array's order against hls: probabilities less 128, and each query's scale.
#include <Vscore_path.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "numeric/attention_scale.h"
#include "numeric/exp2_table.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

const DesignPoint::Array& array() { return bench_design().array; }
int ways() { return array().outputs / array().chains / kDotChainLength; }
constexpr int kUnits = 4;

/// A group of queries and a head.
struct Unit {
  int rows;
  int keys;
  std::vector<std::int16_t> scores;        // [rows, keys]
  std::vector<std::int8_t> probabilities;  // the same, less 128
  std::vector<SoftmaxScale> scales;        // [rows]

  int tiles() const { return divided_up(keys, array().outputs); }
};

Unit make_unit(Random& random, int keys) {
  Unit unit = {.rows = 1 + static_cast<int>(random.below(static_cast<unsigned>(array().tokens))),
               .keys = keys,
               .scores = {},
               .probabilities = {},
               .scales = {}};
  for (int row = 0; row < unit.rows; ++row) {
    const std::int64_t most = 32767 >> random.below(15);
    std::vector<std::int16_t> scores;
    for (int key = 0; key < keys; ++key) scores.push_back(static_cast<std::int16_t>(draw(random, -most, most)));
    const std::int16_t largest = *std::max_element(scores.begin(), scores.end());
    std::uint32_t sum = 0;
    for (const std::int16_t score : scores) {
      const std::uint16_t exponential = exp2_negative(static_cast<std::uint32_t>(largest - score));
      sum += exponential;
      unit.probabilities.push_back(static_cast<std::int8_t>(((exponential + 128) >> 8) - 128));
    }
    unit.scales.push_back(make_softmax_scale(sum));
    unit.scores.insert(unit.scores.end(), scores.begin(), scores.end());
  }
  return unit;
}

class Path {
 public:
  Path(PowerUp power_up, bool gaps) : bench_(power_up), random_(162), gaps_(gaps) {
    bench_->reserve_i = bench_->write_i = 0;
    bench_.reset();
  }

  void run(const std::vector<Unit>& units) {
    std::size_t reserved = 0;
    std::size_t sent = 0;
    int sent_beat = 0;
    int wrong = 0;
    for (int cycle = 0; cycle < 200'000 && done_ < units.size(); ++cycle) {
      const std::size_t may_send = reserved;
      bench_->reserve_i = reserved < units.size() && bench_->free_o && pass();
      reserved += bench_->reserve_i;
      bench_->write_i = sent < may_send && pass();
      if (bench_->write_i) {
        put(units[sent], sent, sent_beat);
        if (++sent_beat == units[sent].rows * units[sent].tiles()) {
          sent_beat = 0;
          ++sent;
        }
      }
      bench_.tick();
      wrong += differs(units);
    }
    EXPECT_EQ(done_, units.size());
    EXPECT_EQ(beat_units_, units.size());
    EXPECT_EQ(wrong, 0);
    done_ = beat_units_ = 0;
  }

 private:
  bool pass() { return !gaps_ || random_.below(3) != 0; }
  static int address(const Unit& unit, std::size_t number) {
    return static_cast<int>(number % kUnits) * unit.tiles() * ways();
  }

  void put(const Unit& unit, std::size_t number, int i) {
    const int row = i % unit.rows;
    const int tile = i / unit.rows;
    set_port(bench_->write_token_i, row);
    set_port(bench_->write_tile_i, tile);
    for (int o = 0; o < array().outputs; ++o) {
      const int key = tile * array().outputs + o;
      // What a key that is none scores does not matter.
      const std::int64_t score =
          key < unit.keys ? unit.scores[static_cast<std::size_t>(row * unit.keys + key)] : draw(random_, -32768, 32767);
      set_bits(bench_->write_data_i, static_cast<std::size_t>(o) * 16, 16, static_cast<std::uint16_t>(score));
    }
    bench_->write_last_i = i + 1 == unit.rows * unit.tiles();
    set_port(bench_->write_rows_i, unit.rows);
    set_port(bench_->write_tiles_i, unit.tiles());
    set_port(bench_->write_last_keys_i, unit.keys - (unit.tiles() - 1) * array().outputs);
    set_port(bench_->write_addr_i, address(unit, number));
    set_port(bench_->write_unit_i, static_cast<int>(number % kUnits));
  }

  int differs(const std::vector<Unit>& units) {
    int wrong = 0;
    if (bench_->valid_o) {
      if (beat_units_ == units.size()) return 1;
      const Unit& unit = units[beat_units_];
      const int row = beat_ / unit.tiles();
      const int tile = beat_ % unit.tiles();
      wrong += bench_->addr_o != address(unit, beat_units_) + tile * ways();
      wrong += bench_->token_o != row;
      for (int o = 0; o < array().outputs; ++o) {
        const int key = tile * array().outputs + o;
        const int expected =
            key < unit.keys ? unit.probabilities[static_cast<std::size_t>(row * unit.keys + key)] : -128;
        wrong += get_signed(bench_->data_o, static_cast<std::size_t>(o) * 8, 8) != expected;
      }
      if (++beat_ == unit.rows * unit.tiles()) {
        beat_ = 0;
        ++beat_units_;
      }
    }
    if (bench_->scale_valid_o) {
      if (done_ == units.size()) return wrong + 1;
      const Unit& unit = units[done_];
      const SoftmaxScale scale = unit.scales[static_cast<std::size_t>(scale_row_)];
      wrong += bench_->scale_unit_o != done_ % kUnits || bench_->scale_token_o != scale_row_;
      wrong += (bench_->scale_o & 31) != static_cast<unsigned>(scale.pre_shift);
      wrong += bench_->scale_o >> 5 != static_cast<unsigned>(scale.reciprocal);
      const bool last = ++scale_row_ == unit.rows;
      wrong += bench_->unit_done_o != last;
      if (last) {
        wrong += beat_units_ <= done_;  // its probabilities are there
        scale_row_ = 0;
        ++done_;
      }
    } else {
      wrong += bench_->unit_done_o;
    }
    return wrong;
  }

  Bench<Vscore_path> bench_;
  Random random_;
  bool gaps_;
  std::size_t beat_units_ = 0;  // units whose probabilities have come
  std::size_t done_ = 0;        // whose scales have
  int beat_ = 0;
  int scale_row_ = 0;
};

TEST(ScorePath, UnitsOfAnySize_EqualTheReference) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(161);
      Path path(power_up, gaps);
      for (const int keys :
           {1, 5, array().outputs, array().outputs + 1, 3 * array().outputs - 1, bench_design().limits.max_tokens}) {
        std::vector<Unit> units;
        for (int i = 0; i < 40; ++i) units.push_back(make_unit(random, keys));
        path.run(units);
        if (testing::Test::HasFailure()) FAIL() << keys << " keys";
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
