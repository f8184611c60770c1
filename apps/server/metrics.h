// Counts for Prometheus, in its text format.
#ifndef EDGEMOE_SERVER_METRICS_H_
#define EDGEMOE_SERVER_METRICS_H_

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "edgemoe/edgemoe.h"
#include "server/http.h"

namespace edgemoe::server {

/// Values that others hold, read when they are asked for.
struct MetricGauges {
  std::size_t pending = 0;  // requests in line or at work
  std::size_t held_bytes = 0;
  std::uint64_t live_frames = 0;
  std::uint64_t live_dropped = 0;
  std::int64_t live_damaged = 0;
  std::uint64_t live_faults = 0;
  bool live_source = false;     // there is one
  bool live_source_up = false;  // … and nothing is wrong with it
  std::size_t viewers = 0;
};

class Metrics {
 public:
  /// `route` is one of a fixed few, never what a client chose.
  void count_request(std::string_view route, int status, double seconds);
  void count_refusal(Refusal refusal);
  /// A request's pictures through the engine.
  void count_run(std::string_view model, const RunTimes& times, std::int64_t waited_ns);
  std::string text(const MetricGauges& gauges) const;

  /// Runs of a model, and the sum of their times.
  struct Runs {
    std::uint64_t count = 0;
    std::int64_t waited_ns = 0;
    RunTimes times;
  };
  Runs runs(std::string_view model) const;

 private:
  static constexpr std::array<double, 12> kBuckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
  struct Histogram {
    std::array<std::uint64_t, kBuckets.size()> below = {};
    std::uint64_t count = 0;
    double sum = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;  // by route and status
  std::array<std::uint64_t, kNumRefusals> refusals_ = {};
  std::map<std::string, Histogram, std::less<>> seconds_;  // by route
  std::map<std::string, Runs, std::less<>> runs_;          // by model
};

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_METRICS_H_
