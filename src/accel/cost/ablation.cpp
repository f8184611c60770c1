#include "accel/cost/ablation.h"

#include <algorithm>
#include <bit>

#include "accel/cost/frame_cost.h"

namespace edgemoe {
namespace {

/// The design with as many products a step as `products`: fewer chains first, then fewer outputs. Lanes shrink with the
/// outputs.
DesignPoint shrink(DesignPoint design, std::int64_t products) {
  while (design.products_per_cycle() > products && design.array.chains > 1) design.array.chains /= 2;
  while (design.products_per_cycle() > products && design.array.outputs > 2) {
    design.array.outputs /= 2;
    design.lanes = {.row_quantizer = std::max(2, design.lanes.row_quantizer / 2),
                    .layer_norm = std::max(2, design.lanes.layer_norm / 2),
                    .softmax = std::max(2, design.lanes.softmax / 2)};
  }
  return design;
}

}  // namespace

AblationSteps ablate(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                     const Machine& machine) {
  AblationSteps steps = {};
  Machine step = machine;
  for (const IdeaName& idea : kIdeas) step.ideas.*idea.member = false;
  steps[0] = estimate_frame(config, spec, queues, step).milliseconds;
  for (std::size_t i = 0; i < kIdeas.size(); ++i) {
    step.ideas.*kIdeas[i].member = true;
    steps[i + 1] = estimate_frame(config, spec, queues, step).milliseconds;
  }
  return steps;
}

std::vector<AblationColumn> compare_ablations(const ModelConfig& config, const ExpertQueues& queues,
                                              const PublishedMachine& published, const DesignPoint& design,
                                              const Board& board) {
  const Machine& theirs = published.machine;
  const auto ours = [&](const DesignPoint& point, const NumberFormat& format) {
    Machine machine = machine_of(point, format, board, theirs.naive);
    machine.memory.ring_bytes = ring_bytes(design);  // the same memory on chip whatever the array
    return machine;
  };
  const DesignPoint small = shrink(design, theirs.array.products_per_step());
  Machine their_memory = ours(small, theirs.format);
  their_memory.memory.bytes_per_cycle = theirs.memory.bytes_per_cycle;
  std::vector<AblationColumn> columns = {
      {.title = published.title, .what = "fitted to the published steps", .machine = theirs},
      {.title = "ours", .what = "same number format, products a cycle and memory rate", .machine = their_memory},
      {.title = "+ memory", .what = "the board's memory rate", .machine = ours(small, theirs.format)},
      {.title = "+ int8", .what = "8-bit weights and activations", .machine = ours(small, {8, 8})},
      {.title = "+ multipliers",
       .what =
           fmt::format("{} products a cycle instead of {}", design.products_per_cycle(), small.products_per_cycle()),
       .machine = ours(design, {8, 8})}};
  for (AblationColumn& column : columns) column.milliseconds = ablate(config, {}, queues, column.machine);
  return columns;
}

}  // namespace edgemoe
