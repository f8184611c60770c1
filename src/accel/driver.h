// Runs of the accelerator through its registers, the same for a simulation and a board: both give a RegisterPort.
#ifndef EDGEMOE_ACCEL_DRIVER_H_
#define EDGEMOE_ACCEL_DRIVER_H_

#include <array>
#include <cstdint>

#include "accel/design_point.h"
#include "accel/registers.h"
#include "base/status.h"

namespace edgemoe {

/// Accesses over AXI4-Lite. kIo for one that is refused or not answered.
class RegisterPort {
 public:
  virtual ~RegisterPort() = default;
  virtual Result<std::uint32_t> read(std::uint32_t address) = 0;
  virtual Status write(std::uint32_t address, std::uint32_t value) = 0;

  Result<std::uint32_t> read(Register address) { return read(static_cast<std::uint32_t>(address)); }
  Status write(Register address, std::uint32_t value) { return write(static_cast<std::uint32_t>(address), value); }
};

/// One run. Addresses are the machine's; registers.h says what they are multiples of.
struct RunSettings {
  std::uint64_t image_base = 0;
  std::uint64_t input_base = 0;
  std::uint64_t output_base = 0;
  std::uint32_t load_list = 0;  ///< beats from image_base
  int num_loads = 0;
  std::uint32_t compute_list = 0;
  int num_phases = 0;
  int task = 0;
  std::uint32_t timeout_cycles = 1'000'000;  ///< without any movement; 0: for ever
};

struct RunReport {
  std::uint64_t cycles = 0;
  std::uint32_t read_beats = 0;
  std::uint32_t write_beats = 0;
  // Cycles, by BusWait and CoreWait.
  std::array<std::uint32_t, kNumBusWaits> bus_waits = {};
  std::array<std::uint32_t, kNumCoreWaits> core_waits = {};
};

/// kMismatch where there is no accelerator, another map of registers, or an array of another size behind the port.
/// The registers tell nothing else of the design: other buses or memories around the same array are not noticed.
Status check_accelerator(RegisterPort& port, const DesignPoint& design);

/// A time-out for runs behind a memory that answers after `latency_cycles` and moves `beats_per_cycle` on average
/// (above 0): twice as long as it may be silent, and as long as the core computes by itself at most.
std::uint32_t timeout_behind(double latency_cycles, double beats_per_cycle);

/// Writes the settings and starts. kInvalidArgument for what the registers or the design point's bus do not hold:
/// counts, addresses that are not aligned or too wide. What check_accelerator refuses is not started. kIo where a run
/// is still busy, or memory leaves one that has ended waiting for longer than the new one's time-out.
Status start_run(RegisterPort& port, const DesignPoint& design, const RunSettings& settings);

/// Whether the run has ended, well or not, and the machine is free.
Result<bool> run_has_ended(RegisterPort& port);

/// What a run that has ended did. kIo for one that ended with an error, with its cause and what was waited for.
Result<RunReport> read_report(RegisterPort& port);

/// Ends a run early; it has ended when run_has_ended says so.
Status abort_run(RegisterPort& port);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_DRIVER_H_
