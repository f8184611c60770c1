// What the cost model's tests share: the public network, the named boards and designs, and a bare machine of any shape.
#ifndef EDGEMOE_ACCEL_COST_TESTING_H_
#define EDGEMOE_ACCEL_COST_TESTING_H_

#include <filesystem>
#include <string>

#include "accel/cost/frame_cost.h"
#include "accel/cost/machine.h"
#include "base/file.h"
#include "model/config.h"

namespace edgemoe::cost_testing {

inline std::filesystem::path config_folder(const char* kind) {
  return std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs" / kind;
}

inline ModelConfig named_network(const std::string& name) {
  return *parse_model_config(*read_text_file(config_folder("models") / (name + ".json"), 1 << 20));
}

/// Edge-MoE's network: 129 tokens of 192, 12 blocks, 16 experts, top 2.
inline ModelConfig edge_moe_network() { return named_network("edgemoe-cityscapes"); }

inline Board named_board(const std::string& name) { return *load_board(config_folder("boards") / (name + ".json")); }

inline DesignPoint named_design(const std::string& name) {
  return *load_design_point(config_folder("accelerators") / (name + ".json"));
}

struct Shape {
  int tokens, outputs, depth;
};

/// An array whose units never make it wait, weights there before they are needed.
inline Machine bare_machine(const Shape& shape) {
  return {.name = "bare",
          .clock_mhz = 300,
          .format = {8, 8},
          .array = {.tokens = shape.tokens,
                    .outputs = shape.outputs,
                    .depth = shape.depth,
                    .cycles_per_step = 1,
                    .drain_lanes = shape.tokens * shape.outputs},
          .query_lanes = shape.tokens,
          .naive = {},
          .fill = {},
          .memory = {.bytes_per_cycle = 1e9, .latency_cycles = 0, .ring_bytes = 2 << 20}};
}

/// Queues as even or uneven as those of the public network's routers, many seeds' worth in turn.
inline FrameCost typical_frame(const ModelConfig& network, const Machine& machine, std::uint64_t seed = 1) {
  return estimate_frame(network, {}, make_queues(network, 1, kTypicalQueueSpread, seed), machine);
}

}  // namespace edgemoe::cost_testing

#endif  // EDGEMOE_ACCEL_COST_TESTING_H_
