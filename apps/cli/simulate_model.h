// What the cost model says of a simulation: the same design point, memory, network and queues of tokens.
#ifndef EDGEMOE_CLI_SIMULATE_MODEL_H_
#define EDGEMOE_CLI_SIMULATE_MODEL_H_

#include <span>
#include <string>
#include <vector>

#include "accel/cost/queues.h"
#include "accel/design_point.h"
#include "accel/simulator.h"
#include "base/status.h"
#include "model/config.h"
#include "model/safetensors.h"

namespace edgemoe::cli {

/// The queues of a task's routers, counted from the taps of a run of one picture. kNotFound where a router's are not
/// there.
Result<ExpertQueues> count_queues(const ModelConfig& config, int task, const SafetensorsIndex& taps);

/// A backbone's run as the cost model has it.
struct ModelledRun {
  std::string task;  // the first, of a backbone that tasks share
  ExpertQueues queues;
  double cycles = 0;
};

/// Of `tasks`, one a task, or one of all where they share it. kNotFound as count_queues().
Result<std::vector<ModelledRun>> model_runs(const ModelConfig& config, const DesignPoint& design,
                                            const SimulatorMemory& memory, std::span<const int> tasks,
                                            const SafetensorsIndex& taps);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_SIMULATE_MODEL_H_
