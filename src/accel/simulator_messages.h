// Messages between a simulator and who runs it: a line of JSON and bytes, over a file descriptor.
#ifndef EDGEMOE_ACCEL_SIMULATOR_MESSAGES_H_
#define EDGEMOE_ACCEL_SIMULATOR_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace edgemoe {

struct SimulatorMessage {
  std::string header;  // JSON without its "bytes"
  std::vector<std::uint8_t> bytes;
};

/// kIo where the other side is gone.
Status send_message(int descriptor, std::string header, std::span<const std::uint8_t> bytes);
/// Nothing where the other side has ended between two messages. kMalformed for what is no message, kIo where it ends
/// within one.
Result<std::optional<SimulatorMessage>> receive_message(int descriptor);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_SIMULATOR_MESSAGES_H_
