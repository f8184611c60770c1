#include "accel/registers.h"

#include <fmt/core.h>

#include <array>
#include <utility>

namespace edgemoe {
namespace {

constexpr std::array<std::string_view, kNumBusWaits> kBusWaitNames = {
    "memory to take a read's address",
    "data to be read",
    "memory to take a write's address",
    "memory to take data",
    "the confirmation of a write",
    "a phase to be issued before the next load",
    "the router before an expert's load",
    "the sequencer to take up earlier loads",
    "room in a ring of weights or constants",
};
constexpr std::array<std::string_view, kNumCoreWaits> kCoreWaitNames = {
    "the next command",   "weights or constants", "rows that another phase makes", "room behind the array",
    "phases to be ended", "the router",           "the result to be written",
};

template <std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, int index) {
  return index >= 0 && static_cast<std::size_t>(index) < N ? names[static_cast<std::size_t>(index)] : "";
}

std::string_view cause_text(RunError cause) {
  switch (cause) {
    case RunError::kNone:
      return "no error";
    case RunError::kReadResponse:
      return "memory answered a read with an error: the image, the picture or a list lies outside of it";
    case RunError::kReadLength:
      return "memory sent more or fewer beats than were asked for";
    case RunError::kWriteResponse:
      return "memory answered a write with an error: the place for the tokens lies outside of it";
    case RunError::kLoadCommand:
      return "the load list holds something that is no command";
    case RunError::kComputeCommand:
      return "the compute list holds something that is no command";
    case RunError::kTimeout:
      return "nothing moved for as long as the time-out allows";
    case RunError::kAborted:
      return "the host aborted the run";
  }
  return "an unknown error";
}

}  // namespace

std::string_view bus_wait_name(int wait) { return name_of(kBusWaitNames, wait); }
std::string_view core_wait_name(int wait) { return name_of(kCoreWaitNames, wait); }

std::string describe_run_error(std::uint32_t error) {
  std::string text(cause_text(static_cast<RunError>(error & 0xff)));
  const int bus_stage = static_cast<int>(error >> 8 & 0xff);
  const int core_stage = static_cast<int>(error >> 16 & 0xff);
  if (bus_stage != 0) text += fmt::format("; the bus waited for {}", bus_wait_name(bus_stage - 1));
  if (core_stage != 0) text += fmt::format("; the core waited for {}", core_wait_name(core_stage - 1));
  return text;
}

std::string register_parameters() {
  std::string text = "  // Registers and errors (src/accel/registers.h).\n";
  const auto emit = [&](std::string_view prefix, std::string_view name, std::uint32_t value) {
    text += fmt::format("  parameter int {}{} = {};\n", prefix, name, value);
  };
  const std::pair<std::string_view, Register> registers[] = {
      {"Identity", Register::kIdentity},
      {"Design", Register::kDesign},
      {"Control", Register::kControl},
      {"Status", Register::kStatus},
      {"Error", Register::kError},
      {"Task", Register::kTask},
      {"Timeout", Register::kTimeout},
      {"Interrupt", Register::kInterrupt},
      {"ImageBase", Register::kImageBase},
      {"ImageBaseHigh", Register::kImageBaseHigh},
      {"InputBase", Register::kInputBase},
      {"InputBaseHigh", Register::kInputBaseHigh},
      {"OutputBase", Register::kOutputBase},
      {"OutputBaseHigh", Register::kOutputBaseHigh},
      {"LoadList", Register::kLoadList},
      {"LoadCount", Register::kLoadCount},
      {"ComputeList", Register::kComputeList},
      {"ComputeCount", Register::kComputeCount},
      {"Phases", Register::kPhases},
      {"Cycles", Register::kCycles},
      {"CyclesHigh", Register::kCyclesHigh},
      {"ReadBeats", Register::kReadBeats},
      {"WriteBeats", Register::kWriteBeats},
      {"Waits", Register::kWaits},
  };
  for (const auto& [name, offset] : registers) emit("Reg", name, static_cast<std::uint32_t>(offset));
  emit("", "Identity", kAcceleratorIdentity);
  const std::pair<std::string_view, RunError> errors[] = {
      {"ReadResponse", RunError::kReadResponse},
      {"ReadLength", RunError::kReadLength},
      {"WriteResponse", RunError::kWriteResponse},
      {"LoadCommand", RunError::kLoadCommand},
      {"ComputeCommand", RunError::kComputeCommand},
      {"Timeout", RunError::kTimeout},
      {"Aborted", RunError::kAborted},
  };
  for (const auto& [name, cause] : errors) emit("Error", name, static_cast<std::uint32_t>(cause));
  const std::pair<std::string_view, CoreWait> core_waits[] = {
      {"Command", CoreWait::kCommand}, {"Weights", CoreWait::kWeights}, {"Rows", CoreWait::kRows},
      {"Room", CoreWait::kRoom},       {"Drain", CoreWait::kDrain},     {"Routing", CoreWait::kRouting},
      {"Result", CoreWait::kResult},
  };
  for (const auto& [name, wait] : core_waits) emit("CoreWait", name, static_cast<std::uint32_t>(wait));
  emit("", "BusWaits", kNumBusWaits);
  emit("", "CoreWaits", kNumCoreWaits);
  return text;
}

}  // namespace edgemoe
