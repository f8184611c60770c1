// Random compute lists through the sequencer, whatever it is made to wait for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "sim/sequencer_testing.h"

namespace edgemoe::sim {
namespace {

/// Between a phase's last tile and the next one's first: its end, command, tag, barrier, queue, two of addresses.
constexpr int kCyclesBetweenPhases = 7;
/// The same without a tag.
constexpr int kCyclesOfFinish = 6;

std::vector<PlannedPhase> random_list(std::uint64_t seed, int count) {
  Random random(seed);
  return PhasePlanner(bench_design(), lanes(), random).plan(count);
}

TEST(Sequencer, RandomLists_AreTheTilesOfTheirPhasesInOrder) {
  std::size_t tiles = 0;
  for (const PowerUp power_up : kAllPowerUps) {
    Sequencer sequencer(power_up);
    for (const int percent : {0, 20, 60, 90}) {
      for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        SCOPED_TRACE(testing::Message() << percent << " % stalls, seed " << seed);
        sequencer.run(random_list(seed, 40), {.percent = percent, .seed = seed});
        EXPECT_TRUE(sequencer.finished());
        if (testing::Test::HasFailure()) return;
        tiles += sequencer.num_tiles();
        sequencer.reset();
      }
    }
  }
  EXPECT_GT(tiles, 20'000U);
}

TEST(Sequencer, ResetAtAnyCycle_LeavesTheNextListRight) {
  Sequencer sequencer(PowerUp::kRandom);
  Random random(7);
  for (std::uint64_t seed = 100; seed < 160 && !testing::Test::HasFailure(); ++seed) {
    const auto limit = static_cast<std::int64_t>(random.below(1500));
    SCOPED_TRACE(testing::Message() << "reset after " << limit << " cycles, seed " << seed);
    sequencer.run(random_list(seed, 20), {.percent = 30, .seed = seed}, limit);
    sequencer.reset();
    sequencer.run(random_list(seed + 1000, 6), {.percent = 10, .seed = seed});
    EXPECT_TRUE(sequencer.finished());
    sequencer.reset();
  }
}

/// A tile a cycle, and between two phases no more cycles than the states between them.
TEST(Sequencer, LinearPhasesWithoutStalls_FollowEachOtherInTheStatedCycles) {
  Random random(8);
  const std::vector<PlannedPhase> phases = PhasePlanner(bench_design(), lanes(), random).plan_linear(30);
  Sequencer sequencer(PowerUp::kRandom);
  sequencer.run(phases, {});
  const auto linear = static_cast<std::int64_t>(phases.size()) - 1;
  EXPECT_EQ(sequencer.finish_cycle(),
            static_cast<std::int64_t>(sequencer.num_tiles()) + kCyclesBetweenPhases * linear + kCyclesOfFinish);
}

/// Numbers that no phase can have, one at a time, in commands of each kind that are right otherwise.
TEST(Sequencer, CommandsThatAreNone_AreToldAndEndTheList) {
  struct Refused {
    std::string_view field;
    int value;
    std::vector<PhaseKind> kinds;
  };
  using enum PhaseKind;
  const std::vector<PhaseKind> all = {kFinish, kLinear, kAttention, kNorm, kRouter, kGather};
  const Refused refused[] = {{"kind", kNumPhaseKinds, all},
                             {"kind", 15, all},
                             {"destination", kNumDestinations, all},
                             {"destination", 9, all},
                             {"waits", kNumRegions, all},
                             {"waits", 15, all},
                             {"makes", kNumRegions, all},
                             {"digits", 2, all},
                             {"expert", bench_design().limits.max_experts, all},
                             {"expert", kNoExpert - 1, all},
                             {"rows", 0, {kFinish, kLinear, kAttention, kNorm, kRouter}},
                             {"steps", 0, {kLinear, kAttention, kRouter}},
                             {"column_tiles", 0, {kLinear, kRouter}},
                             {"row_tiles", 0, {kFinish, kLinear, kAttention, kNorm}},
                             {"heads", 0, {kLinear, kAttention}},
                             {"key_tiles", 0, {kAttention}},
                             {"value_steps", 0, {kAttention}},
                             {"last_keys", 0, {kAttention}}};
  Sequencer sequencer(PowerUp::kRandom);
  const auto is_refused = [&](const ComputeCommand& command, const std::vector<Sequencer::Change>& changes) {
    sequencer.reset();
    return sequencer.is_refused(command, changes);
  };
  for (const PhaseKind kind : all) {
    const ComputeCommand command = {.kind = kind,
                                    .destination = Destination::kKeys,
                                    .heads = 1,
                                    .rows = 2,
                                    .steps = 1,
                                    .column_tiles = 1,
                                    .row_tiles = 1,
                                    .key_tiles = 1,
                                    .value_steps = 1,
                                    .last_keys = 1};
    EXPECT_FALSE(is_refused(command, {})) << "a command of kind " << static_cast<int>(kind);
    for (const Refused& change : refused) {
      if (std::find(change.kinds.begin(), change.kinds.end(), kind) == change.kinds.end()) continue;
      EXPECT_TRUE(is_refused(command, {{change.field, change.value}}))
          << change.field << " " << change.value << " in a command of kind " << static_cast<int>(kind);
    }
  }
  // What is right although it is 0 elsewhere.
  const ComputeCommand queue = {.kind = kLinear,
                                .destination = Destination::kWeighted,
                                .expert = 0,
                                .steps = 1,
                                .column_tiles = 1,
                                .row_tiles = 1};
  EXPECT_FALSE(is_refused(queue, {}));
  EXPECT_FALSE(is_refused(queue, {{"expert", bench_design().limits.max_experts - 1}}));
  EXPECT_FALSE(is_refused({.kind = kGather}, {}));
  sequencer.reset();
  sequencer.run(random_list(9, 5), {});
  EXPECT_TRUE(sequencer.finished());
}

/// 129 tokens and heads of 64, as the public network has them: each group of queries reads all keys and values of a
/// head once.
TEST(Sequencer, Attention_ReadsKeysAndValuesOnceAGroup) {
  const DesignPoint& design = bench_design();
  const int num_tokens = std::min(129, design.limits.max_tokens);
  constexpr int kHeads = 3;
  constexpr int kHeadDim = 64;
  const int outputs = design.array.outputs;
  PlannedPhase attention;
  attention.command = {.kind = PhaseKind::kAttention,
                       .makes = Region::kHeads,
                       .heads = kHeads,
                       .rows = num_tokens,
                       .steps = divided_up(kHeadDim, design.step()),
                       .row_tiles = divided_up(kHeadDim, outputs),
                       .key_tiles = divided_up(num_tokens, outputs),
                       .last_keys = (num_tokens - 1) % outputs + 1};
  attention.command.value_steps = divided_up(num_tokens, design.step());
  attention.place.rows = num_tokens;
  PlannedPhase finish = {.command = {.kind = PhaseKind::kFinish, .rows = num_tokens, .row_tiles = 1}};
  finish.place.rows = num_tokens;
  Sequencer sequencer(PowerUp::kRandom);
  sequencer.run({attention, finish}, {});
  const ComputeCommand& command = attention.command;
  const std::int64_t words_of_head = command.key_tiles * command.steps + command.row_tiles * command.value_steps;
  EXPECT_EQ(sequencer.key_value_words(), words_of_head * kHeads * divided_up(num_tokens, lanes()));
  std::printf("%d query lanes, %d tokens, heads of %d: %lld words of keys and values a head, %.2f a query\n", lanes(),
              num_tokens, kHeadDim, static_cast<long long>(words_of_head),
              static_cast<double>(sequencer.key_value_words()) / (kHeads * num_tokens));
}

}  // namespace
}  // namespace edgemoe::sim
