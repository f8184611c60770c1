// Logits with ties and extremes against hls::choose_experts and hls::weigh_experts.
#include <Vrouter_topk.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hls/router.h"
#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/stream.h"

namespace edgemoe::sim {
namespace {

struct Token {
  std::vector<std::int64_t> logits;
  int top_k;
  RouterScale scale;
  int shift;
  bool softmax_after_topk;
  std::int32_t prune_above;
  std::vector<std::uint32_t> experts;
  std::vector<std::uint16_t> weights;
};

Token make_token(Random& random) {
  const DesignPoint::Limits& limits = bench_design().limits;
  Token token;
  const int experts = 1 + static_cast<int>(random.below(static_cast<unsigned>(limits.max_experts)));
  token.top_k = 1 + static_cast<int>(random.below(static_cast<unsigned>(std::min(experts, limits.max_top_k))));
  const std::int64_t most = (std::int64_t{1} << 46) - 1;
  const auto kind = random.below(6);
  const std::int64_t spread = kind == 0 ? 0 : kind == 1 ? 2 : most >> random.below(46);
  for (int e = 0; e < experts; ++e) token.logits.push_back(draw(random, -spread, spread));
  token.scale = {.kappa = static_cast<std::int32_t>(draw(random, 1 << 14, 32767)), .sigma = 0};
  // Mostly where the exponentials differ: a spread of about 2^16 after the shift.
  const int natural = bit_length(static_cast<std::uint64_t>(spread)) + 15 - 15;
  token.scale.sigma = static_cast<int>(random.below(4) == 0 ? draw(random, -40, 80) : natural + draw(random, -3, 5));
  token.shift = static_cast<int>(draw(random, -15, 17));
  token.softmax_after_topk = random.below(3) == 0;
  token.prune_above = random.below(2) == 0 ? -1 : static_cast<std::int32_t>(draw(random, -1, 65535));
  token.experts.resize(static_cast<std::size_t>(token.top_k));
  token.weights.resize(static_cast<std::size_t>(token.top_k));
  hls::choose_experts(token.logits.data(), experts, token.top_k, token.experts.data());
  hls::weigh_experts(token.logits.data(), experts, token.top_k, token.experts.data(), token.scale, token.shift,
                     token.softmax_after_topk, token.prune_above, token.weights.data());
  return token;
}

/// One token through; returns the cycles from its first logit to its last result.
StreamTimes run(Bench<Vrouter_topk>& bench, const Token& token, bool gaps, Random& random) {
  bench->top_k_i = static_cast<std::uint8_t>(token.top_k);
  bench->kappa_i = static_cast<std::uint16_t>(token.scale.kappa);
  bench->right_i = static_cast<std::uint8_t>(token.scale.sigma - token.shift);
  bench->softmax_after_topk_i = token.softmax_after_topk;
  bench->prune_above_i = static_cast<std::uint32_t>(token.prune_above) & 0x1ffff;
  std::size_t seen = 0;
  int wrong = 0;
  const StreamTimes times = stream(
      bench, static_cast<int>(token.logits.size()), gaps, random, 2000,
      [&](int i) {
        bench->last_i = static_cast<std::size_t>(i) + 1 == token.logits.size();
        bench->logit_i =
            static_cast<std::uint64_t>(token.logits[static_cast<std::size_t>(i)]) & ((std::uint64_t{1} << 47) - 1);
      },
      [&] {
        if (!bench->valid_o) return false;
        wrong += bench->expert_o != token.experts[seen] || bench->weight_o != token.weights[seen];
        ++seen;
        wrong += bench->last_o != (seen == token.experts.size());
        return seen == token.experts.size();
      });
  EXPECT_EQ(seen, token.experts.size());
  EXPECT_EQ(wrong, 0) << token.logits.size() << " experts, top " << token.top_k;
  return times;
}

TEST(RouterTopK, TokensWithTiesAndExtremes_EqualTheReference) {
  int weighted = 0;
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(71);
      Bench<Vrouter_topk> bench(power_up);
      bench->valid_i = 0;
      bench.reset();
      for (int i = 0; i < 1500; ++i) {
        const Token token = make_token(random);
        EXPECT_GT(run(bench, token, gaps, random).finished, 0);
        weighted += token.top_k > 1 && token.weights[1] > 0 && token.weights[1] < token.weights[0];
      }
    }
  }
  EXPECT_GT(weighted, 500);
}

TEST(RouterTopK, AToken_TakesTheCyclesThatItSays) {
  Random random(72);
  Bench<Vrouter_topk> bench;
  bench->valid_i = 0;
  bench.reset();
  for (int i = 0; i < 200; ++i) {
    const Token token = make_token(random);
    const StreamTimes times = run(bench, token, false, random);
    const auto experts = static_cast<int>(token.logits.size());
    EXPECT_EQ(times.finished - times.first_taken,
              experts + (token.softmax_after_topk ? 0 : experts) + 2 * token.top_k + 29);
  }
}

}  // namespace
}  // namespace edgemoe::sim
