// Keys of whole blocks to the places that docs/program.md's commands give them, and what scores need of them against
// src/numeric.
#include <Vkey_writer.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "accel/program.h"
#include "numeric/attention_scale.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

int outputs() { return bench_design().array.outputs; }

/// Keys of a block: a command, and a scale for each head and key.
struct Keys {
  ComputeCommand command;
  ScoreScale score;
  std::vector<RowScale> scales;  // [heads, tokens]

  const RowScale& scale(int head, int key) const { return scales[static_cast<std::size_t>(head * command.rows + key)]; }
};

Keys make_keys(Random& random) {
  const DesignPoint& design = bench_design();
  Keys keys;
  ComputeCommand& command = keys.command;
  command.kind = PhaseKind::kLinear;
  command.destination = Destination::kKeys;
  command.heads = 1 + static_cast<int>(random.below(static_cast<unsigned>(design.limits.max_heads)));
  command.rows = 1 + static_cast<int>(random.below(static_cast<unsigned>(design.limits.max_tokens)));
  command.row_tiles = 1 + static_cast<int>(random.below(2));
  command.key_tiles = divided_up(command.rows, outputs());
  const int words = command.heads * command.key_tiles * command.row_tiles * design.ways();
  const int room = design.memory.key_value_words - words;
  if (room < 0) return make_keys(random);
  command.key_base = static_cast<int>(random.below(static_cast<unsigned>(room) + 1));
  keys.score = make_score_scale(8 << random.below(6));
  command.key_mantissa = keys.score.mantissa;
  for (int i = 0; i < command.heads * command.rows; ++i) {
    const bool zero = random.below(6) == 0;
    const auto mantissa = static_cast<std::int16_t>(zero ? 0 : draw(random, 1 << 14, 32767));
    keys.scales.push_back({mantissa, static_cast<std::int16_t>(zero ? 0 : random.below(30))});
  }
  return keys;
}

class Writer {
 public:
  Writer(PowerUp power_up, bool gaps) : bench_(power_up), random_(412), gaps_(gaps) {
    bench_->start_i = bench_->valid_i = 0;
    bench_.reset();
  }

  void run(const Keys& keys) {
    const ComputeCommand& command = keys.command;
    start(command);
    const int group_rows = bench_design().array.tokens;
    for (int first = 0; first < command.rows; first += group_rows) {
      const int end = std::min(command.rows, first + group_rows);
      for (int head = 0; head < command.heads; ++head) {
        for (int key = first; key < end; ++key) {
          for (int beat = 0; beat < command.row_tiles; ++beat) {
            while (gaps_ && random_.below(3) == 0) idle();
            put(keys, head, key, beat);
            step();
          }
        }
      }
    }
    for (int i = 0; i < command.heads * command.rows + 8; ++i) idle();
    EXPECT_TRUE(expected_.empty()) << expected_.size() << " beats were not written";
    EXPECT_EQ(wrong_, 0);
    EXPECT_TRUE(bench_->scales_done_o);
    check_scales(keys);
  }

 private:
  struct Write {
    int addr;
    int output;
    std::vector<int> values;
  };

  void start(const ComputeCommand& command) {
    const Result<CommandBytes> bytes = encode(command);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    for (std::size_t i = 0; i < kCommandBytes; ++i) set_bits(bench_->phase_i, 8 * i, 8, (*bytes)[i]);
    bench_->start_i = 1;
    step();
    bench_->start_i = 0;
    for (std::size_t i = 0; i < kCommandBytes; ++i) set_bits(bench_->phase_i, 8 * i, 8, 0xa5);  // not looked at again
  }

  void put(const Keys& keys, int head, int key, int beat) {
    const ComputeCommand& command = keys.command;
    const bool last = beat + 1 == command.row_tiles;
    const RowScale& scale = keys.scale(head, key);
    bench_->valid_i = 1;
    bench_->last_i = last;
    bench_->keys_last_i = last && head + 1 == command.heads && key + 1 == command.rows;
    set_port(bench_->key_i, key);
    set_port(bench_->head_i, head);
    set_port(bench_->beat_i, beat);
    // A scale counts with a key's last beat alone.
    bench_->mantissa_i = static_cast<std::uint16_t>(last ? scale.mantissa : 12345);
    bench_->exponent_i = static_cast<std::uint8_t>(last ? scale.exponent : 0);
    const int steps = command.row_tiles * bench_design().ways();
    Write write = {
        .addr = command.key_base + (head * command.key_tiles + key / outputs()) * steps + beat * bench_design().ways(),
        .output = key % outputs(),
        .values = {}};
    for (int o = 0; o < outputs(); ++o) {
      write.values.push_back(static_cast<int>(draw(random_, -127, 127)));
      set_bits(bench_->values_i, static_cast<std::size_t>(o) * 8, 8, static_cast<std::uint8_t>(write.values.back()));
    }
    expected_.push_back(std::move(write));
  }

  void idle() {
    bench_->valid_i = 0;
    bench_->keys_last_i = random_.below(2) != 0;  // without a beat it says nothing
    bench_->last_i = random_.below(2) != 0;
    step();
  }

  void step() {
    bench_.tick();
    if (!bench_->valid_o) return;
    if (expected_.empty()) {
      ++wrong_;
      return;
    }
    const Write& write = expected_.front();
    wrong_ += static_cast<int>(bench_->addr_o) != write.addr;
    wrong_ += static_cast<int>(bench_->output_o) != write.output;
    for (int o = 0; o < outputs(); ++o) {
      wrong_ +=
          get_signed(bench_->values_o, static_cast<std::size_t>(o) * 8, 8) != write.values[static_cast<std::size_t>(o)];
    }
    expected_.pop_front();
  }

  void check_scales(const Keys& keys) {
    for (int head = 0; head < keys.command.heads; ++head) {
      KeyExponent least;
      for (int key = 0; key < keys.command.rows; ++key) least.see(keys.scale(head, key));
      for (int key = 0; key < keys.command.rows; ++key) {
        set_port(bench_->scale_addr_i, head * (bench_design().limits.max_tokens / outputs()) + key / outputs());
        set_port(bench_->scale_head_i, head);
        idle();
        EXPECT_EQ(bench_->exponent_o, least.value);
        EXPECT_EQ(get_signed(bench_->mantissas_o, static_cast<std::size_t>(key % outputs()) * 16, 16),
                  keys.score.key_mantissa(keys.scale(head, key), least.value))
            << "head " << head << ", key " << key << " of " << keys.command.rows;
      }
    }
  }

  Bench<Vkey_writer> bench_;
  Random random_;
  bool gaps_;
  int wrong_ = 0;
  std::deque<Write> expected_;
};

TEST(KeyWriter, KeysOfAnyBlock_StandWhereScoresReadThem) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(411);
      Writer writer(power_up, gaps);
      for (int i = 0; i < 60 && !testing::Test::HasFailure(); ++i) writer.run(make_keys(random));
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
