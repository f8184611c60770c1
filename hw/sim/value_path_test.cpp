// Heads of values in the array's order against hls: what goes to kv_memory, each head's scale, its sums.
#include <Vvalue_path.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hls/linear.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

const DesignPoint::Array& array() { return bench_design().array; }
int step() { return array().chains * kDotChainLength; }

/// All heads of a block.
struct Values {
  int tokens;
  int tiles;
  int heads;
  std::vector<int> fractions;                       // [heads]
  std::vector<std::vector<std::int16_t>> values;    // [heads] of [tokens, tiles · outputs]
  std::vector<std::vector<std::int8_t>> quantized;  // the same
  std::vector<RowScale> scales;                     // [heads]

  int beats() const { return tokens * tiles; }
  int steps() const { return divided_up(tokens, step()); }
  int width() const { return tiles * array().outputs; }
};

Values make_values(Random& random) {
  const DesignPoint::Limits& limits = bench_design().limits;
  const int most_tiles = std::min(limits.max_width / array().outputs, 3);
  Values out = {.tokens = random.below(6) == 0
                              ? limits.max_tokens / 2
                              : 1 + static_cast<int>(random.below(5u * static_cast<unsigned>(array().tokens))),
                .tiles = 1 + static_cast<int>(random.below(static_cast<unsigned>(most_tiles))),
                .heads = 0,
                .fractions = {},
                .values = {},
                .quantized = {},
                .scales = {}};
  const int most_heads = std::min(limits.max_heads, limits.max_width / array().outputs / out.tiles);
  out.heads = 1 + static_cast<int>(random.below(static_cast<unsigned>(most_heads)));
  for (int head = 0; head < out.heads; ++head) {
    const std::int64_t most = random.below(6) == 0 ? 0 : 32767 >> random.below(15);
    std::vector<std::int16_t> values;
    for (int i = 0; i < out.tokens * out.width(); ++i)
      values.push_back(static_cast<std::int16_t>(draw(random, -most, most)));
    out.fractions.push_back(static_cast<int>(random.below(16)));
    out.quantized.emplace_back(values.size());
    out.scales.push_back(hls::quantize_row(values.data(), static_cast<int>(values.size()), out.fractions.back(),
                                           out.quantized.back().data()));
    out.values.push_back(std::move(values));
  }
  return out;
}

/// Beat `i` of a head in the array's order: its token and its tile.
struct Place {
  int token;
  int tile;
};
Place place_of(const Values& values, int i) {
  const int group = i / (array().tokens * values.tiles);
  const int rows = std::min(array().tokens, values.tokens - group * array().tokens);
  const int inner = i - group * array().tokens * values.tiles;
  return {.token = group * array().tokens + inner % rows, .tile = inner / rows};
}

class Path {
 public:
  Path(PowerUp power_up, bool gaps) : bench_(power_up), random_(132), gaps_(gaps) {
    bench_->reserve_i = bench_->write_i = 0;
    bench_.reset();
  }

  void run(const Values& values) {
    set_port(bench_->tokens_i, values.tokens);
    set_port(bench_->tiles_i, values.tiles);
    set_port(bench_->steps_i, values.steps());
    const int words = values.tiles * values.steps();
    int reserved = 0;
    int sent = 0;  // beats of all heads
    int seen = 0;
    int wrong = 0;
    const int beats = values.heads * values.beats();
    for (int cycle = 0; cycle < 100'000 && seen < beats; ++cycle) {
      bench_->reserve_i = reserved < values.heads && bench_->free_o && (!gaps_ || random_.below(3) != 0);
      bench_->write_i = sent < reserved * values.beats() && (!gaps_ || random_.below(3) != 0);
      if (bench_->write_i) put(values, sent++, words);
      reserved += bench_->reserve_i;
      bench_.tick();
      if (!bench_->value_valid_o) continue;
      wrong += differs(values, seen++, words);
    }
    bench_->write_i = bench_->reserve_i = 0;
    EXPECT_EQ(seen, beats);
    EXPECT_EQ(wrong, 0) << values.tokens << " tokens, " << values.tiles << " tiles, " << values.heads << " heads";
    bench_.tick();
    check_heads(values);
  }

 private:
  /// Heads lie one after the other, from a word that is their number on.
  void put(const Values& values, int i, int words) {
    const int head = i / values.beats();
    const int beat = i % values.beats();
    const Place place = place_of(values, beat);
    for (int o = 0; o < array().outputs; ++o) {
      const auto at = static_cast<std::size_t>(place.token * values.width() + place.tile * array().outputs + o);
      set_bits(bench_->write_data_i, static_cast<std::size_t>(o) * 16, 16,
               static_cast<std::uint16_t>(values.values[static_cast<std::size_t>(head)][at]));
    }
    const bool last = beat + 1 == values.beats();
    bench_->write_last_i = last;
    set_port(bench_->write_head_i, last ? head : 0);
    set_port(bench_->write_addr_i, last ? address(head, words) : 0);
    set_port(bench_->write_fraction_i, last ? values.fractions[static_cast<std::size_t>(head)] : 0);
  }
  static int address(int head, int words) { return (head * words + head) % bench_design().memory.key_value_words; }

  int differs(const Values& values, int i, int words) {
    const int head = i / values.beats();
    const int beat = i % values.beats();
    const Place place = place_of(values, beat);
    const int word = address(head, words) + place.tile * values.steps() + place.token / step();
    int wrong = bench_->value_addr_o != word % bench_design().memory.key_value_words;
    wrong += bench_->value_place_o != place.token % step();
    wrong += bench_->head_done_o != (beat + 1 == values.beats());
    for (int o = 0; o < array().outputs; ++o) {
      const auto at = static_cast<std::size_t>(place.token * values.width() + place.tile * array().outputs + o);
      wrong += get_signed(bench_->value_data_o, static_cast<std::size_t>(o) * 8, 8) !=
               values.quantized[static_cast<std::size_t>(head)][at];
    }
    return wrong;
  }

  void check_heads(const Values& values) {
    for (int head = 0; head < values.heads; ++head) {
      const RowScale scale = values.scales[static_cast<std::size_t>(head)];
      for (int tile = 0; tile < values.tiles; ++tile) {
        set_port(bench_->scale_head_i, head);
        set_port(bench_->sum_addr_i, head * values.tiles + tile);
        bench_.tick();
        EXPECT_EQ(bench_->scale_mantissa_o, scale.mantissa);
        EXPECT_EQ(bench_->scale_exponent_o, scale.exponent);
        for (int o = 0; o < array().outputs; ++o) {
          std::int32_t sum = 0;
          for (int token = 0; token < values.tokens; ++token) {
            sum += values.quantized[static_cast<std::size_t>(head)]
                                   [static_cast<std::size_t>(token * values.width() + tile * array().outputs + o)];
          }
          EXPECT_EQ(get_signed(bench_->sums_o, static_cast<std::size_t>(o) * 32, 32), 128 * sum);
        }
      }
    }
  }

  Bench<Vvalue_path> bench_;
  Random random_;
  bool gaps_;
};

TEST(ValuePath, HeadsOfAnySize_EqualTheReference) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(131);
      Path path(power_up, gaps);
      for (int i = 0; i < 60; ++i) {
        path.run(make_values(random));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
