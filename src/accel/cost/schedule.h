// When each piece of work runs: the array one after the other, the weights ahead of it through a ring of limited size.
#ifndef EDGEMOE_ACCEL_COST_SCHEDULE_H_
#define EDGEMOE_ACCEL_COST_SCHEDULE_H_

#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/workload.h"

namespace edgemoe {

struct Schedule {
  std::vector<double> wait_cycles;  // before each piece of work: its weights were not there yet
  double cycles = 0;                // from the first byte asked for to the end
  double load_cycles = 0;           // in which the memory was at work
};

/// Weights come in the order of the work, and stay from their load to the end of their piece. What would fill more than
/// half of the ring is taken in parts, along its outputs.
Schedule make_schedule(const std::vector<WorkItem>& items, const Machine::Memory& memory);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_SCHEDULE_H_
