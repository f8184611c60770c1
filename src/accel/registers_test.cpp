#include "accel/registers.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Registers, Parameters_HoldTheMapOfTheHeader) {
  const std::string text = register_parameters();
  for (const std::string& line :
       {fmt::format("parameter int RegControl = {};", 0x08), fmt::format("parameter int RegStatus = {};", 0x0c),
        fmt::format("parameter int RegOutputBaseHigh = {};", 0x34), fmt::format("parameter int RegWaits = {};", 0x60),
        fmt::format("parameter int Identity = {};", kAcceleratorIdentity), std::string("parameter int BusWaits = 9;"),
        std::string("parameter int CoreWaits = 7;"), std::string("parameter int ErrorTimeout = 6;"),
        std::string("parameter int CoreWaitResult = 6;")}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Registers, EveryWait_HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i < kNumBusWaits; ++i) names.insert(bus_wait_name(i));
  for (int i = 0; i < kNumCoreWaits; ++i) names.insert(core_wait_name(i));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kNumBusWaits + kNumCoreWaits));
  EXPECT_FALSE(names.contains(""));
  for (const int none : {-1, kNumBusWaits, 255}) EXPECT_EQ(bus_wait_name(none), "");
  for (const int none : {-1, kNumCoreWaits, 255}) EXPECT_EQ(core_wait_name(none), "");
}

TEST(Registers, ErrorInWords_NamesCauseAndWhatWasWaitedFor) {
  const auto error = [](RunError cause, int bus, int core) {
    return static_cast<std::uint32_t>(cause) | static_cast<std::uint32_t>(bus) << 8 |
           static_cast<std::uint32_t>(core) << 16;
  };
  EXPECT_THAT(describe_run_error(error(RunError::kTimeout, static_cast<int>(BusWait::kReadData) + 1,
                                       static_cast<int>(CoreWait::kWeights) + 1)),
              AllOf(HasSubstr("nothing moved"), HasSubstr("data to be read"), HasSubstr("weights or constants")));
  EXPECT_THAT(describe_run_error(error(RunError::kReadResponse, 0, 0)),
              AllOf(HasSubstr("answered a read"), Not(HasSubstr("waited"))));
  EXPECT_THAT(describe_run_error(0xff), HasSubstr("unknown"));
}

}  // namespace
}  // namespace edgemoe
