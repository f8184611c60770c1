// Energy counters of the machine that this runs on: processors by RAPL (Linux powercap), GPUs by NVML. What is not
// there says why.
#ifndef EDGEMOE_BASE_ENERGY_METER_H_
#define EDGEMOE_BASE_ENERGY_METER_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace edgemoe {

/// Joules that one device has drawn since some moment. Read at the start and at the end of what is measured, and, for a
/// counter that wraps (an hour or so at RAPL's), in between.
class EnergyCounter {
 public:
  virtual ~EnergyCounter() = default;
  /// "package-0", "NVIDIA H100 …".
  virtual const std::string& name() const = 0;
  /// "RAPL" or "NVML".
  virtual const char* source() const = 0;
  /// Joules since the counter was opened; kIo when it can no longer be read.
  virtual Result<double> read_joules() = 0;
};

using EnergyCounters = std::vector<std::unique_ptr<EnergyCounter>>;

/// One counter a processor package: `root`/intel-rapl:N/ (AMD's too), of which the parts (cores, DRAM …) are not
/// counted a second time. kNotFound where the system has none, kIo where it may not be read, each with what to do;
/// kMalformed where there is no number.
Result<EnergyCounters> open_rapl(const std::filesystem::path& root = "/sys/class/powercap");

/// One counter a GPU, through the NVIDIA driver's library, which is loaded here and is no dependency. kNotFound where
/// there is no library or no GPU, kUnsupported where a GPU does not count.
Result<EnergyCounters> open_nvml(const std::string& library = "libnvidia-ml.so.1");

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_ENERGY_METER_H_
