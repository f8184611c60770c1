// Additions in any order, to the same word again and again among them, against plain integers; rows asked for
// meanwhile.
#include <Vresidual_stream.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "numeric/fixed_point.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

int outputs() { return bench_design().array.outputs; }

struct Rows {
  int token;
  int count;
};

class Stream {
 public:
  Stream(PowerUp power_up, bool gaps) : bench_(power_up), random_(152), gaps_(gaps) {
    bench_->load_i = bench_->add_i = bench_->rows_i = bench_->ready_i = 0;
    bench_.reset();
  }

  /// Positions.
  void load(int tokens, int beats) {
    tokens_ = tokens;
    beats_ = beats;
    set_port(bench_->beats_i, beats);
    values_.assign(static_cast<std::size_t>(tokens * beats * outputs()), 0);
    for (int word = 0; word < tokens * beats; ++word) {
      bench_->load_i = 1;
      set_port(bench_->load_addr_i, word);
      for (int o = 0; o < outputs(); ++o) {
        const auto value = static_cast<std::int32_t>(draw(random_, INT32_MIN, INT32_MAX) >> random_.below(24));
        values_[static_cast<std::size_t>(word * outputs() + o)] = value;
        set_bits(bench_->load_data_i, static_cast<std::size_t>(o) * 32, 32, static_cast<std::uint32_t>(value));
      }
      bench_.tick();
    }
    bench_->load_i = 0;
  }

  /// Additions to a few tokens, so that they follow each other closely. Rows of others are read meanwhile.
  void add(int count) {
    for (int i = 0; i < count;) {
      const bool offer = !gaps_ || random_.below(3) != 0;
      bench_->add_i = offer;
      if (offer) {
        put_addition();
        ++i;
      }
      step();
    }
    bench_->add_i = 0;
  }

  /// Asks for rows in the cycle of the last addition to them.
  void ask(const Rows& rows) {
    bench_->add_i = 1;
    put_addition();
    bench_->rows_i = 1;
    set_port(bench_->rows_token_i, rows.token);
    set_port(bench_->rows_count_i, rows.count);
    // They are read when there is room: with what they hold now.
    for (int row = rows.token; row < rows.token + rows.count; ++row) {
      for (int beat = 0; beat < beats_; ++beat) {
        const auto at = static_cast<std::size_t>((row * beats_ + beat) * outputs());
        const auto first = values_.begin() + static_cast<std::ptrdiff_t>(at);
        expected_.push_back({{first, first + outputs()},
                             row,
                             beat + 1 == beats_,
                             beat + 1 == beats_ && row + 1 == rows.token + rows.count});
      }
    }
    step();
    bench_->rows_i = bench_->add_i = 0;
  }

  void drain() {
    for (int cycle = 0; cycle < 10'000 && !expected_.empty(); ++cycle) step();
    EXPECT_TRUE(expected_.empty()) << expected_.size() << " beats have not come";
    step();
    EXPECT_TRUE(bench_->rows_idle_o);
    EXPECT_EQ(wrong_, 0);
  }

  int tokens() const { return tokens_; }
  Random& random() { return random_; }
  /// Additions go to tokens from here on: those before it may be read.
  void set_first_token(int token) { first_token_ = token; }

 private:
  struct Beat {
    std::vector<std::int32_t> values;
    int token;
    bool last;
    bool rows_last;
  };

  void put_addition() {
    const int span = std::min(3, tokens_ - first_token_);
    const int token = first_token_ + static_cast<int>(random_.below(static_cast<unsigned>(span)));
    const auto beat = static_cast<int>(random_.below(static_cast<unsigned>(beats_)));
    const bool weighted = random_.below(2) == 0;
    const auto weight = static_cast<std::uint16_t>(draw(random_, 0, 65535));
    set_port(bench_->add_token_i, token);
    set_port(bench_->add_beat_i, beat);
    bench_->add_weighted_i = weighted;
    bench_->add_weight_i = weight;
    for (int o = 0; o < outputs(); ++o) {
      const auto y = static_cast<std::int32_t>(draw(random_, INT32_MIN, INT32_MAX) >> random_.below(24));
      set_bits(bench_->add_data_i, static_cast<std::size_t>(o) * 32, 32, static_cast<std::uint32_t>(y));
      std::int32_t& x = values_[static_cast<std::size_t>((token * beats_ + beat) * outputs() + o)];
      const std::int64_t added = weighted ? round_shift(std::int64_t{y} * weight, 16) : y;
      x = static_cast<std::int32_t>(saturate<32>(x + added));
    }
  }

  void step() {
    bench_->ready_i = !gaps_ || random_.below(3) != 0;
    bench_.settle();
    const bool taken = bench_->valid_o && bench_->ready_i;
    if (taken) check_beat();
    bench_.tick();
  }

  void check_beat() {
    if (expected_.empty()) {
      ++wrong_;
      return;
    }
    const Beat& beat = expected_.front();
    wrong_ += bench_->token_o != beat.token || bench_->last_o != beat.last || bench_->rows_last_o != beat.rows_last;
    for (int o = 0; o < outputs(); ++o) {
      wrong_ +=
          get_signed(bench_->data_o, static_cast<std::size_t>(o) * 32, 32) != beat.values[static_cast<std::size_t>(o)];
    }
    expected_.pop_front();
  }

  Bench<Vresidual_stream> bench_;
  Random random_;
  bool gaps_;
  int tokens_ = 0;
  int beats_ = 0;
  int first_token_ = 0;
  int wrong_ = 0;
  std::vector<std::int32_t> values_;  // [tokens, beats · outputs]
  std::deque<Beat> expected_;
};

TEST(ResidualStream, AdditionsAndRows_EqualPlainIntegers) {
  const DesignPoint& design = bench_design();
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Stream stream(power_up, gaps);
      for (const int beats : {1, 3, design.limits.max_width / outputs()}) {
        const int tokens = std::min(design.limits.max_tokens, design.memory.token_words / beats);
        stream.load(tokens, beats);
        // A group after the other is finished and asked for while the next grows.
        for (int first = 0; first < tokens; first += design.array.tokens) {
          const int count = std::min(design.array.tokens, tokens - first);
          stream.set_first_token(first);
          stream.add(60);
          stream.ask({.token = first, .count = count});
        }
        stream.drain();
        // All of them at once, as after the experts.
        stream.set_first_token(0);
        stream.ask({.token = 0, .count = tokens});
        stream.drain();
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
