#include "accel/driver.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "accel/program.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kImageAlignment = 64;
constexpr int kMostCommands = 0xffff;
constexpr std::uint32_t kLeastPolls = 1000;
/// Of a run without a time-out.
constexpr std::uint32_t kMostPolls = 1'000'000;

Status write_base(RegisterPort& port, Register low, Register high, std::uint64_t base) {
  EDGEMOE_RETURN_IF_ERROR(port.write(low, static_cast<std::uint32_t>(base)));
  return port.write(high, static_cast<std::uint32_t>(base >> 32));
}

Status validate_counts(const RunSettings& settings) {
  for (const auto& [name, count] : {std::pair{"loads", settings.num_loads}, {"phases", settings.num_phases}}) {
    if (count < 0 || count > kMostCommands) {
      return invalid_argument("a run of {} {}: the machine takes up to {}", count, name, kMostCommands);
    }
  }
  if (settings.task < 0 || settings.task > 0xff) {
    return invalid_argument("task {}: expected 0 to 255", settings.task);
  }
  return {};
}

/// The bursts of a run begin where the bus has beats and the image where the registers take it, its lists where
/// commands may begin, and no address is cut.
Status validate_addresses(const DesignPoint& design, const RunSettings& settings) {
  const auto beat = static_cast<std::uint64_t>(design.bus_bytes());
  const int bits = design.bus.address_bits;
  const std::uint64_t last = bits < 64 ? (std::uint64_t{1} << bits) - 1 : UINT64_MAX;
  const struct {
    std::string_view name;
    std::uint64_t address;
    std::uint64_t multiple;
  } bases[] = {{"image's", settings.image_base, std::max(beat, kImageAlignment)},
               {"picture's", settings.input_base, beat},
               {"tokens'", settings.output_base, beat}};
  for (const auto& base : bases) {
    if (base.address % base.multiple != 0) {
      return invalid_argument("the {} address {:#x} is no multiple of {} (the bus of {} has {} bytes)", base.name,
                              base.address, base.multiple, design.name, beat);
    }
    if (base.address > last) {
      return invalid_argument("the {} address {:#x} has more than the {} bits of the bus of {}", base.name,
                              base.address, bits, design.name);
    }
  }
  const struct {
    std::string_view name;
    std::uint32_t beats;
    int commands;
  } lists[] = {{"load list", settings.load_list, settings.num_loads},
               {"compute list", settings.compute_list, settings.num_phases}};
  for (const auto& list : lists) {
    const std::uint64_t offset = list.beats * beat;
    if (offset % kCommandBytes != 0) {
      return invalid_argument("the {} begins {} bytes ({} beats) behind the image's address: expected a multiple of {}",
                              list.name, offset, list.beats, kCommandBytes);
    }
    const std::uint64_t bytes = offset + static_cast<std::uint64_t>(list.commands) * kCommandBytes;
    if (bytes > last - settings.image_base) {
      return invalid_argument(
          "the {} ends {} bytes behind the image's address {:#x}: beyond the {} bits of the bus of {}", list.name,
          bytes, settings.image_base, bits, design.name);
    }
  }
  return {};
}

/// A machine that resets itself, after AXI's reset or an error, is free within a few accesses; where memory is slow,
/// when that has sent what was asked for. A look takes several cycles, and the time-out is longer than memory is ever
/// silent.
Status wait_until_free(RegisterPort& port, std::uint32_t timeout_cycles) {
  const std::uint32_t polls = timeout_cycles == 0 ? kMostPolls : std::max(kLeastPolls, timeout_cycles);
  for (std::uint32_t i = 0; i < polls; ++i) {
    EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t status, port.read(Register::kStatus));
    if ((status & kBusy) == 0) return {};
    if ((status & kStopping) == 0) {
      return io_error("the accelerator is busy with another run: wait for it, or abort it");
    }
  }
  return io_error(
      "the accelerator cannot end what it had begun on the bus: memory has not answered for {} looks at its status; "
      "reset it",
      polls);
}

}  // namespace

Status check_accelerator(RegisterPort& port, const DesignPoint& design) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t identity, port.read(Register::kIdentity));
  if (identity != kAcceleratorIdentity) {
    return mismatch(
        "no accelerator with this driver's registers: expected identity {:#010x}, found {:#010x}; give the "
        "port of one, or a driver of its version",
        kAcceleratorIdentity, identity);
  }
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t found, port.read(Register::kDesign));
  const DesignPoint::Array array = {.tokens = static_cast<int>(found & 0xff),
                                    .outputs = static_cast<int>(found >> 8 & 0xffff),
                                    .chains = static_cast<int>(found >> 24)};
  if (array.tokens != design.array.tokens || array.outputs != design.array.outputs ||
      array.chains != design.array.chains) {
    return mismatch(
        "the accelerator's array is {} × {} × {}, that of design point {} is {} × {} × {}: compile the "
        "program for the design point that the accelerator was built of",
        array.tokens, array.outputs, array.chains, design.name, design.array.tokens, design.array.outputs,
        design.array.chains);
  }
  return {};
}

std::uint32_t timeout_behind(double latency_cycles, double beats_per_cycle) {
  // No bench's core has stood still for as long.
  constexpr double kCoreCycles = 100'000;
  const double silent_cycles = latency_cycles + 1 / beats_per_cycle;
  return static_cast<std::uint32_t>(std::min(kCoreCycles + 2 * silent_cycles, double{UINT32_MAX}));
}

Status start_run(RegisterPort& port, const DesignPoint& design, const RunSettings& settings) {
  EDGEMOE_RETURN_IF_ERROR(validate_counts(settings));
  EDGEMOE_RETURN_IF_ERROR(validate_addresses(design, settings));
  EDGEMOE_RETURN_IF_ERROR(check_accelerator(port, design));
  EDGEMOE_RETURN_IF_ERROR(wait_until_free(port, settings.timeout_cycles));
  EDGEMOE_RETURN_IF_ERROR(write_base(port, Register::kImageBase, Register::kImageBaseHigh, settings.image_base));
  EDGEMOE_RETURN_IF_ERROR(write_base(port, Register::kInputBase, Register::kInputBaseHigh, settings.input_base));
  EDGEMOE_RETURN_IF_ERROR(write_base(port, Register::kOutputBase, Register::kOutputBaseHigh, settings.output_base));
  const std::pair<Register, std::uint32_t> values[] = {
      {Register::kLoadList, settings.load_list},
      {Register::kLoadCount, static_cast<std::uint32_t>(settings.num_loads)},
      {Register::kComputeList, settings.compute_list},
      {Register::kComputeCount, static_cast<std::uint32_t>(settings.num_phases)},
      {Register::kTask, static_cast<std::uint32_t>(settings.task)},
      {Register::kTimeout, settings.timeout_cycles},
      {Register::kControl, kStart},
  };
  for (const auto& [address, value] : values) EDGEMOE_RETURN_IF_ERROR(port.write(address, value));
  return {};
}

Result<bool> run_has_ended(RegisterPort& port) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t status, port.read(Register::kStatus));
  return (status & kBusy) == 0;
}

Result<RunReport> read_report(RegisterPort& port) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t status, port.read(Register::kStatus));
  if ((status & kError) != 0) {
    EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t error, port.read(Register::kError));
    return io_error("the accelerator's run ended early: {}", describe_run_error(error));
  }
  if ((status & kDone) == 0) return io_error("the accelerator has no run that has ended (status {:#x})", status);
  RunReport report;
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t low, port.read(Register::kCycles));
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint32_t high, port.read(Register::kCyclesHigh));
  report.cycles = std::uint64_t{high} << 32 | low;
  EDGEMOE_ASSIGN_OR_RETURN(report.read_beats, port.read(Register::kReadBeats));
  EDGEMOE_ASSIGN_OR_RETURN(report.write_beats, port.read(Register::kWriteBeats));
  std::uint32_t address = static_cast<std::uint32_t>(Register::kWaits);
  for (std::uint32_t& wait : report.bus_waits) {
    EDGEMOE_ASSIGN_OR_RETURN(wait, port.read(address));
    address += 4;
  }
  for (std::uint32_t& wait : report.core_waits) {
    EDGEMOE_ASSIGN_OR_RETURN(wait, port.read(address));
    address += 4;
  }
  return report;
}

Status abort_run(RegisterPort& port) { return port.write(Register::kControl, kAbort); }

}  // namespace edgemoe
