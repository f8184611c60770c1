// A run's phases over time, as a picture.
#ifndef EDGEMOE_CLI_TIMELINE_H_
#define EDGEMOE_CLI_TIMELINE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "accel/phase_names.h"

namespace edgemoe::cli {

/// SVG: a row for each kind of phase, a bar from the end of the phase before to its own, which is what it added to the
/// run; blocks are marked. `ends` are cycles, one a phase, rising.
std::string draw_timeline(std::string_view title, std::span<const PhaseName> phases,
                          std::span<const std::uint64_t> ends);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_TIMELINE_H_
