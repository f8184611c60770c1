#include "accel/cost/frame_cost.h"

#include <algorithm>
#include <cmath>

#include "accel/cost/schedule.h"

namespace edgemoe {
namespace {

constexpr double kResidualBytes = 4;

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
  const Schedule schedule = make_schedule(items, machine.memory);
  FrameCost cost;
  for (const Phase phase : kAllPhases) cost.phases.push_back({.phase = phase});
  double key_value_bytes = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const WorkItem& item = items[i];
    PhaseCost& phase = cost.phases[static_cast<std::size_t>(item.phase)];
    phase.macs += item.macs;
    phase.array_cycles += item.array_cycles;
    phase.special_cycles += item.special_cycles;
    phase.fill_cycles += item.fill_cycles;
    phase.wait_cycles += schedule.wait_cycles[i];
    phase.off_chip_bytes += item.weight_bytes;
    phase.on_chip_bytes += item.operand_bytes + item.result_bytes;
    key_value_bytes += item.key_value_bytes;
    if (machine.memory.key_value_bytes_per_cycle) phase.off_chip_bytes += item.key_value_bytes;
  }
  for (const PhaseCost& phase : cost.phases) {
    cost.macs += phase.macs;
    cost.compute_cycles += phase.array_cycles + phase.special_cycles + phase.fill_cycles;
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
  cost.off_chip.image = 3.0 * config.input.height * config.input.width * spec.batch;
  cost.off_chip.tokens = spec.last_streams(config) * tokens * config.embed_dim * kResidualBytes;
  cost.activation_bytes = activation_bytes(config, spec, machine.format);
  cost.cycles = schedule.cycles;
  cost.memory_cycles = schedule.load_cycles;
  cost.milliseconds = machine.milliseconds(cost.cycles);
  cost.utilisation = cost.macs / (cost.cycles * machine.array.products_per_step() / machine.array.cycles_per_step);
  return cost;
}

}  // namespace edgemoe
