// The first phases of a program, with what they load and kFinish behind them: what a machine that goes wrong is
// searched with.
#ifndef EDGEMOE_SIM_PROGRAM_PREFIX_H_
#define EDGEMOE_SIM_PROGRAM_PREFIX_H_

#include <cstddef>
#include <string>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/check.h"

namespace edgemoe::sim {

inline CommandBytes command_bytes(const Program& program, const DesignPoint& design, std::uint32_t list, int index) {
  CommandBytes bytes;
  const std::size_t at = static_cast<std::size_t>(list) * static_cast<std::size_t>(design.bus_bytes()) +
                         static_cast<std::size_t>(index) * kCommandBytes;
  EDGEMOE_CHECK(at + kCommandBytes <= program.image.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = program.image[at + i];
  return bytes;
}

inline ComputeCommand phase_of(const Program& program, const DesignPoint& design, int index) {
  return decode_compute(command_bytes(program, design, program.compute_list, index)).value();
}

/// `phases` of 0 … num_phases − 1.
inline Program program_prefix(const Program& program, const DesignPoint& design, int phases) {
  Program prefix = program;
  const auto beat = static_cast<std::size_t>(design.bus_bytes());
  const auto align = [&] {
    prefix.image.resize((prefix.image.size() + kCommandBytes - 1) / kCommandBytes * kCommandBytes);
  };
  const auto append = [&](const CommandBytes& bytes) {
    prefix.image.insert(prefix.image.end(), bytes.begin(), bytes.end());
  };
  align();
  prefix.compute_list = static_cast<std::uint32_t>(prefix.image.size() / beat);
  int weights = 0;
  for (int i = 0; i < phases; ++i) {
    append(command_bytes(program, design, program.compute_list, i));
    const PhaseKind kind = phase_of(program, design, i).kind;
    weights += kind == PhaseKind::kLinear || kind == PhaseKind::kRouter;
  }
  append(command_bytes(program, design, program.compute_list, program.num_phases - 1));
  prefix.num_phases = phases + 1;

  prefix.load_list = static_cast<std::uint32_t>(prefix.image.size() / beat);
  prefix.num_loads = 0;
  for (int i = 0; i < program.num_loads; ++i) {
    const CommandBytes bytes = command_bytes(program, design, program.load_list, i);
    const LoadKind kind = decode_load(bytes).value().kind;
    // What stands behind the last weights belongs to later phases; norms, positions and the picture stand before the
    // first.
    if (weights == 0 && (kind == LoadKind::kWeight || kind == LoadKind::kChannel)) break;
    append(bytes);
    ++prefix.num_loads;
    if (kind == LoadKind::kWeight) --weights;
  }
  return prefix;
}

/// "phase 7: linear to keys" …, for messages.
inline std::string phase_text(const Program& program, const DesignPoint& design, int index) {
  static constexpr const char* kKinds[kNumPhaseKinds] = {"finish", "linear", "attention", "norm", "router", "gather"};
  static constexpr const char* kDestinations[kNumDestinations] = {"rows", "keys", "values", "residual", "weighted"};
  const ComputeCommand phase = phase_of(program, design, index);
  std::string text = fmt::format("phase {}: {}", index, kKinds[static_cast<int>(phase.kind)]);
  if (phase.kind == PhaseKind::kLinear) {
    text += fmt::format(" to {}", kDestinations[static_cast<int>(phase.destination)]);
    if (phase.expert != kNoExpert) text += fmt::format(" of expert {}", phase.expert);
  }
  return text;
}

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_PROGRAM_PREFIX_H_
