// The memory model: what it delivers, when, and how much in the long run.
#include "sim/axi_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace edgemoe::sim {
namespace {

constexpr int kBusBytes = 64;
constexpr std::uint64_t kBase = 0x4000;
constexpr std::size_t kBytes = 1 << 16;

AxiAddress address(std::uint64_t at, int beats) {
  return {.valid = true, .address = at, .length = beats - 1, .size = 6, .burst = kBurstIncrement};
}

AxiMemory memory_of(const AxiMemory::Timing& timing) {
  AxiMemory memory(kBusBytes, kBase, kBytes, timing);
  for (std::size_t i = 0; i < kBytes; ++i) memory.bytes()[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return memory;
}

/// A master that always has reads to ask for, and, if told so, data to write.
struct Traffic {
  std::int64_t read_beats = 0;
  std::int64_t written_beats = 0;
};
Traffic run(AxiMemory& memory, int cycles, bool writes) {
  constexpr int kBurst = 16;
  Traffic traffic;
  AxiBus bus;
  int outstanding = 0;
  int write_beat = 0;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    bus.ar = outstanding < 8 ? address(kBase, kBurst) : AxiAddress{};
    bus.r.ready = true;
    if (writes && !bus.aw.valid && write_beat == 0) bus.aw = address(kBase + 0x8000, kBurst);
    bus.w.valid = writes;
    bus.w.last = write_beat == kBurst - 1;
    bus.b.ready = true;
    memory.drive(bus);
    const AxiBus taken = bus;
    memory.clock(bus);
    if (taken.ar.taken()) ++outstanding;
    if (taken.r.taken()) {
      ++traffic.read_beats;
      if (taken.r.last) --outstanding;
    }
    if (taken.aw.taken()) bus.aw = {};
    if (taken.w.taken()) {
      ++traffic.written_beats;
      write_beat = (write_beat + 1) % kBurst;
    }
  }
  return traffic;
}

TEST(AxiMemory, InTheLongRun_DeliversItsBandwidthAndNoMore) {
  constexpr int kCycles = 20'000;
  for (const double bytes_per_cycle : {64.0, 60.0, 57.0, 48.0, 42.0, 40.0, 33.0, 32.0, 10.0, 1.0}) {
    for (const bool writes : {false, true}) {
      AxiMemory memory = memory_of({.latency_cycles = 30, .bytes_per_cycle = bytes_per_cycle});
      const Traffic traffic = run(memory, kCycles, writes);
      const auto bytes = static_cast<double>((traffic.read_beats + traffic.written_beats) * kBusBytes);
      // The first data are waited for, and what may be saved up is a few beats.
      EXPECT_NEAR(bytes / kCycles, bytes_per_cycle, 0.01 * bytes_per_cycle + 0.05)
          << (writes ? "with writes" : "reads");
      EXPECT_EQ(traffic.written_beats > 0, writes);
    }
  }
}

TEST(AxiMemory, BandwidthOfMoreThanTheBus_IsABeatACycle) {
  AxiMemory memory = memory_of({.latency_cycles = 1});
  EXPECT_GE(run(memory, 1000, false).read_beats, 995);
}

TEST(AxiMemory, OneRead_ComesAfterTheLatencyInOrderAndWithItsBytes) {
  for (const int latency : {1, 7, 60}) {
    AxiMemory memory = memory_of({.latency_cycles = latency});
    AxiBus bus;
    bus.ar = address(kBase + 0x140, 3);
    std::vector<std::uint8_t> bytes;
    int first = -1;
    int last = -1;
    for (int cycle = 0; cycle < latency + 20; ++cycle) {
      bus.r.ready = true;
      memory.drive(bus);
      const AxiBus taken = bus;
      memory.clock(bus);
      if (taken.ar.taken()) bus.ar = {};
      if (!taken.r.taken()) continue;
      if (first < 0) first = cycle;
      last = cycle;
      EXPECT_EQ(taken.r.last, bytes.size() == 2 * kBusBytes);
      bytes.insert(bytes.end(), taken.r.data.begin(), taken.r.data.begin() + kBusBytes);
    }
    EXPECT_EQ(first, latency);
    EXPECT_EQ(last, latency + 2);
    ASSERT_EQ(bytes.size(), 3U * kBusBytes);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), memory.bytes().begin() + 0x140));
  }
}

/// Where LAST stands in two bursts of 4 beats.
std::vector<int> lasts_of(const AxiMemory::Faults& faults) {
  AxiMemory memory = memory_of({.latency_cycles = 2});
  memory.set_faults(faults);
  AxiBus bus;
  std::vector<int> lasts;
  int beats = 0;
  int bursts = 0;
  for (int cycle = 0; cycle < 40; ++cycle) {
    bus.ar = bursts < 2 ? address(kBase, 4) : AxiAddress{};
    bus.r.ready = true;
    memory.drive(bus);
    const AxiBus taken = bus;
    memory.clock(bus);
    bursts += taken.ar.taken();
    if (taken.r.taken() && (++beats, taken.r.last)) lasts.push_back(beats);
  }
  lasts.push_back(beats);
  return lasts;
}

TEST(AxiMemory, LengthsThatAreWrong_AreWrongAsTheFaultsSay) {
  EXPECT_EQ(lasts_of({}), (std::vector<int>{4, 8, 8}));
  EXPECT_EQ(lasts_of({.early_last_on_beat = 1}), (std::vector<int>{2, 4, 8, 8}));
  EXPECT_EQ(lasts_of({.truncated_on_beat = 1}), (std::vector<int>{2, 6, 6}));
  EXPECT_EQ(lasts_of({.too_long_on_beat = 1}),
            (std::vector<int>{4 + AxiMemory::kExtraBeats, 8 + AxiMemory::kExtraBeats, 8 + AxiMemory::kExtraBeats}));
}

TEST(AxiMemory, BeatsOutsideOfIt_AreAnsweredWithAnError) {
  AxiMemory memory = memory_of({.latency_cycles = 2});
  AxiBus bus;
  bus.ar = address(kBase + kBytes - kBusBytes, 2);
  std::vector<int> responses;
  for (int cycle = 0; cycle < 20; ++cycle) {
    bus.r.ready = true;
    memory.drive(bus);
    const AxiBus taken = bus;
    memory.clock(bus);
    if (taken.ar.taken()) bus.ar = {};
    if (taken.r.taken()) responses.push_back(taken.r.response);
  }
  EXPECT_EQ(responses, (std::vector<int>{kOkay, kDecodeError}));
}

TEST(AxiMemory, Strobes_ChooseTheBytesThatAreWritten) {
  AxiMemory memory = memory_of({.latency_cycles = 3});
  const std::vector<std::uint8_t> before(memory.bytes().begin(), memory.bytes().begin() + kBusBytes);
  AxiBus bus;
  bus.aw = address(kBase, 1);
  bus.w = {.valid = true, .strobe = 0xf0f0, .last = true};
  bus.w.data.fill(0xee);
  int confirmations = 0;
  for (int cycle = 0; cycle < 20; ++cycle) {
    bus.b.ready = true;
    memory.drive(bus);
    const AxiBus taken = bus;
    memory.clock(bus);
    if (taken.aw.taken()) bus.aw = {};
    if (taken.w.taken()) bus.w = {};
    confirmations += taken.b.taken();
  }
  EXPECT_EQ(confirmations, 1);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(memory.bytes()[i], i < 16 && (0xf0f0 >> i & 1) != 0 ? 0xee : before[i]) << i;
  }
}

}  // namespace
}  // namespace edgemoe::sim
