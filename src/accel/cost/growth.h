// How a frame's cost grows: curves against one quantity, and where a machine turns from waiting for its array to
// waiting for its memory.
#ifndef EDGEMOE_ACCEL_COST_GROWTH_H_
#define EDGEMOE_ACCEL_COST_GROWTH_H_

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "accel/cost/frame_cost.h"
#include "accel/cost/machine.h"
#include "model/config.h"

namespace edgemoe {

enum class GrowthAxis { kTokens, kExperts, kTopK, kTasks, kBatch, kBandwidth };

inline constexpr std::array kAllGrowthAxes = {GrowthAxis::kTokens, GrowthAxis::kExperts, GrowthAxis::kTopK,
                                              GrowthAxis::kTasks,  GrowthAxis::kBatch,   GrowthAxis::kBandwidth};

/// "tokens", "experts", "top-k", "tasks", "batch", "bandwidth".
std::string_view growth_axis_name(GrowthAxis axis);

struct GrowthPoint {
  double value = 0;     // of the axis; bandwidth: bytes a cycle
  int frames = 1;       // pictures times tasks that the cost is for
  FrameCost cost;       // of all of them
  bool on_chip = true;  // the part's block RAM holds the activations beside the ring
};

struct GrowthCurve {
  GrowthAxis axis = GrowthAxis::kTokens;
  std::vector<GrowthPoint> points;
  /// The first value at which the machine waits for the other of array and memory than at the first point.
  std::optional<double> turns_at;
};

/// Every other quantity stays as `config` and `spec` have it; queues have the typical spread. `bram36` is the part's.
GrowthCurve grow(GrowthAxis axis, const ModelConfig& config, const FrameSpec& spec, const Machine& machine, int bram36);

/// Bytes a cycle at which loading the weights takes as long as computing.
double balanced_bytes_per_cycle(const FrameCost& cost);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_GROWTH_H_
