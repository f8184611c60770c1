// A frame as a list of pieces of work for the array, in the order in which a machine takes them.
#ifndef EDGEMOE_ACCEL_COST_WORKLOAD_H_
#define EDGEMOE_ACCEL_COST_WORKLOAD_H_

#include <array>
#include <string_view>
#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/queues.h"
#include "model/config.h"

namespace edgemoe {

enum class Phase { kPatchEmbedding, kQkv, kScores, kValues, kProjection, kMlp, kRouter, kExperts };

inline constexpr std::array kAllPhases = {Phase::kPatchEmbedding, Phase::kQkv, Phase::kScores, Phase::kValues,
                                          Phase::kProjection,     Phase::kMlp, Phase::kRouter, Phase::kExperts};

/// "patch_embedding", "qkv", …: in JSON.
std::string_view phase_name(Phase phase);

/// One piece of work: the array works on it without waiting, once its weights are on chip, where they stay till its
/// end.
struct WorkItem {
  Phase phase = Phase::kPatchEmbedding;
  double macs = 0;            // products that the network asks for
  double array_cycles = 0;    // the array's, with its empty slots
  double special_cycles = 0;  // units that take longer than the array beside them; softmax or GELU that stands alone
  double fill_cycles = 0;
  double weight_bytes = 0;     // from outside
  double operand_bytes = 0;    // read by the array from memories on chip: both operands
  double result_bytes = 0;     // written on chip
  double key_value_bytes = 0;  // of the operands: keys and values
};

/// What is run: pictures of a batch and tasks share each weight that is loaded. Tasks part where the first router is,
/// unless they share the whole backbone.
struct FrameSpec {
  int batch = 1;
  int tasks = 1;

  /// Streams of tokens before the first router, and after it.
  int first_streams() const { return batch; }
  int last_streams(const ModelConfig& config) const { return config.tasks_share_backbone() ? batch : batch * tasks; }
};

/// The pieces of a batch of frames; `queues` as of make_queues(config, spec.last_streams(config), …).
std::vector<WorkItem> make_workload(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                                    const Machine& machine);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_WORKLOAD_H_
