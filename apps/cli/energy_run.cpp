#include "cli/energy_run.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
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

/// Reads all counters once a second as long as it lives; what they say is in their sums.
class CounterWatch {
 public:
  explicit CounterWatch(EnergyCounters& counters) {
    thread_ = std::jthread([this, &counters](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      while (!stop.stop_requested()) {
        wake_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
        // Who cannot be read is found when all are read at the end.
        for (const std::unique_ptr<EnergyCounter>& counter : counters) static_cast<void>(counter->read_joules());
      }
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // ends before what it uses
};

}  // namespace

Result<std::vector<DeviceEnergy>> measure_energy(EnergyCounters& counters, double idle_seconds,
                                                 const std::function<Status()>& work) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<double> before_idle, read_all(counters));
  const Clock::time_point idle_start = Clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(idle_seconds));
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<double> before, read_all(counters));
  const double idle = seconds_since(idle_start);
  const Clock::time_point start = Clock::now();
  {
    const CounterWatch watch(counters);
    EDGEMOE_RETURN_IF_ERROR(work());
  }
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<double> after, read_all(counters));
  const double seconds = seconds_since(start);
  std::vector<DeviceEnergy> out;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    DeviceEnergy device = {.device = counters[i]->name(),
                           .source = counters[i]->source(),
                           .joules = after[i] - before[i],
                           .seconds = seconds,
                           .idle_watts = (before[i] - before_idle[i]) / idle};
    if (after[i] <= before[i]) {
      device.fault = device.device + ": the counter did not move while the work ran; give it more, by --frames";
    }
    out.push_back(std::move(device));
  }
  return out;
}

}  // namespace edgemoe::cli
