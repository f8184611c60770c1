#include "accel/cost/frame_cost.h"

#include <algorithm>
#include <cmath>

#include "accel/cost/machine_timing.h"
#include "accel/cost/schedule.h"

namespace edgemoe {
namespace {

constexpr double kResidualBytes = 4;

/// A machine of which shape and losses are known: pieces of work one after the other.
void take_schedule(const std::vector<WorkItem>& items, const Schedule& schedule, FrameCost& cost) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const WorkItem& item = items[i];
    PhaseCost& phase = cost.phases[static_cast<std::size_t>(item.phase)];
    phase.array_cycles += item.array_cycles;
    phase.special_cycles += item.special_cycles;
    phase.fill_cycles += item.fill_cycles;
    phase.wait_cycles += schedule.wait_cycles[i];
  }
  cost.cycles = schedule.cycles;
  cost.memory_cycles = schedule.load_cycles;
}

/// A design point's machine: tile by tile.
void take_timing(const MachineTiming& timing, FrameCost& cost) {
  for (std::size_t i = 0; i < timing.phases.size(); ++i) {
    const MachineTiming::PhaseCycles& cycles = timing.phases[i];
    PhaseCost& phase = cost.phases[i];
    phase.array_cycles = cycles.array;
    phase.special_cycles = cycles.special;
    phase.fill_cycles = cycles.fill;
    phase.wait_cycles = cycles.wait;
  }
  cost.cycles = timing.cycles;
  cost.memory_cycles = timing.load_cycles;
  cost.off_chip.weights = timing.weight_bytes;
  cost.off_chip.constants = timing.constant_bytes;
}

}  // namespace

double activation_bytes(const ModelConfig& config, const FrameSpec& spec, const NumberFormat& format) {
  const double tokens = config.num_tokens();
  const double width = config.embed_dim;
  const double streams = std::max(spec.first_streams(), spec.last_streams(config));
  const double held = tokens * width * (kResidualBytes + 3 * format.activation_bytes());  // residual, q, k, v
  const double queue = tokens * width * format.activation_bytes();
  return streams * (held + queue);
}

FrameCost estimate_frame(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                         const Machine& machine) {
  const std::vector<WorkItem> items = make_workload(config, spec, queues, machine);
  FrameCost cost;
  for (const Phase phase : kAllPhases) cost.phases.push_back({.phase = phase});
  double key_value_bytes = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const WorkItem& item = items[i];
    PhaseCost& phase = cost.phases[static_cast<std::size_t>(item.phase)];
    phase.macs += item.macs;
    phase.off_chip_bytes += item.weight_bytes;
    phase.on_chip_bytes += item.operand_bytes + item.result_bytes;
    key_value_bytes += item.key_value_bytes;
    if (machine.memory.key_value_bytes_per_cycle) phase.off_chip_bytes += item.key_value_bytes;
  }
  cost.off_chip.image = 3.0 * config.input.height * config.input.width * spec.batch;
  for (const PhaseCost& phase : cost.phases) {
    cost.macs += phase.macs;
    cost.on_chip_bytes += phase.on_chip_bytes;
    cost.off_chip.weights += phase.off_chip_bytes;
  }
  if (machine.memory.key_value_bytes_per_cycle) {
    cost.off_chip.keys_and_values = key_value_bytes;
    cost.off_chip.weights -= key_value_bytes;
  }
  const double lanes = machine.ideas.attention_reordering ? machine.query_lanes : 1;
  const double tokens = config.num_tokens();
  cost.key_value_reads_per_query =
      2 * std::ceil(tokens / lanes) * tokens * config.embed_dim * machine.format.activation_bytes() / tokens;
  cost.off_chip.tokens = spec.last_streams(config) * tokens * config.embed_dim * kResidualBytes;
  cost.activation_bytes = activation_bytes(config, spec, machine.format);
  if (machine.design) {
    take_timing(time_machine(config, spec, queues, machine), cost);
  } else {
    take_schedule(items, make_schedule(items, machine.memory), cost);
  }
  for (const PhaseCost& phase : cost.phases) {
    cost.compute_cycles += phase.array_cycles + phase.special_cycles + phase.fill_cycles;
  }
  cost.milliseconds = machine.milliseconds(cost.cycles);
  const double products = static_cast<double>(machine.array.products_per_step());
  cost.utilisation = cost.macs / (cost.cycles * products / machine.array.cycles_per_step);
  return cost;
}

}  // namespace edgemoe
