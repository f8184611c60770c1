// What a frame costs on a machine: cycles, utilisation and waits for each phase, bytes from outside and on chip. All of
// it modelled.
#ifndef EDGEMOE_ACCEL_COST_FRAME_COST_H_
#define EDGEMOE_ACCEL_COST_FRAME_COST_H_

#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/queues.h"
#include "accel/cost/workload.h"
#include "model/config.h"

namespace edgemoe {

struct PhaseCost {
  Phase phase = Phase::kPatchEmbedding;
  double macs = 0;
  double array_cycles = 0;    // full and empty slots
  double special_cycles = 0;  // other units, beyond what runs beside the array
  double fill_cycles = 0;     // pipelines of other units
  double wait_cycles = 0;     // weights that were not there yet
  double off_chip_bytes = 0;  // the picture's count for the first phase, the last tokens' for the last
  double on_chip_bytes = 0;

  double cycles() const { return array_cycles + special_cycles + fill_cycles + wait_cycles; }
};

/// Bytes between the chip and its memory.
struct OffChipBytes {
  double weights = 0;
  double constants = 0;        // of channels and norms, positions, commands: of a design point's machine
  double image = 0;            // 8 bits a channel
  double tokens = 0;           // the last block's, s32.16, to the heads on the host
  double keys_and_values = 0;  // where they are not on chip

  double total() const { return weights + constants + image + tokens + keys_and_values; }
};

/// Of a batch of frames, all tasks of the spec: the backbone, without the heads, which the host computes.
struct FrameCost {
  std::vector<PhaseCost> phases;  // in the order of kAllPhases
  OffChipBytes off_chip;
  double on_chip_bytes = 0;
  double key_value_reads_per_query = 0;  // bytes, of one block
  double activation_bytes = 0;           // that must be held on chip at once: the least, see below
  double macs = 0;
  double cycles = 0;
  double compute_cycles = 0;  // were all weights there
  double memory_cycles = 0;   // were nothing but the memory slow
  double milliseconds = 0;
  double utilisation = 0;  // products of the network over those that the array could begin

  /// What a faster memory would change, or would not.
  bool memory_bound() const { return memory_cycles > compute_cycles; }
};

FrameCost estimate_frame(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                         const Machine& machine);

/// Bytes of residual stream, queries, keys, values and one row of as many numbers a token (normed, or gathered for an
/// expert), of all streams. The least that a machine with all activations on chip holds: it has scores, hidden rows,
/// scales and queues besides, in memories of whole blocks.
double activation_bytes(const ModelConfig& config, const FrameSpec& spec, const NumberFormat& format);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_FRAME_COST_H_
