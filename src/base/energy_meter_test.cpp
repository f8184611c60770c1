#include "base/energy_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/testing.h"

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Rapl : public ::testing::Test {
 protected:
  void write(const std::string& zone, const std::string& file, const std::string& text) {
    std::filesystem::create_directories(root_ / zone);
    std::ofstream(root_ / zone / file) << text << '\n';
  }
  void write_zone(const std::string& zone, const std::string& name, const std::string& energy) {
    write(zone, "name", name);
    write(zone, "energy_uj", energy);
    write(zone, "max_energy_range_uj", "1000000");
  }

  const TemporaryFolder folder_;
  const std::filesystem::path root_ = folder_.path();
};

TEST_F(Rapl, Packages_AreCountedOnceAndAcrossTheirWrap) {
  write_zone("intel-rapl:0", "package-0", "900000");
  write_zone("intel-rapl:0:0", "core", "5");
  write_zone("intel-rapl:1", "package-1", "10");
  write_zone("intel-rapl:2", "psys", "7");
  Result<EnergyCounters> counters = open_rapl(root_);
  ASSERT_TRUE(counters.ok()) << counters.status().message();
  ASSERT_EQ(counters->size(), 2U);
  EnergyCounter& first = *counters->at(0);
  EXPECT_EQ(first.name(), "package-0");
  EXPECT_DOUBLE_EQ(*first.read_joules(), 0);
  write("intel-rapl:0", "energy_uj", "950000");
  EXPECT_DOUBLE_EQ(*first.read_joules(), 0.05);
  write("intel-rapl:0", "energy_uj", "50000");
  EXPECT_DOUBLE_EQ(*first.read_joules(), 0.15);
  EXPECT_DOUBLE_EQ(*counters->at(1)->read_joules(), 0);
  std::filesystem::remove(root_ / "intel-rapl:0/energy_uj");
  EXPECT_EQ(first.read_joules().status().code(), StatusCode::kIo);
}

TEST_F(Rapl, WhatIsNotThereOrNoNumber_SaysWhy) {
  EXPECT_EQ(open_rapl(root_ / "none").status().code(), StatusCode::kNotFound);
  EXPECT_THAT(open_rapl(root_).status().message(), HasSubstr("RAPL"));
  write_zone("intel-rapl:0", "package-0", "no number");
  const Status status = open_rapl(root_).status();
  EXPECT_EQ(status.code(), StatusCode::kMalformed);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("energy_uj"), HasSubstr("found \"no number\"")));
  std::filesystem::remove(root_ / "intel-rapl:0/energy_uj");
  const Status missing = open_rapl(root_).status();
  EXPECT_EQ(missing.code(), StatusCode::kIo);
  EXPECT_THAT(missing.message(), HasSubstr("root rights"));
}

TEST(Nvml, ALibraryThatIsNotThereOrIsAnother_SaysSo) {
  EXPECT_EQ(open_nvml("libno-such-library.so.1").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(open_nvml("libc.so.6").status().code(), StatusCode::kUnsupported);
}

// A library that stands in for the driver's: two GPUs, 1.5 J more at every reading.
TEST(Nvml, EachGpu_CountsFromItsOpening) {
  Result<EnergyCounters> counters = open_nvml(EDGEMOE_NVML_STAND_IN);
  ASSERT_TRUE(counters.ok()) << counters.status().message();
  ASSERT_EQ(counters->size(), 2U);
  EXPECT_EQ(counters->at(1)->name(), "stand-in 1");
  EXPECT_DOUBLE_EQ(*counters->at(0)->read_joules(), 1.5);
  EXPECT_DOUBLE_EQ(*counters->at(0)->read_joules(), 3.0);
  EXPECT_DOUBLE_EQ(*counters->at(1)->read_joules(), 1.5);
}

}  // namespace
}  // namespace edgemoe
