// A network's program, a picture, and what the reference makes of both.
#ifndef EDGEMOE_ACCEL_PROGRAM_TESTING_H_
#define EDGEMOE_ACCEL_PROGRAM_TESTING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "accel/compiler.h"
#include "accel/interpreter.h"
#include "engine/hls_case_testing.h"

namespace edgemoe {

/// One of configs/accelerators.
DesignPoint design_of(const std::string& name);
/// configs/models/tiny.json for pictures of `height` × `width` patches.
ModelConfig tiny_of_grid(int height, int width);

Result<Program> program_of(const HlsCase& network, const DesignPoint& design);
/// The network's picture as the program loads it.
std::vector<std::uint8_t> input_of(const HlsCase& network, const Program& program, const DesignPoint& design);
/// Tokens of one task. `counts` may be null.
Result<std::vector<std::int32_t>> interpreted(const HlsCase& network, const Program& program, const DesignPoint& design,
                                              int task, const InterpreterOptions& options,
                                              InterpreterCounts* counts = nullptr);
/// Whether the compiled network computes every token of every task as the reference does, however weights are loaded
/// and whatever memories hold at first.
void expect_program_equals_reference(const HlsCase& network, const DesignPoint& design);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_PROGRAM_TESTING_H_
