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
#include "sim/accelerator_testing.h"
#include "sim/program_prefix.h"

namespace edgemoe::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Timing = AxiMemory::Timing;

const Timing kFast = {.latency_cycles = 1};
const Timing kUsual = {.latency_cycles = 40, .bytes_per_cycle = 0.9 * bench_design().bus_bytes()};
const Timing kSlow = {.latency_cycles = 120, .bytes_per_cycle = 0.3 * bench_design().bus_bytes()};
const Timing kStalling = {.latency_cycles = 17, .stall_percent = 50};

TEST(Accelerator, TinyNetwork_EqualsTheReferenceWhateverItBeginsWith) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 1);
  for (const PowerUp power_up : kAllPowerUps) {
    AcceleratorRig rig(network, kUsual, power_up);
    for (int task = 0; task < rig.num_tasks(); ++task) {
      const RunReport report = rig.expect_equals_reference(task);
      std::printf("task %d: %llu cycles, %u beats read\n", task, static_cast<unsigned long long>(report.cycles),
                  report.read_beats);
    }
    if (testing::Test::HasFailure()) return;
  }
}

/// After each phase that changes the residual stream: what a program that ends there puts out.
void expect_every_beginning_equals_interpreter(const HlsCase& network) {
  const DesignPoint& design = bench_design();
  const Program whole = program_of(network, design).value();
  const std::vector<std::uint8_t> input = input_of(network, whole, design);
  int compared = 0;
  for (int phases = 0; phases < whole.num_phases; ++phases) {
    const Destination destination = phase_of(whole, design, phases).destination;
    if (destination != Destination::kResidual && destination != Destination::kWeighted) continue;
    const Program program = program_prefix(whole, design, phases + 1);
    std::vector<std::int32_t> expected(network.positions().size());
    std::vector<std::int32_t> tokens(expected.size());
    const auto counts = interpret(program, design, input, 0, {}, expected);
    ASSERT_TRUE(counts.ok()) << counts.status().message();
    ProgramRunner<Vedgemoe> runner(program, design, kUsual, {});
    const Result<RunReport> report = runner.run(input, 0, tokens, 500'000);
    ASSERT_TRUE(report.ok()) << phase_text(whole, design, phases) << ": " << report.status().message();
    ASSERT_EQ(tokens, expected) << phase_text(whole, design, phases);
    ++compared;
  }
  EXPECT_GT(compared, 10);
}

/// Says which phase is the first to go wrong, where one does.
TEST(Accelerator, EveryBeginningOfAProgram_EqualsTheInterpreter) {
  for (const auto& [width, seed] : {std::pair{2, 6}, {3, 9}}) {
    expect_every_beginning_equals_interpreter(
        HlsCase::seeded(tiny_of_grid(1, width), static_cast<std::uint64_t>(seed)));
  }
}

TEST(Accelerator, OtherMemories_ChangeCyclesOnly) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 2);
  std::vector<std::uint64_t> cycles;
  for (const Timing& timing : {kFast, kSlow, kStalling}) {
    AcceleratorRig rig(network, timing);
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
    AcceleratorRig rig(network, networks % 2 == 0 ? kFast : kStalling);
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
  AcceleratorRig rig(network, kUsual);
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
  AcceleratorRig rig(network, kSlow);
  const InterpreterCounts late = rig.counts(0, LoadOrder::kLate);
  ASSERT_GT(late.skipped_loads, 0U) << "another seed is needed";
  const RunReport report = rig.expect_equals_reference(0);
  EXPECT_GE(report.read_beats, late.loaded_beats);
}

TEST(Accelerator, ResetOrAbortAtAnyCycle_LeavesTheNextRunRight) {
  const HlsCase network = HlsCase::seeded(tiny_of_grid(1, 2), 6);
  AcceleratorRig rig(network, kUsual);
  const auto cycles = rig.expect_equals_reference(0).cycles;
  ASSERT_GT(cycles, 100U);
  Random random(91);
  for (int i = 0; i < 24 && !testing::Test::HasFailure(); ++i) {
    const Status started = rig.start(i % rig.num_tasks());
    ASSERT_TRUE(started.ok()) << started.message();
    const auto cycle = random.below(cycles);
    SCOPED_TRACE(testing::Message() << (i % 2 == 0 ? "reset" : "abort") << " in cycle " << cycle << ", round " << i);
    for (auto left = cycle; left > 0; --left) rig.machine().step();
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
  AcceleratorRig rig(network, kUsual);
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
  AcceleratorRig rig(network, kUsual);
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
