#include "accel/phase_names.h"

#include <string_view>

namespace edgemoe {
namespace {

std::string_view name_of_linear(const ComputeCommand& phase) {
  switch (phase.destination) {
    case Destination::kKeys:
      return "keys";
    case Destination::kValues:
      return "values";
    case Destination::kWeighted:
      return "expert down";
    case Destination::kResidual:
      return phase.columns_outer ? "patch embedding" : phase.waits == Region::kHeads ? "projection" : "mlp down";
    default:
      return phase.makes == Region::kQueries ? "queries" : phase.expert == kNoExpert ? "mlp up" : "expert up";
  }
}

std::string_view name_of(const ComputeCommand& phase) {
  switch (phase.kind) {
    case PhaseKind::kLinear:
      return name_of_linear(phase);
    case PhaseKind::kAttention:
      return "attention";
    case PhaseKind::kNorm:
      return "norm";
    case PhaseKind::kRouter:
      return "router";
    case PhaseKind::kGather:
      return "gather";
    default:
      return "finish";
  }
}

}  // namespace

Result<std::vector<PhaseName>> name_phases(const Program& program, const DesignPoint& design) {
  std::vector<PhaseName> names;
  int block = -1;
  for (int index = 0; index < program.num_phases; ++index) {
    EDGEMOE_ASSIGN_OR_RETURN(const ComputeCommand phase, phase_at(program, design, index));
    // A block's keys are its first phase.
    if (phase.kind == PhaseKind::kLinear && phase.destination == Destination::kKeys) ++block;
    const bool behind = phase.kind == PhaseKind::kFinish;
    names.push_back({behind ? -1 : block, std::string(name_of(phase))});
  }
  return names;
}

}  // namespace edgemoe
