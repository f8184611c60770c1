// Keys and values, also at once, against plain arrays, read with the banks' skew.
#include <Vkv_memory.h>
#include <gtest/gtest.h>

#include <vector>

#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/operand_read.h"

namespace edgemoe::sim {
namespace {

const DesignPoint::Array& array() { return bench_design().array; }
int step() { return array().chains * kDotChainLength; }
int ways() { return array().outputs / step(); }

/// A head's keys from word 0 on, then its values: `tokens` of both, `tiles` beats wide.
struct Head {
  int tokens;
  int tiles;
  std::vector<std::int8_t> keys;  // [tokens, tiles · outputs]
  std::vector<std::int8_t> values;

  int width() const { return tiles * array().outputs; }
  int key_pitch() const { return tiles * ways(); }
  int key_words() const { return divided_up(tokens, array().outputs) * key_pitch(); }
  int value_steps() const { return divided_up(tokens, step()); }
  int words() const { return key_words() + tiles * value_steps(); }

  /// Of byte (bank · chains + chain) · outputs + output of a word; −1000 where anything may be.
  int expected(int word, int byte) const {
    const int output = byte % array().outputs;
    const int chain = byte / array().outputs % array().chains;
    const int inner = chain * kDotChainLength + byte / array().outputs / array().chains;
    if (word < key_words()) {
      const int key = word / key_pitch() * array().outputs + output;
      if (key >= tokens) return -1000;
      return keys[static_cast<std::size_t>(key * width() + word % key_pitch() * step() + inner)];
    }
    const int value_word = word - key_words();
    const int key = value_word % value_steps() * step() + inner;
    if (key >= tokens) return 0;
    const int dimension = value_word / value_steps() * array().outputs + output;
    return values[static_cast<std::size_t>(key * width() + dimension)];
  }
};

Head make_head(Random& random) {
  Head head = {.tokens = 1 + static_cast<int>(random.below(3u * static_cast<unsigned>(array().outputs))),
               .tiles = 1 + static_cast<int>(random.below(2)),
               .keys = {},
               .values = {}};
  const int words = bench_design().memory.key_value_words;
  while (head.words() > words) --head.tokens;
  for (int i = 0; i < head.tokens * head.width(); ++i) {
    head.keys.push_back(static_cast<std::int8_t>(draw(random, -127, 127)));
    head.values.push_back(static_cast<std::int8_t>(draw(random, -127, 127)));
  }
  return head;
}

class Memory {
 public:
  explicit Memory(PowerUp power_up) : bench_(power_up) {
    bench_->key_valid_i = bench_->value_valid_i = 0;
    bench_.reset();
  }

  /// Sends all beats, keys as long as there is room for them, values at any time.
  void write(Random& random, const Head& head, bool gaps) {
    const int beats = head.tokens * head.tiles;
    int next_key = 0;
    int next_value = 0;
    int waiting = 0;
    for (int cycle = 0; cycle < 20 * beats + 100; ++cycle) {
      bench_->key_valid_i = next_key < beats && waiting < kKeyDepth && !(gaps && random.below(3) == 0);
      bench_->value_valid_i = next_value < beats && !(gaps && random.below(3) == 0);
      if (bench_->key_valid_i) put_key(head, next_key++);
      if (bench_->value_valid_i) put_value(head, next_value++);
      waiting += bench_->key_valid_i;
      bench_.settle();
      waiting -= bench_->key_done_o;
      bench_.tick();
      bench_->key_valid_i = bench_->value_valid_i = 0;
      bench_.settle();
      EXPECT_EQ(bench_->keys_idle_o, waiting == 0);
      if (next_key == beats && next_value == beats && waiting == 0) return;
    }
    ADD_FAILURE() << waiting << " key beats are left";
  }

  void check(const Head& head) {
    std::vector<int> words;
    for (int word = 0; word < head.words(); ++word) words.push_back(word);
    const int bank_bytes = array().chains * array().outputs;
    int wrong = 0;
    int compared = 0;
    read_operands(
        bench_, words, [](std::size_t) {},
        [&](int word, int bank) {
          for (int byte = bank * bank_bytes; byte < (bank + 1) * bank_bytes; ++byte) {
            const int expected = head.expected(word, byte);
            if (expected == -1000) continue;
            ++compared;
            wrong += get_signed(bench_->data_o, static_cast<std::size_t>(byte) * 8, 8) != expected;
          }
        });
    EXPECT_EQ(wrong, 0) << head.tokens << " tokens, " << head.tiles << " tiles";
    EXPECT_GE(compared, 2 * head.tokens * head.width());
  }

 private:
  static constexpr int kKeyDepth = 64;

  void put_key(const Head& head, int beat) {
    const int key = beat / head.tiles;
    const int tile = beat % head.tiles;
    set_port(bench_->key_addr_i, key / array().outputs * head.key_pitch() + tile * ways());
    set_port(bench_->key_output_i, key % array().outputs);
    for (int i = 0; i < array().outputs; ++i) {
      set_bits(bench_->key_data_i, static_cast<std::size_t>(i) * 8, 8,
               static_cast<std::uint8_t>(
                   head.keys[static_cast<std::size_t>(key * head.width() + tile * array().outputs + i)]));
    }
  }
  void put_value(const Head& head, int beat) {
    // Keys ascend within a tile: all tokens of one tile, then of the next.
    const int key = beat % head.tokens;
    const int tile = beat / head.tokens;
    set_port(bench_->value_addr_i, head.key_words() + tile * head.value_steps() + key / step());
    set_port(bench_->value_place_i, key % step());
    for (int i = 0; i < array().outputs; ++i) {
      set_bits(bench_->value_data_i, static_cast<std::size_t>(i) * 8, 8,
               static_cast<std::uint8_t>(
                   head.values[static_cast<std::size_t>(key * head.width() + tile * array().outputs + i)]));
    }
  }

  Bench<Vkv_memory> bench_;
};

TEST(KvMemory, KeysAndValuesAtOnce_AreReadBankAfterBankWithZerosBehindTheLastValue) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(111);
      Memory memory(power_up);
      for (int i = 0; i < 40; ++i) {
        const Head head = make_head(random);
        memory.write(random, head, gaps);
        memory.check(head);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
