// Whole frames of the networks that the large design points are made for: every token of every task, and the cycles,
// with the memory that is said beside them.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "sim/accelerator_testing.h"

namespace edgemoe::sim {
namespace {

/// DDR4-2133 with a bus of 64 bits at 300 MHz of the accelerator: 17.1 GB/s are 57 bytes a cycle, if nothing is lost.
constexpr double kBytesPerCycle = 57.0;
constexpr int kLatencyCycles = 60;
/// With 2,048 products a cycle; with fewer it takes as much longer.
constexpr std::uint64_t kMostFrameCycles = 450'000;

std::uint64_t most_frame_cycles() {
  return kMostFrameCycles * 2048 / static_cast<std::uint64_t>(bench_design().products_per_cycle());
}

AxiMemory::Timing memory_of(double bytes_per_cycle) {
  return {.latency_cycles = kLatencyCycles, .bytes_per_cycle = bytes_per_cycle};
}

void print(std::string_view what, const RunReport& report) {
  std::printf("%s: %llu cycles, %u beats read, %u written; the core waited for\n", std::string(what).c_str(),
              static_cast<unsigned long long>(report.cycles), report.read_beats, report.write_beats);
  for (int i = 0; i < kNumCoreWaits; ++i) {
    std::printf("  %u  %s\n", report.core_waits[static_cast<std::size_t>(i)], std::string(core_wait_name(i)).c_str());
  }
}
void print_task(const HlsCase& network, int task, const RunReport& report) {
  print(task_name(network.config().tasks[static_cast<std::size_t>(task)].kind), report);
}

TEST(AcceleratorFrame, PublicNetwork_EqualsTheReferenceInTheCyclesOfItsGoal) {
  const HlsCase network = HlsCase::seeded(config_of("edgemoe-cityscapes"), 1);
  AcceleratorRig rig(network, memory_of(kBytesPerCycle));
  for (int task = 0; task < rig.num_tasks(); ++task) {
    const RunReport report = rig.expect_equals_reference(task);
    print_task(network, task, report);
    EXPECT_LE(report.cycles, most_frame_cycles());
  }
}

TEST(AcceleratorFrame, ModelInTheBox_EqualsTheReferenceInTheCyclesOfTheGoal) {
  const auto path = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "models/edgemoe-street.safetensors";
  const auto file = ModelFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  const HlsCase network(*file, 3);
  AcceleratorRig rig(network, memory_of(kBytesPerCycle));
  for (int task = 0; task < rig.num_tasks(); ++task) {
    const RunReport report = rig.expect_equals_reference(task);
    print_task(network, task, report);
    EXPECT_LE(report.cycles, kMostFrameCycles);
  }
}

TEST(AcceleratorFrame, SlowerMemories_ChangeCyclesOnly) {
  const HlsCase network = HlsCase::seeded(config_of("edgemoe-cityscapes"), 2);
  std::uint64_t previous = 0;
  for (const double bytes_per_cycle : {57.0, 48.0, 40.0, 32.0}) {
    AcceleratorRig rig(network, memory_of(bytes_per_cycle));
    const RunReport report = rig.expect_equals_reference(0);
    print(fmt::format("{} bytes a cycle", bytes_per_cycle), report);
    EXPECT_GE(report.cycles, previous);
    previous = report.cycles;
  }
}

}  // namespace
}  // namespace edgemoe::sim
