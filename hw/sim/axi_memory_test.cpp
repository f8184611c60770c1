// The memory behind a simulated machine gives the bandwidth that it is set to: cycles are quoted with it.
#include "sim/axi_memory.h"

#include <gtest/gtest.h>

namespace edgemoe::sim {
namespace {

constexpr int kBusBytes = 64;
constexpr int kCycles = 10'000;

/// Beats that a reader who always takes, and has always asked, is given in kCycles.
int beats_read(double bytes_per_cycle) {
  AxiMemory memory(kBusBytes, 0, 4096, {.latency_cycles = 10, .bytes_per_cycle = bytes_per_cycle});
  AxiBus bus;
  int beats = 0;
  int asked = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    bus.ar.valid = asked - beats < 64;
    bus.ar.address = 0;
    bus.ar.length = 15;
    bus.r.ready = true;
    memory.drive(bus);
    if (bus.ar.taken()) asked += 16;
    beats += bus.r.taken();
    memory.clock(bus);
  }
  return beats;
}

TEST(AxiMemory, BandwidthThatIsSet_IsGiven) {
  for (const double bytes_per_cycle : {64.0, 57.0, 48.0, 43.0, 40.0, 32.0, 5.0}) {
    const double expected = kCycles * bytes_per_cycle / kBusBytes;
    EXPECT_NEAR(beats_read(bytes_per_cycle), expected, 0.002 * expected + 20) << bytes_per_cycle << " bytes a cycle";
  }
}

TEST(AxiMemory, MoreThanTheBusHolds_IsABeatACycle) { EXPECT_NEAR(beats_read(1e9), kCycles, 20); }

}  // namespace
}  // namespace edgemoe::sim
