// Programs on a Verilated accelerator: the program's image, the picture and the tokens lie in one memory behind its
// bus; the driver of src/accel starts it.
#ifndef EDGEMOE_SIM_PROGRAM_RUNNER_H_
#define EDGEMOE_SIM_PROGRAM_RUNNER_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>

#include "accel/design_point.h"
#include "accel/driver.h"
#include "accel/program.h"
#include "sim/machine.h"

namespace edgemoe::sim {

/// Where a program, its picture and its tokens lie: behind each other, each on a page of its own.
struct ProgramPlaces {
  ProgramPlaces(const Program& program, std::uint64_t base)
      : image(base),
        input(after(image, program.image.size())),
        output(after(input, program.input_bytes)),
        output_bytes(static_cast<std::size_t>(program.num_tokens) * static_cast<std::size_t>(program.embed_dim) * 4),
        end(after(output, output_bytes)) {}

  std::uint64_t image;
  std::uint64_t input;
  std::uint64_t output;
  std::size_t output_bytes;
  std::uint64_t end;

 private:
  static std::uint64_t after(std::uint64_t at, std::uint64_t bytes) {
    return (at + bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  }
};

/// `Model`: the Verilated top, edgemoe.sv.
template <typename Model>
class ProgramRunner {
 public:
  using Options = typename Machine<Model>::Options;
  static constexpr std::uint64_t kBase = 0x8'0000'0000;  // above 4 GiB, so that all of an address is used

  /// `program` and `design` must outlive it.
  ProgramRunner(const Program& program, const DesignPoint& design, const AxiMemory::Timing& timing,
                const Options& options)
      : program_(program),
        design_(design),
        timeout_cycles_(timeout_behind(timing.latency_cycles, timing.bytes_per_cycle / design.bus_bytes())),
        places_(program, kBase),
        machine_(AxiMemory(design.bus_bytes(), kBase, places_.end - kBase, timing, options.seed),
                 {.bus_bytes = design.bus_bytes(),
                  .burst_beats = design.bus.burst_beats,
                  .outstanding_reads = design.bus.outstanding_bursts,
                  .outstanding_writes = 8},
                 options),
        port_(machine_) {
    std::copy(program.image.begin(), program.image.end(), machine_.memory().bytes().begin());
    machine_.reset();
  }

  Machine<Model>& machine() { return machine_; }
  RegisterPort& port() { return port_; }

  /// Told how many phases of a run are issued, and in which of its cycles that was seen.
  using Progress = std::function<void(std::uint32_t phases, std::int64_t cycle)>;

  /// One picture (lay_out_picture) as `task` sees it; `tokens` is [num_tokens, embed_dim] s32.16. kInvalidArgument for
  /// sizes or a task that are not the program's; kIo for a run that ends with an error, or does not end in
  /// `limit_cycles`; kInternal where a bus's protocol was broken.
  Result<RunReport> run(std::span<const std::uint8_t> input, int task, std::span<std::int32_t> tokens,
                        std::int64_t limit_cycles = 20'000'000, const Progress& progress = {}) {
    EDGEMOE_RETURN_IF_ERROR(start(input, task, tokens.size()));
    const std::int64_t first = machine_.cycles();
    for (bool ended = false; !ended;) {
      if (machine_.cycles() - first > limit_cycles) {
        return io_error("the simulated run did not end in {} cycles", limit_cycles);
      }
      EDGEMOE_ASSIGN_OR_RETURN(ended, run_has_ended(port_));
      if (progress) {
        EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t phases, port_.read(Register::kPhases));
        progress(phases, machine_.cycles() - first);
        continue;
      }
      // The host looks again only after a while: it is not what is simulated.
      for (int i = 0; i < kCyclesBetweenPolls && !ended; ++i) machine_.step();
    }
    EDGEMOE_ASSIGN_OR_RETURN(const RunReport report, read_report(port_));
    EDGEMOE_RETURN_IF_ERROR(check_protocols());
    const auto output = machine_.memory().bytes().subspan(places_.output - kBase, places_.output_bytes);
    std::memcpy(tokens.data(), output.data(), output.size());
    return report;
  }

  /// Puts the picture in its place, something else than tokens into theirs, and starts.
  Status start(std::span<const std::uint8_t> input, int task, std::size_t num_values) {
    if (input.size() != program_.input_bytes || num_values * sizeof(std::int32_t) != places_.output_bytes) {
      return invalid_argument("expected a picture of {} bytes and room for {} values, found {} and {}",
                              program_.input_bytes, places_.output_bytes / sizeof(std::int32_t), input.size(),
                              num_values);
    }
    if (task < 0 || task >= program_.num_tasks) {
      return invalid_argument("task {}: the program has {}", task, program_.num_tasks);
    }
    const auto bytes = machine_.memory().bytes();
    std::copy(input.begin(), input.end(), bytes.begin() + static_cast<std::ptrdiff_t>(places_.input - kBase));
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(places_.output - kBase), places_.output_bytes, kUnwritten);
    return start_run(port_, design_,
                     {.image_base = places_.image,
                      .input_base = places_.input,
                      .output_base = places_.output,
                      .load_list = program_.load_list,
                      .num_loads = program_.num_loads,
                      .compute_list = program_.compute_list,
                      .num_phases = program_.num_phases,
                      .task = task,
                      .timeout_cycles = timeout_cycles_});
  }

  Status check_protocols() const {
    for (const FaultList* faults : {&machine_.bus_checker().faults(), &machine_.host_checker().faults()}) {
      if (faults->count() > 0) {
        return make_status(StatusCode::kInternal, "{} faults of the bus protocol, the first: {}", faults->count(),
                           faults->texts().front());
      }
    }
    return {};
  }

 private:
  static constexpr int kCyclesBetweenPolls = 100;
  static constexpr std::uint8_t kUnwritten = 0x5a;

  const Program& program_;
  const DesignPoint& design_;
  std::uint32_t timeout_cycles_;
  ProgramPlaces places_;
  Machine<Model> machine_;
  MachinePort<Model> port_;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_PROGRAM_RUNNER_H_
