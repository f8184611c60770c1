// A network on an accelerator of its own, and its tokens against the reference.
#ifndef EDGEMOE_SIM_ACCELERATOR_TESTING_H_
#define EDGEMOE_SIM_ACCELERATOR_TESTING_H_

#include <Vedgemoe.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "accel/program_testing.h"
#include "sim/bench_design.h"
#include "sim/program_runner.h"

namespace edgemoe::sim {

/// Its buses are watched until the end.
class AcceleratorRig {
 public:
  AcceleratorRig(const HlsCase& network, const AxiMemory::Timing& timing, PowerUp power_up = PowerUp::kRandom,
                 std::uint64_t seed = 1)
      : network_(network),
        program_(program_of(network, bench_design()).value()),
        input_(input_of(network, program_, bench_design())),
        runner_(program_, bench_design(), timing,
                {.power_up = power_up, .seed = seed, .host_stall_percent = timing.stall_percent}),
        expected_(static_cast<std::size_t>(program_.num_tasks)) {}
  ~AcceleratorRig() {
    const Status protocols = runner_.check_protocols();
    EXPECT_TRUE(protocols.ok()) << protocols.message();
    EXPECT_GT(runner_.machine().bus_checker().seen().read_beats, 0);
  }
  AcceleratorRig(const AcceleratorRig&) = delete;
  AcceleratorRig& operator=(const AcceleratorRig&) = delete;

  int num_tasks() const { return program_.num_tasks; }
  ProgramRunner<Vedgemoe>& runner() { return runner_; }
  Machine<Vedgemoe>& machine() { return runner_.machine(); }

  Status start(int task) { return runner_.start(input_, task, network_.positions().size()); }

  /// Runs a task and compares every token.
  RunReport expect_equals_reference(int task) {
    const std::vector<std::int32_t>& expected = this->expected(task);
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
  /// By the reference, which takes as long as the machine: made when it is asked for.
  const std::vector<std::int32_t>& expected(int task) {
    std::vector<std::int32_t>& tokens = expected_[static_cast<std::size_t>(task)];
    if (tokens.empty()) tokens = network_.expected(task);
    return tokens;
  }

  static constexpr std::int64_t kLimitCycles = 3'000'000;

  const HlsCase& network_;
  Program program_;
  std::vector<std::uint8_t> input_;
  ProgramRunner<Vedgemoe> runner_;
  std::vector<std::vector<std::int32_t>> expected_;  // by task; empty: not asked for yet
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_ACCELERATOR_TESTING_H_
