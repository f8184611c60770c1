// When each tile of a design point's machine runs: the phases one after the other as docs/rtl.md's sequencer takes
// them, beside them the pipelines that rows go through, groups of tokens in their order, with the latencies of that
// table. Each tile begins when the array is free, its rows are written, its weights are there and what follows has
// room.
#ifndef EDGEMOE_ACCEL_COST_MACHINE_TIMING_H_
#define EDGEMOE_ACCEL_COST_MACHINE_TIMING_H_

#include <array>

#include "accel/cost/machine.h"
#include "accel/cost/queues.h"
#include "accel/cost/workload.h"
#include "model/config.h"

namespace edgemoe {

struct MachineTiming {
  struct PhaseCycles {
    double array = 0;    // tiles, with their empty slots
    double special = 0;  // units that stand alone
    double fill = 0;     // rows that were not written, room behind the array, phases that begin
    double wait = 0;     // weights that were not there
  };
  std::array<PhaseCycles, kAllPhases.size()> phases = {};
  double cycles = 0;          // to the last token in memory
  double load_cycles = 0;     // in which the memory was at work
  double weight_bytes = 0;    // read, with the zeros that fill tiles; not those of experts that are known to be idle
  double constant_bytes = 0;  // of channels and norms, positions, commands
  double picture_bytes = 0;   // read, with the zeros that fill groups
  double token_bytes = 0;     // written
  std::array<double, kAllPhases.size()> phase_bytes = {};  // all of these, by what they are for
};

/// `machine` is one of a design point. What its limits and memories are too small for is counted as if there were room.
MachineTiming time_machine(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                           const Machine& machine);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_MACHINE_TIMING_H_
