// Networks that a design point was not made for: what it refuses them for, and the same machine with memories that
// would hold them.
#ifndef EDGEMOE_ACCEL_COST_FIT_H_
#define EDGEMOE_ACCEL_COST_FIT_H_

#include <string>
#include <utility>
#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/workload.h"
#include "accel/design_point.h"
#include "accel/machine_layout.h"
#include "model/config.h"

namespace edgemoe {

/// All that the RTL at a design point refuses: what lay_out_machine does, "streams" where more than one picture and
/// task are to share the machine, "format" where it is not w8a8.
std::vector<MachineGap> find_frame_gaps(const ModelConfig& config, const FrameSpec& spec, const NumberFormat& format,
                                        const DesignPoint& design);

struct GrownDesign {
  DesignPoint design;
  /// Keys of what was too small, and what it became.
  std::vector<std::pair<std::string, int>> sizes;
};

/// Limits and memories that are too small for what a network needs become the least that hold it, powers of two as
/// memories are built; what is large enough stays, and so does the array. May be more than the RTL takes or a part has.
/// Words of the weight ring are words of bytes: wider weights need more of them.
GrownDesign grow_to_hold(const MachineNeeds& needs, const NumberFormat& format, const DesignPoint& design);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_FIT_H_
