#include "cli/simulate_model.h"

#include <cstring>
#include <utility>

#include "accel/cost/frame_cost.h"
#include "accel/cost/machine.h"
#include "model/taps.h"

namespace edgemoe::cli {

Result<ExpertQueues> count_queues(const ModelConfig& config, int task, const SafetensorsIndex& taps) {
  ExpertQueues queues;
  const std::string own(task_name(config.tasks[static_cast<std::size_t>(task)].kind));
  for (const int block : config.moe.blocks) {
    const std::string tap = block_tap(block, kTapRouterIndices);
    auto found = taps.tensors.find(own + "/" + tap);
    if (found == taps.tensors.end()) found = taps.tensors.find(std::string(kSharedScope) + "/" + tap);
    if (found == taps.tensors.end()) return not_found("no run has published {} of task {}", tap, own);
    std::vector<int> queue(static_cast<std::size_t>(config.moe.num_experts), 0);
    const std::span<const std::byte> bytes = found->second.bytes;
    for (std::size_t at = 0; at + sizeof(std::int32_t) <= bytes.size(); at += sizeof(std::int32_t)) {
      std::int32_t expert = 0;
      std::memcpy(&expert, bytes.data() + at, sizeof(expert));
      if (expert >= 0 && expert < config.moe.num_experts) ++queue[static_cast<std::size_t>(expert)];
    }
    queues.push_back(std::move(queue));
  }
  return queues;
}

Result<std::vector<ModelledRun>> model_runs(const ModelConfig& config, const DesignPoint& design,
                                            const SimulatorMemory& memory, std::span<const int> tasks,
                                            const SafetensorsIndex& taps) {
  Machine machine = machine_of(design, {8, 8}, Board{}, {});
  machine.memory.latency_cycles = memory.latency_cycles;
  machine.memory.bytes_per_cycle = memory.bus_share * design.bus_bytes();
  std::vector<ModelledRun> runs;
  for (const int task : config.tasks_share_backbone() ? tasks.first(1) : tasks) {
    EDGEMOE_ASSIGN_OR_RETURN(const ExpertQueues queues, count_queues(config, task, taps));
    runs.push_back({.task = std::string(task_name(config.tasks[static_cast<std::size_t>(task)].kind)),
                    .queues = queues,
                    .cycles = estimate_frame(config, {}, queues, machine).cycles});
  }
  return runs;
}

}  // namespace edgemoe::cli
