// What runs programs: the interpreter, a simulation of the RTL, a board.
#ifndef EDGEMOE_ACCEL_DEVICE_H_
#define EDGEMOE_ACCEL_DEVICE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/status.h"

namespace edgemoe {

/// Sums over the runs of a device.
struct DeviceReport {
  std::uint64_t runs = 0;
  std::uint64_t cycles = 0;  // of the machine's clock; 0 where it has none
  std::uint64_t read_beats = 0;
  std::uint64_t write_beats = 0;
  // Where there is a clock: cycles by cause, and when each phase of the latest run was seen to be issued: all its tiles
  // with the array.
  std::vector<std::pair<std::string, std::uint64_t>> waits;
  std::vector<std::uint64_t> phase_ends;
  std::string memory;  // how the one behind the machine was modelled; empty: not at all
};

class Device {
 public:
  virtual ~Device() = default;
  /// "interpreter:zcu102".
  virtual std::string_view name() const = 0;
  virtual const DesignPoint& design() const = 0;
  /// Puts the program in the place of the one before. kInvalidArgument for one of another design point.
  virtual Status load(Program program) = 0;
  /// A picture as lay_out_picture makes it; `tokens` [num_tokens, embed_dim] s32.16.
  virtual Status run(std::span<const std::uint8_t> input, int task, std::span<std::int32_t> tokens) = 0;
  /// Since the device was made.
  virtual const DeviceReport& report() const = 0;
};

/// Executes programs by interpret().
std::unique_ptr<Device> make_interpreter_device(DesignPoint design);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_DEVICE_H_
