// A shell with memory behind it, a host in front of it and a core that compares all it is handed.
#ifndef EDGEMOE_SIM_SHELL_TESTING_H_
#define EDGEMOE_SIM_SHELL_TESTING_H_

#include <Vshell.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "accel/driver.h"
#include "sim/bench_design.h"
#include "sim/fake_core.h"
#include "sim/machine.h"

namespace edgemoe::sim {

using Timing = AxiMemory::Timing;
using Faults = AxiMemory::Faults;

inline constexpr std::uint64_t kMemoryBase = 0x31'2345'6000;
inline const std::size_t kMemoryBytes = static_cast<std::size_t>(bench_design().bus_bytes()) << 18;
inline const std::size_t kOutputAt = kMemoryBytes - (1 << 15);

/// Everything around one shell.
class ShellRig {
 public:
  explicit ShellRig(const Timing& timing, PowerUp power_up = PowerUp::kRandom, std::uint64_t seed = 7)
      : random_(seed),
        machine_(AxiMemory(bench_design().bus_bytes(), kMemoryBase, kMemoryBytes, timing, seed),
                 {.bus_bytes = bench_design().bus_bytes(),
                  .burst_beats = bench_design().bus.burst_beats,
                  .outstanding_reads = bench_design().bus.outstanding_bursts,
                  .outstanding_writes = 8},
                 {.power_up = power_up, .seed = seed, .host_stall_percent = timing.stall_percent}),
        port_(machine_),
        core_(machine_.bench().model(), bench_design(), seed) {
    machine_.on_cycle([this] { core_.cycle(); });
    machine_.reset();
  }
  ~ShellRig() {
    const FaultList& faults = machine_.bus_checker().faults();
    EXPECT_EQ(faults.count() > 0, memory_breaks_rules_) << testing::PrintToString(faults.texts());
    // On the channel that is memory's alone.
    EXPECT_THAT(faults.texts(), testing::Each(testing::HasSubstr(": R: ")));
    EXPECT_EQ(machine_.host_checker().faults().count(), 0)
        << testing::PrintToString(machine_.host_checker().faults().texts());
    EXPECT_GT(machine_.host_checker().writes(), 0);
    EXPECT_EQ(core_.counts().wrong, 0) << core_.counts().first_wrong;
  }
  ShellRig(const ShellRig&) = delete;
  ShellRig& operator=(const ShellRig&) = delete;

  /// Puts a program of so many phases into memory, anywhere.
  void prepare(int num_phases, int pause_percent) {
    plan_ = LoadPlanner(bench_design(), random_).plan(num_phases);
    const auto beat = static_cast<std::uint64_t>(bench_design().bus_bytes());
    image_at_ = random_.below(50) * kCommandBytes;
    input_at_ = image_at_ + plan_.image.size() + random_.below(50) * beat;
    output_at_ = kOutputAt + random_.below(200) * beat;
    ASSERT_LT(input_at_ + plan_.input.size(), kOutputAt);
    const auto bytes = machine_.memory().bytes();
    std::copy(plan_.image.begin(), plan_.image.end(), bytes.begin() + static_cast<std::ptrdiff_t>(image_at_));
    std::copy(plan_.input.begin(), plan_.input.end(), bytes.begin() + static_cast<std::ptrdiff_t>(input_at_));
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(kOutputAt), bytes.end(), std::uint8_t{0x5a});
    num_results_ = 1 + static_cast<int>(random_.below(60));
    core_.load(plan_, pause_percent, num_results_);
  }

  RunSettings settings(std::uint32_t timeout_cycles = 20'000) const {
    return {.image_base = kMemoryBase + image_at_,
            .input_base = kMemoryBase + input_at_,
            .output_base = kMemoryBase + output_at_,
            .load_list = plan_.load_list,
            .num_loads = plan_.num_loads,
            .compute_list = plan_.compute_list,
            .num_phases = static_cast<int>(plan_.phases.size()),
            .task = plan_.task,
            .timeout_cycles = timeout_cycles};
  }

  /// To the end, or for `limit` cycles.
  Result<RunReport> run(const RunSettings& settings, std::int64_t limit = 400'000) {
    EDGEMOE_RETURN_IF_ERROR(start_run(port_, bench_design(), settings));
    return wait(limit);
  }
  Result<RunReport> wait(std::int64_t limit = 400'000) {
    for (const std::int64_t start = machine_.cycles(); machine_.cycles() - start < limit;) {
      EDGEMOE_ASSIGN_OR_RETURN(const bool ended, run_has_ended(port_));
      if (ended) return read_report(port_);
    }
    return io_error("the run did not end in {} cycles", limit);
  }

  /// Runs what is prepared and expects all of it to be right.
  void expect_good_run() {
    const AxiChecker::Seen before = machine_.bus_checker().seen();
    core_.forget_counts();
    const Result<RunReport> report = run(settings());
    ASSERT_TRUE(report.ok()) << report.status().message();
    const AxiChecker::Seen after = machine_.bus_checker().seen();
    EXPECT_GT(report->cycles, 0U);
    EXPECT_EQ(report->read_beats, after.read_beats - before.read_beats);
    EXPECT_EQ(report->write_beats, after.write_beats - before.write_beats);
    const FakeCore::Counts& counts = core_.counts();
    EXPECT_EQ(counts.wrong, 0) << counts.first_wrong;
    EXPECT_EQ(counts.commands, std::ssize(plan_.phases));
    EXPECT_EQ(counts.loaded_words, std::ssize(plan_.loaded));
    skipped_ += counts.skipped;
    prefetched_ += counts.prefetched;
    const auto results = core_.results();
    const auto bytes = machine_.memory().bytes().subspan(kOutputAt);
    const std::size_t first = output_at_ - kOutputAt;
    EXPECT_TRUE(std::equal(results.begin(), results.end(), bytes.begin() + static_cast<std::ptrdiff_t>(first)));
    // And nothing beside them.
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i >= first && i < first + results.size()) continue;
      ASSERT_EQ(bytes[i], 0x5a) << "byte " << i << " of the output's neighbourhood";
    }
  }

  /// Memory is made to break the protocol.
  void expect_faults_of_memory() { memory_breaks_rules_ = true; }

  Random& random() { return random_; }
  Machine<Vshell>& machine() { return machine_; }
  MachinePort<Vshell>& port() { return port_; }
  FakeCore& core() { return core_; }
  const LoadPlan& plan() const { return plan_; }
  std::int64_t skipped() const { return skipped_; }
  std::int64_t prefetched() const { return prefetched_; }

 private:
  Random random_;
  Machine<Vshell> machine_;
  MachinePort<Vshell> port_;
  FakeCore core_;
  LoadPlan plan_;
  std::uint64_t image_at_ = 0;
  std::uint64_t input_at_ = 0;
  std::uint64_t output_at_ = 0;
  int num_results_ = 0;
  std::int64_t skipped_ = 0;
  std::int64_t prefetched_ = 0;
  bool memory_breaks_rules_ = false;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_SHELL_TESTING_H_
