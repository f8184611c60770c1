// The whole accelerator: compiled networks from memory to memory, every token against the reference, bit for bit.
#include <Vedgemoe.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "accel/compiler.h"
#include "accel/driver.h"
#include "engine/hls_case_testing.h"
#include "sim/bench_design.h"
#include "sim/machine.h"

namespace edgemoe::sim {
namespace {

using Timing = AxiMemory::Timing;

constexpr std::uint64_t kMemoryBase = 0x12'3456'0000;
/// Not a value that an unwritten token would have by chance.
constexpr std::uint8_t kUnwritten = 0x5a;

std::size_t rounded_up(std::size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

/// A network's program and picture in the memory of one machine.
class Accelerator {
 public:
  Accelerator(const HlsCase& network, const Timing& timing, PowerUp power_up, std::uint64_t seed = 1)
      : network_(network),
        program_(compile_program({network.config(), network.model(), network.positions()}, bench_design()).value()),
        input_at_(rounded_up(program_.image.size())),
        output_at_(input_at_ + rounded_up(program_.input_bytes)),
        machine_(AxiMemory(bench_design().bus_bytes(), kMemoryBase, output_at_ + rounded_up(output_bytes()), timing, seed),
                 {.bus_bytes = bench_design().bus_bytes(),
                  .burst_beats = bench_design().bus.burst_beats,
                  .outstanding_reads = bench_design().bus.outstanding_bursts,
                  .outstanding_writes = 8},
                 {.power_up = power_up, .seed = seed, .host_stall_percent = timing.stall_percent}),
        port_(machine_) {
    std::copy(program_.image.begin(), program_.image.end(), machine_.memory().bytes().begin());
    const Status laid = lay_out_picture(program_, bench_design(), network.picture(),
                                        machine_.memory().bytes().subspan(input_at_, program_.input_bytes));
    EXPECT_TRUE(laid.ok()) << laid.message();
    machine_.reset();
  }
  ~Accelerator() {
    EXPECT_EQ(machine_.bus_checker().faults().count(), 0)
        << testing::PrintToString(machine_.bus_checker().faults().texts());
    EXPECT_EQ(machine_.host_checker().faults().count(), 0)
        << testing::PrintToString(machine_.host_checker().faults().texts());
  }
  Accelerator(const Accelerator&) = delete;
  Accelerator& operator=(const Accelerator&) = delete;

  const Program& program() const { return program_; }
  Machine<Vedgemoe>& machine() { return machine_; }
  MachinePort<Vedgemoe>& port() { return port_; }

  Status start(int task, std::uint32_t timeout_cycles = 20'000) {
    const auto output = machine_.memory().bytes().subspan(output_at_);
    std::fill(output.begin(), output.end(), kUnwritten);
    return start_run(port_, {.image_base = kMemoryBase,
                             .input_base = kMemoryBase + input_at_,
                             .output_base = kMemoryBase + output_at_,
                             .load_list = program_.load_list,
                             .num_loads = program_.num_loads,
                             .compute_list = program_.compute_list,
                             .num_phases = program_.num_phases,
                             .task = task,
                             .timeout_cycles = timeout_cycles});
  }
  Result<RunReport> wait(std::int64_t limit = 3'000'000) {
    for (const std::int64_t start = machine_.cycles(); machine_.cycles() - start < limit;) {
      EDGEMOE_ASSIGN_OR_RETURN(const bool ended, run_has_ended(port_));
      if (ended) return read_report(port_);
      for (int i = 0; i < 200; ++i) machine_.step();
    }
    return io_error("the run did not end in {} cycles", limit);
  }

  /// Runs a task and compares every token.
  RunReport expect_equals_reference(int task) {
    const Status started = start(task);
    EXPECT_TRUE(started.ok()) << started.message();
    const Result<RunReport> report = wait();
    EXPECT_TRUE(report.ok()) << report.status().message();
    const std::vector<std::int32_t> expected = network_.expected(task);
    std::vector<std::int32_t> tokens(expected.size());
    std::memcpy(tokens.data(), machine_.memory().bytes().data() + output_at_, output_bytes());
    const auto dim = static_cast<std::size_t>(program_.embed_dim);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (tokens[i] == expected[i]) continue;
      if (++wrong == 1) {
        ADD_FAILURE() << "task " << task << ", token " << i / dim << ", element " << i % dim << ": " << tokens[i]
                      << ", expected " << expected[i];
      }
    }
    EXPECT_EQ(wrong, 0U) << "of " << expected.size();
    EXPECT_GT(expected.size(), 0U);
    return report.ok() ? *report : RunReport{};
  }

 private:
  std::size_t output_bytes() const {
    return static_cast<std::size_t>(program_.num_tokens) * static_cast<std::size_t>(program_.embed_dim) * 4;
  }

  const HlsCase& network_;
  Program program_;
  std::size_t input_at_;
  std::size_t output_at_;
  Machine<Vedgemoe> machine_;
  MachinePort<Vedgemoe> port_;
};

TEST(Accelerator, TinyNetwork_EqualsTheReference) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 1);
  Accelerator accelerator(network, {.latency_cycles = 20}, PowerUp::kZeros);
  for (int task = 0; task < accelerator.program().num_tasks; ++task) {
    const RunReport report = accelerator.expect_equals_reference(task);
    std::printf("task %d: %llu cycles\n", task, static_cast<unsigned long long>(report.cycles));
  }
}

}  // namespace
}  // namespace edgemoe::sim
