// What each of the paper's ideas is worth: one machine without any of them, then with one more at a time.
#ifndef EDGEMOE_ACCEL_COST_ABLATION_H_
#define EDGEMOE_ACCEL_COST_ABLATION_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/published.h"
#include "accel/cost/queues.h"
#include "accel/cost/workload.h"
#include "model/config.h"

namespace edgemoe {

/// Milliseconds without any idea, then after each of kIdeas is added.
using AblationSteps = std::array<double, kIdeas.size() + 1>;

/// All modelled.
AblationSteps ablate(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                     const Machine& machine);

/// A machine of the comparison: it differs from the one before it in one thing.
struct AblationColumn {
  std::string title;
  std::string what;  // what it changes
  Machine machine;
  AblationSteps milliseconds;
};

/// The published machine, as fitted; then ours at its number format, products a cycle and memory; with the board's
/// memory; with 8-bit numbers; with the design's own products a cycle. What would change nothing has no column. All of
/// ours have the design's bus, 8 bits a number, and its bytes of memories on chip. What an idea's absence costs an
/// element or score is the published machine's in all of them, over as many lanes as each has.
/// `progress` is told how many columns of how many are done.
std::vector<AblationColumn> compare_ablations(const ModelConfig& config, const ExpertQueues& queues,
                                              const PublishedMachine& published, const DesignPoint& design,
                                              const Board& board,
                                              const std::function<void(std::size_t, std::size_t)>& progress = {});

/// The design with an array of `products` a step, or as near to it as arrays that the RTL takes come. Of several the
/// one whose tokens, then outputs, then chains are nearest to the design's. Lanes follow the outputs, memories keep
/// their bytes, limits are the design's: of an array of 8 outputs the RTL's router would take 8 experts.
DesignPoint with_products(DesignPoint design, std::int64_t products);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_ABLATION_H_
