// The driver against registers that are only remembered; with a machine behind them it is tested in hw/sim.
#include "accel/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "accel/program_testing.h"

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::uint32_t register_of(const DesignPoint::Array& array) {
  return static_cast<std::uint32_t>(array.tokens | array.outputs << 8 | array.chains << 24);
}

class FakeRegisters final : public RegisterPort {
 public:
  using RegisterPort::read;
  using RegisterPort::write;
  explicit FakeRegisters(const DesignPoint& design = design_of("small")) {
    at(Register::kIdentity) = kAcceleratorIdentity;
    at(Register::kDesign) = register_of(design.array);
  }
  Result<std::uint32_t> read(std::uint32_t address) override { return values[address]; }
  Status write(std::uint32_t address, std::uint32_t value) override {
    written.push_back(address);
    if (address == refused) return io_error("register {:#x} was refused", address);
    values[address] = value;
    return {};
  }
  std::uint32_t& at(Register address) { return values[static_cast<std::uint32_t>(address)]; }

  std::map<std::uint32_t, std::uint32_t> values;
  std::vector<std::uint32_t> written;
  std::uint32_t refused = 0xffff;
};

RunSettings some_settings() {
  return {.image_base = 0x12'3456'7000,
          .input_base = 0x13'0000'0040,
          .output_base = 0x14'0000'0080,
          .load_list = 16,
          .num_loads = 12,
          .compute_list = 24,
          .num_phases = 14,
          .task = 2,
          .timeout_cycles = 99};
}

TEST(Driver, Start_WritesEverySettingAndThenStarts) {
  FakeRegisters port;
  ASSERT_TRUE(start_run(port, design_of("small"), some_settings()).ok());
  EXPECT_EQ(port.at(Register::kImageBase), 0x3456'7000U);
  EXPECT_EQ(port.at(Register::kImageBaseHigh), 0x12U);
  EXPECT_EQ(port.at(Register::kInputBase), 0x40U);
  EXPECT_EQ(port.at(Register::kInputBaseHigh), 0x13U);
  EXPECT_EQ(port.at(Register::kOutputBase), 0x80U);
  EXPECT_EQ(port.at(Register::kOutputBaseHigh), 0x14U);
  EXPECT_EQ(port.at(Register::kLoadList), 16U);
  EXPECT_EQ(port.at(Register::kLoadCount), 12U);
  EXPECT_EQ(port.at(Register::kComputeList), 24U);
  EXPECT_EQ(port.at(Register::kComputeCount), 14U);
  EXPECT_EQ(port.at(Register::kTask), 2U);
  EXPECT_EQ(port.at(Register::kTimeout), 99U);
  EXPECT_EQ(port.at(Register::kControl), std::uint32_t{kStart});
  EXPECT_EQ(port.written.back(), static_cast<std::uint32_t>(Register::kControl));
}

TEST(Driver, SettingsThatRegistersDoNotHold_AreRefusedBeforeAnyWrite) {
  FakeRegisters port;
  RunSettings settings = some_settings();
  settings.num_loads = 65536;
  EXPECT_THAT(start_run(port, design_of("small"), settings).message(),
              AllOf(HasSubstr("65536 loads"), HasSubstr("up to 65535")));
  settings = some_settings();
  settings.num_phases = -1;
  EXPECT_THAT(start_run(port, design_of("small"), settings).message(), HasSubstr("-1 phases"));
  settings = some_settings();
  settings.image_base += 32;
  EXPECT_THAT(start_run(port, design_of("small"), settings).message(), HasSubstr("no multiple of 64"));
  settings = some_settings();
  settings.task = 256;
  EXPECT_THAT(start_run(port, design_of("small"), settings).message(), HasSubstr("task 256"));
  EXPECT_TRUE(port.written.empty());
}

/// `small` has a bus of 8 bytes and addresses of 40 bits.
TEST(Driver, AddressesThatTheBusDoesNotHold_AreRefusedBeforeAnyWrite) {
  const DesignPoint narrow = design_of("small");
  const auto fault = [](const DesignPoint& design, const auto& change) {
    FakeRegisters port(design);
    RunSettings settings = some_settings();
    change(settings);
    const Status status = start_run(port, design, settings);
    EXPECT_EQ(port.written.empty(), !status.ok());
    return std::string(status.message());
  };
  const std::uint64_t top = std::uint64_t{1} << 40;
  EXPECT_THAT(fault(narrow, [](RunSettings& s) { s.image_base += 8; }), HasSubstr("image's address 0x1234567008"));
  EXPECT_THAT(fault(narrow, [](RunSettings& s) { s.input_base += 4; }),
              AllOf(HasSubstr("picture's address 0x1300000044"), HasSubstr("multiple of 8")));
  EXPECT_THAT(fault(narrow, [](RunSettings& s) { s.output_base += 1; }), HasSubstr("tokens' address 0x1400000081"));
  EXPECT_THAT(fault(narrow, [](RunSettings& s) { s.load_list = 17; }),
              AllOf(HasSubstr("load list begins 136 bytes (17 beats)"), HasSubstr("multiple of 64")));
  EXPECT_THAT(fault(narrow, [](RunSettings& s) { s.compute_list = 1; }), HasSubstr("compute list begins 8 bytes"));
  EXPECT_THAT(fault(narrow, [&](RunSettings& s) { s.image_base = top; }), HasSubstr("40 bits"));
  EXPECT_THAT(fault(narrow, [&](RunSettings& s) { s.input_base = top; }), HasSubstr("40 bits"));
  EXPECT_THAT(fault(narrow, [&](RunSettings& s) { s.output_base = top + 64; }), HasSubstr("40 bits"));
  EXPECT_THAT(fault(narrow, [&](RunSettings& s) { s.image_base = top - 512; }),
              AllOf(HasSubstr("load list ends"), HasSubstr("40 bits")));
  // What is allowed: any beat for the picture and the tokens, all of the addresses.
  EXPECT_EQ(fault(narrow, [](RunSettings& s) { s.input_base += 8; }), "");
  EXPECT_EQ(fault(narrow, [&](RunSettings& s) { s.output_base = top - 8; }), "");
  DesignPoint wide = design_of("zcu102");
  EXPECT_THAT(fault(wide, [](RunSettings& s) { s.output_base += 8; }), HasSubstr("multiple of 64"));
  wide.bus.address_bits = 64;
  EXPECT_EQ(fault(wide, [](RunSettings& s) { s.output_base = ~std::uint64_t{63}; }), "");
}

TEST(Driver, BusyOrStuckMachine_IsNotStarted) {
  FakeRegisters port;
  port.at(Register::kStatus) = kBusy;
  EXPECT_THAT(start_run(port, design_of("small"), some_settings()).message(), HasSubstr("busy with another run"));
  port.at(Register::kStatus) = kBusy | kStopping | kError;
  EXPECT_THAT(start_run(port, design_of("small"), some_settings()).message(), HasSubstr("reset it"));
  EXPECT_TRUE(port.written.empty());
}

/// The slowest memory that a simulator takes (simulator.h): 100,000 cycles of latency, a beat in 1,000 cycles.
TEST(Driver, TimeOutBehindASlowMemory_IsLongerThanItIsSilent) {
  EXPECT_GT(timeout_behind(100'000, 0.001), 101'000U + 50'000U);
  EXPECT_GE(timeout_behind(40, 8.0 / 9), 50'000U);
  EXPECT_LT(timeout_behind(40, 1e9), 200'000U);  // and a dead memory is noticed
  EXPECT_EQ(timeout_behind(1e12, 1), UINT32_MAX);
}

/// A machine of `small`, busy until its status has been looked at so often.
class SlowToStop final : public RegisterPort {
 public:
  using RegisterPort::read;
  using RegisterPort::write;
  explicit SlowToStop(int looks) : looks_(looks) {}
  Result<std::uint32_t> read(std::uint32_t address) override {
    if (address == static_cast<std::uint32_t>(Register::kIdentity)) return kAcceleratorIdentity;
    if (address == static_cast<std::uint32_t>(Register::kDesign)) return register_of(design_of("small").array);
    return looks_-- > 0 ? std::uint32_t{kBusy | kStopping | kError} : std::uint32_t{kError};
  }
  Status write(std::uint32_t, std::uint32_t) override { return {}; }

 private:
  int looks_;
};

/// 256 beats may be outstanding, of 1,000 cycles each; a look takes a few of them.
TEST(Driver, MachineThatWaitsForASlowMemory_IsWaitedForAsLongAsTheTimeOutSays) {
  RunSettings settings = some_settings();
  settings.timeout_cycles = timeout_behind(100'000, 0.001);
  SlowToStop slow((100'000 + 256 * 1000) / 4);
  const Status started = start_run(slow, design_of("small"), settings);
  EXPECT_TRUE(started.ok()) << started.message();
  SlowToStop slower(100'000);
  settings.timeout_cycles = 99;
  EXPECT_THAT(start_run(slower, design_of("small"), settings).message(),
              AllOf(HasSubstr("1000 looks"), HasSubstr("reset it")));
  SlowToStop without(100'000);
  settings.timeout_cycles = 0;
  EXPECT_TRUE(start_run(without, design_of("small"), settings).ok());
}

TEST(Driver, RefusedAccess_EndsTheStart) {
  FakeRegisters port;
  port.refused = static_cast<std::uint32_t>(Register::kTask);
  EXPECT_THAT(start_run(port, design_of("small"), some_settings()).message(), HasSubstr("refused"));
  EXPECT_EQ(port.at(Register::kControl), 0U);
}

TEST(Driver, Report_HoldsCountersOrTheErrorInWords) {
  FakeRegisters port;
  EXPECT_THAT(read_report(port).status().message(), HasSubstr("no run that has ended"));
  port.at(Register::kStatus) = kDone;
  port.at(Register::kCycles) = 5;
  port.at(Register::kCyclesHigh) = 1;
  port.at(Register::kReadBeats) = 7;
  port.at(Register::kWriteBeats) = 8;
  const auto waits = static_cast<std::uint32_t>(Register::kWaits);
  for (std::uint32_t i = 0; i < kNumBusWaits + kNumCoreWaits; ++i) port.values[waits + 4 * i] = 100 + i;
  const Result<RunReport> report = read_report(port);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->cycles, 0x1'0000'0005U);
  EXPECT_EQ(report->read_beats, 7U);
  EXPECT_EQ(report->write_beats, 8U);
  EXPECT_EQ(report->bus_waits.front(), 100U);
  EXPECT_EQ(report->core_waits.front(), 100U + kNumBusWaits);
  EXPECT_EQ(report->core_waits.back(), 99U + kNumBusWaits + kNumCoreWaits);

  port.at(Register::kStatus) = kError;
  port.at(Register::kError) =
      static_cast<std::uint32_t>(RunError::kTimeout) | (static_cast<std::uint32_t>(BusWait::kReadData) + 1) << 8;
  EXPECT_THAT(read_report(port).status().message(), AllOf(HasSubstr("nothing moved"), HasSubstr("data to be read")));
}

TEST(Driver, AnotherAccelerator_IsToldFromThisOne) {
  const DesignPoint design = design_of("small");
  FakeRegisters port;
  EXPECT_TRUE(check_accelerator(port, design).ok());
  port.at(Register::kIdentity) = 0;
  EXPECT_THAT(check_accelerator(port, design).message(), HasSubstr("no accelerator"));
  port.at(Register::kIdentity) = kAcceleratorIdentity;
  port.at(Register::kDesign) = register_of(design_of("zcu102").array);
  EXPECT_THAT(check_accelerator(port, design).message(),
              AllOf(HasSubstr("4 × 32 × 2"), HasSubstr("2 × 8 × 1"), HasSubstr("compile the program")));
}

TEST(Driver, AnotherAccelerator_IsNotStarted) {
  FakeRegisters port(design_of("zcu102"));
  const Status other_array = start_run(port, design_of("small"), some_settings());
  EXPECT_EQ(other_array.code(), StatusCode::kMismatch);
  EXPECT_THAT(other_array.message(), HasSubstr("4 × 32 × 2"));
  port = FakeRegisters();
  port.at(Register::kIdentity) = kAcceleratorIdentity + 1;
  EXPECT_THAT(start_run(port, design_of("small"), some_settings()).message(), HasSubstr("no accelerator"));
  EXPECT_TRUE(port.written.empty());
}

}  // namespace
}  // namespace edgemoe
