// What the phases of a program compute. Each function carries out one phase wholly; kMalformed says what is wrong
// with it.
#ifndef EDGEMOE_ACCEL_INTERPRETER_PHASES_H_
#define EDGEMOE_ACCEL_INTERPRETER_PHASES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "accel/interpreter_loader.h"
#include "accel/interpreter_memory.h"

namespace edgemoe::interpreter {

/// Sums of the array, [token lane][output].
using Sums = std::vector<std::int32_t>;

class PhaseRunner {
 public:
  /// All must outlive it.
  PhaseRunner(const DesignPoint& design, MachineMemory& memory, Loader& loader)
      : design_(design),
        memory_(memory),
        loader_(loader),
        lanes_(design.array.tokens),
        outputs_(design.array.outputs),
        step_(design.step()) {}

  /// Any phase but kFinish.
  Status run(const ComputeCommand& phase);
  std::uint64_t array_steps() const { return array_steps_; }

 private:
  /// What one linear phase needs besides its command.
  struct LinearRun {
    WeightTag tag;
    int rows = 0;
    int first_group = 0;               // of its gathered rows
    std::vector<std::int16_t> values;  // kValues: all rows, [row][row_tiles · O]
  };

  int groups_of(int rows) const { return (rows + lanes_ - 1) / lanes_; }
  int rows_in(int group, int rows) const { return std::min(lanes_, rows - group * lanes_); }

  Status linear(const ComputeCommand& phase);
  Status linear_group(const ComputeCommand& phase, int group, LinearRun& run);
  Status check_linear(const ComputeCommand& phase, const LinearRun& run) const;
  /// One token's outputs of a column tile.
  void narrow_tile(const ComputeCommand& phase, const LinearRun& run, int tile, const std::int32_t* sums, RowScale row,
                   std::int16_t* out) const;
  Status wide_tile(const ComputeCommand& phase, const LinearRun& run, int group, int lane, int tile,
                   const std::int32_t* sums, RowScale row);
  Status store_rows(const ComputeCommand& phase, int group, int rows, const std::vector<std::int16_t>& values);
  Status store_keys(const ComputeCommand& phase, int group, int rows, const std::vector<std::int16_t>& values);
  Status store_values(const ComputeCommand& phase, const LinearRun& run);
  /// c_j of all keys, once all are there.
  Status scale_keys(const ComputeCommand& phase, int rows);

  Status norm_all(const ComputeCommand& phase);
  /// LayerNorm of the tokens of a group to where the phase says.
  Status norm_group(const ComputeCommand& phase, int group, int rows);
  Status store_digits(const ComputeCommand& phase, int token, const std::vector<std::int16_t>& normed);

  Status router(const ComputeCommand& phase);
  /// One column tile's share of a group's logits, [token lane][expert].
  void add_logits(const ComputeCommand& phase, const WeightTag& tag, int group, int tile, int experts,
                  std::span<std::int64_t> logits);
  void route_token(const RouterScalars& scalars, std::span<const std::int64_t> logits, int token);
  Status gather(const ComputeCommand& phase);

  Status attention(const ComputeCommand& phase);
  Status attend_head(const ComputeCommand& phase, int group, int head, int rows, std::vector<std::int16_t>& out);
  Status check_attention(const ComputeCommand& phase) const;

  /// Quantised to int8 at input 0 … of word `first` in a lane of `to`.
  RowScale quantize_row(std::span<const std::int16_t> row, int fraction, OperandMemory& to, int first, int lane) const;
  /// The words of a group's rows in activation memory, which must have been made for `waits`.
  Status check_input(Region waits, std::int64_t first, int count) const;
  Status check_made(const ComputeCommand& phase, int groups) const;
  void make_group(Region region) { ++memory_.made[static_cast<int>(region)]; }
  void begin_making(Region region) { memory_.made[static_cast<int>(region)] = 0; }
  /// Adds a step's products.
  void multiply(const std::int8_t* activations, const std::int8_t* weights, Sums& sums);
  std::uint64_t channel(const WeightTag& tag, int word, int output) const;

  const DesignPoint& design_;
  MachineMemory& memory_;
  Loader& loader_;
  const int lanes_;
  const int outputs_;
  const int step_;
  std::uint64_t array_steps_ = 0;
};

}  // namespace edgemoe::interpreter

#endif  // EDGEMOE_ACCEL_INTERPRETER_PHASES_H_
