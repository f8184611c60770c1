// Energy of a frame from published constants: each a range with its source, so the result is a range too. Modelled,
// never measured.
#ifndef EDGEMOE_ACCEL_COST_ENERGY_H_
#define EDGEMOE_ACCEL_COST_ENERGY_H_

#include <span>
#include <string_view>

#include "accel/cost/board.h"
#include "accel/cost/frame_cost.h"
#include "accel/cost/resources.h"

namespace edgemoe {

struct EnergyConstant {
  std::string_view name;
  std::string_view unit;
  Range value;
  std::string_view source;
};

/// All that estimate_energy uses besides the board's static power; docs/cost.md lists them.
std::span<const EnergyConstant> energy_constants();

/// Millijoules of a frame. `low` counts what works, `high` every unit at work in every cycle, which is what vendors'
/// tools assume without a simulation.
struct EnergyCost {
  Range static_mj;
  Range dsp_mj;
  Range bram_mj;
  Range fabric_mj;  // LUTs, flip-flops and their clock
  Range dram_mj;    // bytes between the chip and its memory

  Range total() const { return static_mj + dsp_mj + bram_mj + fabric_mj + dram_mj; }
  /// Mean power over the frame, watts.
  Range watts(double milliseconds) const { return total() * (1 / milliseconds); }
};

EnergyCost estimate_energy(const FrameCost& frame, const Resources& used, double clock_mhz, const Range& static_watts);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_ENERGY_H_
