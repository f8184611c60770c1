// Groups of rows in the array's order against hls::quantize_row.
#include <Vrow_path.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "hls/linear.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

struct Group {
  int rows;
  int beats;
  int fraction;
  bool paced;
  unsigned tag;
  std::vector<std::int16_t> values;    // [rows, beats · outputs]
  std::vector<std::int8_t> quantized;  // the same
  std::vector<RowScale> scales;        // [rows]
};

int outputs() { return bench_design().array.outputs; }
int max_beats() { return bench_design().limits.max_width / outputs(); }

Group make_group(Random& random) {
  Group group = {.rows = 1 + static_cast<int>(random.below(static_cast<unsigned>(bench_design().array.tokens))),
                 .beats = random.below(5) == 0 ? max_beats() : 1 + static_cast<int>(random.below(3)),
                 .fraction = static_cast<int>(random.below(16)),
                 .paced = random.below(3) == 0,
                 .tag = static_cast<unsigned>(random.below(256)),
                 .values = {},
                 .quantized = {},
                 .scales = {}};
  const int width = group.beats * outputs();
  group.quantized.resize(static_cast<std::size_t>(group.rows * width));
  for (int row = 0; row < group.rows; ++row) {
    const std::int64_t most = random.below(6) == 0 ? 0 : 32767 >> random.below(15);
    for (int i = 0; i < width; ++i)
      group.values.push_back(static_cast<std::int16_t>(draw(random, -most - (most > 0), most)));
    group.scales.push_back(hls::quantize_row(group.values.data() + row * width, width, group.fraction,
                                             group.quantized.data() + row * width));
  }
  return group;
}

class Path {
 public:
  Path(PowerUp power_up, bool gaps, int seed)
      : bench_(power_up), random_(static_cast<std::uint64_t>(seed)), gaps_(gaps) {
    bench_->reserve_i = bench_->write_i = bench_->paced_done_i = 0;
    bench_.reset();
  }

  void run(const std::vector<Group>& groups) {
    std::size_t reserved = 0;
    std::size_t sent = 0;
    int sent_beat = 0;
    std::size_t seen = 0;
    int seen_beat = 0;
    int paced = 0;  // beats that have come out and are not yet taken care of
    int wrong = 0;
    for (int cycle = 0; cycle < 200'000 && (seen < groups.size() || paced > 0); ++cycle) {
      bench_->reserve_i = reserved < groups.size() && bench_->free_o && pass();
      reserved += bench_->reserve_i;
      // A tile's tokens come in consecutive cycles; between tiles there may be any number.
      bench_->write_i = sent < reserved - bench_->reserve_i && (sent_beat % groups[sent].rows != 0 || pass());
      if (bench_->write_i) {
        put(groups[sent], sent_beat);
        if (++sent_beat == groups[sent].rows * groups[sent].beats) {
          sent_beat = 0;
          ++sent;
        }
      }
      bench_->paced_done_i = paced > 0 && random_.below(3) == 0;
      paced -= bench_->paced_done_i;
      bench_.tick();
      if (!bench_->valid_o) continue;
      if (seen == groups.size()) {
        ++wrong;
        break;
      }
      const Group& group = groups[seen];
      wrong += differs(group, seen_beat);
      paced += group.paced;
      if (++seen_beat == group.rows * group.beats) {
        seen_beat = 0;
        ++seen;
      }
    }
    bench_->reserve_i = bench_->write_i = bench_->paced_done_i = 0;
    EXPECT_EQ(seen, groups.size());
    EXPECT_EQ(wrong, 0);
  }

  void reset_after(const Group& group, int cycles) {
    bench_->reserve_i = 1;
    bench_.tick();
    bench_->reserve_i = 0;
    for (int i = 0; i < cycles; ++i) {
      bench_->write_i = i < group.rows * group.beats;
      if (bench_->write_i) put(group, i);
      bench_.tick();
    }
    bench_->write_i = 0;
    bench_.reset();
  }

 private:
  bool pass() { return !gaps_ || random_.below(3) != 0; }

  void put(const Group& group, int i) {
    const int row = i % group.rows;
    const int beat = i / group.rows;
    set_port(bench_->write_token_i, row);
    set_port(bench_->write_beat_i, beat);
    for (int o = 0; o < outputs(); ++o) {
      const auto at = static_cast<std::size_t>((row * group.beats + beat) * outputs() + o);
      set_bits(bench_->write_data_i, static_cast<std::size_t>(o) * 16, 16,
               static_cast<std::uint16_t>(group.values[at]));
    }
    const bool last = i + 1 == group.rows * group.beats;
    bench_->write_last_i = last;
    // What goes with the last beat does not matter before.
    set_port(bench_->write_rows_i, last ? group.rows : 1);
    set_port(bench_->write_beats_i, last ? group.beats : 1);
    set_port(bench_->write_fraction_i, last ? group.fraction : 3);
    bench_->write_paced_i = last && group.paced;
    set_port(bench_->write_tag_i, last ? group.tag : 0);
  }

  int differs(const Group& group, int i) {
    const int row = i / group.beats;
    const int beat = i % group.beats;
    const RowScale scale = group.scales[static_cast<std::size_t>(row)];
    int wrong = bench_->token_o != row;
    wrong += bench_->beat_o != beat;
    wrong += bench_->last_o != (beat + 1 == group.beats);
    wrong += bench_->group_last_o != (i + 1 == group.rows * group.beats);
    wrong += bench_->paced_o != group.paced;
    wrong += bench_->tag_o != group.tag;
    wrong += bench_->mantissa_o != scale.mantissa;
    wrong += bench_->exponent_o != scale.exponent;
    for (int o = 0; o < outputs(); ++o) {
      const auto at = static_cast<std::size_t>(i * outputs() + o);
      wrong += get_signed(bench_->data_o, static_cast<std::size_t>(o) * 8, 8) != group.quantized[at];
    }
    return wrong;
  }

  Bench<Vrow_path> bench_;
  Random random_;
  bool gaps_;
};

TEST(RowPath, GroupsOfAnySize_EqualTheReferenceAndKeepTheirTags) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(121);
      Path path(power_up, gaps, 122);
      std::vector<Group> groups;
      for (int i = 0; i < 400; ++i) groups.push_back(make_group(random));
      path.run(groups);
    }
  }
}

TEST(RowPath, ResetAtAnyCycle_ForgetsWhatWasThere) {
  Random random(123);
  Path path(PowerUp::kRandom, false, 124);
  for (int cut = 1; cut < 60; ++cut) {
    path.reset_after(make_group(random), cut);
    path.run({make_group(random), make_group(random)});
    if (testing::Test::HasFailure()) FAIL() << "reset after " << cut;
  }
}

}  // namespace
}  // namespace edgemoe::sim
