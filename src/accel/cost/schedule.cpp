#include "accel/cost/schedule.h"

#include <algorithm>
#include <cmath>

namespace edgemoe {
namespace {

/// A piece, or a part of one that is too large for half of the ring.
struct Part {
  std::size_t item;
  double cycles;
  double bytes;
};

std::vector<Part> make_parts(const std::vector<WorkItem>& items, double ring_bytes) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const WorkItem& item = items[i];
    const double cycles = item.array_cycles + item.special_cycles + item.fill_cycles;
    const double count = std::max(1.0, std::ceil(item.weight_bytes / (ring_bytes / 2)));
    for (double part = 0; part < count; ++part) parts.push_back({i, cycles / count, item.weight_bytes / count});
  }
  return parts;
}

}  // namespace

Schedule make_schedule(const std::vector<WorkItem>& items, const Machine::Memory& memory) {
  Schedule schedule;
  schedule.wait_cycles.resize(items.size(), 0);
  const std::vector<Part> parts = make_parts(items, memory.ring_bytes);
  std::vector<double> ends(parts.size());
  std::size_t oldest = 0;  // part whose weights lie in the ring
  double held_bytes = 0;
  double load_end = 0;
  double array_end = 0;
  double mixture_start = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    const bool expert = items[part.item].phase == Phase::kExperts;
    if (!expert) mixture_start = 0;
    if (expert && mixture_start == 0) mixture_start = array_end;
    if (part.bytes > 0) {
      double start = load_end;
      while (held_bytes + part.bytes > memory.ring_bytes && oldest < i) {
        start = std::max(start, ends[oldest]);
        held_bytes -= parts[oldest++].bytes;
      }
      if (expert && !memory.prefetch) start = std::max(start, mixture_start);
      if (start > load_end || load_end == 0) start += memory.latency_cycles;  // the memory was idle
      const double cycles = part.bytes / memory.bytes_per_cycle;
      load_end = start + cycles;
      held_bytes += part.bytes;
      schedule.load_cycles += cycles;
    }
    const double wait = part.bytes > 0 && part.cycles > 0 ? std::max(0.0, load_end - array_end) : 0;
    schedule.wait_cycles[part.item] += wait;
    array_end += wait + part.cycles;
    ends[i] = array_end;
  }
  schedule.cycles = array_end;
  return schedule;
}

}  // namespace edgemoe
