// Keys' row scales against ScoreScale and KeyExponent of src/numeric.
#include <Vkey_scales.h>
#include <gtest/gtest.h>

#include <vector>

#include "numeric/attention_scale.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

int outputs() { return bench_design().array.outputs; }
int max_tokens() { return bench_design().limits.max_tokens; }

void idle(Bench<Vkey_scales>& bench) {
  bench->write_i = 0;
  bench->write_last_i = 0;
}

/// One block's keys in, everything read back.
void run(Bench<Vkey_scales>& bench, Random& random, bool gaps) {
  const int tokens = random.below(5) == 0 ? max_tokens() : 1 + static_cast<int>(random.below(40));
  const int heads = 1 + static_cast<int>(random.below(static_cast<unsigned>(bench_design().limits.max_heads)));
  const ScoreScale score = make_score_scale(8 << random.below(6));
  const auto kind = random.below(4);  // of exponents: all, close to each other, equal; or all keys are zeros
  std::vector<RowScale> scales;
  for (int i = 0; i < heads * tokens; ++i) {
    const bool zero = kind == 3 || random.below(5) == 0;
    const auto exponent = static_cast<int>(kind == 0 ? random.below(30) : kind == 1 ? 9 + random.below(4) : 12);
    const auto mantissa = static_cast<std::int16_t>(zero ? 0 : draw(random, 1 << 14, 32767));
    scales.push_back({mantissa, static_cast<std::int16_t>(zero ? 0 : exponent)});
  }
  set_port(bench->tokens_i, tokens);
  set_port(bench->heads_i, heads);
  bench->lambda_i = static_cast<std::uint16_t>(score.mantissa);
  // As the array makes them: groups of tokens, in each all heads.
  const int group_rows = bench_design().array.tokens;
  for (int first = 0; first < tokens; first += group_rows) {
    for (int head = 0; head < heads; ++head) {
      for (int key = first; key < std::min(tokens, first + group_rows); ++key) {
        while (gaps && random.below(3) == 0) {
          idle(bench);
          bench.tick();
        }
        const RowScale scale = scales[static_cast<std::size_t>(head * tokens + key)];
        bench->write_i = 1;
        set_port(bench->write_head_i, head);
        set_port(bench->write_key_i, key);
        bench->write_mantissa_i = static_cast<std::uint16_t>(scale.mantissa);
        bench->write_exponent_i = static_cast<std::uint8_t>(scale.exponent);
        bench->write_last_i = head + 1 == heads && key + 1 == tokens;
        bench.tick();
        EXPECT_FALSE(bench->done_o);
      }
    }
  }
  idle(bench);
  const std::int64_t start = bench.cycles();
  while (!bench->done_o && bench.cycles() - start < 100'000) bench.tick();
  EXPECT_EQ(bench.cycles() - start, heads * tokens + 4);
  for (int head = 0; head < heads; ++head) {
    KeyExponent least;
    for (int key = 0; key < tokens; ++key) least.see(scales[static_cast<std::size_t>(head * tokens + key)]);
    for (int key = 0; key < tokens; ++key) {
      set_port(bench->read_addr_i, head * (max_tokens() / outputs()) + key / outputs());
      set_port(bench->read_head_i, head);
      bench.tick();
      EXPECT_EQ(bench->exponent_o, least.value);
      EXPECT_EQ(get_signed(bench->mantissas_o, static_cast<std::size_t>(key % outputs()) * 16, 16),
                score.key_mantissa(scales[static_cast<std::size_t>(head * tokens + key)], least.value))
          << "head " << head << " key " << key << " of " << tokens;
    }
  }
}

TEST(KeyScales, KeysOfAllHeads_EqualTheReference) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(141);
      Bench<Vkey_scales> bench(power_up);
      idle(bench);
      bench.reset();
      for (int i = 0; i < 60; ++i) {
        run(bench, random, gaps);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
