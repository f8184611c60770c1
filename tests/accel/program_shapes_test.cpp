// Programs of networks of odd shapes, for machines of odd shapes, with any integers: equal to the reference.
#include <gtest/gtest.h>

#include "accel/program_testing.h"
#include "engine/scrambled_model_testing.h"

namespace edgemoe {
namespace {

/// Room for everything below.
DesignPoint machine(int tokens, int outputs, int chains) {
  DesignPoint design = design_of("small");
  design.array = {tokens, outputs, chains};
  design.lanes = {outputs, outputs, outputs};
  design.memory = {4096, 1024, 4096, 1024, 1024, 1024, 64, 256, 1024};
  design.limits = {256, 256, 16, 16, 4};
  return design;
}

struct Shape {
  int tokens;
  int outputs;
  int chains;
};

TEST(ProgramShapes, MachinesOfAnyShape_EqualTheReference) {
  const HlsCase network = HlsCase::seeded(config_of("tiny"), 7);
  for (const Shape& shape :
       {Shape{2, 8, 1}, Shape{2, 16, 1}, Shape{2, 16, 2}, Shape{4, 16, 1}, Shape{4, 32, 1}, Shape{4, 32, 2},
        Shape{6, 16, 2}, Shape{6, 32, 2}, Shape{2, 32, 1}, Shape{8, 8, 1}, Shape{32, 16, 2}}) {
    SCOPED_TRACE(fmt::format("{} tokens, {} outputs, {} chains", shape.tokens, shape.outputs, shape.chains));
    expect_program_equals_reference(network, machine(shape.tokens, shape.outputs, shape.chains));
  }
}

TEST(ProgramShapes, OnePatch_EqualsTheReference) {
  expect_program_equals_reference(HlsCase::seeded(tiny_of_grid(1, 1), 4), design_of("small"));
}

TEST(ProgramShapes, TokensOfWholeTiles_EqualTheReference) {
  // 16 and 17 tokens: as many as two key tiles, and one more.
  for (const int width : {5, 16}) {
    expect_program_equals_reference(HlsCase::seeded(tiny_of_grid(width == 5 ? 3 : 1, width), 2), design_of("small"));
  }
}

TEST(ProgramShapes, WidthsThatFillNoTile_EqualTheReference) {
  ModelConfig config = tiny_of_grid(2, 3);
  config.embed_dim = 48;
  config.num_heads = 4;  // of 12 elements
  config.mlp_dim = 29;
  config.moe.expert_dim = 21;
  config.moe.num_experts = 3;
  config.moe.top_k = 1;
  config.moe.blocks = {0, 2, 3};
  const HlsCase network = HlsCase::seeded(config, 5);
  for (const Shape& shape : {Shape{2, 8, 1}, Shape{4, 16, 1}, Shape{4, 16, 2}}) {
    SCOPED_TRACE(fmt::format("{} tokens, {} outputs, {} chains", shape.tokens, shape.outputs, shape.chains));
    expect_program_equals_reference(network, machine(shape.tokens, shape.outputs, shape.chains));
  }
}

TEST(ProgramShapes, OddNumbersOfTokensOnAWideMachine_EqualTheReference) {
  expect_program_equals_reference(HlsCase::seeded(tiny_of_grid(3, 7), 6), machine(8, 16, 2));
}

TEST(ProgramShapes, PlainVisionTransformer_EqualsTheReference) {
  ModelConfig config = config_of("tiny");
  config.moe = {};
  expect_program_equals_reference(HlsCase::seeded(config, 8), design_of("small"));
}

TEST(ProgramShapes, ExpertsOfEveryBlock_EqualTheReference) {
  ModelConfig config = config_of("tiny");
  config.moe.blocks = {0, 1, 2, 3};
  config.mlp_dim = 0;  // of no block
  expect_program_equals_reference(HlsCase::seeded(config, 8), design_of("small"));
}

TEST(ProgramShapes, RoutersOfEveryKind_EqualTheReference) {
  ModelConfig shared = config_of("tiny-shared");
  shared.moe.gate_input_ahead = false;
  expect_program_equals_reference(HlsCase::seeded(shared, 9), design_of("small"));
  shared.moe.experts_per_task = 2;
  shared.tasks.resize(2);
  expect_program_equals_reference(HlsCase::seeded(shared, 10), design_of("small"));
  expect_program_equals_reference(HlsCase::seeded(config_of("tiny-conditioned"), 11), design_of("small"));
  // Bytes of weights for two column tiles, the second not full.
  ModelConfig many = config_of("tiny");
  many.moe.num_experts = 7;
  expect_program_equals_reference(HlsCase::seeded(many, 16), design_of("small"));
  ModelConfig pruned = config_of("tiny");
  pruned.moe.prune_threshold = 0.3F;
  pruned.moe.top_k = 3;
  expect_program_equals_reference(HlsCase::seeded(pruned, 12), design_of("small"));
  pruned.moe.rule = RouterRule::kTopKThenSoftmax;
  expect_program_equals_reference(HlsCase::seeded(pruned, 13), design_of("small"));
}

TEST(ProgramShapes, AllTokensToOneExpert_EqualsTheReference) {
  HlsCase network = HlsCase::seeded(config_of("tiny"), 14);
  for (int favourite = 0; favourite < 4; ++favourite) {
    for (IntegerBlock& block : network.model().blocks) {
      for (IntegerGate& gate : block.gates) {
        gate.constant.assign(gate.experts, 0);
        gate.constant[static_cast<std::size_t>(favourite)] = kLargestConstant;
      }
    }
    expect_program_equals_reference(network, design_of("small"));
  }
}

TEST(ProgramShapes, AnyIntegersOfTheFormats_EqualTheReference) {
  for (const char* name : {"tiny", "tiny-conditioned"}) {
    for (const int reach : {2, 6, 20, kLargestExponent}) {
      SCOPED_TRACE(fmt::format("{}, exponents within {}", name, reach));
      HlsCase network = HlsCase::seeded(config_of(name), 15);
      Values values(static_cast<std::uint64_t>(reach));
      scramble(network.model(), reach, values);
      expect_program_equals_reference(network, design_of("small"));
    }
  }
}

}  // namespace
}  // namespace edgemoe
