#include "accel/cost/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using namespace cost_testing;

GrownDesign grown(const ModelConfig& network, const NumberFormat& format, const DesignPoint& design) {
  return grow_to_hold(find_machine_needs(network, design), format, design);
}

TEST(Fit, EveryGap_IsNamedWithSizesAndSaidAsTheCompilerSaysIt) {
  const DesignPoint design = named_design("zcu102");
  ModelConfig network = edge_moe_network();
  EXPECT_THAT(find_frame_gaps(network, {}, {8, 8}, design), IsEmpty());
  network.num_heads = 12;
  network.depth = 24;
  network.moe.gate_input_ahead = true;
  const std::vector<MachineGap> gaps = find_frame_gaps(network, {.batch = 2, .tasks = 2}, {16, 32}, design);
  const auto gap = [&](const std::string& key) {
    for (const MachineGap& one : gaps) {
      if (one.key == key) return one;
    }
    ADD_FAILURE() << key;
    return MachineGap{};
  };
  EXPECT_EQ(gap("limits.max_heads").needed, 12);
  EXPECT_EQ(gap("limits.max_heads").there, 8);
  EXPECT_EQ(gap("memory.norm_words").needed, 2 * 24 * 6);
  EXPECT_EQ(gap("memory.norm_words").there, 256);
  EXPECT_EQ(gap("moe.gate_input_ahead").needed, 0);
  EXPECT_EQ(gap("streams").needed, 4);
  EXPECT_THAT(gap("format").message, HasSubstr("w16a32"));
  const std::string refusal = lay_out_machine(network, design).status().message();
  int said = 0;
  for (const MachineGap& one : find_machine_gaps(network, design)) {
    EXPECT_THAT(refusal, HasSubstr(one.message));
    ++said;
  }
  EXPECT_GE(said, 3);
}

TEST(Fit, GrownDesigns_HoldTheNetworkAndChangeNothingElse) {
  const DesignPoint design = named_design("zcu102");
  EXPECT_THAT(grown(edge_moe_network(), {8, 8}, design).sizes, IsEmpty());
  ModelConfig deep = edge_moe_network();
  deep.depth = 24;
  const GrownDesign larger = grown(deep, {8, 8}, design);
  EXPECT_THAT(larger.sizes, ElementsAre(Pair("memory.norm_words", 512)));
  EXPECT_EQ(larger.design.memory.norm_words, 512);
  EXPECT_EQ(larger.design.memory.token_words, design.memory.token_words);
  // Patch embedding and MLP are the longest: 288 words of bytes.
  DesignPoint tight = design;
  tight.memory.weight_words = 512;
  EXPECT_THAT(grown(edge_moe_network(), {8, 8}, tight).sizes, IsEmpty());
  EXPECT_THAT(grown(edge_moe_network(), {16, 16}, tight).sizes, ElementsAre(Pair("memory.weight_words", 1024)));
  int held = 0;
  for (const char* name : {"m3vit-small-nyud", "m3vit-base-pascal", "tiny", "edgemoe-street"}) {
    const ModelConfig network = named_network(name);
    for (const char* small : {"small", "zcu102-half", "zcu102"}) {
      const GrownDesign large = grown(network, {8, 8}, named_design(small));
      for (const MachineGap& gap : find_machine_gaps(network, large.design)) {
        EXPECT_FALSE(gap.key.starts_with("memory.") || gap.key.starts_with("limits."))
            << name << " on " << small << ": " << gap.message;
      }
      ++held;
    }
  }
  EXPECT_EQ(held, 12);
}

}  // namespace
}  // namespace edgemoe
