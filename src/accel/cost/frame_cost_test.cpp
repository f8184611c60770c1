#include "accel/cost/frame_cost.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using namespace cost_testing;

const PhaseCost& phase_of(const FrameCost& cost, Phase phase) {
  return cost.phases.at(static_cast<std::size_t>(phase));
}

/// The array of the zcu102 design point without anything that makes it wait.
Machine reference_array() {
  Machine machine = bare_machine({4, 32, 16});
  machine.array.drain_lanes = 32;
  return machine;
}

TEST(FrameCost, PhasesOfThePublicNetwork_AreTileArithmetic) {
  const ModelConfig network = edge_moe_network();
  const ExpertQueues even = make_queues(network, 1, 0);
  const FrameCost cost = estimate_frame(network, {}, even, reference_array());
  // 33 row tiles of 4 tokens; columns of 32, steps of 16: 18·12, heads 3·5·4, 3·2·9, 6·12, 24·12 + 6·48.
  EXPECT_EQ(phase_of(cost, Phase::kQkv).array_cycles, 12 * 33 * 18 * 12);
  EXPECT_EQ(phase_of(cost, Phase::kScores).array_cycles, 12 * 33 * 3 * 5 * 4);
  EXPECT_EQ(phase_of(cost, Phase::kValues).array_cycles, 12 * 33 * 3 * 2 * 9);
  EXPECT_EQ(phase_of(cost, Phase::kProjection).array_cycles, 12 * 33 * 6 * 12);
  EXPECT_EQ(phase_of(cost, Phase::kMlp).array_cycles, 6 * 33 * (24 * 12 + 6 * 48));
  EXPECT_EQ(phase_of(cost, Phase::kRouter).array_cycles, 6 * 33 * 24);
  EXPECT_EQ(phase_of(cost, Phase::kPatchEmbedding).array_cycles, 32 * 6 * 48);
  // Queues of 16 and 17 tokens: 14 · 4 + 2 · 5 row tiles.
  EXPECT_EQ(phase_of(cost, Phase::kExperts).array_cycles, 6 * (14 * 4 + 2 * 5) * 288);
  EXPECT_NEAR(cost.macs, 782.7e6, 0.1e6);
  EXPECT_NEAR(cost.cycles, cost.compute_cycles, 1);
}

TEST(FrameCost, WeightsFromOutside_AreEachWeightOnce) {
  const ModelConfig network = edge_moe_network();
  for (const int bytes : {1, 2}) {
    Machine machine = reference_array();
    machine.format = {8 * bytes, 8 * bytes};
    const double layers = 768 * 192 + 12 * 4 * 192 * 192 + 6 * 2 * 192 * 768 + 6 * 16 * 2 * 192 * 384;
    EXPECT_EQ(typical_frame(network, machine).off_chip.weights, layers * bytes + 6 * 16 * 192 * 2);
  }
}

// A feasibility study of this array, with a prototype of its GEMM core: cycles a frame with every unit and weight
// there, 32 drain lanes (64 at 3,072 products). Its queues were the public network's own; its router took one plane.
TEST(FrameCost, ShapesOfTheFeasibilityStudy_AreWithinTwoPercent) {
  struct Row {
    Shape shape;
    double cycles;
    int drain_lanes = 32;
  };
  const ModelConfig network = edge_moe_network();
  for (const Row& row : {Row{{8, 16, 16}, 423720}, Row{{16, 16, 8}, 462528}, Row{{4, 32, 16}, 405648},
                         Row{{2, 64, 16}, 402156}, Row{{16, 8, 16}, 462528}, Row{{8, 32, 8}, 426168},
                         Row{{4, 64, 8}, 411588}, Row{{4, 16, 32}, 404460}, Row{{4, 48, 16}, 276768, 64}}) {
    Machine machine = bare_machine(row.shape);
    machine.array.drain_lanes = row.drain_lanes;
    EXPECT_NEAR(typical_frame(network, machine).cycles, row.cycles, 0.02 * row.cycles)
        << row.shape.tokens << 'x' << row.shape.outputs << 'x' << row.shape.depth;
  }
}

// The same study: 57 bytes a cycle unless said, 300 cycles of waiting at each linear phase and 600 at attention.
TEST(FrameCost, RingsAndMemoriesOfTheFeasibilityStudy_AreWithinThreePercent) {
  constexpr double kExpertBytes = 2 * 192 * 384;
  struct Row {
    double cycles;
    double ring_bytes = 2 << 20;
    double bytes_per_cycle = 57;
    bool prefetch = true;
    bool fill = true;
  };
  const ModelConfig network = edge_moe_network();
  for (const Row& row :
       {Row{.cycles = 542e3, .prefetch = false, .fill = false}, Row{.cycles = 408e3, .fill = false},
        Row{.cycles = 562e3, .prefetch = false}, Row{.cycles = 608e3, .bytes_per_cycle = 48, .prefetch = false},
        Row{.cycles = 667e3, .bytes_per_cycle = 40, .prefetch = false},
        Row{.cycles = 755e3, .bytes_per_cycle = 32, .prefetch = false},
        Row{.cycles = 553e3, .ring_bytes = 2 * kExpertBytes}, Row{.cycles = 519e3, .ring_bytes = 4 * kExpertBytes},
        Row{.cycles = 487e3, .ring_bytes = 6 * kExpertBytes}, Row{.cycles = 472e3, .ring_bytes = 1 << 20},
        Row{.cycles = 456e3, .ring_bytes = 8 * kExpertBytes}, Row{.cycles = 428e3, .ring_bytes = 1.5 * (1 << 20)},
        Row{.cycles = 428e3}, Row{.cycles = 429e3, .bytes_per_cycle = 48}, Row{.cycles = 447e3, .bytes_per_cycle = 40},
        Row{.cycles = 559e3, .bytes_per_cycle = 32}}) {
    Machine machine = reference_array();
    machine.memory = {.bytes_per_cycle = row.bytes_per_cycle, .ring_bytes = row.ring_bytes, .prefetch = row.prefetch};
    if (row.fill) {
      machine.fill = {.qkv = 300, .attention = 600, .projection = 300, .mlp = 300, .router = 0, .experts = 300};
    }
    EXPECT_NEAR(typical_frame(network, machine).cycles, row.cycles, 0.03 * row.cycles)
        << row.ring_bytes << " bytes of ring, " << row.bytes_per_cycle << " bytes a cycle, prefetch " << row.prefetch;
  }
}

TEST(FrameCost, TheZcu102Design_FillsAndWaitsWhereItsUnitsSay) {
  const FrameCost cost =
      typical_frame(edge_moe_network(), machine_of(named_design("zcu102"), {8, 8}, named_board("zcu102"), {}));
  // The order of token groups was estimated at 418 to 425 thousand before there was a machine.
  EXPECT_GT(cost.cycles, 415e3);
  EXPECT_LT(cost.cycles, 435e3);
  EXPECT_FALSE(cost.memory_bound());
  double cycles = 0;
  for (const PhaseCost& phase : cost.phases) {
    cycles += phase.cycles();
    EXPECT_GT(phase.array_cycles, 0) << phase_name(phase.phase);
  }
  EXPECT_NEAR(cycles, cost.cycles, 1e-6 * cycles);
  EXPECT_GT(phase_of(cost, Phase::kPatchEmbedding).wait_cycles, 0);  // nothing is there at the start
}

TEST(FrameCost, BytesOfThePhases_AddUpToAllThatComesAndGoes) {
  const ModelConfig network = edge_moe_network();
  Machine outside = bare_machine({4, 32, 16});
  outside.memory.key_value_bytes_per_cycle = 14;
  const Machine whole = machine_of(named_design("zcu102"), {8, 8}, named_board("zcu102"), {});
  const Machine six = machine_of(named_design("zcu102-3072"), {16, 16}, named_board("zcu102"), {});
  for (const Machine& machine : {bare_machine({4, 32, 16}), outside, whole, six}) {
    const FrameCost cost = typical_frame(network, machine);
    double bytes = 0;
    for (const PhaseCost& phase : cost.phases) bytes += phase.off_chip_bytes;
    EXPECT_NEAR(bytes, cost.off_chip.total(), 1e-9 * bytes) << machine.name;
    EXPECT_GE(cost.off_chip.image, 3 * 128 * 256) << machine.name;
    EXPECT_EQ(cost.off_chip.tokens, 129 * 192 * 4) << machine.name;
    EXPECT_EQ(cost.off_chip.keys_and_values > 0, machine.memory.key_value_bytes_per_cycle.has_value());
  }
  // Weights, constants and command of each layer: [192, 192] and 192 words of 8 bytes, twice 64 bytes of the two lists
  // and once more of the constants' load.
  const FrameCost cost = typical_frame(network, whole);
  EXPECT_EQ(phase_of(cost, Phase::kProjection).off_chip_bytes, 12 * (192 * 192 + 192 * 8 + 3 * 64));
  EXPECT_EQ(phase_of(cost, Phase::kScores).off_chip_bytes, 12 * 64);
}

TEST(FrameCost, UnitsWithFewLanes_HoldTheArrayUp) {
  const ModelConfig network = edge_moe_network();
  DesignPoint design = named_design("zcu102");
  const FrameCost enough = typical_frame(network, machine_of(design, {8, 8}, named_board("zcu102"), {}));
  for (const PhaseCost& phase : enough.phases) EXPECT_EQ(phase.special_cycles, 0) << phase_name(phase.phase);
  design.lanes.softmax = 8;  // 3 heads, 129 rows of 20 beats, beside 33 · 114 cycles of scores and P·V, a block
  const FrameCost few = typical_frame(network, machine_of(design, {8, 8}, named_board("zcu102"), {}));
  const auto attention = [](const FrameCost& cost) {
    return phase_of(cost, Phase::kScores).cycles() + phase_of(cost, Phase::kValues).cycles();
  };
  EXPECT_NEAR(attention(few), 12 * 3 * 129 * 20, 0.05 * 12 * 3 * 129 * 20);
  EXPECT_LT(attention(enough), 12 * 33 * 114 * 1.1);
}

TEST(FrameCost, NoMachine_IsFasterThanItsArrayOrItsMemory) {
  const ModelConfig network = edge_moe_network();
  for (const Shape& shape : {Shape{2, 4, 8}, Shape{4, 32, 16}, Shape{16, 128, 32}}) {
    for (const double rate : {0.5, 8.0, 64.0}) {
      Machine machine = bare_machine(shape);
      machine.memory.bytes_per_cycle = rate;
      const FrameCost cost = typical_frame(network, machine);
      EXPECT_GE(cost.cycles * static_cast<double>(machine.array.products_per_step()), cost.macs);
      EXPECT_GE(cost.cycles * rate, cost.off_chip.weights);
      EXPECT_LE(cost.utilisation, 1);
    }
  }
}

TEST(FrameCost, KeysAndValues_AreReadOnceForAllQueryLanes) {
  const ModelConfig network = edge_moe_network();
  for (const int lanes : {1, 2, 4, 8}) {
    Machine machine = bare_machine({lanes, 32, 16});
    const FrameCost cost = typical_frame(network, machine);
    EXPECT_DOUBLE_EQ(cost.key_value_reads_per_query, 2 * std::ceil(129.0 / lanes) * 192) << lanes;
    machine.ideas.attention_reordering = false;
    EXPECT_DOUBLE_EQ(typical_frame(network, machine).key_value_reads_per_query, 2 * 129 * 192) << lanes;
  }
}

TEST(FrameCost, WithoutAnIdea_NoFrameIsFaster) {
  const ModelConfig network = edge_moe_network();
  const Machine::Naive naive = {.softmax_cycles = 40, .gelu_cycles = 35, .linear_units = 6};
  const Machine whole = machine_of(named_design("zcu102"), {8, 8}, named_board("zcu102"), naive);
  const double cycles = typical_frame(network, whole).cycles;
  for (const IdeaName& idea : kIdeas) {
    Machine machine = whole;
    machine.ideas.*idea.member = false;
    EXPECT_GT(typical_frame(network, machine).cycles, 1.01 * cycles) << idea.key;
  }
  Machine machine = whole;
  machine.ideas.expert_reordering = false;
  // Every pick of an expert loads it.
  EXPECT_NEAR(typical_frame(network, machine).off_chip.weights / 1e6, 6 * 258 * 0.147456 + 3.8, 0.2);
}

TEST(FrameCost, BatchesAndTasks_ShareWeightsAndWhatComesBeforeTheFirstRouter) {
  const ModelConfig network = edge_moe_network();
  const Machine machine = reference_array();
  const auto cost = [&](const FrameSpec& spec) {
    return estimate_frame(network, spec, make_queues(network, spec.last_streams(network), 0), machine);
  };
  const FrameCost one = cost({});
  const FrameCost batch = cost({.batch = 4});
  const FrameCost tasks = cost({.tasks = 2});
  EXPECT_EQ(batch.off_chip.weights, one.off_chip.weights);
  EXPECT_EQ(tasks.off_chip.weights, one.off_chip.weights);
  EXPECT_NEAR(batch.macs, 4 * one.macs, 1);
  EXPECT_LT(batch.cycles, 4 * one.cycles);  // fewer half-full row tiles
  EXPECT_LT(tasks.macs, 2 * one.macs);
  // Patch embedding, block 0 and the attention of block 1 once.
  EXPECT_NEAR(tasks.macs, 2 * one.macs - 18.9e6 - 2 * 304.8e6 / 12 - 228.3e6 / 6, 0.2e6);
  EXPECT_EQ(batch.activation_bytes, 4 * one.activation_bytes);
}

}  // namespace
}  // namespace edgemoe
