// A simulation of the RTL as a device: a process of its own, `edgemoe-sim-DESIGN`, which hw/sim builds where Verilator
// is installed. Both sides of what they say to each other: a line of JSON, then as many bytes as its "bytes" says.
//
//   {"load": {the program's numbers,
//             "rtl": rtl_fingerprint()}, "bytes": N}   its image     →  {"bytes": 0}
//   {"run": task, "bytes": N}                       a picture        →  {"cycles": …, "waits": {…}, "bytes": N} tokens
//                                                                       {"error": "…", "bytes": 0}
#ifndef EDGEMOE_ACCEL_SIMULATOR_H_
#define EDGEMOE_ACCEL_SIMULATOR_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "accel/device.h"

namespace edgemoe {

/// The memory behind the simulated machine, modelled by latency and bandwidth.
struct SimulatorMemory {
  int latency_cycles = 40;     ///< from a read's address to its first beat, 1 … 100,000
  double bus_share = 8.0 / 9;  ///< beats a cycle on average, reads and writes together, 0.001 … 1. DDR4-2133 on 64
                               ///< bits beside 300 MHz: 56.9 bytes a cycle, 8/9 of a bus of 64 bytes
};

/// Starts `program`, the simulator of `design`. kNotFound where there is no such file, kIo where it does not start.
/// Runs of a simulator that has ended, or answers what is no answer, are kIo.
Result<std::unique_ptr<Device>> start_simulator(const std::filesystem::path& program, DesignPoint design,
                                                const SimulatorMemory& memory = {});
/// What start_simulator gave the simulator: its arguments. kInvalidArgument for others.
Result<SimulatorMemory> simulator_memory(std::span<const char* const> arguments);

/// What a simulator does with a request. The report is that of one run.
class SimulatorRequests {
 public:
  virtual ~SimulatorRequests() = default;
  /// `rtl`: rtl_fingerprint() of the design point that the program was compiled for.
  virtual Status load(Program program, std::uint64_t rtl) = 0;
  virtual Result<DeviceReport> run(std::span<const std::uint8_t> input, int task, std::span<std::int32_t> tokens) = 0;
};

/// The simulator's side: answers on `output` what comes on `input`, until that ends. An error where what comes is no
/// request; requests that fail are answered.
Status serve_simulator(int input, int output, SimulatorRequests& requests);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_SIMULATOR_H_
