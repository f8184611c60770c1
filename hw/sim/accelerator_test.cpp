// The whole accelerator: compiled networks from memory to memory, every token of every task against the reference, bit
// for bit; whatever memory's timing, whatever registers and memories hold at first, from run to run, after resets,
// aborts and errors.
#include <Vedgemoe.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "accel/program_testing.h"
#include "sim/bench_design.h"
#include "sim/program_runner.h"

namespace edgemoe::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Timing = AxiMemory::Timing;

const Timing kFast = {.latency_cycles = 1};
const Timing kUsual = {.latency_cycles = 40, .bytes_per_cycle = 0.9 * bench_design().bus_bytes()};
const Timing kSlow = {.latency_cycles = 120, .bytes_per_cycle = 0.3 * bench_design().bus_bytes()};
const Timing kStalling = {.latency_cycles = 17, .stall_percent = 50};

/// A network on a machine of its own. Its buses are watched until the end.
class Rig {
 public:
  Rig(const HlsCase& network, const Timing& timing, PowerUp power_up = PowerUp::kRandom, std::uint64_t seed = 1)
      : network_(network),
        program_(program_of(network, bench_design()).value()),
        input_(input_of(network, program_, bench_design())),
        runner_(program_, bench_design(), timing,
                {.power_up = power_up, .seed = seed, .host_stall_percent = timing.stall_percent}) {
    for (int task = 0; task < program_.num_tasks; ++task) expected_.push_back(network.expected(task));
  }
  ~Rig() {
    const Status protocols = runner_.check_protocols();
    EXPECT_TRUE(protocols.ok()) << protocols.message();
    EXPECT_GT(runner_.machine().bus_checker().seen().read_beats, 0);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  int num_tasks() const { return program_.num_tasks; }
  ProgramRunner<Vedgemoe>& runner() { return runner_; }
  Machine<Vedgemoe>& machine() { return runner_.machine(); }

  Status start(int task) { return runner_.start(input_, task, expected_[0].size()); }

  /// Runs a task and compares every token.
  RunReport expect_equals_reference(int task) {
    const std::vector<std::int32_t>& expected = expected_[static_cast<std::size_t>(task)];
    std::vector<std::int32_t> tokens(expected.size());
    const Result<RunReport> report = runner_.run(input_, task, tokens, kLimitCycles);
    if (!report.ok()) {
      ADD_FAILURE() << "task " << task << ": " << report.status().message();
      return {};
    }
    const auto dim = static_cast<std::size_t>(program_.embed_dim);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (tokens[i] == expected[i] || ++wrong > 1) continue;
      ADD_FAILURE() << "task " << task << ", token " << i / dim << ", element " << i % dim << ": " << tokens[i]
                    << ", expected " << expected[i];
    }
    EXPECT_EQ(wrong, 0U) << "of " << expected.size();
    EXPECT_GT(expected.size(), 0U);
    return *report;
  }

  /// What a run without this machine's timing reads: loads of experts without tokens, and how many there were.
  InterpreterCounts counts(int task, LoadOrder loads) const {
    InterpreterCounts counts;
    const auto tokens = interpreted(network_, program_, bench_design(), task, {.loads = loads}, &counts);
    EXPECT_TRUE(tokens.ok()) << tokens.status().message();
    return counts;
  }

 private:
  static constexpr std::int64_t kLimitCycles = 3'000'000;

  const HlsCase& network_;
  Program program_;
  std::vector<std::uint8_t> input_;
  std::vector<std::vector<std::int32_t>> expected_;
  ProgramRunner<Vedgemoe> runner_;
};

TEST(Accelerator, TinyNetwork_EqualsTheReferenceWhateverItBeginsWith) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 1);
  for (const PowerUp power_up : kAllPowerUps) {
    Rig rig(network, kUsual, power_up);
    for (int task = 0; task < rig.num_tasks(); ++task) {
      const RunReport report = rig.expect_equals_reference(task);
      std::printf("task %d: %llu cycles, %u beats read\n", task, static_cast<unsigned long long>(report.cycles),
                  report.read_beats);
    }
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Accelerator, OtherMemories_ChangeCyclesOnly) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 2);
  std::vector<std::uint64_t> cycles;
  for (const Timing& timing : {kFast, kSlow, kStalling}) {
    Rig rig(network, timing);
    cycles.push_back(rig.expect_equals_reference(0).cycles);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_LT(cycles[0], cycles[1]);
  EXPECT_LT(cycles[0], cycles[2]);
}

TEST(Accelerator, NetworksOfOtherSeedsAndGrids_EqualTheReference) {
  int networks = 0;
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 2}, {2, 3}, {3, 5}, {4, 4}, {2, 10}}) {
    const HlsCase network = HlsCase::seeded(tiny_of_grid(height, width), 10 + static_cast<std::uint64_t>(width));
    Rig rig(network, networks % 2 == 0 ? kFast : kStalling);
    for (int task = 0; task < rig.num_tasks(); ++task) rig.expect_equals_reference(task);
    ++networks;
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "grid " << height << " × " << width;
      return;
    }
  }
  EXPECT_EQ(networks, 6);
}

TEST(Accelerator, TasksOneAfterAnother_NeedNoResetAndLeaveNothingBehind) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 3);
  Rig rig(network, kUsual);
  ASSERT_GE(rig.num_tasks(), 2);
  const RunReport first = rig.expect_equals_reference(0);
  rig.expect_equals_reference(1);
  rig.expect_equals_reference(1);
  const RunReport last = rig.expect_equals_reference(0);
  EXPECT_EQ(first.read_beats, last.read_beats);
}

/// Few tokens leave experts without any: late loads of them are skipped, and what is read lies between the
/// interpreter's two ways to load.
TEST(Accelerator, ExpertsWithoutTokens_AreNotLoadedOnceThatIsKnown) {
  const HlsCase network = HlsCase::seeded(tiny_of_grid(1, 1), 5);
  Rig rig(network, kSlow);
  const InterpreterCounts late = rig.counts(0, LoadOrder::kLate);
  ASSERT_GT(late.skipped_loads, 0U) << "another seed is needed";
  const RunReport report = rig.expect_equals_reference(0);
  EXPECT_GE(report.read_beats, late.loaded_beats);
}

TEST(Accelerator, ResetOrAbortAtAnyCycle_LeavesTheNextRunRight) {
  const HlsCase network = HlsCase::seeded(tiny_of_grid(1, 2), 6);
  Rig rig(network, kUsual);
  const auto cycles = rig.expect_equals_reference(0).cycles;
  ASSERT_GT(cycles, 100U);
  Random random(91);
  for (int i = 0; i < 24 && !testing::Test::HasFailure(); ++i) {
    const Status started = rig.start(i % rig.num_tasks());
    ASSERT_TRUE(started.ok()) << started.message();
    for (auto left = random.below(cycles); left > 0; --left) rig.machine().step();
    if (i % 2 == 0) {
      rig.machine().reset(1 + static_cast<int>(random.below(3)));
    } else {
      const Status aborted = abort_run(rig.runner().port());
      ASSERT_TRUE(aborted.ok()) << aborted.message();
    }
    rig.expect_equals_reference((i + 1) % rig.num_tasks());
  }
}

TEST(Accelerator, ErrorsOfMemory_EndTheRunAndLeaveTheNextOneRight) {
  const HlsCase network = HlsCase::seeded(tiny_of_grid(1, 2), 7);
  Rig rig(network, kUsual);
  const RunReport good = rig.expect_equals_reference(0);
  Random random(92);
  for (int i = 0; i < 6; ++i) {
    const auto beat = static_cast<std::int64_t>(random.below(good.read_beats));
    rig.machine().memory().set_faults({.error_on_beat = rig.machine().bus_checker().seen().read_beats + beat});
    ASSERT_TRUE(rig.start(0).ok());
    Result<bool> ended = false;
    for (int polls = 0; polls < 100'000 && !*ended; ++polls) ended = run_has_ended(rig.runner().port());
    EXPECT_THAT(read_report(rig.runner().port()).status().message(), HasSubstr("answered a read with an error"));
    rig.machine().memory().set_faults({});
    rig.expect_equals_reference(0);
  }
}

TEST(Accelerator, MemoryThatFallsSilent_TimesOutWithTheNamesOfWhatWaits) {
  const HlsCase network = HlsCase::seeded(tiny_of_grid(1, 2), 8);
  Rig rig(network, kUsual);
  const RunReport good = rig.expect_equals_reference(0);
  rig.machine().memory().set_faults(
      {.silent_after_beats = rig.machine().bus_checker().seen().read_beats + good.read_beats / 2});
  ASSERT_TRUE(rig.start(0).ok());
  std::uint32_t status = 0;
  for (int polls = 0; polls < 1'000'000 && (status & kError) == 0; ++polls) {
    status = *rig.runner().port().read(Register::kStatus);
  }
  EXPECT_THAT(describe_run_error(*rig.runner().port().read(Register::kError)),
              AllOf(HasSubstr("nothing moved"), HasSubstr("the bus waited for data to be read"),
                    HasSubstr("the core waited for")));
  rig.machine().memory().set_faults({});
  rig.machine().reset();
  rig.expect_equals_reference(0);
}

}  // namespace
}  // namespace edgemoe::sim
