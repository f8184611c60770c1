#include "cli/energy_run.h"

#include <chrono>
#include <thread>

namespace edgemoe::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Result<std::vector<double>> read_all(EnergyCounters& counters) {
  std::vector<double> joules;
  for (const std::unique_ptr<EnergyCounter>& counter : counters) {
    EDGEMOE_ASSIGN_OR_RETURN(const double value, counter->read_joules());
    joules.push_back(value);
  }
  return joules;
}

}  // namespace

Result<std::vector<DeviceEnergy>> measure_energy(EnergyCounters& counters, double idle_seconds,
                                                 const std::function<Status()>& work) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<double> before_idle, read_all(counters));
  const Clock::time_point idle_start = Clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(idle_seconds));
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<double> before, read_all(counters));
  const double idle = seconds_since(idle_start);
  const Clock::time_point start = Clock::now();
  EDGEMOE_RETURN_IF_ERROR(work());
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<double> after, read_all(counters));
  const double seconds = seconds_since(start);
  std::vector<DeviceEnergy> out;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    if (after[i] <= before[i]) {
      return Status(StatusCode::kUnsupported,
                    counters[i]->name() + ": the counter did not move while the work ran; give it more, by --frames");
    }
    out.push_back({.device = counters[i]->name(),
                   .source = counters[i]->source(),
                   .joules = after[i] - before[i],
                   .seconds = seconds,
                   .idle_watts = (before[i] - before_idle[i]) / idle});
  }
  return out;
}

}  // namespace edgemoe::cli
