#include "accel/compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "accel/machine_layout.h"
#include "accel/phase_names.h"
#include "accel/program_testing.h"

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

CommandBytes command_at(const Program& program, std::uint32_t list, int index, const DesignPoint& design) {
  CommandBytes bytes;
  const auto first = static_cast<std::ptrdiff_t>(list) * design.bus_bytes() + index * kCommandBytes;
  std::copy_n(program.image.begin() + first, kCommandBytes, bytes.begin());
  return bytes;
}

std::vector<LoadCommand> loads_of(const Program& program, const DesignPoint& design) {
  std::vector<LoadCommand> loads;
  for (int i = 0; i < program.num_loads; ++i) {
    loads.push_back(decode_load(command_at(program, program.load_list, i, design)).value());
  }
  return loads;
}

std::vector<ComputeCommand> phases_of(const Program& program, const DesignPoint& design) {
  std::vector<ComputeCommand> phases;
  for (int i = 0; i < program.num_phases; ++i) {
    phases.push_back(phase_at(program, design, i).value());
  }
  return phases;
}

TEST(Compiler, Lists_HoldTheCommandsThatAreFetchedAndNothingElse) {
  const DesignPoint design = design_of("small");
  const Program program = program_of(HlsCase::seeded(config_of("tiny"), 1), design).value();
  for (const LoadCommand& load : loads_of(program, design)) EXPECT_NE(load.kind, LoadKind::kNone);
  const int beats = kCommandBytes / design.bus_bytes();
  EXPECT_EQ(program.compute_list - program.load_list, static_cast<std::uint32_t>(program.num_loads * beats));
  const std::size_t end = program.compute_list + static_cast<std::size_t>(program.num_phases * beats);
  EXPECT_EQ(program.image.size(), end * static_cast<std::size_t>(design.bus_bytes()));
}

TEST(Compiler, Loads_AreInTheOrderOfPhases_ConstantsBeforeWeights) {
  const DesignPoint design = design_of("small");
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 1);
  const Program program = program_of(network, design).value();
  std::vector<LoadCommand> loads = loads_of(program, design);
  EXPECT_EQ(loads[0].kind, LoadKind::kNorm);
  EXPECT_EQ(loads[1].kind, LoadKind::kPosition);
  EXPECT_EQ(loads[2].kind, LoadKind::kImage);
  loads.erase(loads.begin(), loads.begin() + 3);
  std::size_t next = 0;
  for (const ComputeCommand& phase : phases_of(program, design)) {
    if (phase.kind != PhaseKind::kLinear && phase.kind != PhaseKind::kRouter) continue;
    ASSERT_LT(next + 1, loads.size());
    EXPECT_EQ(loads[next].kind, LoadKind::kChannel);
    EXPECT_EQ(loads[next + 1].kind, LoadKind::kWeight);
    EXPECT_EQ(loads[next + 1].expert, phase.expert);
    EXPECT_EQ(loads[next].expert, phase.expert);
    const int row_bytes = 8 * design.bus_bytes();
    EXPECT_EQ(static_cast<int>(loads[next + 1].beats) * design.bus_bytes(),
              phase.column_tiles * phase.steps * row_bytes);
    next += 2;
  }
  EXPECT_EQ(next, loads.size());
}

TEST(Compiler, PhasesOfAProgram_HaveTheirNamesAndBlocks) {
  const DesignPoint design = design_of("small");
  const Program program = program_of(HlsCase::seeded(config_of("tiny"), 1), design).value();
  std::vector<std::string> names;
  const std::vector<PhaseName> phases = name_phases(program, design).value();
  for (const PhaseName& phase : phases) {
    names.push_back(fmt::format("{} {}", phase.block, phase.what));
  }
  ASSERT_EQ(static_cast<int>(names.size()), program.num_phases);
  EXPECT_THAT(
      std::span(names).first(13),
      ::testing::ElementsAre("-1 patch embedding", "-1 norm", "0 keys", "0 values", "0 values", "0 values", "0 values",
                             "0 queries", "0 attention", "0 projection", "0 mlp up", "0 mlp down", "1 keys"));
  EXPECT_THAT(std::span(names).last(10),
              ::testing::ElementsAre("3 gather", "3 expert up", "3 expert up", "3 expert down", "3 expert up",
                                     "3 expert down", "3 expert up", "3 expert down", "3 expert down", "-1 finish"));
}

TEST(Compiler, Experts_NextUpStandsBeforeDown) {
  const DesignPoint design = design_of("small");
  const Program program = program_of(HlsCase::seeded(config_of("tiny"), 1), design).value();
  std::vector<int> order;  // of the first MoE block: expert e's up as e, its down as 10 + e
  int gathers = 0;
  for (const ComputeCommand& phase : phases_of(program, design)) {
    gathers += phase.kind == PhaseKind::kGather ? 1 : 0;
    if (gathers == 1 && phase.expert != kNoExpert) {
      order.push_back(phase.destination == Destination::kWeighted ? 10 + phase.expert : phase.expert);
    }
  }
  EXPECT_EQ(gathers, 2);
  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 10, 2, 11, 3, 12, 13));
}

TEST(Compiler, NetworksThatDoNotFit_AreRefusedWithAllThatIsMissing) {
  DesignPoint design = design_of("small");
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 1);
  design.memory.activation_words = 256;
  design.memory.weight_words = 64;
  design.limits.max_experts = 2;
  const Status status = program_of(network, design).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  // 13 groups of 4 words and 12 of patches of 24; 4 column tiles of 24 steps.
  EXPECT_THAT(status.message(), AllOf(HasSubstr("tiny"), HasSubstr("small"),
                                      HasSubstr("memory.activation_words is 256, 340 are needed, 84 more"),
                                      HasSubstr("memory.weight_words is 64, 96 are needed, 32 more"),
                                      HasSubstr("limits.max_experts is 2, 4 are needed"), Not(HasSubstr("key_value"))));
}

TEST(Compiler, NetworksOfOtherKinds_AreRefusedWithTheReason) {
  const DesignPoint design = design_of("small");
  ModelConfig config = config_of("tiny-shared");
  EXPECT_THAT(lay_out_machine(config, design).status().message(), HasSubstr("raw input"));
  config = config_of("tiny");
  config.embed_dim = 36;
  EXPECT_THAT(lay_out_machine(config, design).status().message(), HasSubstr("embed_dim must be a multiple"));
  config = config_of("tiny");
  config.moe.num_experts = 9;
  EXPECT_THAT(lay_out_machine(config, design).status().message(), HasSubstr("constants of 9 experts"));
}

TEST(Compiler, OneWordLess_DoesNotFit) {
  // What is needed is what is said: with just that the network runs (powers of two aside), with less it does not.
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 4);
  int DesignPoint::Memory::*const memories[] = {
      &DesignPoint::Memory::activation_words,  &DesignPoint::Memory::scale_words,
      &DesignPoint::Memory::probability_words, &DesignPoint::Memory::gather_words,
      &DesignPoint::Memory::key_value_words,   &DesignPoint::Memory::weight_words,
      &DesignPoint::Memory::channel_words,     &DesignPoint::Memory::norm_words,
      &DesignPoint::Memory::token_words};
  DesignPoint tight = design_of("small");
  for (const auto memory : memories) {
    int& words = tight.memory.*memory;
    while (lay_out_machine(network.config(), tight).ok()) --words;
    ++words;
    EXPECT_GT(words, 1);
  }
  expect_program_equals_reference(network, tight);
}

TEST(Compiler, PositionsAndPicturesOfAnotherSize_AreRefused) {
  const DesignPoint design = design_of("small");
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 1);
  EXPECT_FALSE(
      compile_program({network.config(), network.model(), std::span(network.positions()).first(32)}, design).ok());
  const Program program = program_of(network, design).value();
  std::vector<std::uint8_t> input(program.input_bytes);
  EXPECT_THAT(lay_out_picture(program, design, std::span(network.picture()).first(10), input).message(),
              AllOf(HasSubstr("32 × 48 × 3"), HasSubstr("found 10")));
}

}  // namespace
}  // namespace edgemoe
