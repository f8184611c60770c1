#include "accel/simulator.h"

#include <fmt/core.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>

#include "accel/simulator_messages.h"

extern char** environ;

namespace edgemoe {
namespace {

using Json = nlohmann::ordered_json;

/// Calls visit(key, member) for all of a program but its image.
template <typename Program, typename Visit>
void visit_program(Program& program, Visit&& visit) {
  visit("network", program.network);
  visit("design", program.design);
  visit("load_list", program.load_list);
  visit("compute_list", program.compute_list);
  visit("num_loads", program.num_loads);
  visit("num_phases", program.num_phases);
  visit("input_bytes", program.input_bytes);
  visit("num_tasks", program.num_tasks);
  visit("num_tokens", program.num_tokens);
  visit("embed_dim", program.embed_dim);
  visit("image_height", program.image_height);
  visit("image_width", program.image_width);
  visit("patch_size", program.patch_size);
}

template <typename T>
bool read_member(const Json& json, const char* key, T& member) {
  if (!json.contains(key)) return false;
  const Json& value = json[key];
  if constexpr (std::is_same_v<T, std::string>) {
    if (!value.is_string()) return false;
  } else if (!value.is_number_unsigned() || value.get<std::uint64_t>() > INT32_MAX) {
    return false;
  }
  member = value.get<T>();
  return true;
}

Json report_json(const DeviceReport& report) {
  Json waits = Json::object();
  for (const auto& [cause, cycles] : report.waits) waits[cause] = cycles;
  return {{"cycles", report.cycles}, {"read_beats", report.read_beats}, {"write_beats", report.write_beats},
          {"waits", waits},          {"phase_ends", report.phase_ends}, {"memory", report.memory}};
}

/// Adds one run's.
Status add_report(const Json& json, DeviceReport& sum) {
  std::uint64_t* const totals[] = {&sum.cycles, &sum.read_beats, &sum.write_beats};
  const char* const keys[] = {"cycles", "read_beats", "write_beats"};
  for (std::size_t i = 0; i < std::size(keys); ++i) {
    if (!json.contains(keys[i]) || !json[keys[i]].is_number_unsigned()) return malformed("no number \"{}\"", keys[i]);
    *totals[i] += json[keys[i]].get<std::uint64_t>();
  }
  if (!json.contains("waits") || !json["waits"].is_object()) return malformed("no \"waits\"");
  for (const auto& [cause, cycles] : json["waits"].items()) {
    if (!cycles.is_number_unsigned()) return malformed("no number of cycles for \"{}\"", cause);
    bool known = false;
    for (auto& [name, total] : sum.waits) {
      if (name != cause) continue;
      total += cycles.get<std::uint64_t>();
      known = true;
    }
    if (!known) sum.waits.emplace_back(cause, cycles.get<std::uint64_t>());
  }
  sum.phase_ends.clear();
  if (!json.contains("phase_ends") || !json["phase_ends"].is_array()) return malformed("no \"phase_ends\"");
  for (const Json& cycle : json["phase_ends"]) {
    if (!cycle.is_number_unsigned()) return malformed("an end of a phase that is no cycle");
    sum.phase_ends.push_back(cycle.get<std::uint64_t>());
  }
  if (!json.contains("memory") || !json["memory"].is_string()) return malformed("no \"memory\"");
  sum.memory = json["memory"].get<std::string>();
  ++sum.runs;
  return {};
}

std::span<const std::uint8_t> bytes_of(std::span<const std::int32_t> values) {
  const auto bytes = std::as_bytes(values);
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

class SimulatorDevice final : public Device {
 public:
  SimulatorDevice(DesignPoint design, int socket, pid_t process)
      : design_(std::move(design)), name_("sim:" + design_.name), socket_(socket), process_(process) {}
  SimulatorDevice(const SimulatorDevice&) = delete;
  SimulatorDevice& operator=(const SimulatorDevice&) = delete;
  ~SimulatorDevice() override {
    ::close(socket_);  // which ends it
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  std::string_view name() const override { return name_; }
  const DesignPoint& design() const override { return design_; }
  const DeviceReport& report() const override { return report_; }

  Status load(Program program) override {
    if (program.design != design_.name) {
      return invalid_argument("device {} runs programs of design point {}, not of {}", name_, design_.name,
                              program.design);
    }
    Json numbers;
    visit_program(program, [&](const char* key, const auto& member) { numbers[key] = member; });
    numbers["rtl"] = rtl_fingerprint(design_);
    EDGEMOE_ASSIGN_OR_RETURN(const SimulatorMessage answer, ask(Json{{"load", numbers}}.dump(), program.image));
    return {};
  }

  Status run(std::span<const std::uint8_t> input, int task, std::span<std::int32_t> tokens) override {
    EDGEMOE_ASSIGN_OR_RETURN(const SimulatorMessage answer, ask(Json{{"run", task}}.dump(), input));
    if (answer.bytes.size() != tokens.size_bytes()) {
      return io_error("expected {} bytes of tokens, found {}", tokens.size_bytes(), answer.bytes.size());
    }
    EDGEMOE_RETURN_IF_ERROR(add_report(Json::parse(answer.header), report_).with_context("the simulator's report"));
    std::memcpy(tokens.data(), answer.bytes.data(), answer.bytes.size());
    return {};
  }

 private:
  Result<SimulatorMessage> ask(std::string header, std::span<const std::uint8_t> bytes) {
    EDGEMOE_RETURN_IF_ERROR(send_message(socket_, std::move(header), bytes));
    EDGEMOE_ASSIGN_OR_RETURN(std::optional<SimulatorMessage> answer, receive_message(socket_));
    if (!answer) return io_error("the simulator has ended; its last words, if any, stand above");
    const Json json = Json::parse(answer->header);
    if (json.contains("error")) {
      return io_error("{}", json["error"].is_string() ? json["error"].get<std::string>() : "unknown error");
    }
    return *std::move(answer);
  }

  DesignPoint design_;
  std::string name_;
  int socket_;
  pid_t process_;
  DeviceReport report_;
};

Status validate(const SimulatorMemory& memory) {
  constexpr int kMostLatency = 100'000;
  constexpr double kLeastShare = 0.001;
  if (memory.latency_cycles < 1 || memory.latency_cycles > kMostLatency) {
    return invalid_argument("memory: expected a latency of 1 to {} cycles, found {}", kMostLatency,
                            memory.latency_cycles);
  }
  if (!(memory.bus_share >= kLeastShare && memory.bus_share <= 1)) {
    return invalid_argument("memory: expected {} to 1 beats of the bus a cycle, found {}", kLeastShare,
                            memory.bus_share);
  }
  return {};
}

Result<DeviceReport> answer_run(const SimulatorMessage& message, const Json& request, SimulatorRequests& requests,
                                std::vector<std::int32_t>& tokens) {
  if (!request["run"].is_number_integer()) return malformed("\"run\" is no task's number");
  return requests.run(message.bytes, request["run"].get<int>(), tokens);
}

}  // namespace

Result<SimulatorMemory> simulator_memory(std::span<const char* const> arguments) {
  SimulatorMemory memory;
  const bool complete = arguments.size() == 2 && std::sscanf(arguments[0], "%d", &memory.latency_cycles) == 1 &&
                        std::sscanf(arguments[1], "%lf", &memory.bus_share) == 1;
  EDGEMOE_RETURN_IF_ERROR(complete ? Status() : invalid_argument("expected cycles of latency and beats a cycle"));
  EDGEMOE_RETURN_IF_ERROR(validate(memory));
  return memory;
}

Result<std::unique_ptr<Device>> start_simulator(const std::filesystem::path& program, DesignPoint design,
                                                const SimulatorMemory& memory) {
  EDGEMOE_RETURN_IF_ERROR(validate(memory));
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(program, ignored)) {
    return make_status(StatusCode::kNotFound, "{}: there is no such simulator", program.string());
  }
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return io_error("cannot make a socket: {}", std::strerror(errno));
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, sockets[1], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, sockets[1], STDOUT_FILENO);
  std::string name = program.string();
  std::string latency = fmt::format("{}", memory.latency_cycles);
  std::string share = fmt::format("{}", memory.bus_share);
  char* arguments[] = {name.data(), latency.data(), share.data(), nullptr};
  pid_t process = 0;
  const int failed = ::posix_spawn(&process, name.c_str(), &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(sockets[1]);
  if (failed != 0) {
    ::close(sockets[0]);
    return io_error("{}: cannot be started: {}", name, std::strerror(failed));
  }
  return std::unique_ptr<Device>(std::make_unique<SimulatorDevice>(std::move(design), sockets[0], process));
}

Status serve_simulator(int input, int output, SimulatorRequests& requests) {
  std::vector<std::int32_t> tokens;
  for (;;) {
    EDGEMOE_ASSIGN_OR_RETURN(std::optional<SimulatorMessage> message, receive_message(input));
    if (!message) return {};
    const Json request = Json::parse(message->header);
    Status failed;
    Json answer = Json::object();
    std::span<const std::int32_t> out;
    if (request.contains("load")) {
      Program program;
      bool complete = true;
      visit_program(program, [&](const char* key, auto& member) {
        complete = complete && read_member(request["load"], key, member);
      });
      const bool told = complete && request["load"].contains("rtl") && request["load"]["rtl"].is_number_unsigned();
      if (!told) return malformed("a program without all of its numbers");
      const auto rtl = request["load"]["rtl"].get<std::uint64_t>();
      constexpr std::int64_t kMostValues = 1 << 26;
      if (std::int64_t{program.num_tokens} * program.embed_dim > kMostValues) {
        return malformed("a program with {} tokens of {} elements", program.num_tokens, program.embed_dim);
      }
      tokens.resize(static_cast<std::size_t>(program.num_tokens) * static_cast<std::size_t>(program.embed_dim));
      program.image = std::move(message->bytes);
      failed = requests.load(std::move(program), rtl);
    } else if (request.contains("run")) {
      const Result<DeviceReport> report = answer_run(*message, request, requests, tokens);
      failed = report.status();
      if (report.ok()) {
        answer = report_json(*report);
        out = tokens;
      }
    } else {
      return malformed("expected \"load\" or \"run\", found {}", message->header.substr(0, 80));
    }
    if (!failed.ok()) answer = {{"error", std::string(failed.message())}};
    EDGEMOE_RETURN_IF_ERROR(send_message(output, answer.dump(), bytes_of(out)));
  }
}

}  // namespace edgemoe
