#include "accel/cost/growth.h"

#include <algorithm>

#include "accel/cost/fit.h"
#include "accel/cost/queues.h"
#include "accel/cost/resources.h"

namespace edgemoe {
namespace {

constexpr double kBytesOfBram36 = 4096;  // without the parity bits

std::vector<double> values_of(GrowthAxis axis) {
  switch (axis) {
    case GrowthAxis::kTokens:
      return {2, 4, 6, 8, 12, 16, 24, 32};  // rows of patches, twice as many columns
    case GrowthAxis::kExperts:
      return {2, 4, 8, 16, 32, 64, 128};
    case GrowthAxis::kTopK:
      return {1, 2, 3, 4, 6, 8, 12, 16};
    case GrowthAxis::kTasks:
      return {1, 2, 3, 4, 5, 6};
    case GrowthAxis::kBatch:
      return {1, 2, 4, 8, 16, 32};
    case GrowthAxis::kBandwidth:
      return {2, 4, 8, 12, 16, 24, 32, 40, 48, 64, 96, 128};
  }
  return {};
}

/// What the design point makes of a network; `machine` gets the memories that it would need.
GrowthPoint judge_design(const ModelConfig& network, const FrameSpec& frames, const Board& board, Machine& machine) {
  const GrownDesign grown = grow_to_hold(find_machine_needs(network, *machine.design), machine.format, *machine.design);
  const Resources used = sum(estimate_resources(grown.design, machine.format, network, frames, board.ultra_ram));
  GrowthPoint point = {.refused = find_frame_gaps(network, frames, machine.format, *machine.design),
                       .not_built = find_frame_gaps(network, frames, machine.format, grown.design),
                       .bram36 = used.bram36,
                       .fits = used.bram36 <= board.part.bram36 && used.uram <= board.ultra_ram};
  machine.memory.ring_bytes = std::max(machine.memory.ring_bytes, ring_bytes(grown.design));
  machine.design = grown.design;
  return point;
}

}  // namespace

std::string_view growth_axis_name(GrowthAxis axis) {
  switch (axis) {
    case GrowthAxis::kTokens:
      return "tokens";
    case GrowthAxis::kExperts:
      return "experts";
    case GrowthAxis::kTopK:
      return "top-k";
    case GrowthAxis::kTasks:
      return "tasks";
    case GrowthAxis::kBatch:
      return "batch";
    case GrowthAxis::kBandwidth:
      return "bandwidth";
  }
  return "unknown";
}

GrowthCurve grow(GrowthAxis axis, const ModelConfig& config, const FrameSpec& spec, const Machine& machine,
                 const Board& board) {
  GrowthCurve curve = {.axis = axis, .points = {}, .turns_at = std::nullopt};
  for (const double value : values_of(axis)) {
    ModelConfig network = config;
    FrameSpec frames = spec;
    Machine at = machine;
    double shown = value;
    const int whole = static_cast<int>(value);
    switch (axis) {
      case GrowthAxis::kTokens:
        network.input.height = whole * config.patch_size;
        network.input.width = 2 * whole * config.patch_size;
        shown = network.num_tokens();
        break;
      case GrowthAxis::kExperts:
        network.moe.num_experts = whole;
        break;
      case GrowthAxis::kTopK:
        network.moe.top_k = whole;
        break;
      case GrowthAxis::kTasks:
        frames.tasks = whole;
        break;
      case GrowthAxis::kBatch:
        frames.batch = whole;
        break;
      case GrowthAxis::kBandwidth:
        at.memory.bytes_per_cycle = value;
        break;
    }
    if (!network.moe.blocks.empty() && network.moe.top_k > network.moe.num_experts) continue;
    const ExpertQueues queues = make_queues(network, frames.last_streams(network), kTypicalQueueSpread);
    GrowthPoint point;
    if (at.design) point = judge_design(network, frames, board, at);
    point.value = shown;
    point.frames = frames.batch * frames.tasks;
    point.cost = estimate_frame(network, frames, queues, at);
    const double least_bytes = point.cost.activation_bytes + at.memory.ring_bytes;
    if (!at.design && least_bytes > board.part.bram36 * kBytesOfBram36) point.fits = false;
    if (!curve.turns_at && !curve.points.empty() &&
        point.cost.memory_bound() != curve.points.front().cost.memory_bound()) {
      curve.turns_at = shown;
    }
    curve.points.push_back(std::move(point));
  }
  return curve;
}

double balanced_bytes_per_cycle(const FrameCost& cost) { return cost.off_chip.weights / cost.compute_cycles; }

}  // namespace edgemoe
