// The packed chain against hls::dot_product: extremes decide here, random operands hardly ever meet the low half's
// limit.
#include <Vdot_chain.h>
#include <gtest/gtest.h>

#include <vector>

#include "accel/design_point.h"
#include "hls/linear.h"
#include "sim/bench.h"

namespace edgemoe::sim {
namespace {

constexpr int kLatency = kDotChainLength + 3;

struct Operands {
  std::int8_t a1[kDotChainLength];
  std::int8_t a0[kDotChainLength];
  std::int8_t w[kDotChainLength];
};

/// Activations −128 … 127 (hardware takes −128 there), weights within ±127, each group of one kind.
Operands draw_operands(Random& random) {
  const std::int8_t extremes[] = {-128, 127, 0, -1, 1};
  const auto kind = random.below(4);
  Operands operands;
  for (int k = 0; k < kDotChainLength; ++k) {
    const auto activation = [&](std::uint64_t which) {
      return kind == 0 ? static_cast<std::int8_t>(draw(random, -128, 127)) : extremes[which % 5];
    };
    operands.a1[k] = activation(kind == 1 ? 0 : random.next_u64() >> 8);
    operands.a0[k] = activation(kind == 1 ? 0 : random.next_u64() >> 8);
    const bool positive = kind == 1 ? random.below(50) != 0 : random.below(2) == 0;
    operands.w[k] = static_cast<std::int8_t>(kind == 0 ? draw(random, -127, 127) : positive ? 127 : -127);
  }
  return operands;
}

TEST(DotChain, RandomAndExtremeOperands_EqualTheReference) {
  constexpr int kGroups = 60'000;
  Random random(11);
  std::vector<Operands> groups;
  for (int i = 0; i < kGroups; ++i) groups.push_back(draw_operands(random));
  Bench<Vdot_chain> bench;
  int compared = 0;
  int at_limit = 0;
  for (int cycle = 0; cycle < kGroups + kLatency; ++cycle) {
    for (int k = 0; k < kDotChainLength; ++k) {
      const int group = cycle - k;
      if (group < 0 || group >= kGroups) continue;
      const Operands& operands = groups[static_cast<std::size_t>(group)];
      const auto at = static_cast<std::size_t>(k) * 8;
      set_bits(bench->a1_i, at, 8, static_cast<std::uint8_t>(operands.a1[k]));
      set_bits(bench->a0_i, at, 8, static_cast<std::uint8_t>(operands.a0[k]));
      set_bits(bench->w_i, at, 8, static_cast<std::uint8_t>(operands.w[k]));
    }
    bench.tick();
    const int group = cycle + 1 - kLatency;
    if (group < 0 || group >= kGroups) continue;
    const Operands& operands = groups[static_cast<std::size_t>(group)];
    const std::int32_t expected1 = hls::dot_product(operands.a1, operands.w, kDotChainLength);
    const std::int32_t expected0 = hls::dot_product(operands.a0, operands.w, kDotChainLength);
    ASSERT_EQ(get_signed(bench->sum1_o, 0, 18), expected1) << "group " << group;
    ASSERT_EQ(get_signed(bench->sum0_o, 0, 18), expected0) << "group " << group;
    at_limit += expected0 == -8 * 128 * 127 || expected0 == 8 * 128 * 127;
    ++compared;
  }
  EXPECT_EQ(compared, kGroups);
  EXPECT_GT(at_limit, 100);
}

}  // namespace
}  // namespace edgemoe::sim
