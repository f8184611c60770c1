// Runs, ends, errors and resets in any order against the rules that docs/bus.md gives them, cycle by cycle.
#include <Vrun_control.h>
#include <gtest/gtest.h>

#include "accel/registers.h"
#include "sim/bench.h"

namespace edgemoe::sim {
namespace {

constexpr int kResetCycles = 32;

/// What drives the unit in a cycle.
struct Inputs {
  bool start = false;
  bool abort = false;
  bool clear = false;
  bool core_done = false;
  bool bus_done = false;
  bool bus_idle = false;
  bool progress = false;
  std::uint32_t timeout = 0;
  std::uint32_t bus_waits = 0;
  std::uint8_t core_stage = 0;
  /// By RunError, but for aborts and time-outs.
  bool errors[8] = {};
};

/// What the host and the core must see, by the words of the document and not by the unit's states.
class Rules {
 public:
  void cycle(const Inputs& in) {
    const RunError cause = running_ ? cause_of(in) : RunError::kNone;
    const bool started = !busy() && in.start;
    const bool ends = running_ && in.core_done && in.bus_done && !first_cycle_;
    still_ = running_ && !in.progress && !first_cycle_ ? still_ + 1 : 0;
    if (resetting_ > 0) {
      --resetting_;
    } else if (stopping_ && in.bus_idle) {
      stopping_ = false;
      resetting_ = kResetCycles;
    } else if (!busy() && (in.start || in.clear)) {
      done_ = false;
      cause_ = RunError::kNone;
      bus_stage_ = core_stage_ = 0;
    }
    if (cause != RunError::kNone) {
      running_ = false;
      stopping_ = true;
      cause_ = cause;
      bus_stage_ = in.bus_waits == 0 ? 0 : __builtin_ctz(in.bus_waits) + 1;
      core_stage_ = in.core_stage;
    } else if (ends) {
      running_ = false;
      done_ = true;
    }
    first_cycle_ = started;
    if (started) running_ = true;
  }

  /// How many of the outputs are not as they must be.
  int compare(Vrun_control& unit) const {
    return (unit.busy_o != busy()) + (unit.done_o != done_) + (unit.error_o != (cause_ != RunError::kNone)) +
           (unit.cause_o != static_cast<unsigned>(cause_)) + (unit.bus_stage_o != bus_stage_) +
           (unit.core_stage_o != core_stage_) + (unit.core_start_o != first_cycle_) +
           (unit.core_rst_no != (resetting_ == 0)) + (unit.stop_o != (stopping_ || resetting_ > 0)) +
           (unit.stopping_o != (stopping_ || resetting_ > 0)) + (unit.settings_free_o != (!running_ && !stopping_));
  }

  bool busy() const { return running_ || stopping_ || resetting_ > 0; }
  bool done() const { return done_; }
  RunError cause() const { return cause_; }

 private:
  /// Of several at once what memory did comes before what lists held, and these before the time-out.
  RunError cause_of(const Inputs& in) const {
    for (const RunError error : {RunError::kReadResponse, RunError::kReadLength, RunError::kWriteResponse,
                                 RunError::kLoadCommand, RunError::kComputeCommand}) {
      if (in.errors[static_cast<int>(error)]) return error;
    }
    if (in.timeout != 0 && still_ >= in.timeout) return RunError::kTimeout;
    return in.abort ? RunError::kAborted : RunError::kNone;
  }

  bool running_ = false;
  bool first_cycle_ = false;  // of a run: the core is told
  bool stopping_ = false;
  int resetting_ = 0;
  bool done_ = false;
  RunError cause_ = RunError::kNone;
  std::uint32_t still_ = 0;
  int bus_stage_ = 0;
  int core_stage_ = 0;
};

void put(Bench<Vrun_control>& bench, const Inputs& in) {
  bench->start_i = in.start;
  bench->abort_i = in.abort;
  bench->clear_i = in.clear;
  bench->timeout_i = in.timeout;
  bench->core_done_i = in.core_done;
  bench->bus_done_i = in.bus_done;
  bench->bus_idle_i = in.bus_idle;
  bench->progress_i = in.progress;
  set_port(bench->bus_waits_i, in.bus_waits);
  bench->core_stage_i = in.core_stage;
  const auto error = [&](RunError cause) { return in.errors[static_cast<int>(cause)]; };
  bench->read_response_error_i = error(RunError::kReadResponse);
  bench->read_length_error_i = error(RunError::kReadLength);
  bench->write_response_error_i = error(RunError::kWriteResponse);
  bench->load_command_error_i = error(RunError::kLoadCommand);
  bench->core_error_i = error(RunError::kComputeCommand);
}

/// `calm`: how rare movement's end, errors and aborts are, so that some runs end well and some stand still for long.
Inputs random_inputs(Random& random, unsigned calm) {
  Inputs in = {.start = random.below(4) == 0,
               .abort = random.below(40 * calm) == 0,
               .clear = random.below(6) == 0,
               .core_done = random.below(3) == 0,
               .bus_done = random.below(3) == 0,
               .bus_idle = random.below(5) == 0,
               .progress = random.below(2) == 0,
               .timeout = random.below(3) == 0 ? 0U : static_cast<std::uint32_t>(random.below(6)),
               .bus_waits = static_cast<std::uint32_t>(random.below(512) & random.below(512)),
               .core_stage = static_cast<std::uint8_t>(random.below(8))};
  for (const RunError error : {RunError::kReadResponse, RunError::kReadLength, RunError::kWriteResponse,
                               RunError::kLoadCommand, RunError::kComputeCommand}) {
    in.errors[static_cast<int>(error)] = random.below(30 * calm) == 0;
  }
  return in;
}

TEST(RunControl, AnyOrderOfStartsEndsAndErrors_FollowsTheRules) {
  for (const PowerUp power_up : kAllPowerUps) {
    Random random(401);
    Bench<Vrun_control> bench(power_up);
    put(bench, {});
    bench.reset();
    for (int i = 0; i < kResetCycles; ++i) bench.tick();  // after the host's reset the core has its own
    Rules rules;
    ASSERT_EQ(rules.compare(bench.model()), 0) << "after reset";
    std::int64_t good = 0;
    std::int64_t ended[8] = {};
    for (int cycle = 0; cycle < 200'000; ++cycle) {
      const Inputs in = random_inputs(random, cycle % 2000 < 1000 ? 1 : 8);
      put(bench, in);
      const bool was_done = rules.done();
      const RunError was = rules.cause();
      bench.tick();
      rules.cycle(in);
      ASSERT_EQ(rules.compare(bench.model()), 0) << "cycle " << cycle;
      good += rules.done() && !was_done;
      if (rules.cause() != was) ++ended[static_cast<int>(rules.cause())];
    }
    EXPECT_GT(good, 500);
    for (int cause = 1; cause < 8; ++cause) EXPECT_GT(ended[cause], 50) << "runs that ended by cause " << cause;
  }
}

TEST(RunControl, WatchdogOfLongSilence_CountsEveryCycle) {
  Bench<Vrun_control> bench;
  Inputs in;
  put(bench, in);
  bench.reset();
  for (int i = 0; i < kResetCycles; ++i) bench.tick();
  in.timeout = 70'000;
  in.start = true;
  put(bench, in);
  bench.tick();
  in.start = false;
  put(bench, in);
  std::int64_t cycles = 0;
  while (!bench->error_o && cycles < 100'000) {
    bench.tick();
    ++cycles;
  }
  EXPECT_EQ(cycles, 70'000 + 2);  // the cycle that tells the core, the one that ends it
  EXPECT_EQ(bench->cause_o, static_cast<unsigned>(RunError::kTimeout));
}

}  // namespace
}  // namespace edgemoe::sim
