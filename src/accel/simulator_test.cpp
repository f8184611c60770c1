#include "accel/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "accel/program_testing.h"
#include "accel/simulator_messages.h"
#include "base/file.h"
#include "base/testing.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

/// Both ends of a socket.
class Sockets {
 public:
  Sockets() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  ~Sockets() {
    close_ours();
    ::close(ends_[1]);
  }
  void close_ours() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  void close_theirs() { ::shutdown(ends_[1], SHUT_RDWR); }
  int ours() const { return ends_[0]; }
  int theirs() const { return ends_[1]; }
  void say(const std::string& text) const {
    EXPECT_EQ(::write(ours(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

 private:
  int ends_[2];
};

/// Doubles what it is given.
class Doubler final : public SimulatorRequests {
 public:
  Status load(Program program, std::uint64_t rtl) override {
    loaded = std::move(program);
    loaded_rtl = rtl;
    return loaded.network == "refused" ? unsupported("not this one") : Status();
  }
  Result<DeviceReport> run(std::span<const std::uint8_t> input, int task, std::span<std::int32_t> tokens) override {
    if (input.size() != loaded.input_bytes) return invalid_argument("{} bytes", input.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = 2 * input[i] + 1000 * task;
    return DeviceReport{.cycles = 7,
                        .read_beats = 5,
                        .write_beats = 3,
                        .waits = {{"weights", 2}},
                        .phase_ends = {3, 7},
                        .memory = "none"};
  }
  Program loaded;
  std::uint64_t loaded_rtl = 0;
};

TEST(SimulatorServer, LoadsAndRuns_AreAnsweredUntilTheSocketEnds) {
  Sockets sockets;
  Doubler doubler;
  Status served;
  std::thread server([&] { served = serve_simulator(sockets.theirs(), sockets.theirs(), doubler); });
  const std::string load =
      R"({"load": {"network": "n", "design": "d", "load_list": 1, "compute_list": 2, "num_loads": 3, "num_phases": 4,)"
      R"("input_bytes": 2, "num_tasks": 1, "num_tokens": 1, "embed_dim": 2, "image_height": 8, "image_width": 8,)"
      R"("patch_size": 8, "rtl": 18446744073709551615}})";
  const std::uint8_t image[] = {9, 8, 7};
  ASSERT_TRUE(send_message(sockets.ours(), load, image).ok());
  EXPECT_EQ(receive_message(sockets.ours()).value()->header, "{}");
  EXPECT_EQ(doubler.loaded.image, std::vector<std::uint8_t>({9, 8, 7}));
  EXPECT_EQ(doubler.loaded.num_phases, 4);
  EXPECT_EQ(doubler.loaded_rtl, UINT64_MAX);
  const std::uint8_t input[] = {10, 20};
  ASSERT_TRUE(send_message(sockets.ours(), R"({"run": 1})", input).ok());
  const SimulatorMessage answer = receive_message(sockets.ours()).value().value();
  EXPECT_THAT(answer.header, HasSubstr("\"cycles\":7"));
  EXPECT_THAT(answer.header, HasSubstr("\"phase_ends\":[3,7]"));
  const std::int32_t expected[] = {1020, 1040};
  ASSERT_EQ(answer.bytes.size(), sizeof(expected));
  EXPECT_EQ(std::memcmp(answer.bytes.data(), expected, sizeof(expected)), 0);
  // A request that fails is answered, and the next one runs.
  ASSERT_TRUE(send_message(sockets.ours(), R"({"run": 1})", {}).ok());
  EXPECT_EQ(receive_message(sockets.ours()).value()->header, R"({"error":"0 bytes"})");
  ASSERT_TRUE(send_message(sockets.ours(), R"({"run": 0})", input).ok());
  EXPECT_THAT(receive_message(sockets.ours()).value()->header, HasSubstr("cycles"));
  sockets.close_ours();
  server.join();
  EXPECT_TRUE(served.ok()) << served.message();
}

/// What the server says of `text`.
std::string served(const std::string& text) {
  Sockets sockets;
  Doubler doubler;
  sockets.say(text);
  sockets.close_ours();
  return std::string(serve_simulator(sockets.theirs(), sockets.theirs(), doubler).message());
}

TEST(SimulatorServer, WhatIsNoRequest_EndsItWithTheReason) {
  EXPECT_EQ(served(""), "");
  EXPECT_THAT(served("hello\n"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(served("{\"bytes\": -1}\n"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(served("{\"bytes\": 99999999999}\n"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(served("{\"bytes\": 0}\n"), HasSubstr("\"load\" or \"run\""));
  EXPECT_THAT(served("{\"load\": {}, \"bytes\": 0}\n"), HasSubstr("without all of its numbers"));
  EXPECT_THAT(served("{\"run\": 0, \"bytes\": 100}\nabc"), HasSubstr("ended after 3 of 100"));
  EXPECT_THAT(served("{\"run\""), HasSubstr("within a message"));
  EXPECT_THAT(served(std::string(70000, ' ')), HasSubstr("at most"));
}

Result<std::unique_ptr<Device>> script(const TemporaryFolder& folder, const std::string& text) {
  const std::filesystem::path path = folder.path() / "simulator";
  EXPECT_TRUE(write_file(path, "#!/bin/sh\n" + text).ok());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return start_simulator(path, design_of("small"));
}

TEST(SimulatorMemory, Arguments_AreCheckedAndComeBack) {
  const TemporaryFolder folder;
  const char* const good[] = {"17", "0.25"};
  EXPECT_EQ(simulator_memory(good)->latency_cycles, 17);
  EXPECT_EQ(simulator_memory(good)->bus_share, 0.25);
  const char* const bad[][2] = {{"0", "0.5"}, {"x", "0.5"}, {"40", "1.5"}, {"40", "nan"}, {"40", "-1"}};
  for (const auto& arguments : bad) {
    EXPECT_EQ(simulator_memory(arguments).status().code(), StatusCode::kInvalidArgument) << arguments[0];
  }
  EXPECT_FALSE(simulator_memory(std::span(good).first(1)).ok());
  ASSERT_TRUE(write_file(folder.path() / "none", "").ok());
  EXPECT_FALSE(start_simulator(folder.path() / "none", design_of("small"), {.bus_share = 2}).ok());
}

TEST(SimulatorDevice, SimulatorsThatAreNone_AreErrorsOfTheRun) {
  const TemporaryFolder folder;
  EXPECT_EQ(start_simulator(folder.path() / "missing", design_of("small")).status().code(), StatusCode::kNotFound);
  const Program program = {.network = "n", .design = "small"};
  {
    const auto device = script(folder, "exit 3\n");
    ASSERT_TRUE(device.ok()) << device.status().message();
    EXPECT_EQ((*device)->name(), "sim:small");
    EXPECT_EQ((*device)->load(program).code(), StatusCode::kIo);
  }
  {
    const auto device = script(folder, "read line\necho nonsense\n");
    EXPECT_THAT((*device)->load(program).message(), HasSubstr("expected a JSON object"));
  }
  {
    const auto device = script(folder, "read line\necho '{\"error\": \"no room\", \"bytes\": 0}'\n");
    EXPECT_THAT((*device)->load(program).message(), HasSubstr("no room"));
  }
  {
    const auto device = script(folder, "read line\necho '{\"bytes\": 0}'\nread line\necho '{\"bytes\": 0}'\n");
    EXPECT_TRUE((*device)->load(program).ok());
    std::int32_t tokens[2];
    EXPECT_THAT((*device)->run({}, 0, tokens).message(), HasSubstr("expected 8 bytes of tokens"));
    EXPECT_EQ((*device)->report().runs, 0U);
  }
  const auto device = script(folder, "read line\n");
  EXPECT_THAT((*device)->load({.network = "n", .design = "other"}).message(), HasSubstr("small, not of other"));
}

}  // namespace
}  // namespace edgemoe
