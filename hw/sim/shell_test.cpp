// The shell with memory behind it, a host in front of it and a core that compares all it is handed: runs without and
// with stalls, resets, errors, time-outs; the buses' protocols are checked throughout.
#include <Vshell.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

#include "sim/shell_testing.h"

namespace edgemoe::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

#ifdef EDGEMOE_BENCH_LATE_LOADS
constexpr bool kPrefetches = false;
#else
constexpr bool kPrefetches = true;
#endif

constexpr Timing kFast = {.latency_cycles = 1};
const Timing kSlow = {.latency_cycles = 60, .bytes_per_cycle = 0.4 * bench_design().bus_bytes()};
constexpr Timing kStalling = {.latency_cycles = 17, .stall_percent = 60};
constexpr Timing kDataFirst = {.latency_cycles = 9, .stall_percent = 30, .writes_want_data = true};
constexpr Timing kAddressFirst = {.latency_cycles = 9, .stall_percent = 30, .writes_want_address = true};

TEST(Shell, RunsOneAfterAnother_HandOverAllThatTheListsSay) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const Timing& timing : {kFast, kSlow, kStalling, kDataFirst, kAddressFirst}) {
      ShellRig rig(timing, power_up);
      ASSERT_TRUE(check_accelerator(rig.port(), bench_design()).ok());
      for (int i = 0; i < 6; ++i) {
        rig.prepare(3 + static_cast<int>(rig.random().below(20)), i % 2 == 0 ? 0 : 50);
        rig.expect_good_run();
        if (testing::Test::HasFailure()) return;
      }
      EXPECT_GT(rig.skipped(), 0) << "an expert without tokens that is not loaded";
      EXPECT_EQ(rig.prefetched() > 0, kPrefetches) << "an expert that is loaded ahead of the router";
    }
  }
}

/// More rows and words than the rings have, several times.
TEST(Shell, ALongRun_GoesRoundTheRings) {
  ShellRig rig(kFast);
  rig.prepare(90, 0);
  int rows = 0;
  for (const LoadPlan::Phase& phase : rig.plan().phases) rows += phase.rows;
  EXPECT_GT(rows, bench_design().memory.weight_words);
  rig.expect_good_run();
}

TEST(Shell, DataBeforeTheirAddress_AreWrittenRight) {
  ShellRig rig(kDataFirst);
  for (int i = 0; i < 10; ++i) {
    rig.prepare(3, 0);
    rig.expect_good_run();
  }
  EXPECT_GT(rig.machine().bus_checker().seen().data_before_address, 0);
}

TEST(Shell, ResetAtAnyCycle_LeavesTheNextRunRight) {
  ShellRig rig(kStalling);
  for (int i = 0; i < 60; ++i) {
    rig.prepare(6, 20);
    ASSERT_TRUE(start_run(rig.port(), bench_design(), rig.settings()).ok());
    for (auto left = rig.random().below(1500); left > 0; --left) rig.machine().step();
    rig.machine().reset(1 + static_cast<int>(rig.random().below(3)));
    rig.prepare(4, 20);
    rig.expect_good_run();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Shell, AbortAtAnyCycle_EndsWhatHadBegunAndLeavesTheNextRunRight) {
  ShellRig rig(kStalling);
  int aborted = 0;
  for (int i = 0; i < 60; ++i) {
    rig.prepare(6, 20);
    ASSERT_TRUE(start_run(rig.port(), bench_design(), rig.settings()).ok());
    for (auto left = rig.random().below(1500); left > 0; --left) rig.machine().step();
    ASSERT_TRUE(abort_run(rig.port()).ok());
    const Result<RunReport> report = rig.wait();
    if (!report.ok()) {
      ++aborted;
      EXPECT_THAT(report.status().message(), HasSubstr("aborted"));
    }
    rig.prepare(4, 20);
    rig.expect_good_run();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(aborted, 30);
}

TEST(Shell, ErrorsOfTheBus_EndTheRunWithTheirCauseAndLeaveTheNextRunRight) {
  const struct {
    Faults faults;
    std::string text;
  } cases[] = {
      {{.error_on_beat = 30}, "answered a read"},
      {{.write_error_on_burst = 0}, "answered a write"},
  };
  for (const auto& wrong : cases) {
    ShellRig rig(kFast);
    rig.prepare(8, 0);
    rig.machine().memory().set_faults(wrong.faults);
    const Result<RunReport> report = rig.run(rig.settings());
    ASSERT_FALSE(report.ok());
    EXPECT_THAT(report.status().message(), HasSubstr(wrong.text));
    rig.machine().memory().set_faults({});
    rig.prepare(8, 0);
    rig.expect_good_run();
  }
}

/// Too short, too long, or followed by what nobody asked for: the machine is left with nothing that it still waits for,
/// and the bus with nothing that it still has to give.
TEST(Shell, BurstsOfAnotherLength_EndTheRunAndLeaveTheNextRunRight) {
  const std::int64_t last_of_a_command = std::max(1, kCommandBytes / bench_design().bus_bytes() - 1);
  for (const Timing& timing : {kFast, kSlow, kStalling}) {
    for (const std::int64_t beat : {std::int64_t{0}, last_of_a_command, std::int64_t{17}, std::int64_t{100}}) {
      for (const Faults& faults :
           {Faults{.truncated_on_beat = beat}, Faults{.too_long_on_beat = beat}, Faults{.early_last_on_beat = beat}}) {
        SCOPED_TRACE(testing::Message() << "truncated " << faults.truncated_on_beat << ", too long "
                                        << faults.too_long_on_beat << ", early LAST " << faults.early_last_on_beat
                                        << ", latency " << timing.latency_cycles);
        ShellRig rig(timing);
        rig.prepare(8, 0);
        rig.machine().memory().set_faults(faults);
        const Result<RunReport> report = rig.run(rig.settings());
        EXPECT_EQ(*rig.port().read(Register::kStatus) & kBusy, 0U) << "the run waits for beats that do not come";
        // That beat may be a burst's last, where LAST is right and nothing is missing.
        if (!report.ok()) {
          EXPECT_THAT(report.status().message(), HasSubstr("more or fewer beats"));
          rig.expect_faults_of_memory();
        } else {
          EXPECT_LT(faults.too_long_on_beat, 0) << "is always too long";
        }
        rig.machine().memory().set_faults({});
        rig.prepare(8, 0);
        rig.expect_good_run();
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(Shell, AddressesOutsideOfMemory_EndTheRun) {
  ShellRig rig(kSlow);
  for (int i = 0; i < 3; ++i) {
    rig.prepare(5, 0);
    RunSettings settings = rig.settings();
    std::uint64_t& base = i == 0 ? settings.image_base : i == 1 ? settings.output_base : settings.input_base;
    base = kMemoryBase + kMemoryBytes;
    const Result<RunReport> report = rig.run(settings);
    if (i == 2 && report.ok()) continue;  // a plan without a picture
    ASSERT_FALSE(report.ok());
    EXPECT_THAT(report.status().message(), HasSubstr(i == 1 ? "answered a write" : "answered a read"));
    rig.prepare(5, 0);
    rig.expect_good_run();
  }
}

TEST(Shell, CommandsThatAreNone_EndTheRun) {
  ShellRig rig(kFast);
  for (int i = 0; i < 7; ++i) {
    rig.prepare(6, 0);
    const RunSettings settings = rig.settings();
    const std::size_t list =
        settings.image_base - kMemoryBase + settings.load_list * static_cast<std::size_t>(bench_design().bus_bytes());
    const std::size_t command = list + kCommandBytes * rig.random().below(static_cast<unsigned>(settings.num_loads));
    const auto bytes = rig.machine().memory().bytes();
    switch (i) {
      case 0:
        bytes[command] = 0;
        break;
      case 1:
        bytes[command] = 77;
        break;
      case 2:
        bytes[command + 63] = 1;
        break;
      case 3:
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(command) + 16, 4, std::uint8_t{0});  // beats
        break;
      case 4:
        bytes[command + 3] = 1;  // routing of more than 8 bits
        break;
      case 5:
        bytes[command + 1] = static_cast<std::uint8_t>(bench_design().limits.max_experts);
        break;
      default:
        rig.core().fail_at(2);
    }
    const Result<RunReport> report = rig.run(settings);
    ASSERT_FALSE(report.ok());
    EXPECT_THAT(report.status().message(), HasSubstr(i < 6 ? "the load list holds" : "the compute list holds"));
    rig.core().fail_at(-1);
    rig.prepare(5, 0);
    rig.expect_good_run();
  }
}

/// An expert without a routing: nothing says that it has no tokens.
TEST(Shell, ExpertsOfNoRouting_AreLoaded) {
  ShellRig rig(kFast);
  rig.prepare(12, 0);
  const RunSettings settings = rig.settings();
  const std::size_t list =
      settings.image_base - kMemoryBase + settings.load_list * static_cast<std::size_t>(bench_design().bus_bytes());
  int changed = 0;
  for (int i = 0; i < settings.num_loads; ++i) {
    const auto command = rig.machine().memory().bytes().subspan(list + static_cast<std::size_t>(i) * kCommandBytes);
    if (command[1] != kNoExpert) continue;
    ASSERT_EQ(command[2], 0) << "a routing without an expert";
    command[1] = static_cast<std::uint8_t>(i % bench_design().limits.max_experts);
    ++changed;
  }
  EXPECT_GT(changed, 3);
  rig.expect_good_run();
}

/// What stands still is named, bus and core; the bus side may need a reset where memory never answers.
TEST(Shell, WhatStandsStill_TimesOutWithTheNameOfTheWaitingStage) {
  const struct {
    Faults faults;
    int hang_at = -1;
    std::string bus;
    std::string core;
  } cases[] = {
      {{.silent_after_beats = 200}, -1, "data to be read", ""},
      {{.refuse_addresses = true}, -1, "take a read's address", "the next command"},
      {{.refuse_writes = true}, -1, "memory to take a write's address", ""},
      {{.never_confirm = true}, -1, "the confirmation of a write", ""},
      {{}, 2, "", "rows that another phase makes"},
  };
  for (const auto& still : cases) {
    ShellRig rig(kFast);
    rig.prepare(12, 0);
    rig.machine().memory().set_faults(still.faults);
    rig.core().hang_at(still.hang_at);
    ASSERT_TRUE(start_run(rig.port(), bench_design(), rig.settings(500)).ok());
    std::uint32_t status = 0;
    for (int i = 0; i < 20'000 && (status & kError) == 0; ++i) status = *rig.port().read(Register::kStatus);
    ASSERT_NE(status & kError, 0U) << still.bus << still.core;
    EXPECT_THAT(describe_run_error(*rig.port().read(Register::kError)),
                AllOf(HasSubstr("nothing moved"), HasSubstr(still.bus), HasSubstr(still.core)));
    rig.machine().memory().set_faults({});
    rig.core().hang_at(-1);
    rig.machine().reset();
    rig.prepare(5, 0);
    rig.expect_good_run();
  }
}

/// Not aligned, or with bits that the bus does not have: cut, they would be read and written elsewhere.
TEST(Shell, AddressesThatTheBusDoesNotHave_DoNotStartARun) {
  ShellRig rig(kFast);
  rig.prepare(5, 0);
  rig.expect_good_run();
  auto& machine = rig.machine();
  const auto bus_bytes = static_cast<std::uint32_t>(bench_design().bus_bytes());
  const auto address = [](Register name) { return static_cast<std::uint32_t>(name); };
  struct Bad {
    Register name;
    std::uint32_t bit;
  };
  std::vector<Bad> all;
  for (std::uint32_t bit = 1; bit < static_cast<std::uint32_t>(kCommandBytes); bit *= 2) {
    all.push_back({Register::kImageBase, bit});
    if (bit < bus_bytes) all.insert(all.end(), {{Register::kInputBase, bit}, {Register::kOutputBase, bit}});
    if (bit * bus_bytes < kCommandBytes)
      all.insert(all.end(), {{Register::kLoadList, bit}, {Register::kComputeList, bit}});
  }
  for (int bit = bench_design().bus.address_bits; bit < 64; ++bit) {
    for (const Register high : {Register::kImageBaseHigh, Register::kInputBaseHigh, Register::kOutputBaseHigh}) {
      all.push_back({high, std::uint32_t{1} << (bit - 32)});
    }
  }
  EXPECT_GT(all.size(), 70U);
  for (const Bad& bad : all) {
    const std::uint32_t good = machine.read(address(bad.name)).data;
    ASSERT_EQ(good & bad.bit, 0U);
    ASSERT_EQ(machine.write(address(bad.name), good | bad.bit), kOkay);
    EXPECT_EQ(machine.write(address(Register::kControl), kStart), kSlaveError)
        << "register " << address(bad.name) << ", bit " << bad.bit;
    EXPECT_EQ(machine.read(address(Register::kStatus)).data, std::uint32_t{kDone}) << "the run before it";
    ASSERT_EQ(machine.write(address(bad.name), good), kOkay);
  }
  rig.expect_good_run();
}

struct Setting {
  Register name;
  std::uint32_t bits;  // that it holds
};
constexpr Setting kSettings[] = {{Register::kTask, 0xff},
                                 {Register::kTimeout, UINT32_MAX},
                                 {Register::kImageBase, UINT32_MAX},
                                 {Register::kImageBaseHigh, UINT32_MAX},
                                 {Register::kInputBase, UINT32_MAX},
                                 {Register::kInputBaseHigh, UINT32_MAX},
                                 {Register::kOutputBase, UINT32_MAX},
                                 {Register::kOutputBaseHigh, UINT32_MAX},
                                 {Register::kLoadList, UINT32_MAX},
                                 {Register::kLoadCount, 0xffff},
                                 {Register::kComputeList, UINT32_MAX},
                                 {Register::kComputeCount, 0xffff}};

/// The machine resets itself for some cycles more, in which nothing can be started.
TEST(Shell, SettingsAfterReset_AreZeroAndTakenAtOnce) {
  for (const PowerUp power_up : kAllPowerUps) {
    ShellRig rig(kFast, power_up);
    auto& machine = rig.machine();
    const auto address = [](Register name) { return static_cast<std::uint32_t>(name); };
    for (const Setting& setting : kSettings) {
      EXPECT_EQ(machine.read(address(setting.name)).data, 0U) << "register " << address(setting.name);
      EXPECT_EQ(machine.write(address(setting.name), UINT32_MAX), kOkay);
      machine.reset();
      EXPECT_EQ(machine.read(address(setting.name)).data, 0U) << "register " << address(setting.name);
      EXPECT_EQ(machine.write(address(setting.name), 0x5aa55aa5), kOkay) << "register " << address(setting.name);
      EXPECT_EQ(machine.write(address(Register::kControl), kStart), kSlaveError);
      EXPECT_EQ(machine.read(address(Register::kStatus)).data, kBusy | kStopping) << "it should be resetting itself";
      EXPECT_EQ(machine.read(address(setting.name)).data, 0x5aa55aa5 & setting.bits);
      machine.reset();
    }
    rig.prepare(5, 0);
    rig.expect_good_run();
  }
}

/// Reads while writes are under way, and the next write while the answer to one waits.
TEST(Shell, AccessesOfBothKindsAtOnce_AreAnsweredInOrderAndRight) {
  int next_while_answered = 0;
  int both_at_once = 0;
  for (const Timing& timing : {kFast, kStalling}) {
    ShellRig rig(timing);
    auto& machine = rig.machine();
    const auto address = [](Register name) { return static_cast<std::uint32_t>(name); };
    constexpr std::uint32_t kNone = 0x4c;
    std::map<std::uint32_t, std::uint32_t> held;
    for (int round = 0; round < 50; ++round) {
      // One half of the settings is written, the other read.
      std::vector<Machine<Vshell>::Write> writes;
      std::vector<std::uint32_t> reads;
      std::vector<std::uint32_t> expected;
      const std::size_t half = rig.random().below(2);
      for (auto left = rig.random().below(20); left > 0; --left) {
        const Setting& setting = kSettings[rig.random().below(std::size(kSettings) / 2) * 2 + half];
        const auto value = static_cast<std::uint32_t>(rig.random().next_u64());
        writes.push_back({rig.random().below(5) == 0 ? kNone : address(setting.name), value});
        if (writes.back().address != kNone) held[writes.back().address] = value & setting.bits;
      }
      for (auto left = rig.random().below(20); left > 0; --left) {
        const Setting& setting = kSettings[rig.random().below(std::size(kSettings) / 2) * 2 + 1 - half];
        reads.push_back(rig.random().below(5) == 0 ? kNone : address(setting.name));
        expected.push_back(reads.back() == kNone ? 0 : held[reads.back()]);
      }
      const auto answers = machine.exchange(writes, reads);
      ASSERT_EQ(answers.writes.size(), writes.size());
      ASSERT_EQ(answers.reads.size(), reads.size());
      for (std::size_t i = 0; i < writes.size(); ++i) {
        EXPECT_EQ(answers.writes[i], writes[i].address == kNone ? kSlaveError : kOkay);
      }
      for (std::size_t i = 0; i < reads.size(); ++i) {
        EXPECT_EQ(answers.reads[i].response, reads[i] == kNone ? kSlaveError : kOkay);
        EXPECT_EQ(answers.reads[i].data, expected[i]) << "register " << reads[i];
      }
      next_while_answered += answers.next_while_answered;
      both_at_once += answers.both_at_once;
    }
    for (const auto& [name, value] : held) EXPECT_EQ(machine.read(name).data, value) << "register " << name;
  }
  EXPECT_GT(next_while_answered, 50);
  EXPECT_GT(both_at_once, 20);
}

TEST(Shell, Registers_HoldSettingsAndRefuseWhatIsNotTheirs) {
  ShellRig rig(kStalling);
  auto& machine = rig.machine();
  const auto address = [](Register name) { return static_cast<std::uint32_t>(name); };
  for (const auto& [name, bits] : kSettings) {
    const auto value = static_cast<std::uint32_t>(rig.random().next_u64());
    EXPECT_EQ(machine.write(address(name), value), kOkay);
    EXPECT_EQ(machine.read(address(name)).data, value & bits);
    EXPECT_EQ(machine.write(address(name), ~value, 0x3), kSlaveError) << "half a word";
    EXPECT_EQ(machine.read(address(name)).data, value & bits);
  }
  for (const Register name : {Register::kIdentity, Register::kDesign, Register::kStatus, Register::kError,
                              Register::kPhases, Register::kCycles, Register::kReadBeats, Register::kWaits}) {
    EXPECT_EQ(machine.write(address(name), 1), kSlaveError);
  }
  for (const std::uint32_t none : {0x4cU, 0x61U, 0x60U + 4 * (kNumBusWaits + kNumCoreWaits), 0xffcU}) {
    EXPECT_EQ(machine.write(none, 1), kSlaveError) << none;
    EXPECT_EQ(machine.read(none).response, kSlaveError) << none;
  }
  // While a run is busy only an abort is taken; the interrupt comes when it has ended.
  EXPECT_EQ(machine.write(address(Register::kInterrupt), 1), kOkay);
  rig.prepare(30, 0);
  ASSERT_TRUE(start_run(rig.port(), bench_design(), rig.settings()).ok());
  EXPECT_EQ(machine.bench()->interrupt_o, 0);
  for (const auto& [name, bits] : kSettings) {
    const std::uint32_t value = machine.read(address(name)).data;
    EXPECT_EQ(machine.write(address(name), ~value), kSlaveError);
    EXPECT_EQ(machine.read(address(name)).data, value);
  }
  EXPECT_EQ(machine.write(address(Register::kControl), kStart), kSlaveError);
  EXPECT_FALSE(start_run(rig.port(), bench_design(), rig.settings()).ok());
  EXPECT_TRUE(rig.wait().ok());
  EXPECT_EQ(machine.bench()->interrupt_o, 1);
  EXPECT_EQ(machine.write(address(Register::kControl), kClear), kOkay);
  EXPECT_EQ(machine.bench()->interrupt_o, 0);
  EXPECT_EQ(machine.read(address(Register::kStatus)).data, 0U);
}

}  // namespace
}  // namespace edgemoe::sim
