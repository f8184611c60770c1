// How a network lies in a design point's memories: sizes in tiles and steps, the place of every region, and whether it
// fits at all.
#ifndef EDGEMOE_ACCEL_MACHINE_LAYOUT_H_
#define EDGEMOE_ACCEL_MACHINE_LAYOUT_H_

#include <string>
#include <vector>

#include "accel/design_point.h"
#include "base/status.h"
#include "model/config.h"

namespace edgemoe {

constexpr int tiles_of(int count, int tile) { return (count + tile - 1) / tile; }

/// Rows of int8 in activation memory, group by group, and their scales.
struct RowRegion {
  int base = 0;    // word of the first group
  int pitch = 0;   // words of a group
  int scales = 0;  // word of the first group's scales
};

/// Units of program.h: groups of rows, column tiles, steps of inputs.
struct MachineLayout {
  int groups = 0;        // of all tokens
  int patch_groups = 0;  // of the picture's patches
  int patch_steps = 0;
  int dim_tiles = 0;  // of embed_dim
  int dim_steps = 0;
  // A head's elements begin a column tile, so that rows of q, k and v are whole tiles; zeros fill it.
  int head_tiles = 0;
  int head_steps = 0;
  int key_tiles = 0;
  int last_keys = 0;    // in the last key tile
  int value_steps = 0;  // of the keys
  int mlp_tiles = 0;
  int expert_tiles = 0;
  int gate_tiles = 0;  // of two bytes of weights for each expert of a router

  RowRegion patches;
  RowRegion normed;
  RowRegion queries;  // a row a head
  RowRegion heads;
  RowRegion hidden;            // of the dense MLP
  RowRegion expert_hidden[2];  // of even and odd experts
  RowRegion gathered;

  int key_base = 0;  // words of the memory of keys and values
  int value_base = 0;

  int beat_steps = 0;  // steps of a column tile
};

/// What a design point must have at least to hold a network: words of its memories, limits. Sizes in a design point are
/// powers of two, this is what is used of them.
struct MachineNeeds {
  DesignPoint::Memory memory = {};
  DesignPoint::Limits limits = {};
};

/// Of `design` only the array counts.
MachineNeeds find_machine_needs(const ModelConfig& config, const DesignPoint& design);

/// Something for which a design point refuses a network.
struct MachineGap {
  std::string key;  // of the design point, or of the network's configuration where no size would help
  int needed = 0;   // by the network; both 0 where it is not a matter of size
  int there = 0;
  std::string message = {};
};

/// All of them: what lay_out_machine says of a network whose configuration is whole; empty where it lays it out.
std::vector<MachineGap> find_machine_gaps(const ModelConfig& config, const DesignPoint& design);

/// kUnsupported where the machine has no way to compute the network or not the room: all that is missing, each with
/// what is needed and what there is.
Result<MachineLayout> lay_out_machine(const ModelConfig& config, const DesignPoint& design);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_MACHINE_LAYOUT_H_
