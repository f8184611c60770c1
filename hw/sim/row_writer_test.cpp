// The array's narrow results to int8 rows and keys, against hls::quantize_row: where each beat goes, with which scale.
#include <Vrow_writer.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "accel/program.h"
#include "hls/linear.h"
#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/tile_layout.h"

namespace edgemoe::sim {
namespace {

int outputs() { return bench_design().array.outputs; }
int max_beats() { return bench_design().limits.max_width / outputs(); }

/// A group's rows of one head.
struct Group {
  bool keys;
  bool last;      // of the phase
  bool last_row;  // of the group's rows: its last head
  int region;
  int head;
  int number;  // of the group: its first token is that times the array's tokens
  int rows;
  int beats;
  int fraction;
  int base;
  int scales;
  std::vector<std::int16_t> values;  // [rows, beats · outputs]
};

Group make_group(Random& random, bool keys) {
  Group group = {.keys = keys,
                 .last = random.below(4) == 0,
                 .last_row = random.below(2) == 0,
                 .region = static_cast<int>(random.below(8)),
                 .head = static_cast<int>(random.below(256)),
                 .number = static_cast<int>(random.below(1 << 12)),
                 .rows = 1 + static_cast<int>(random.below(static_cast<unsigned>(bench_design().array.tokens))),
                 .beats = random.below(6) == 0 ? max_beats() : 1 + static_cast<int>(random.below(3)),
                 .fraction = static_cast<int>(random.below(16)),
                 .base = static_cast<int>(random.below(1 << 15)),
                 .scales = static_cast<int>(random.below(1 << 16)),
                 .values = {}};
  for (int row = 0; row < group.rows; ++row) {
    const std::int64_t most = random.below(6) == 0 ? 0 : 32767 >> random.below(15);
    for (int i = 0; i < group.beats * outputs(); ++i) {
      group.values.push_back(static_cast<std::int16_t>(draw(random, -most - (most > 0), most)));
    }
  }
  return group;
}

class Writer {
 public:
  Writer(PowerUp power_up, bool gaps) : bench_(power_up), random_(422), gaps_(gaps) {
    bench_->reserve_i = bench_->valid_i = bench_->ready_i = bench_->key_done_i = 0;
    bench_.reset();
  }

  void run(const std::vector<Group>& groups) {
    for (const Group& group : groups) expect(group);
    std::size_t reserved = 0;
    std::size_t sent = 0;
    int sent_beat = 0;
    for (int cycle = 0; cycle < 400'000 && !(rows_.empty() && keys_.empty() && keys_under_way_ == 0); ++cycle) {
      bench_->reserve_i = reserved < groups.size() && bench_->free_o && pass();
      reserved += bench_->reserve_i;
      // A tile's tokens come in consecutive cycles. Between tiles there may be others' results, which are not for it.
      bench_->valid_i = sent < reserved - bench_->reserve_i && (sent_beat % groups[sent].rows != 0 || pass());
      if (bench_->valid_i) {
        put(groups[sent], sent_beat);
        keys_sent_ += groups[sent].keys;
        if (++sent_beat == groups[sent].rows * groups[sent].beats) {
          sent_beat = 0;
          ++sent;
        }
      } else if (pass()) {
        put_other();
      }
      bench_->ready_i = pass();
      bench_->key_done_i = keys_under_way_ > 0 && random_.below(3) == 0;
      keys_under_way_ -= bench_->key_done_i;
      keys_sent_ -= bench_->key_done_i;
      bench_.settle();
      if (bench_->valid_o && bench_->ready_i) check_row();
      bench_.tick();
      if (bench_->key_valid_o) check_key();
      wrong_ += bench_->keys_idle_o != (keys_sent_ == 0);
    }
    bench_->reserve_i = bench_->valid_i = bench_->ready_i = bench_->key_done_i = 0;
    EXPECT_EQ(rows_.size(), 0U) << "beats of rows that have not come";
    EXPECT_EQ(keys_.size(), 0U) << "beats of keys that have not come";
    EXPECT_EQ(wrong_, 0);
  }

 private:
  struct Beat {
    std::vector<std::int8_t> values;
    RowScale scale;
    int token;
    int at;  // beat of the row
    const Group* group;
    bool row_last;
    bool group_last;
  };

  bool pass() { return !gaps_ || random_.below(3) != 0; }

  /// Rows by token, each with its beats.
  void expect(const Group& group) {
    const int width = group.beats * outputs();
    for (int row = 0; row < group.rows; ++row) {
      std::vector<std::int8_t> quantized(static_cast<std::size_t>(width));
      const RowScale scale =
          hls::quantize_row(group.values.data() + row * width, width, group.fraction, quantized.data());
      for (int beat = 0; beat < group.beats; ++beat) {
        const auto first = quantized.begin() + beat * outputs();
        const bool row_last = beat + 1 == group.beats;
        (group.keys ? keys_ : rows_)
            .push_back(
                {{first, first + outputs()}, scale, row, beat, &group, row_last, row_last && row + 1 == group.rows});
      }
    }
  }

  void put(const Group& group, int i) {
    const int row = i % group.rows;
    const int column = i / group.rows;
    tile_.set(bench_->tile_i, "destination", static_cast<int>(group.keys ? Destination::kKeys : Destination::kRows));
    tile_.set(bench_->tile_i, "makes", group.region);
    tile_.set(bench_->tile_i, "fraction", group.fraction);
    tile_.set(bench_->tile_i, "head", group.head);
    tile_.set(bench_->tile_i, "group", group.number);
    tile_.set(bench_->tile_i, "column", column);
    tile_.set(bench_->tile_i, "last_column", column + 1 == group.beats);
    tile_.set(bench_->tile_i, "last_row", group.last_row);
    tile_.set(bench_->tile_i, "tokens", group.rows);
    tile_.set(bench_->tile_i, "base", group.base);
    tile_.set(bench_->tile_i, "scales", group.scales);
    tile_.set(bench_->tile_i, "last", group.last);
    set_port(bench_->token_i, row);
    for (int o = 0; o < outputs(); ++o) {
      const auto at = static_cast<std::size_t>((row * group.beats + column) * outputs() + o);
      set_bits(bench_->values_i, static_cast<std::size_t>(o) * 16, 16, static_cast<std::uint16_t>(group.values[at]));
    }
  }

  /// A result for the residual stream, softmax or the router.
  void put_other() {
    bench_->valid_i = 1;
    const Destination other = random_.below(2) == 0 ? Destination::kResidual : Destination::kValues;
    tile_.set(bench_->tile_i, "destination", static_cast<int>(other));
    tile_.set(bench_->tile_i, "last_column", 1);
    tile_.set(bench_->tile_i, "tokens", 1);
    set_port(bench_->token_i, 0);
  }

  int differs(const Beat& beat, const auto& values, int mantissa, int exponent) const {
    int wrong = (mantissa != beat.scale.mantissa) + (exponent != beat.scale.exponent);
    for (int o = 0; o < outputs(); ++o) {
      wrong += get_signed(values, static_cast<std::size_t>(o) * 8, 8) != beat.values[static_cast<std::size_t>(o)];
    }
    return wrong;
  }

  void check_row() {
    if (rows_.empty()) {
      ++wrong_;
      return;
    }
    const Beat& beat = rows_.front();
    const Group& group = *beat.group;
    wrong_ += differs(beat, bench_->values_o, bench_->scale_o & 0x7fff, static_cast<int>(bench_->scale_o >> 15));
    wrong_ += static_cast<int>(bench_->addr_o) != group.base + beat.at * bench_design().ways();
    wrong_ += static_cast<int>(bench_->token_o) != beat.token;
    wrong_ += static_cast<int>(bench_->scale_addr_o) != group.scales;
    wrong_ += bench_->group_last_o != (beat.group_last && group.last_row);
    wrong_ += static_cast<int>(bench_->region_o) != group.region;
    rows_.pop_front();
  }

  void check_key() {
    ++keys_under_way_;
    if (keys_.empty()) {
      ++wrong_;
      return;
    }
    const Beat& beat = keys_.front();
    const Group& group = *beat.group;
    wrong_ += differs(beat, bench_->key_values_o, bench_->key_mantissa_o, bench_->key_exponent_o);
    wrong_ += static_cast<int>(bench_->key_o) != group.number * bench_design().array.tokens + beat.token;
    wrong_ += static_cast<int>(bench_->key_head_o) != group.head;
    wrong_ += static_cast<int>(bench_->key_beat_o) != beat.at;
    wrong_ += bench_->key_last_o != beat.row_last;
    if (beat.row_last) wrong_ += bench_->keys_last_o != (beat.group_last && group.last);
    keys_.pop_front();
  }

  Bench<Vrow_writer> bench_;
  Random random_;
  bool gaps_;
  const TileLayout tile_;
  std::deque<Beat> rows_;
  std::deque<Beat> keys_;
  int keys_sent_ = 0;       // beats that have gone in and are not yet written
  int keys_under_way_ = 0;  // of these, those that have come out
  int wrong_ = 0;
};

/// As in blocks: phases of keys, then of others, which meet where one follows the other.
TEST(RowWriter, RowsAndKeysOfAnySize_EqualTheReferenceAndKeepTheirPlaces) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(421);
      Writer writer(power_up, gaps);
      std::vector<Group> groups;
      for (int phase = 0; phase < 200; ++phase) {
        for (std::uint64_t i = 1 + random.below(4); i > 0; --i) groups.push_back(make_group(random, phase % 2 == 0));
      }
      writer.run(groups);
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
