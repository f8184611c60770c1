#include "server/metrics.h"

#include <fmt/format.h>

#include <iterator>

namespace edgemoe::server {
namespace {

void describe(std::string& text, std::string_view name, std::string_view kind, std::string_view help) {
  fmt::format_to(std::back_inserter(text), "# HELP edgemoe_{0} {2}\n# TYPE edgemoe_{0} {1}\n", name, kind, help);
}

double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

}  // namespace

void Metrics::count_request(std::string_view route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{std::string(route), status}];
  Histogram& histogram = seconds_[std::string(route)];
  for (std::size_t i = 0; i < kBuckets.size(); ++i) {
    if (seconds <= kBuckets[i]) ++histogram.below[i];
  }
  ++histogram.count;
  histogram.sum += seconds;
}

void Metrics::count_refusal(Refusal refusal) {
  const std::lock_guard lock(mutex_);
  ++refusals_[static_cast<std::size_t>(refusal)];
}

void Metrics::count_run(std::string_view model, const RunTimes& times, std::int64_t waited_ns) {
  const std::lock_guard lock(mutex_);
  Runs& runs = runs_[std::string(model)];
  ++runs.count;
  runs.waited_ns += waited_ns;
  runs.times.resize_ns += times.resize_ns;
  runs.times.backbone_ns += times.backbone_ns;
  runs.times.head_ns += times.head_ns;
  runs.times.maps_ns += times.maps_ns;
}

Metrics::Runs Metrics::runs(std::string_view model) const {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(model);
  return found == runs_.end() ? Runs() : found->second;
}

std::string Metrics::text(const MetricGauges& gauges) const {
  std::string text;
  const auto out = [&] { return std::back_inserter(text); };
  const std::lock_guard lock(mutex_);
  describe(text, "requests_total", "counter", "Requests answered, by route and HTTP status.");
  for (const auto& [key, count] : requests_) {
    fmt::format_to(out(), "edgemoe_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", key.first, key.second, count);
  }
  describe(text, "refusals_total", "counter",
           "Connections and requests that came to no route, or whose answer did not come to the client, by cause.");
  for (std::size_t i = 0; i < kNumRefusals; ++i) {
    fmt::format_to(out(), "edgemoe_refusals_total{{cause=\"{}\"}} {}\n", refusal_name(static_cast<Refusal>(i)),
                   refusals_[i]);
  }
  describe(text, "request_seconds", "histogram", "From a request's last byte to its answer, by route.");
  for (const auto& [route, histogram] : seconds_) {
    for (std::size_t i = 0; i < kBuckets.size(); ++i) {
      fmt::format_to(out(), "edgemoe_request_seconds_bucket{{route=\"{}\",le=\"{}\"}} {}\n", route, kBuckets[i],
                     histogram.below[i]);
    }
    fmt::format_to(out(), "edgemoe_request_seconds_bucket{{route=\"{}\",le=\"+Inf\"}} {}\n", route, histogram.count);
    fmt::format_to(out(), "edgemoe_request_seconds_sum{{route=\"{}\"}} {:.6f}\n", route, histogram.sum);
    fmt::format_to(out(), "edgemoe_request_seconds_count{{route=\"{}\"}} {}\n", route, histogram.count);
  }
  describe(text, "pictures_total", "counter", "Pictures of requests run, by model.");
  for (const auto& [model, runs] : runs_) {
    fmt::format_to(out(), "edgemoe_pictures_total{{model=\"{}\"}} {}\n", model, runs.count);
  }
  describe(text, "stage_seconds_total", "counter", "Time of requests in the engine, by model and stage.");
  for (const auto& [model, runs] : runs_) {
    const std::pair<const char*, std::int64_t> stages[] = {{"queue", runs.waited_ns},
                                                           {"resize", runs.times.resize_ns},
                                                           {"backbone", runs.times.backbone_ns},
                                                           {"head", runs.times.head_ns},
                                                           {"maps", runs.times.maps_ns}};
    for (const auto& [stage, ns] : stages) {
      fmt::format_to(out(), "edgemoe_stage_seconds_total{{model=\"{}\",stage=\"{}\"}} {:.6f}\n", model, stage,
                     seconds(ns));
    }
  }
  describe(text, "pending_requests", "gauge", "Requests in line or at work.");
  fmt::format_to(out(), "edgemoe_pending_requests {}\n", gauges.pending);
  describe(text, "held_bytes", "gauge", "Bytes of bodies, decoded pictures and answers of the requests at work.");
  fmt::format_to(out(), "edgemoe_held_bytes {}\n", gauges.held_bytes);
  describe(text, "live_frames_total", "counter", "Frames of the live page run.");
  fmt::format_to(out(), "edgemoe_live_frames_total {}\n", gauges.live_frames);
  describe(text, "live_dropped_total", "counter", "Frames of the live page overtaken by newer ones.");
  fmt::format_to(out(), "edgemoe_live_dropped_total {}\n", gauges.live_dropped);
  describe(text, "live_damaged_total", "counter", "Frames of the live source passed over because they were damaged.");
  fmt::format_to(out(), "edgemoe_live_damaged_total {}\n", gauges.live_damaged);
  describe(text, "live_faults_total", "counter", "Times that the live source failed, vain tries to open it included.");
  fmt::format_to(out(), "edgemoe_live_faults_total {}\n", gauges.live_faults);
  if (gauges.live_source) {
    describe(text, "live_source_up", "gauge", "1 unless the live source failed at the last try.");
    fmt::format_to(out(), "edgemoe_live_source_up {}\n", gauges.live_source_up ? 1 : 0);
  }
  describe(text, "viewers", "gauge", "Viewers of the live page.");
  fmt::format_to(out(), "edgemoe_viewers {}\n", gauges.viewers);
  return text;
}

}  // namespace edgemoe::server
