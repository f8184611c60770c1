#include "accel/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "accel/program_testing.h"
#include "base/random.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

TEST(Interpreter, TinyNetworkOnTheSmallMachine_EqualsTheReference) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    expect_program_equals_reference(HlsCase::seeded(config_of("tiny"), seed), design_of("small"));
  }
}

TEST(Interpreter, ExpertsWithoutTokens_AreNotLoaded) {
  const DesignPoint design = design_of("small");
  HlsCase network = HlsCase::seeded(config_of("tiny"), 5);
  for (IntegerBlock& block : network.model().blocks) {
    for (IntegerGate& gate : block.gates) gate.constant = {0, kLargestConstant, 0, kLargestConstant};
  }
  expect_program_equals_reference(network, design);
  const Program program = program_of(network, design).value();
  InterpreterCounts late;
  ASSERT_TRUE(interpreted(network, program, design, 0, {.loads = LoadOrder::kLate}, &late).ok());
  // Of each of two blocks experts 0 and 2: constants and weights of up and down.
  EXPECT_EQ(late.skipped_loads, 2U * 2U * 2U * 2U);
  InterpreterCounts ahead;
  ASSERT_TRUE(interpreted(network, program, design, 0, {}, &ahead).ok());
  EXPECT_LE(ahead.skipped_loads, late.skipped_loads);
  EXPECT_GE(ahead.loaded_beats, late.loaded_beats);
  EXPECT_EQ(ahead.array_steps, late.array_steps);
  DesignPoint waiting = design;
  waiting.bus.prefetch = false;
  InterpreterCounts waited;
  ASSERT_TRUE(interpreted(network, program, waiting, 0, {}, &waited).ok());
  EXPECT_EQ(waited.skipped_loads, late.skipped_loads);
}

TEST(Interpreter, RequestsThatAreNotThePrograms_AreRefused) {
  const DesignPoint design = design_of("small");
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 1);
  const Program program = program_of(network, design).value();
  EXPECT_THAT(interpreted(network, program, design, 3, {}).status().message(), HasSubstr("tasks 0 to 2"));
  EXPECT_FALSE(interpreted(network, program, design, -1, {}).ok());
  DesignPoint other = design;
  other.name = "other";
  EXPECT_THAT(interpreted(network, program, other, 0, {}).status().message(), HasSubstr("small, not other"));
  std::vector<std::int32_t> tokens(10);
  EXPECT_FALSE(interpret(program, design, input_of(network, program, design), 0, {}, tokens).ok());
}

/// A program with one command changed.
class BrokenProgram {
 public:
  BrokenProgram() : network_(HlsCase::seeded(config_of("tiny"), 1)), program_(program_of(network_, design_).value()) {}

  /// What the interpreter says of it.
  std::string with_phase(PhaseKind kind, const std::function<void(ComputeCommand&)>& change) const {
    return changed<ComputeCommand>(program_.compute_list, program_.num_phases, &decode_compute, [&](auto& command) {
      if (command.kind != kind) return false;
      change(command);
      return true;
    });
  }
  std::string with_load(LoadKind kind, const std::function<void(LoadCommand&)>& change) const {
    return changed<LoadCommand>(program_.load_list, program_.num_loads, &decode_load, [&](auto& command) {
      if (command.kind != kind) return false;
      change(command);
      return true;
    });
  }
  std::string run(const Program& program) const {
    for (const LoadOrder order : {LoadOrder::kAhead, LoadOrder::kLate}) {
      const Result<std::vector<std::int32_t>> found = interpreted(network_, program, design_, 0, {.loads = order});
      if (!found.ok()) return std::string(found.status().message());
    }
    return "";
  }
  const Program& program() const { return program_; }

 private:
  /// The first command that `change` takes.
  template <typename Command, typename Decode, typename Change>
  std::string changed(std::uint32_t list, int count, Decode decode, const Change& change) const {
    Program program = program_;
    for (int i = 0; i < count; ++i) {
      const auto at =
          program.image.begin() + static_cast<std::ptrdiff_t>(list) * design_.bus_bytes() + i * kCommandBytes;
      CommandBytes bytes;
      std::copy_n(at, kCommandBytes, bytes.begin());
      Command command = decode(bytes).value();
      if (!change(command)) continue;
      const CommandBytes out = encode(command).value();
      std::copy(out.begin(), out.end(), at);
      return run(program);
    }
    return "no such command";
  }

  DesignPoint design_ = design_of("small");
  HlsCase network_;
  Program program_;
};

TEST(Interpreter, DamagedPrograms_AreRefusedOrRun) {
  const BrokenProgram broken;
  Random random(17);
  const std::size_t lists = broken.program().load_list * static_cast<std::size_t>(design_of("small").bus_bytes());
  int refused = 0;
  constexpr int kTrials = 150;
  for (int trial = 0; trial < kTrials; ++trial) {
    Program program = broken.program();
    const std::size_t at = lists + random.below(program.image.size() - lists);
    program.image[at] ^= static_cast<std::uint8_t>(1U << random.below(8));
    refused += broken.run(program).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, kTrials / 10);
  EXPECT_LT(refused, kTrials);
}

TEST(Interpreter, ProgramsThatWouldHangAMachine_AreRefusedWithTheReason) {
  const BrokenProgram broken;
  ASSERT_EQ(broken.run(broken.program()), "");
  EXPECT_THAT(broken.with_phase(PhaseKind::kAttention, [](ComputeCommand& c) { c.waits = Region::kHidden1; }),
              HasSubstr("dead-lock: waits for group 13 of region 5, of which 0 are made"));
  EXPECT_THAT(broken.with_load(LoadKind::kWeight, [](LoadCommand& c) { c.beats = 8 * 129; }),
              HasSubstr("no room in its ring"));
  EXPECT_THAT(broken.with_load(LoadKind::kWeight, [](LoadCommand& c) { c.wait_phases = 1; }),
              HasSubstr("waits for phases that come after it"));
  EXPECT_THAT(broken.with_load(LoadKind::kWeight, [](LoadCommand& c) { c.beats -= 8; }),
              HasSubstr("phase 0: needs 96 rows of weights and 4 words of channels, loaded are 95 and 4"));
  EXPECT_THAT(broken.with_load(LoadKind::kWeight, [](LoadCommand& c) { c.kind = LoadKind::kNorm; }),
              HasSubstr("the norms"));
  EXPECT_THAT(broken.with_load(LoadKind::kImage, [](LoadCommand& c) { c.kind = LoadKind::kNone; }),
              HasSubstr("load 2 is of kind 0, which is none"));
  Program short_list = broken.program();
  short_list.num_loads = 2;
  EXPECT_THAT(broken.run(short_list), HasSubstr("no weights are left"));
  EXPECT_THAT(broken.with_phase(PhaseKind::kRouter, [](ComputeCommand& c) { c.kind = PhaseKind::kGather; }),
              HasSubstr("dead-lock: gathers for no router"));
}

TEST(Interpreter, ProgramsThatWouldReadOrWriteElsewhere_AreRefusedWithTheReason) {
  const BrokenProgram broken;
  EXPECT_THAT(broken.with_phase(PhaseKind::kLinear, [](ComputeCommand& c) { c.input_base = 500; }),
              HasSubstr("of activations, which has 512"));
  EXPECT_THAT(broken.with_phase(PhaseKind::kAttention, [](ComputeCommand& c) { c.output_base = 500; }),
              HasSubstr("of activations, which has 512"));
  EXPECT_THAT(broken.with_phase(PhaseKind::kAttention, [](ComputeCommand& c) { c.input_base -= 1; }),
              HasSubstr("which belongs to region"));
  EXPECT_THAT(broken.with_phase(PhaseKind::kAttention, [](ComputeCommand& c) { c.key_base = 60; }),
              HasSubstr("keys and values, which has 64"));
  EXPECT_THAT(broken.with_phase(PhaseKind::kAttention, [](ComputeCommand& c) { c.last_keys = 2; }),
              HasSubstr("25 queries, 26 keys"));
  EXPECT_THAT(broken.with_phase(PhaseKind::kNorm, [](ComputeCommand& c) { c.norm_base = 63; }),
              HasSubstr("the norms, which has 64"));
  EXPECT_THAT(broken.with_phase(PhaseKind::kFinish, [](ComputeCommand& c) { c.rows = 24; }), HasSubstr("tokens"));
  EXPECT_THAT(broken.with_load(LoadKind::kPosition, [](LoadCommand& c) { c.destination = 200; }),
              HasSubstr("residual stream, which has 256"));
  EXPECT_THAT(broken.with_load(LoadKind::kWeight, [](LoadCommand& c) { c.offset = 1 << 30; }),
              HasSubstr("reads bytes"));
  EXPECT_THAT(broken.with_load(LoadKind::kChannel, [](LoadCommand& c) { c.beats -= 1; }),
              HasSubstr("no multiple of a word's 64"));
  Program cut = broken.program();
  cut.image.resize(cut.image.size() - 1);
  EXPECT_THAT(broken.run(cut), HasSubstr("outside of the image"));
}

}  // namespace
}  // namespace edgemoe
