// How a frame's cost grows: curves against one quantity, and where a machine turns from waiting for its array to
// waiting for its memory.
#ifndef EDGEMOE_ACCEL_COST_GROWTH_H_
#define EDGEMOE_ACCEL_COST_GROWTH_H_

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "accel/cost/board.h"
#include "accel/cost/frame_cost.h"
#include "accel/cost/machine.h"
#include "accel/machine_layout.h"
#include "model/config.h"

namespace edgemoe {

enum class GrowthAxis { kTokens, kExperts, kTopK, kTasks, kBatch, kBandwidth };

inline constexpr std::array kAllGrowthAxes = {GrowthAxis::kTokens, GrowthAxis::kExperts, GrowthAxis::kTopK,
                                              GrowthAxis::kTasks,  GrowthAxis::kBatch,   GrowthAxis::kBandwidth};

/// "tokens", "experts", "top-k", "tasks", "batch", "bandwidth".
std::string_view growth_axis_name(GrowthAxis axis);

struct GrowthPoint {
  double value = 0;  // of the axis; bandwidth: bytes a cycle
  int frames = 1;    // pictures times tasks that the cost is for
  FrameCost cost;    // of all of them
  /// Of a design point: for what it refuses this, what of that no larger memory or limit would mend, and the block RAM
  /// of the machine as built, memories grown where it must.
  std::vector<MachineGap> refused;
  std::vector<MachineGap> not_built;
  std::optional<double> bram36;
  /// Whether the part's memories hold the machine. A published machine's are not known: none, or false where already
  /// the least bytes of activations and ring are too many.
  std::optional<bool> fits;
};

struct GrowthCurve {
  GrowthAxis axis = GrowthAxis::kTokens;
  std::vector<GrowthPoint> points;
  /// The first value at which the machine waits for the other of array and memory than at the first point.
  std::optional<double> turns_at;
};

/// Every other quantity stays as `config` and `spec` have it; queues have the typical spread. The part is the board's;
/// the memory's rate is the machine's.
GrowthCurve grow(GrowthAxis axis, const ModelConfig& config, const FrameSpec& spec, const Machine& machine,
                 const Board& board);

/// Bytes a cycle at which loading the weights takes as long as computing.
double balanced_bytes_per_cycle(const FrameCost& cost);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_GROWTH_H_
