// A program executed as the machine executes it, one phase after the other, in plain C++: commands and data come from
// the image's bytes, operands lie in memories of the design point's sizes at the addresses that the commands say, and
// weights pass through the ring. It has no clock. What it puts out is what the RTL must; what it refuses would hang or
// corrupt a machine.
#ifndef EDGEMOE_ACCEL_INTERPRETER_H_
#define EDGEMOE_ACCEL_INTERPRETER_H_

#include <cstdint>
#include <span>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/status.h"

namespace edgemoe {

/// When weights come in. Results are the same; which experts are loaded in vain is not.
enum class LoadOrder {
  kAhead,  ///< as early as the rings have room
  kLate,   ///< when a phase asks for them
};

struct InterpreterOptions {
  LoadOrder loads = LoadOrder::kAhead;
  std::uint8_t fill = 0;  // every byte of every memory, before anything is written
};

struct InterpreterCounts {
  std::uint64_t loaded_beats = 0;
  std::uint64_t skipped_loads = 0;  // of experts without tokens
  std::uint64_t array_steps = 0;    // cycles in which the array takes operands
  std::uint64_t phases = 0;
  std::vector<std::vector<int>> queues;  // tokens of each expert that the machine has room for, of each router
};

/// Runs `program` on the picture in `input` (lay_out_picture) as `task` sees it; `tokens` is [num_tokens, embed_dim]
/// s32.16. kInvalidArgument for a task or sizes that are not the program's. kMalformed, with the phase or load and what
/// is wrong, for a program that no compiler makes: a command that is none, an address outside of its memory, a phase
/// that waits for what nothing makes, weights that never fit the ring, words that are read before they are written.
Result<InterpreterCounts> interpret(const Program& program, const DesignPoint& design,
                                    std::span<const std::uint8_t> input, int task, const InterpreterOptions& options,
                                    std::span<std::int32_t> tokens);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_INTERPRETER_H_
