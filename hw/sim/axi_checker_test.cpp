// The checkers against traces that break one rule each: every rule must be seen, and a right trace must pass.
#include "sim/axi_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace edgemoe::sim {
namespace {

using ::testing::HasSubstr;
using Trace = std::vector<AxiBus>;
using LiteTrace = std::vector<AxiLiteBus>;

constexpr AxiChecker::Agreement kAgreement = {
    .bus_bytes = 8, .burst_beats = 4, .outstanding_reads = 2, .outstanding_writes = 2};

AxiAddress address(std::uint64_t at, int beats, bool ready = true) {
  return {.valid = true, .ready = ready, .address = at, .length = beats - 1, .size = 3, .burst = kBurstIncrement};
}
AxiBeat beat(bool last, bool ready = true) { return {.valid = true, .ready = ready, .strobe = 0xff, .last = last}; }
AxiConfirmation confirmation() { return {.valid = true, .ready = true}; }

/// Reset, a read of two beats with a late READY, a write whose data come first.
Trace good_trace() {
  Trace trace(8);
  trace[1].ar = address(0x1000, 2, false);
  trace[2].ar = address(0x1000, 2);
  trace[3].r = beat(false, false);
  trace[4].r = beat(false);
  trace[5].r = beat(true);
  trace[2].w = beat(false);
  trace[3].w = beat(true);
  trace[5].aw = address(0x2ff0, 2);
  trace[6].b = confirmation();
  return trace;
}

AxiChecker check(const Trace& trace) {
  AxiChecker checker(kAgreement);
  checker.observe({}, true);
  for (const AxiBus& bus : trace) checker.observe(bus, false);
  return checker;
}

TEST(AxiChecker, RightTrace_HasNoFaultsAndIsCounted) {
  const AxiChecker checker = check(good_trace());
  EXPECT_EQ(checker.faults().count(), 0) << testing::PrintToString(checker.faults().texts());
  EXPECT_EQ(checker.seen().read_bursts, 1);
  EXPECT_EQ(checker.seen().read_beats, 2);
  EXPECT_EQ(checker.seen().write_bursts, 1);
  EXPECT_EQ(checker.seen().write_beats, 2);
  EXPECT_EQ(checker.seen().data_before_address, 1);
}

struct Break {
  std::string rule;  // part of the fault's text
  std::function<void(Trace&)> plant;
};

TEST(AxiChecker, EachBrokenRule_IsNamed) {
  const Break breaks[] = {
      {"ARVALID dropped", [](Trace& t) { t[2].ar = {}; }},
      {"AR's payload changed", [](Trace& t) { t[2].ar.address = 0x1008; }},
      {"RVALID dropped", [](Trace& t) { t[4].r.valid = false; }},
      {"R's payload changed", [](Trace& t) { t[4].r.data[3] = 1; }},
      {"AWVALID dropped", [](Trace& t) { t[4].aw = address(0x2000, 2, false), t[5].aw = {}; }},
      {"AW's payload changed", [](Trace& t) { t[4].aw = address(0x2000, 2, false); }},
      {"WVALID dropped", [](Trace& t) { t[1].w = beat(false, false), t[2].w = {}; }},
      {"W's payload changed", [](Trace& t) { t[1].w = beat(true, false); }},
      {"BVALID dropped", [](Trace& t) { t[6].b.ready = false; }},
      {"ARVALID stands behind an edge in reset", [](Trace& t) { t[0].ar = address(0x1000, 2); }},
      {"W: strobes 0x7f, whole beats of 8", [](Trace& t) { t[3].w.strobe = 0x7f; }},
      {"WVALID stands behind an edge in reset", [](Trace& t) { t[0].w = beat(false); }},
      {"type INCR", [](Trace& t) { t[1].ar.burst = t[2].ar.burst = 0; }},
      {"a beat of 4 bytes", [](Trace& t) { t[1].ar.size = t[2].ar.size = 2; }},
      {"5 beats, at most 4", [](Trace& t) { t[5].aw = address(0x2000, 5); }},
      {"not aligned", [](Trace& t) { t[5].aw = address(0x2004, 2); }},
      {"cross a 4 KiB", [](Trace& t) { t[5].aw = address(0x2ff8, 2); }},
      {"nobody asked", [](Trace& t) { t[1].r = beat(true); }},
      {"LAST is 1 on beat 1 of 2", [](Trace& t) { t[3].r.last = t[4].r.last = true; }},
      {"LAST is 0 on beat 2 of 2", [](Trace& t) { t[5].r.last = false; }},
      {"AR: more than 2", [](Trace& t) { t[3].ar = t[4].ar = address(0x1000, 1); }},
      {"W: LAST on beat 2 of 3", [](Trace& t) { t[5].aw = address(0x2000, 3); }},
      {"W: LAST on beat 2 of 1", [](Trace& t) { t[5].aw = address(0x2000, 1); }},
      {"no LAST on beat 2", [](Trace& t) { t[3].w.last = false; }},
      {"confirmation of nothing", [](Trace& t) { t[4].b = confirmation(); }},
      {"AW: more than 2", [](Trace& t) { t[1].aw = t[2].aw = t[3].aw = t[4].aw = address(0x2000, 2); }},
  };
  for (const Break& broken : breaks) {
    Trace trace = good_trace();
    broken.plant(trace);
    const AxiChecker checker = check(trace);
    EXPECT_THAT(checker.faults().texts(), testing::Contains(HasSubstr(broken.rule))) << broken.rule;
  }
}

/// One fault for a burst of another length, none for what follows it.
TEST(AxiChecker, BurstsOfAnotherLength_EndWithTheirLast) {
  for (const int beats : {1, 2, 3, 5}) {
    AxiChecker checker(kAgreement);
    checker.observe({}, true);
    AxiBus bus;
    for (int burst = 0; burst < 2; ++burst) {
      const int sent = burst == 0 ? beats : 2;
      bus = {};
      bus.ar = address(0x1000, 2);
      checker.observe({}, false);
      checker.observe(bus, false);
      for (int i = 0; i < sent; ++i) {
        bus = {};
        bus.r = beat(i + 1 == sent);
        checker.observe(bus, false);
      }
    }
    EXPECT_EQ(checker.faults().count(), beats == 2 ? 0 : 1) << testing::PrintToString(checker.faults().texts());
  }
}

/// In the cycle in which reset comes they may stand, behind its edge none may, however long it lasts.
TEST(AxiChecker, ValidsInReset_AreSeen) {
  for (const int cycle : {0, 1, 2}) {
    AxiChecker checker(kAgreement);
    AxiLiteChecker lite;
    for (int i = 0; i < 3; ++i) {
      AxiBus bus;
      AxiLiteBus lite_bus;
      bus.ar = i == cycle ? address(0x1000, 2) : AxiAddress{};
      lite_bus.b.valid = i == cycle;
      checker.observe(bus, true);
      lite.observe(lite_bus, true);
    }
    EXPECT_EQ(checker.faults().count(), cycle == 0 ? 0 : 1);
    EXPECT_EQ(lite.faults().count(), cycle == 0 ? 0 : 1);
  }
}

TEST(AxiChecker, Reset_ForgetsWhatIsOutstanding) {
  AxiChecker checker(kAgreement);
  checker.observe({}, true);
  for (int i = 0; i < 3; ++i) checker.observe(good_trace()[static_cast<std::size_t>(i)], false);
  checker.observe({}, true);
  for (const AxiBus& bus : good_trace()) checker.observe(bus, false);
  EXPECT_EQ(checker.faults().count(), 0) << testing::PrintToString(checker.faults().texts());
}

LiteTrace good_lite_trace() {
  LiteTrace trace(6);
  trace[1].w = {.valid = true, .ready = true, .data = 5, .strobe = 15};
  trace[1].aw = {.valid = true, .ready = false, .address = 8};
  trace[2].aw = {.valid = true, .ready = true, .address = 8};
  trace[3].b = {.valid = true, .ready = false};
  trace[4].b = {.valid = true, .ready = true};
  trace[1].ar = {.valid = true, .ready = true, .address = 12};
  trace[2].r = {.valid = true, .ready = false, .data = 7};
  trace[3].r = {.valid = true, .ready = true, .data = 7};
  return trace;
}

AxiLiteChecker check(const LiteTrace& trace) {
  AxiLiteChecker checker;
  checker.observe({}, true);
  for (const AxiLiteBus& bus : trace) checker.observe(bus, false);
  return checker;
}

TEST(AxiLiteChecker, RightTrace_HasNoFaultsAndIsCounted) {
  const AxiLiteChecker checker = check(good_lite_trace());
  EXPECT_EQ(checker.faults().count(), 0) << testing::PrintToString(checker.faults().texts());
  EXPECT_EQ(checker.writes(), 1);
  EXPECT_EQ(checker.reads(), 1);
}

TEST(AxiLiteChecker, EachBrokenRule_IsNamed) {
  const struct {
    std::string rule;
    std::function<void(LiteTrace&)> plant;
  } breaks[] = {
      {"AWVALID dropped", [](LiteTrace& t) { t[2].aw = {}; }},
      {"AW's payload changed", [](LiteTrace& t) { t[2].aw.address = 4; }},
      {"BVALID dropped", [](LiteTrace& t) { t[4].b = {}; }},
      {"B's payload changed", [](LiteTrace& t) { t[4].b.response = kSlaveError; }},
      {"RVALID dropped", [](LiteTrace& t) { t[3].r = {}; }},
      {"R's payload changed", [](LiteTrace& t) { t[3].r.data = 8; }},
      {"RVALID stands behind an edge in reset", [](LiteTrace& t) { t[0].r = {.valid = true, .ready = true}; }},
      {"B: an answer before", [](LiteTrace& t) { t[2].b = {.valid = true, .ready = true}; }},
      {"R: an answer that nobody", [](LiteTrace& t) { t[4].r = {.valid = true, .ready = true}; }},
  };
  for (const auto& broken : breaks) {
    LiteTrace trace = good_lite_trace();
    broken.plant(trace);
    EXPECT_THAT(check(trace).faults().texts(), testing::Contains(HasSubstr(broken.rule))) << broken.rule;
  }
}

}  // namespace
}  // namespace edgemoe::sim
