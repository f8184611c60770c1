#include "accel/cost/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/cost/resources.h"
#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;
using namespace cost_testing;

TEST(NumberFormat, NamesAndDsps) {
  struct Row {
    const char* name;
    double dsp;
  };
  // A DSP48E2 multiplies 27 by 18 bits.
  for (const Row& row : {Row{"w8a8", 0.5}, Row{"w4a8", 0.5}, Row{"w8a16", 1}, Row{"w16a16", 1}, Row{"w18a27", 1},
                         Row{"w16a32", 2}, Row{"w32a32", 4}, Row{"w32a16", 2}}) {
    const Result<NumberFormat> format = parse_number_format(row.name);
    ASSERT_TRUE(format.ok()) << row.name;
    EXPECT_EQ(format->name(), row.name);
    EXPECT_EQ(format->dsp_per_product(), row.dsp) << row.name;
  }
  for (const char* name : {"", "w8", "a8", "w8a", "wa", "w8a64", "w1a8", "w8a8x", "W8A8", "w-8a8"}) {
    EXPECT_THAT(parse_number_format(name).status().message(), HasSubstr("w8a8")) << name;
  }
}

TEST(Board, EveryNamedOne_LoadsAndWrongOnesAreRefused) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(config_folder("boards"))) {
    const Result<Board> board = load_board(entry.path());
    ASSERT_TRUE(board.ok()) << board.status().message();
    EXPECT_EQ(board->name, entry.path().stem());
    ++count;
  }
  EXPECT_GE(count, 4);
  const std::string good = *read_text_file(config_folder("boards") / "zcu102.json", 1 << 20);
  const auto message = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    return parse_board(text.replace(text.find(from), from.size(), to)).status().message();
  };
  EXPECT_THAT(message("\"dsp\": 2520", "\"dsp\": -1"), HasSubstr("part.dsp"));
  EXPECT_THAT(message("0.85", "1.5"), HasSubstr("memory.efficiency"));
  EXPECT_THAT(message("[2.5, 6.0]", "[6.0, 2.5]"), HasSubstr("static_watts[1]"));
  EXPECT_THAT(message("\"uram\": 0, ", ""), HasSubstr("part.uram"));
  EXPECT_FALSE(parse_board("[]").ok());
}

TEST(Resources, BlockRam_IsWhatYosysInfers) {
  // Memories of 512 bits (a feasibility study with Yosys 0.23).
  EXPECT_EQ(bram36_of(512, 1024), 14.5);
  EXPECT_EQ(bram36_of(512, 1548), 28.5);
  EXPECT_EQ(bram36_of(512, 4096), 57);
  EXPECT_EQ(bram36_of(72, 512), 1);
  EXPECT_EQ(bram36_of(1, 32768), 1);
  EXPECT_EQ(bram36_of(1, 65536), 2);
  EXPECT_EQ(bram36_of(18, 10), 0.5);
}

/// Yosys 0.23, hierarchical, of the whole machine: `hw/synth/report --design zcu102 edgemoe`.
TEST(Resources, WholeMachineAtZcu102_IsWithinFifteenPercentOfYosys) {
  const DesignPoint design = named_design("zcu102");
  const std::vector<ResourcePart> parts = estimate_resources(design, {8, 8}, edge_moe_network());
  const auto part = [&](std::string_view name) {
    for (const ResourcePart& one : parts) {
      if (one.name == name) return one.used;
    }
    ADD_FAILURE() << name;
    return Resources{};
  };
  EXPECT_EQ(part("array").dsp, 1024);
  EXPECT_EQ(part("weight ring").bram36, 456);
  EXPECT_EQ(part("channel constants").bram36, 28.5);
  EXPECT_EQ(part("activations").bram36, 108);
  EXPECT_EQ(part("keys and values").bram36, 65.5);
  EXPECT_EQ(part("residual stream").bram36, 28.5);
  EXPECT_EQ(part("layer norm").bram36, 53);
  const Resources all = sum(parts);
  EXPECT_EQ(all.dsp, 1405);
  EXPECT_NEAR(all.bram36, 780.5, 0.01 * 780.5);
  EXPECT_NEAR(all.lut, 140643, 0.15 * 140643);
  EXPECT_NEAR(all.ff, 102578, 0.15 * 102578);
  EXPECT_LT(part_share(all, design.part), 1);
  const Resources wide = sum(estimate_resources(design, {16, 16}, edge_moe_network()));
  EXPECT_GT(wide.dsp, all.dsp + 1000);  // 2,048 multipliers of 16 bits
}

TEST(Machine, OfADesignPoint_HasTheBoardsMemory) {
  const Machine machine = machine_of(named_design("zcu102"), {8, 8}, named_board("zcu102"), {});
  EXPECT_EQ(machine.array.products_per_step(), 2048);
  EXPECT_EQ(machine.memory.ring_bytes, 2 << 20);
  EXPECT_NEAR(machine.memory.bytes_per_cycle, 17.06e9 * 0.85 / 300e6, 1e-3);
  EXPECT_NEAR(machine.memory.latency_cycles, 60, 1e-6);
  EXPECT_EQ(machine.query_lanes, 4);
}

}  // namespace
}  // namespace edgemoe
