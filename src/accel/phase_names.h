// What the phases of a program are for: for people who look at where a run's cycles went.
#ifndef EDGEMOE_ACCEL_PHASE_NAMES_H_
#define EDGEMOE_ACCEL_PHASE_NAMES_H_

#include <string>
#include <vector>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/status.h"

namespace edgemoe {

struct PhaseName {
  int block = -1;    // of the network; −1: before the first or behind the last
  std::string what;  // "keys", "attention", "expert up"
};

/// One a phase, in order. kMalformed for a list that is none.
Result<std::vector<PhaseName>> name_phases(const Program& program, const DesignPoint& design);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_PHASE_NAMES_H_
