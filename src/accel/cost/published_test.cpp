// The cost model against what was printed about machines that exist.
#include "accel/cost/published.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "accel/cost/ablation.h"
#include "accel/cost/energy.h"
#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace cost_testing;

PublishedMachine published(const std::string& name) {
  const Result<PublishedMachine> machine =
      load_published_machine(config_folder("machines") / (name + ".json"), config_folder("boards"));
  EXPECT_TRUE(machine.ok()) << machine.status().message();
  return *machine;
}

FrameCost frame_of(const PublishedMachine& machine) { return typical_frame(edge_moe_network(), machine.machine); }

/// Products that the printed DSPs could begin, used.
double dsp_use(const PublishedMachine& machine, double milliseconds) {
  const double peak = machine.used->dsp / machine.machine.format.dsp_per_product();
  return frame_of(machine).macs / (milliseconds * machine.machine.clock_mhz * 1e3 * peak);
}

TEST(PublishedMachines, LatenciesComeOutAsFitted) {
  int count = 0;
  for (const char* name : {"edge-moe", "ubimoe", "coqmoe"}) {
    const PublishedMachine machine = published(name);
    EXPECT_NEAR(frame_of(machine).milliseconds, machine.latency_ms, 0.02 * machine.latency_ms) << name;
    // What was fitted must be said, so that nobody takes it for a prediction.
    EXPECT_THAT(machine.fitted, ::testing::Contains("array.cycles_per_step")) << name;
    ++count;
  }
  EXPECT_EQ(count, 3);
}

TEST(PublishedMachines, AreSlowerThanTheirDspsAndTheirMemoryWouldLetThem) {
  for (const char* name : {"ubimoe", "coqmoe"}) {
    const PublishedMachine machine = published(name);
    EXPECT_LT(dsp_use(machine, machine.latency_ms), 1) << name;
    const double weights_ms = machine.machine.milliseconds(frame_of(machine).memory_cycles);
    EXPECT_LT(weights_ms, machine.latency_ms) << name;
    // Neither explains the printed latency: both leave more than half of it open, which cycles_per_step stands for.
    EXPECT_LT(weights_ms, machine.latency_ms / 2) << name;
  }
}

// The one prediction that the printed numbers allow: CoQMoE from its DSPs and UbiMoE's use of its own.
TEST(PublishedMachines, CoqmoeFollowsFromUbimoesUseOfItsDsps) {
  const PublishedMachine ubimoe = published("ubimoe");
  const PublishedMachine coqmoe = published("coqmoe");
  const double predicted_ms =
      coqmoe.latency_ms * dsp_use(coqmoe, coqmoe.latency_ms) / dsp_use(ubimoe, ubimoe.latency_ms);
  EXPECT_NEAR(predicted_ms, coqmoe.latency_ms, 0.06 * coqmoe.latency_ms);
}

TEST(PublishedMachines, PowersLieInTheModelledRange) {
  const Range static_watts = named_board("zcu102").static_watts;
  for (const char* name : {"edge-moe", "ubimoe", "coqmoe"}) {
    const PublishedMachine machine = published(name);
    const std::optional<Resources> used = resources_of(machine);
    ASSERT_TRUE(used.has_value()) << name;
    // Edge-MoE's resources are not in our sources, and its file says so.
    EXPECT_EQ(machine.assumes("used"), std::string_view(name) == "edge-moe") << name;
    const FrameCost frame = frame_of(machine);
    const Range watts =
        estimate_energy(frame, *used, machine.machine.clock_mhz, static_watts).watts(frame.milliseconds);
    EXPECT_TRUE(watts.contains(machine.power_watts)) << name << ": " << watts.low << " to " << watts.high;
    EXPECT_LT(watts.high, 20) << name;  // a range that holds anything would say nothing
    EXPECT_NEAR(watts.middle(), machine.power_watts, 0.35 * machine.power_watts) << name;
  }
}

TEST(Ablation, TheFittedMachine_GivesBackThePublishedSteps) {
  const PublishedMachine machine = published("edge-moe");
  const ModelConfig network = edge_moe_network();
  const AblationSteps steps = ablate(network, {}, make_queues(network, 1, kTypicalQueueSpread), machine.machine);
  ASSERT_EQ(machine.ablation_ms.size(), steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_NEAR(steps[i], machine.ablation_ms[i], 0.02 * machine.ablation_ms[i]) << i;
  }
}

class AblationColumns : public ::testing::Test {
 protected:
  std::vector<AblationColumn> columns(const std::string& machine, const DesignPoint& design) const {
    return compare_ablations(network_, queues_, published(machine), design, named_board("zcu102"));
  }

  const ModelConfig network_ = edge_moe_network();
  const ExpertQueues queues_ = make_queues(network_, 1, kTypicalQueueSpread);
};

// At the published memory rate ours waits for weights in the end, so that an idea may gain nothing.
TEST_F(AblationColumns, EachDiffersFromTheOneBeforeInOneThing) {
  const std::vector<AblationColumn> found = columns("edge-moe", named_design("zcu102"));
  ASSERT_EQ(found.size(), 5U);
  const Machine& theirs = found[0].machine;
  const Machine& ours = found[1].machine;
  EXPECT_EQ(ours.format, theirs.format);
  EXPECT_EQ(ours.array.products_per_step(), theirs.array.products_per_step());
  EXPECT_EQ(ours.memory.bytes_per_cycle, theirs.memory.bytes_per_cycle);
  EXPECT_GT(found[2].machine.memory.bytes_per_cycle, theirs.memory.bytes_per_cycle);
  EXPECT_EQ(found[2].machine.array.products_per_step(), ours.array.products_per_step());
  EXPECT_EQ(found[3].machine.format, (NumberFormat{8, 8}));
  EXPECT_EQ(found[3].machine.array.products_per_step(), ours.array.products_per_step());
  EXPECT_EQ(found[4].machine.array.products_per_step(), 2048);
  for (const AblationColumn& column : found) {
    for (std::size_t i = 1; i < column.milliseconds.size(); ++i) {
      EXPECT_LE(column.milliseconds[i], column.milliseconds[i - 1]) << column.title << ' ' << i;
    }
  }
}

// What a frame's loads took is what they are over the rate: a bus that shrank with the array or grew with the format
// would be another.
TEST_F(AblationColumns, OursAllLoadThroughTheDesignsBus) {
  for (const char* name : {"zcu102", "zcu102-half", "small"}) {
    const DesignPoint design = named_design(name);
    const std::vector<AblationColumn> found = columns("edge-moe", design);
    ASSERT_EQ(found.size(), 5U) << name;
    for (std::size_t i = 1; i < found.size(); ++i) {
      const Machine& machine = found[i].machine;
      EXPECT_EQ(machine.memory.bus_bytes, design.bus_bytes()) << name << ' ' << found[i].title;
      EXPECT_EQ(machine.memory.ring_bytes, ring_bytes(design)) << name << ' ' << found[i].title;
      const double memory = i == 1 ? found[0].machine.memory.bytes_per_cycle : 17.06e9 * 0.85 / 300e6;
      const FrameCost frame = estimate_frame(network_, {}, queues_, machine);
      const double loaded = frame.off_chip.weights + frame.off_chip.constants + frame.off_chip.image;
      EXPECT_NEAR(loaded / frame.memory_cycles, std::min<double>(memory, design.bus_bytes()), 0.001 * memory)
          << name << ' ' << found[i].title;
      // Half the bits are half the bytes.
      if (i == 3) {
        const FrameCost before = estimate_frame(network_, {}, queues_, found[2].machine);
        EXPECT_NEAR(frame.memory_cycles / before.memory_cycles, 0.5, 0.1) << name;
      }
    }
  }
}

TEST_F(AblationColumns, ArraysOfOtherShapes_HaveThePublishedProductsOrSayHowNearTheyCome) {
  const std::string text = *read_text_file(config_folder("accelerators") / "zcu102.json", 1 << 20);
  struct Row {
    DesignPoint::Array array;
    std::int64_t products;
    DesignPoint::Array expected;
  };
  for (const Row& row :
       {Row{{4, 32, 2}, 256, {4, 8, 1}}, Row{{6, 32, 2}, 256, {4, 8, 1}}, Row{{8, 32, 2}, 256, {4, 8, 1}},
        Row{{2, 8, 1}, 256, {2, 16, 1}}, Row{{4, 32, 2}, 2048, {4, 32, 2}}, Row{{6, 32, 2}, 3072, {6, 32, 2}},
        Row{{4, 32, 2}, 896, {14, 8, 1}}, Row{{4, 32, 2}, 300, {4, 8, 1}}}) {
    DesignPoint design = named_design("zcu102");
    design.array = row.array;
    const DesignPoint found = with_products(design, row.products);
    EXPECT_EQ(found.array.tokens, row.expected.tokens) << row.array.tokens << ' ' << row.products;
    EXPECT_EQ(found.array.outputs, row.expected.outputs) << row.array.tokens << ' ' << row.products;
    EXPECT_EQ(found.array.chains, row.expected.chains) << row.array.tokens << ' ' << row.products;
    EXPECT_EQ(ring_bytes(found), ring_bytes(design));
    // The RTL's router takes no more experts than outputs, the model as many as there are.
    DesignPoint built = found;
    built.limits.max_experts = std::min(built.limits.max_experts, found.array.outputs);
    const Result<std::string> file = rewrite_design_point(text, built);
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_TRUE(parse_design_point(*file).ok()) << parse_design_point(*file).status().message();
  }
  const std::vector<AblationColumn> six = columns("edge-moe", named_design("zcu102-3072"));
  EXPECT_EQ(six[1].machine.array.products_per_step(), 256);
  EXPECT_THAT(six[1].what, HasSubstr("same number format, products a cycle"));
  const std::vector<AblationColumn> small = columns("edge-moe", named_design("small"));
  EXPECT_EQ(small[1].machine.array.products_per_step(), 256);
  EXPECT_THAT(small.back().title, Not(HasSubstr("+")));
}

TEST_F(AblationColumns, WhatWouldChangeNothing_HasNoColumn) {
  // CoQMoE has 8 bits, the board's memory and 3,072 products.
  const std::vector<AblationColumn> found = columns("coqmoe", named_design("zcu102-3072"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].machine.array.products_per_step(), 3072);
  for (const AblationColumn& column : found) EXPECT_THAT(column.what, Not(HasSubstr("published steps")));
}

TEST(PublishedTable, GivesBackThePapersRatios) {
  const Result<PublishedTable> table = load_published_table(config_folder("machines").parent_path() / "published.json");
  ASSERT_TRUE(table.ok()) << table.status().message();
  ASSERT_GE(table->systems.size(), 3U);
  const double edge_moe = table->systems[0].millijoules();
  EXPECT_DOUBLE_EQ(edge_moe, 34.64 * 14.54);  // as printed, to the last digit
  EXPECT_NEAR(edge_moe, 504, 0.5);
  EXPECT_NEAR(table->systems[1].millijoules() / edge_moe, 2.24, 0.005);
  EXPECT_NEAR(table->systems[2].millijoules() / edge_moe, 4.90, 0.005);
}

TEST(PublishedMachines, TheLargestArray_IsCountedInFull) {
  const Board board = named_board("zcu102");
  std::string text = *read_text_file(config_folder("machines") / "ubimoe.json", 1 << 20);
  const std::string array = R"("tokens": 4, "outputs": 14, "depth": 16, "cycles_per_step": 8.189)";
  const std::size_t at = text.find(array);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, array.size(), R"("tokens": 4096, "outputs": 4096, "depth": 4096, "cycles_per_step": 1)");
  const Result<PublishedMachine> machine = parse_published_machine(text, board);
  ASSERT_TRUE(machine.ok()) << machine.status().message();
  EXPECT_EQ(machine->machine.array.products_per_step(), std::int64_t{1} << 36);
  const FrameCost cost = frame_of(*machine);
  EXPECT_GT(cost.utilisation, 0);
  EXPECT_LT(cost.utilisation, 1e-3);
}

TEST(PublishedMachines, FilesThatAreWrong_AreRefusedWithTheKey) {
  const std::string good = *read_text_file(config_folder("machines") / "ubimoe.json", 1 << 20);
  const Board board = named_board("zcu102");
  const auto message = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return parse_published_machine(text.replace(at, from.size(), to), board).status().message();
  };
  EXPECT_THAT(message("\"tokens\": 4", "\"tokens\": 0"), HasSubstr("array.tokens"));
  EXPECT_THAT(message("\"outputs\": 14, ", ""), HasSubstr("array.outputs"));
  EXPECT_THAT(message("\"network\": \"edgemoe-cityscapes\",", ""), HasSubstr("network"));
  EXPECT_THAT(message("\"w16a32\"", "\"fp16\""), AllOf(HasSubstr("wNaM"), HasSubstr("fp16")));
  EXPECT_THAT(message("\"ablation_ms\": []", "\"ablation_ms\": [1, 2]"), HasSubstr("expected 6"));
  EXPECT_THAT(message("\"ablation_ms\": []", "\"ablation_ms\": [\"a\"]"), HasSubstr("ablation_ms"));
  EXPECT_FALSE(parse_published_machine("{", board).ok());
  EXPECT_FALSE(load_published_machine("no-such.json", config_folder("boards")).ok());
  EXPECT_FALSE(parse_published_table(R"({"source": "", "systems": []})").ok());
}

}  // namespace
}  // namespace edgemoe
