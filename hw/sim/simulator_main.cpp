// edgemoe-sim-DESIGN: the Verilated accelerator as a device (src/accel/simulator.h), behind a memory of the bandwidth
// and latency below. `edgemoe run --device sim:DESIGN` starts it; it speaks on standard input and output.
#include <Vedgemoe.h>
#include <built_design.h>
#include <fmt/core.h>

#include <unistd.h>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "accel/registers.h"
#include "accel/simulator.h"
#include "base/check.h"
#include "sim/program_runner.h"

namespace edgemoe::sim {
namespace {

/// What this was verilated for: not a file, which may have changed since.
const DesignPoint& built_design() {
  static const DesignPoint design = [] {
    const Result<DesignPoint> parsed = parse_design_point(kBuiltDesign);
    EDGEMOE_CHECK(parsed.ok());
    return *parsed;
  }();
  return design;
}

/// Far more than the largest network takes.
constexpr std::int64_t kLimitCycles = 200'000'000;

class RtlSimulation final : public SimulatorRequests {
 public:
  RtlSimulation(const DesignPoint& design, const SimulatorMemory& memory)
      : design_(design),
        timing_{.latency_cycles = memory.latency_cycles, .bytes_per_cycle = memory.bus_share * design.bus_bytes()} {}

  Status load(Program program, std::uint64_t rtl) override {
    if (program.design != design_.name) {
      return invalid_argument("this simulates design point {}, the program is for {}", design_.name, program.design);
    }
    if (rtl != kBuiltFingerprint) {
      return invalid_argument(
          "this was built for a design point {0} of other sizes, or for other commands, than the program is for "
          "(fingerprint {1:016x}, expected {2:016x}): build edgemoe-sim-{0} again, or give the design point another "
          "name",
          design_.name, kBuiltFingerprint, rtl);
    }
    runner_.reset();
    program_ = std::make_unique<Program>(std::move(program));
    runner_ =
        std::make_unique<ProgramRunner<Vedgemoe>>(*program_, design_, timing_, ProgramRunner<Vedgemoe>::Options{});
    return check_accelerator(runner_->port(), design_);
  }

  Result<DeviceReport> run(std::span<const std::uint8_t> input, int task, std::span<std::int32_t> tokens) override {
    if (runner_ == nullptr) return invalid_argument("no program is loaded");
    DeviceReport report = {.runs = 1};
    report.memory =
        fmt::format("{} cycles of latency, {:.1f} bytes a cycle", timing_.latency_cycles, timing_.bytes_per_cycle);
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
  const AxiMemory::Timing timing_;
  std::unique_ptr<Program> program_;  // the runner's
  std::unique_ptr<ProgramRunner<Vedgemoe>> runner_;
};

int serve(const SimulatorMemory& memory) {
  RtlSimulation simulation(built_design(), memory);
  const Status status = serve_simulator(STDIN_FILENO, STDOUT_FILENO, simulation);
  if (!status.ok()) fmt::print(stderr, "edgemoe-sim-{}: {}\n", built_design().name, status.message());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace edgemoe::sim

int main(int argc, char** argv) {
  const edgemoe::Result<edgemoe::SimulatorMemory> memory =
      edgemoe::simulator_memory(std::span<const char* const>(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (!memory.ok()) {
    const std::string& design = edgemoe::sim::built_design().name;
    fmt::print(stderr, "edgemoe-sim-{0}: {1}; 'edgemoe run --device sim:{0}' starts it\n", design,
               memory.status().message());
    return 2;
  }
  return edgemoe::sim::serve(*memory);
}
