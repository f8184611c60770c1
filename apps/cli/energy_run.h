// Reads energy counters around work.
#ifndef EDGEMOE_CLI_ENERGY_RUN_H_
#define EDGEMOE_CLI_ENERGY_RUN_H_

#include <functional>
#include <string>
#include <vector>

#include "base/energy_meter.h"
#include "base/status.h"

namespace edgemoe::cli {

/// What one device drew while the work ran, all that ran on it besides included.
struct DeviceEnergy {
  std::string device;
  std::string source;  // "RAPL", "NVML"
  double joules = 0;
  double seconds = 0;
  double idle_watts = 0;  // in the moments before
  std::string fault;      // why there is no measurement; empty where there is one

  double watts() const { return joules / seconds; }
  /// Beyond what it would have drawn without the work.
  double joules_above_idle() const { return joules - idle_watts * seconds; }
};

/// Idles for `idle_seconds`, then works, reading every counter once a second, so that none wraps twice unseen. One
/// device a counter, in their order; one whose counter did not move has a fault: its interval is longer than the work,
/// or it does not count. The work's own fault, or a counter's that cannot be read, ends it.
Result<std::vector<DeviceEnergy>> measure_energy(EnergyCounters& counters, double idle_seconds,
                                                 const std::function<Status()>& work);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_ENERGY_RUN_H_
