// A machine as the cost model sees it: rates and sizes. Made of a design point and a board, or, for published machines,
// read from configs/machines/. Shares nothing with the RTL but the design point.
#ifndef EDGEMOE_ACCEL_COST_MACHINE_H_
#define EDGEMOE_ACCEL_COST_MACHINE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/cost/board.h"
#include "accel/design_point.h"
#include "base/status.h"

namespace edgemoe {

/// Widths of a product's two operands.
struct NumberFormat {
  int weight_bits = 8;
  int activation_bits = 8;

  /// "w8a8".
  std::string name() const;
  /// DSP48E2 (27 × 18 bits, signed) of one product: half of one where two 8-bit products share it.
  double dsp_per_product() const;
  double weight_bytes() const { return weight_bits / 8.0; }
  double activation_bytes() const { return activation_bits / 8.0; }

  bool operator==(const NumberFormat&) const = default;
};

/// "w8a8", "w16a32", …: widths of 4 to 32 bits; kInvalidArgument else.
Result<NumberFormat> parse_number_format(std::string_view name);

/// The paper's five ideas; what each is worth is what a frame costs without it.
struct Ideas {
  bool expert_reordering = true;     // else every token loads the weights of each of its experts
  bool single_pass_softmax = true;   // else passes over the scores for maximum, sum and quotient, on their own
  bool table_gelu = true;            // else GELU by iteration, on its own
  bool unified_unit = true;          // else the multipliers are parted among the kinds of layers
  bool attention_reordering = true;  // else keys and values are read anew for every query

  bool operator==(const Ideas&) const = default;
};

/// In the order in which the paper adds them.
struct IdeaName {
  std::string_view key;    // on the command line and in JSON
  std::string_view title;  // in tables
  bool Ideas::*member;
};
inline constexpr std::array<IdeaName, 5> kIdeas = {{
    {"expert-reordering", "tokens by expert", &Ideas::expert_reordering},
    {"single-pass-softmax", "single-pass softmax", &Ideas::single_pass_softmax},
    {"table-gelu", "table GELU", &Ideas::table_gelu},
    {"unified-unit", "one linear unit", &Ideas::unified_unit},
    {"attention-reordering", "attention reordering", &Ideas::attention_reordering},
}};

struct Machine {
  /// `tokens` × `outputs` products of depth `depth` are begun every `cycles_per_step` cycles.
  struct Array {
    int tokens = 1;
    int outputs = 1;
    int depth = 1;
    double cycles_per_step = 1;  // 1: a full pipeline; more in published machines, where it holds all their losses
    int drain_lanes = 1;         // sums that leave the array in a cycle

    std::int64_t products_per_step() const { return std::int64_t{tokens} * outputs * depth; }
  };
  /// What an idea's absence costs.
  struct Naive {
    double softmax_cycles = 0;  // a score
    double gelu_cycles = 0;     // an element
    int softmax_lanes = 1;
    int gelu_lanes = 1;
    int linear_units = 1;  // kinds of layers that the multipliers are parted among
  };
  /// Cycles in which the array waits for other units' pipelines, at each start of a phase.
  struct Fill {
    double qkv = 0;
    double attention = 0;
    double projection = 0;
    double mlp = 0;      // each of fc1 and fc2 of a dense block
    double router = 0;   // norm, logits, selection, gathering
    double experts = 0;  // once a mixture
  };
  struct Memory {
    double bytes_per_cycle = 1;       // as reached, efficiency included
    std::optional<double> bus_bytes;  // a design point's: bytes of a beat, of which one comes in a cycle at most
    double latency_cycles = 0;
    double ring_bytes = 0;  // of weights, on chip
    bool prefetch = true;   // else an expert's weights are asked for only when its block has come to the experts
    /// Keys and values from outside, at this rate; none: they are on chip.
    std::optional<double> key_value_bytes_per_cycle;

    /// Bytes a cycle that reach the chip: what the memory gives, through the bus.
    double rate() const { return bus_bytes ? std::min(bytes_per_cycle, *bus_bytes) : bytes_per_cycle; }
  };

  std::string name;
  double clock_mhz = 1;
  NumberFormat format;
  Array array;
  int query_lanes = 1;  // queries that one read of a key or value serves
  Ideas ideas;
  Naive naive;
  std::optional<DesignPoint> design;  // whose units and rings are timed (machine_timing.h); else `fill` stands for them
  Fill fill;
  Memory memory;

  double milliseconds(double cycles) const { return cycles / (clock_mhz * 1e3); }
};

/// Ideas of which `naive` does not know what their absence costs: without them a frame costs the same.
std::vector<IdeaName> unpriced_ideas(const Machine::Naive& naive);

/// The rates of a memory at a clock.
Machine::Memory memory_of(const Board::Memory& memory, double clock_mhz, double ring_bytes);

/// The machine that a design point describes, its weights coming from the board's memory. What an idea's absence costs
/// is `naive` with the design's lanes.
Machine machine_of(const DesignPoint& design, const NumberFormat& format, const Board& board,
                   const Machine::Naive& naive);

/// The weight ring of a design point, in bytes.
double ring_bytes(const DesignPoint& design);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_MACHINE_H_
