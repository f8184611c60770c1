// What a design point's machine is given to do, as the cost model sees it: the two lists of docs/program.md, loads and
// phases, of any network, in numbers of tiles, steps and beats. Made from the network's sizes alone.
#ifndef EDGEMOE_ACCEL_COST_MACHINE_PROGRAM_H_
#define EDGEMOE_ACCEL_COST_MACHINE_PROGRAM_H_

#include <cstdint>
#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/queues.h"
#include "accel/cost/workload.h"
#include "model/config.h"

namespace edgemoe {

struct MachineLoad {
  enum class Ring { kNone, kWeights, kChannels };

  Ring ring = Ring::kNone;
  std::int64_t beats = 0;
  Phase label = Phase::kPatchEmbedding;  // what its bytes are counted under
  int mixture = -1;                      // an expert's: which router decides whether it is loaded
  int expert = -1;
  bool picture = false;
};

/// Rows that phases hand on.
enum class MachineRows { kNone, kNormed, kQueries, kHeads, kHidden0, kHidden1, kGathered };
inline constexpr std::size_t kNumMachineRows = 7;

struct MachinePhase {
  enum class Kind { kLinear, kAttention, kNorm, kRouter, kGather, kFinish };
  enum class Results { kRows, kKeys, kValues, kResidual };

  Kind kind = Kind::kLinear;
  Phase label = Phase::kPatchEmbedding;  // what its cycles are counted under
  int rows = 0;
  int lanes = 1;            // rows of a group
  int column_tiles = 0;     // linear, router
  int steps = 0;            // of a tile; attention: of a tile of scores
  double step_cycles = 1;   // more where the multipliers are parted among kinds of layers
  double alone_cycles = 0;  // at the phase's end: units that the array waits for, softmax or GELU that stand alone
  Results results = Results::kRows;
  int row_tiles = 0;           // column tiles of a row of results; of a head
  bool columns_outer = false;  // else groups are
  bool norm = false;           // of each group that is whole, or of all rows
  bool digits = false;         // of the normed numbers, for a router
  MachineRows reads = MachineRows::kNone;
  MachineRows makes = MachineRows::kNone;
  int first_row = 0;  // of the rows read: an expert's among all that are gathered
  int expert = -1;
  int mixture = -1;
  // Attention.
  int heads = 0;
  int key_tiles = 0;
  int value_steps = 0;
  int streams = 1;  // that see their own keys alone
};

struct MachineProgram {
  std::vector<MachineLoad> loads;
  std::vector<MachinePhase> phases;  // linear and router: each takes the next load of weights
  std::vector<std::vector<int>> queues;
  int tokens = 0;     // of a stream, and its elements: what leaves at the end
  int streams = 1;    // at the end
  int dim_tiles = 0;  // beats of a row
  int experts = 0;    // that a router chooses among
  int top_k = 0;
  bool softmax_over_all = true;
};

/// `machine` is one of a design point.
MachineProgram make_machine_program(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                                    const Machine& machine);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_MACHINE_PROGRAM_H_
