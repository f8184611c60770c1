#include "accel/simulator_messages.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

namespace edgemoe {
namespace {

constexpr std::size_t kMaxHeader = 1 << 16;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30;

/// Without SIGPIPE, where the descriptor is a socket.
ssize_t write_some(int descriptor, const void* from, std::size_t count) {
  const ssize_t sent = ::send(descriptor, from, count, MSG_NOSIGNAL);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  return ::write(descriptor, from, count);
}

Status write_all(int descriptor, const void* from, std::size_t count) {
  const char* next = static_cast<const char*>(from);
  while (count > 0) {
    const ssize_t sent = write_some(descriptor, next, count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return io_error("cannot write to the simulator's socket: {}", std::strerror(errno));
    next += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return {};
}

/// How many came before the other side ended.
Result<std::size_t> read_all(int descriptor, void* to, std::size_t count) {
  char* next = static_cast<char*>(to);
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::read(descriptor, next + done, count - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read from the simulator's socket: {}", std::strerror(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace

Status send_message(int descriptor, std::string header, std::span<const std::uint8_t> bytes) {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(header, nullptr, false);
  if (!json.is_object()) return invalid_argument("a simulator's message begins with a JSON object");
  json["bytes"] = bytes.size();
  const std::string line = json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  EDGEMOE_RETURN_IF_ERROR(write_all(descriptor, line.data(), line.size()));
  return write_all(descriptor, bytes.data(), bytes.size());
}

Result<std::optional<SimulatorMessage>> receive_message(int descriptor) {
  std::string line;
  for (;;) {
    char character = 0;
    EDGEMOE_ASSIGN_OR_RETURN(const std::size_t got, read_all(descriptor, &character, 1));
    if (got == 0 && line.empty()) return std::optional<SimulatorMessage>();
    if (got == 0) return io_error("the simulator's socket ended within a message");
    if (character == '\n') break;
    line += character;
    if (line.size() > kMaxHeader) return malformed("a simulator's message begins with at most {} bytes", kMaxHeader);
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("bytes") || !json["bytes"].is_number_unsigned() ||
      json["bytes"].get<std::uint64_t>() > kMaxBytes) {
    return malformed("expected a JSON object with at most {} \"bytes\", found {}", kMaxBytes, line.substr(0, 80));
  }
  SimulatorMessage message;
  message.bytes.resize(json["bytes"].get<std::size_t>());
  EDGEMOE_ASSIGN_OR_RETURN(const std::size_t got, read_all(descriptor, message.bytes.data(), message.bytes.size()));
  if (got != message.bytes.size()) {
    return io_error("the simulator's socket ended after {} of {} bytes", got, message.bytes.size());
  }
  json.erase("bytes");
  message.header = json.dump();
  return std::optional<SimulatorMessage>(std::move(message));
}

}  // namespace edgemoe
