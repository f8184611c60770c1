#include "accel/design_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "numeric/exp2_table.h"
#include "numeric/gelu_table.h"

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::filesystem::path kFolder = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/accelerators";

std::string small_text() { return *read_text_file(kFolder / "small.json", 1 << 20); }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(DesignPoint, EveryNamedOne_Loads) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const Result<DesignPoint> design = load_design_point(entry.path());
    ASSERT_TRUE(design.ok()) << design.status().message();
    EXPECT_EQ(design->name, entry.path().stem());
    ++count;
  }
  EXPECT_GE(count, 2);
  EXPECT_EQ(load_design_point(kFolder / "zcu102.json")->products_per_cycle(), 2048);
}

TEST(DesignPoint, UnknownMissingAndWrongKeys_AreNamed) {
  const std::string good = small_text();
  EXPECT_THAT(parse_design_point(replaced(good, "\"chains\": 1", "\"chains\": 1, \"rows\": 2")).status().message(),
              HasSubstr("array.rows"));
  EXPECT_THAT(parse_design_point(replaced(good, ", \"chains\": 1", "")).status().message(), HasSubstr("array.chains"));
  EXPECT_THAT(parse_design_point(replaced(good, "\"chains\": 1", "\"chains\": \"1\"")).status().message(),
              HasSubstr("array.chains"));
  EXPECT_FALSE(parse_design_point("{").ok());
  EXPECT_FALSE(parse_design_point("[]").ok());
  EXPECT_FALSE(load_design_point(kFolder / "no-such.json").ok());
}

TEST(DesignPoint, SizesThatCannotBeBuilt_AreRefusedWithWhatTheyMustBe) {
  const std::string good = small_text();
  EXPECT_THAT(parse_design_point(replaced(good, "\"tokens\": 2", "\"tokens\": 3")).status().message(),
              AllOf(HasSubstr("array.tokens"), HasSubstr("even"), HasSubstr("found 3")));
  EXPECT_THAT(parse_design_point(replaced(good, "\"weight_words\": 64", "\"weight_words\": 65")).status().message(),
              AllOf(HasSubstr("memory.weight_words"), HasSubstr("power of two")));
  EXPECT_THAT(parse_design_point(replaced(good, "\"outputs\": 8", "\"outputs\": -8")).status().message(),
              HasSubstr("array.outputs"));
  EXPECT_THAT(parse_design_point(replaced(good, "\"max_top_k\": 3", "\"max_top_k\": 9")).status().message(),
              HasSubstr("limits.max_top_k"));
  EXPECT_THAT(parse_design_point(replaced(good, "\"softmax\": 8", "\"softmax\": 16")).status().message(),
              AllOf(HasSubstr("lanes.softmax"), HasSubstr("array.outputs"), HasSubstr("found 16")));
  EXPECT_THAT(parse_design_point(replaced(good, "\"outputs\": 8", "\"outputs\": 4")).status().message(),
              AllOf(HasSubstr("array.outputs"), HasSubstr("multiple of"), HasSubstr("found 4")));
  EXPECT_THAT(parse_design_point(replaced(good, "\"max_width\": 64", "\"max_width\": 8")).status().message(),
              HasSubstr("max_width"));
  EXPECT_THAT(parse_design_point(replaced(good, "\"small\"", "\"a\\nb\"")).status().message(), HasSubstr("name"));
}

TEST(RtlPackage, HoldsEverySizeAndTableEntry) {
  const std::string text = make_rtl_package(*load_design_point(kFolder / "small.json"));
  for (const char* line :
       {"parameter int ArrayTokens = 2;", "parameter int ArrayOutputs = 8;", "parameter int ChainLength = 8;",
        "parameter int MaxTopK = 3;", "parameter int NormLanes = 8;", "parameter int WeightWords = 64;"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  for (int i = 0; i < kExp2Entries; ++i) {
    EXPECT_THAT(text, HasSubstr(fmt::format("6'd{}: exp2_entry = 16'd{};", i, kExp2Table[i])));
  }
  for (int i = 0; i <= kGeluSegments; ++i) {
    EXPECT_THAT(text, HasSubstr(fmt::format("7'd{}: gelu_knot = 16'd{};", i, kGeluKnots[i])));
  }
}

}  // namespace
}  // namespace edgemoe
