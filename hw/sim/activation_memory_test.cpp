// Beats and whole words against a plain array, read with the banks' skew.
#include <Vactivation_memory.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/operand_read.h"

namespace edgemoe::sim {
namespace {

/// What the memory should hold: [word][(bank · chains + chain) · tokens + token].
class Expected {
 public:
  static const DesignPoint::Array& array() { return bench_design().array; }
  static int step() { return array().chains * kDotChainLength; }
  static int ways() { return array().outputs / step(); }
  static int words() { return bench_design().memory.activation_words; }
  static int word_bytes() { return step() * array().tokens; }

  std::int8_t& at(int word, int byte) { return bytes_[static_cast<std::size_t>(word * word_bytes() + byte)]; }
  /// Element `i` of the steps from `word` on.
  std::int8_t& element(int word, int token, int i) {
    const int inner = i % step();
    const int bank = inner % kDotChainLength;
    const int chain = inner / kDotChainLength;
    return at(word + i / step(), (bank * array().chains + chain) * array().tokens + token);
  }

 private:
  std::vector<std::int8_t> bytes_ = std::vector<std::int8_t>(static_cast<std::size_t>(words() * word_bytes()));
};

class Memory {
 public:
  explicit Memory(PowerUp power_up) : bench_(power_up) { idle(); }

  void idle() { bench_->write_i = bench_->load_i = 0; }
  void load(Random& random, int word) {
    idle();
    bench_->load_i = 1;
    set_port(bench_->load_addr_i, word);
    for (int byte = 0; byte < Expected::word_bytes(); ++byte) {
      expected_.at(word, byte) = static_cast<std::int8_t>(draw(random, -128, 127));
      set_bits(bench_->load_data_i, static_cast<std::size_t>(byte) * 8, 8,
               static_cast<std::uint8_t>(expected_.at(word, byte)));
    }
  }
  void write(Random& random, int word, int token) {
    idle();
    bench_->write_i = 1;
    set_port(bench_->write_addr_i, word);
    set_port(bench_->write_token_i, token);
    for (int i = 0; i < Expected::array().outputs; ++i) {
      expected_.element(word, token, i) = static_cast<std::int8_t>(draw(random, -128, 127));
      set_bits(bench_->write_data_i, static_cast<std::size_t>(i) * 8, 8,
               static_cast<std::uint8_t>(expected_.element(word, token, i)));
    }
  }
  void write_anywhere(Random& random) {
    const int block = static_cast<int>(random.below(static_cast<unsigned>(Expected::words() / Expected::ways())));
    const auto token = static_cast<int>(random.below(static_cast<unsigned>(Expected::array().tokens)));
    write(random, block * Expected::ways(), token);
  }
  void tick() { bench_.tick(); }

  /// Reads words without a pause; writes others meanwhile.
  void check(Random& random, const std::vector<int>& words) {
    int wrong = 0;
    const int bank_bytes = Expected::array().chains * Expected::array().tokens;
    const int checked = read_operands(
        bench_, words,
        [&](std::size_t i) {
          idle();
          const int block = static_cast<int>(random.below(static_cast<unsigned>(Expected::words() / Expected::ways())));
          const std::size_t oldest = i < kDotChainLength ? 0 : i - kDotChainLength;
          for (std::size_t j = oldest; j <= i && j < words.size(); ++j) {
            if (words[j] / Expected::ways() == block) return;
          }
          write(random, block * Expected::ways(), static_cast<int>(random.below(2)));
        },
        [&](int word, int bank) {
          for (int i = 0; i < bank_bytes; ++i) {
            const int byte = bank * bank_bytes + i;
            wrong += get_signed(bench_->data_o, static_cast<std::size_t>(byte) * 8, 8) != expected_.at(word, byte);
          }
        });
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(checked, static_cast<int>(words.size()) * kDotChainLength);
  }

 private:
  Bench<Vactivation_memory> bench_;
  Expected expected_;
};

TEST(ActivationMemory, BeatsAndWords_AreReadBankAfterBank) {
  for (const PowerUp power_up : kAllPowerUps) {
    Random random(101);
    Memory memory(power_up);
    for (int word = 0; word < Expected::words(); ++word) {
      memory.load(random, word);
      memory.tick();
    }
    for (int i = 0; i < 2 * Expected::words(); ++i) {
      if (random.below(8) == 0) {
        memory.load(random, static_cast<int>(random.below(static_cast<unsigned>(Expected::words()))));
      } else {
        memory.write_anywhere(random);
      }
      memory.tick();
    }
    std::vector<int> words;
    for (int word = 0; word < Expected::words(); ++word) words.push_back(word);
    for (int i = 0; i < 2 * Expected::words(); ++i) {
      words.push_back(static_cast<int>(random.below(static_cast<unsigned>(Expected::words()))));
    }
    memory.check(random, words);
  }
}

}  // namespace
}  // namespace edgemoe::sim
