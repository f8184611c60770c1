// From a network in integers to a program for a design point.
//
// Phases in order (program.h):
//
//   patch embedding, norm1 of block 0
//   each block     K · V of each head · Q · attention · projection, with norm2 of each finished group
//     dense        up · down, with norm1 of the next block
//     experts      router · gather · up(0) · up(1) · down(0) · up(2) · down(1) · … · down(last) · norm1 of the next
//     block
//   finish
//
// An expert's down waits for its hidden rows; the next one's up stands before it so that the array does not. Weights
// are loaded in the order of phases, channel constants before the weights of their phase.
#ifndef EDGEMOE_ACCEL_COMPILER_H_
#define EDGEMOE_ACCEL_COMPILER_H_

#include <cstdint>
#include <span>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/status.h"
#include "model/config.h"
#include "quant/integer_model.h"

namespace edgemoe {

struct CompilerInput {
  const ModelConfig& config;                // complete
  const IntegerModel& model;                // heads are not looked at
  std::span<const std::int32_t> positions;  // [num_tokens, embed_dim] s32.16, class token included
};

/// kUnsupported for a network that the design point cannot run, with all that it lacks.
Result<Program> compile_program(const CompilerInput& input, const DesignPoint& design);

/// A picture [height, width, 3] as the program's IMAGE command loads it: patches in groups of T rows, less 128, as
/// words of activation memory. kInvalidArgument for another size. `bytes` are program.input_bytes.
Status lay_out_picture(const Program& program, const DesignPoint& design, std::span<const std::uint8_t> picture,
                       std::span<std::uint8_t> bytes);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COMPILER_H_
