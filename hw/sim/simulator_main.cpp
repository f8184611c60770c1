// edgemoe-sim-DESIGN: the Verilated accelerator as a device (src/accel/simulator.h), behind a memory of the bandwidth
// and latency below. `edgemoe run --device sim:DESIGN` starts it; it speaks on standard input and output.
#include <Vedgemoe.h>
#include <fmt/core.h>

#include <unistd.h>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "accel/registers.h"
#include "accel/simulator.h"
#include "sim/bench_design.h"
#include "sim/program_runner.h"

namespace edgemoe::sim {
namespace {

/// DDR4-2133 on 64 bits beside a clock of 300 MHz: 56.9 bytes a cycle, 8/9 of a bus of 64 bytes; the same share for
/// other buses.
constexpr double kBusShare = 8.0 / 9.0;
constexpr int kLatencyCycles = 40;
/// Far more than the largest network takes.
constexpr std::int64_t kLimitCycles = 200'000'000;

class RtlSimulation final : public SimulatorRequests {
 public:
  explicit RtlSimulation(const DesignPoint& design) : design_(design) {}

  Status load(Program program) override {
    if (program.design != design_.name) {
      return invalid_argument("this simulates design point {}, the program is for {}", design_.name, program.design);
    }
    runner_.reset();
    program_ = std::make_unique<Program>(std::move(program));
    const AxiMemory::Timing timing = {.latency_cycles = kLatencyCycles,
                                      .bytes_per_cycle = kBusShare * design_.bus_bytes()};
    runner_ = std::make_unique<ProgramRunner<Vedgemoe>>(*program_, design_, timing, ProgramRunner<Vedgemoe>::Options{});
    return check_accelerator(runner_->port(), design_);
  }

  Result<DeviceReport> run(std::span<const std::uint8_t> input, int task, std::span<std::int32_t> tokens) override {
    if (runner_ == nullptr) return invalid_argument("no program is loaded");
    DeviceReport report = {.runs = 1};
    const auto progress = [&](std::uint32_t phases, std::int64_t cycle) {
      while (report.phase_ends.size() < phases) report.phase_ends.push_back(static_cast<std::uint64_t>(cycle));
    };
    EDGEMOE_ASSIGN_OR_RETURN(const RunReport run, runner_->run(input, task, tokens, kLimitCycles, progress));
    report.cycles = run.cycles;
    report.read_beats = run.read_beats;
    report.write_beats = run.write_beats;
    report.phase_ends.resize(static_cast<std::size_t>(program_->num_phases), run.cycles);
    for (int i = 0; i < kNumCoreWaits; ++i) {
      report.waits.emplace_back(fmt::format("core: {}", core_wait_name(i)),
                                run.core_waits[static_cast<std::size_t>(i)]);
    }
    for (int i = 0; i < kNumBusWaits; ++i) {
      report.waits.emplace_back(fmt::format("bus: {}", bus_wait_name(i)), run.bus_waits[static_cast<std::size_t>(i)]);
    }
    return report;
  }

 private:
  const DesignPoint& design_;
  std::unique_ptr<Program> program_;  // the runner's
  std::unique_ptr<ProgramRunner<Vedgemoe>> runner_;
};

int serve() {
  RtlSimulation simulation(bench_design());
  const Status status = serve_simulator(STDIN_FILENO, STDOUT_FILENO, simulation);
  if (!status.ok()) fmt::print(stderr, "edgemoe-sim-{}: {}\n", bench_design().name, status.message());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace edgemoe::sim

int main(int argc, char**) {
  if (argc != 1) {
    fmt::print(stderr, "usage: started by edgemoe run --device sim:{}\n", edgemoe::sim::bench_design().name);
    return 2;
  }
  return edgemoe::sim::serve();
}
