#include "accel/interpreter.h"

#include <algorithm>
#include <string>

#include "accel/interpreter_loader.h"
#include "accel/interpreter_memory.h"
#include "accel/interpreter_phases.h"

namespace edgemoe {
namespace {

using interpreter::extent;

Status check_request(const Program& program, const DesignPoint& design, std::span<const std::uint8_t> input, int task,
                     std::span<const std::int32_t> tokens) {
  if (program.design != design.name) {
    return invalid_argument("the program is for design point {}, not {}", program.design, design.name);
  }
  if (task < 0 || task >= program.num_tasks) {
    return invalid_argument("task {}: the program has tasks 0 to {}", task, program.num_tasks - 1);
  }
  const std::size_t values = extent(program.num_tokens) * extent(program.embed_dim);
  if (input.size() != program.input_bytes || tokens.size() != values) {
    return invalid_argument("expected {} bytes of input and {} values of tokens, found {} and {}", program.input_bytes,
                            values, input.size(), tokens.size());
  }
  return {};
}

}  // namespace

Result<InterpreterCounts> interpret(const Program& program, const DesignPoint& design,
                                    std::span<const std::uint8_t> input, int task, const InterpreterOptions& options,
                                    std::span<std::int32_t> tokens) {
  EDGEMOE_RETURN_IF_ERROR(check_request(program, design, input, task, tokens));
  interpreter::MachineMemory memory(design, options.fill);
  interpreter::Loader loader(program, design, input, task, options.loads, memory);
  interpreter::PhaseRunner runner(design, memory, loader);
  std::vector<std::vector<int>> queues;
  for (int index = 0; index < program.num_phases; ++index) {
    EDGEMOE_ASSIGN_OR_RETURN(const ComputeCommand phase, phase_at(program, design, index));
    EDGEMOE_RETURN_IF_ERROR(loader.run_ahead());
    if (phase.kind == PhaseKind::kFinish) {
      if (index + 1 != program.num_phases) return malformed("phase {} of {} is kFinish", index, program.num_phases);
      EDGEMOE_RETURN_IF_ERROR(loader.finish());
      if (extent(phase.rows) * extent(phase.row_tiles) * extent(design.array.outputs) != tokens.size()) {
        return malformed("{} tokens of {} words come out, expected {} values", phase.rows, phase.row_tiles,
                         tokens.size());
      }
      std::copy_n(memory.tokens.begin(), tokens.size(), tokens.begin());
      return InterpreterCounts{.loaded_beats = loader.loaded_beats(),
                               .skipped_loads = loader.skipped_loads(),
                               .array_steps = runner.array_steps(),
                               .phases = static_cast<std::uint64_t>(program.num_phases),
                               .queues = queues};
    }
    const Status done = runner.run(phase);
    if (!done.ok()) return done.with_context("phase " + std::to_string(index));
    ++memory.phases_done;
    if (phase.kind != PhaseKind::kRouter) continue;
    std::vector<int>& lengths = queues.emplace_back();
    for (const auto& queue : memory.queues) lengths.push_back(static_cast<int>(queue.size()));
  }
  return malformed("the last of {} phases is not kFinish", program.num_phases);
}

}  // namespace edgemoe
