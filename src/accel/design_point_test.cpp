#include "accel/design_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

TEST(DesignPoint, RtlFingerprint_IsThatOfTheSizesAlone) {
  const DesignPoint design = *parse_design_point(small_text());
  DesignPoint other = design;
  other.clock_mhz = 200;
  other.part.lut = 1000;
  EXPECT_EQ(rtl_fingerprint(other), rtl_fingerprint(design));
  other.memory.weight_words *= 2;
  EXPECT_NE(rtl_fingerprint(other), rtl_fingerprint(design));
  other = design;
  other.bus.prefetch = !design.bus.prefetch;
  EXPECT_NE(rtl_fingerprint(other), rtl_fingerprint(design));
}

TEST(DesignPoint, RewrittenOne_IsTheFileAgainOrTheOtherDesign) {
  const std::string other_text = *read_text_file(kFolder / "zcu102.json", 1 << 20);
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string text = *read_text_file(entry.path(), 1 << 20);
    const DesignPoint design = *parse_design_point(text);
    EXPECT_EQ(nlohmann::json::parse(*rewrite_design_point(text, design)), nlohmann::json::parse(text)) << entry.path();
    const Result<std::string> other = rewrite_design_point(other_text, design);
    ASSERT_TRUE(other.ok()) << other.status().message();
    const nlohmann::json rewritten = nlohmann::json::parse(*other);
    EXPECT_EQ(rewritten["name"], design.name);
    EXPECT_EQ(rewritten["array"], nlohmann::json::parse(text)["array"]);
    EXPECT_EQ(rewritten["lanes"], nlohmann::json::parse(text)["lanes"]);
    EXPECT_EQ(rewritten["memory"]["weight_words"], design.memory.weight_words);
  }
  const DesignPoint design = *parse_design_point(other_text);
  EXPECT_FALSE(rewrite_design_point("{", design).ok());
  EXPECT_THAT(rewrite_design_point(R"({"part": {}, "array": 3})", design).status().message(), HasSubstr("array"));
}

TEST(DesignPoint, EveryValue_IsTheSameReadWrittenAndReadAgain) {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    texts.push_back(*read_text_file(entry.path(), 1 << 20));
  }
  std::set<std::string> kept;  // keys of which another value came through
  const auto expect_kept = [&](const nlohmann::json& document, const std::string& into) {
    const Result<DesignPoint> design = parse_design_point(document.dump());
    if (!design.ok()) return false;  // not a size that can be
    const Result<std::string> written = rewrite_design_point(into, *design);
    EXPECT_TRUE(written.ok()) << written.status().message();
    const Result<DesignPoint> again = parse_design_point(written.ok() ? *written : into);
    EXPECT_TRUE(again.ok()) << again.status().message();
    EXPECT_TRUE(again.ok() && *again == *design) << document << " became " << *written;
    return true;
  };
  std::size_t keys = 0;
  for (const std::string& into : texts) {
    for (const std::string& text : texts) {
      const nlohmann::json document = nlohmann::json::parse(text);
      EXPECT_TRUE(expect_kept(document, into));
      const nlohmann::json into_flat = nlohmann::json::parse(into).flatten();
      const nlohmann::json flat = document.flatten();
      keys = flat.size();
      for (const auto& [key, value] : flat.items()) {
        if (value != into_flat[key]) kept.insert(key);  // came through with the others
        nlohmann::json changed = document;
        nlohmann::json& place = changed[nlohmann::json::json_pointer(key)];
        std::vector<nlohmann::json> others;
        if (value.is_string()) others = {value.get<std::string>() + "-2"};
        if (value.is_boolean()) others = {!value.get<bool>()};
        if (value.is_number()) others = {value.get<int>() * 2, value.get<int>() / 2, value.get<int>() + 1};
        for (const nlohmann::json& other : others) {
          place = other;
          if (expect_kept(changed, into)) kept.insert(key);
        }
      }
    }
  }
  EXPECT_EQ(kept.size(), keys);
  EXPECT_GE(keys, 30U);
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
  EXPECT_THAT(parse_design_point(replaced(good, "\"weight_words\": 128", "\"weight_words\": 129")).status().message(),
              AllOf(HasSubstr("memory.weight_words"), HasSubstr("power of two")));
  EXPECT_THAT(parse_design_point(replaced(good, "\"outputs\": 8", "\"outputs\": -8")).status().message(),
              HasSubstr("array.outputs"));
  EXPECT_THAT(parse_design_point(replaced(good, "\"max_top_k\": 3", "\"max_top_k\": 9")).status().message(),
              HasSubstr("limits.max_top_k"));
  EXPECT_THAT(parse_design_point(replaced(good, "\"softmax\": 8", "\"softmax\": 64")).status().message(),
              AllOf(HasSubstr("lanes.softmax"), HasSubstr("array.outputs, 8")));
  EXPECT_THAT(parse_design_point(replaced(good, "\"chains\": 1", "\"chains\": 2")).status().message(),
              AllOf(HasSubstr("array.outputs"), HasSubstr("multiple")));
  EXPECT_THAT(parse_design_point(replaced(good, "\"chains\": 1", "\"chains\": 4")).status().message(),
              AllOf(HasSubstr("array.chains"), HasSubstr("from 1 to 2")));
  const std::string large = *read_text_file(kFolder / "zcu102.json", 1 << 20);
  EXPECT_THAT(parse_design_point(replaced(large, "\"outputs\": 32", "\"outputs\": 64")).status().message(),
              HasSubstr("bus of at most 64"));
  EXPECT_TRUE(parse_design_point(replaced(good, "\"burst_beats\": 16", "\"burst_beats\": 256")).ok());
  EXPECT_THAT(parse_design_point(replaced(large, "\"burst_beats\": 16", "\"burst_beats\": 128")).status().message(),
              AllOf(HasSubstr("bus.burst_beats"), HasSubstr("at most 64 beats")));
  EXPECT_THAT(parse_design_point(replaced(good, "\"small\"", "\"a\\nb\"")).status().message(), HasSubstr("name"));
}

/// A key of `small` or `zcu102` at the last value that the RTL takes, and at the next one, which it does not.
TEST(DesignPoint, SizesThatTheRtlDoesNotElaborateOrRun_AreRefused) {
  const struct {
    const char* base;
    std::vector<std::pair<std::string, std::string>> before;
    std::string key;
    int taken;
    int refused;
    std::string text;
  } cases[] = {
      // A queue of one word has no address.
      {"small", {}, "outstanding_bursts", 2, 1, "from 2 to 64, found 1"},
      {"small",
       {{"\"tokens\": 2", "\"tokens\": 16"}},
       "max_tokens",
       32,
       16,
       "limits.max_tokens: expected more than array.tokens, 16, found 16"},
      // A command is a burst.
      {"small", {}, "burst_beats", 8, 4, "a command of 64 bytes, at least 8 beats of 8, found 4"},
      {"zcu102", {}, "burst_beats", 2, 1, "bus.burst_beats: expected a power of two from 2 to 256, found 1"},
      // A word of constants holds all experts.
      {"small", {}, "max_experts", 8, 16, "limits.max_experts: expected at most array.outputs, 8, found 16"},
      // Places are compared in 16 bits.
      {"zcu102", {}, "weight_words", 32768, 65536, "memory.weight_words: expected a power of two from 16 to 32768"},
      {"zcu102", {}, "channel_words", 32768, 65536, "memory.channel_words: expected a power of two from 4 to 32768"},
      // And so are those of the keys' scales.
      {"small",
       {{"\"max_tokens\": 64", "\"max_tokens\": 8192"}},
       "max_heads",
       64,
       128,
       "max_heads · max_tokens / array.outputs, the words of the keys' scales, of at most 65536, found 128 · 8192 / 8 "
       "= 131072"},
  };
  for (const auto& one : cases) {
    std::string text = *read_text_file(kFolder / (std::string(one.base) + ".json"), 1 << 20);
    for (const auto& [from, to] : one.before) text = replaced(text, from, to);
    const std::string key = "\"" + one.key + "\": ";
    const std::string found =
        key + text.substr(text.find(key) + key.size(),
                          text.find_first_of(",}\n", text.find(key)) - text.find(key) - key.size());
    const Result<DesignPoint> taken = parse_design_point(replaced(text, found, key + std::to_string(one.taken)));
    EXPECT_TRUE(taken.ok()) << taken.status().message();
    const Result<DesignPoint> refused = parse_design_point(replaced(text, found, key + std::to_string(one.refused)));
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument) << found << " as " << one.refused;
    EXPECT_THAT(refused.status().message(), HasSubstr(one.text));
  }
}

TEST(RtlPackage, HoldsEverySizeAndTableEntry) {
  const std::string text = make_rtl_package(*load_design_point(kFolder / "small.json"));
  for (const char* line :
       {"parameter int ArrayTokens = 2;", "parameter int ArrayOutputs = 8;", "parameter int ChainLength = 8;",
        "parameter int MaxTopK = 3;", "parameter int NormLanes = 8;", "parameter int WeightWords = 128;"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  // The layout of commands, as src/accel/program.h has it.
  for (const char* line :
       {"parameter int LoadWeight = 1;", "parameter int PhaseAttention = 2;", "parameter int ToWeighted = 4;",
        "parameter int RegionGathered = 6;", "parameter int LoadOffsetLsb = 64;", "parameter int LoadOffsetBits = 32;",
        "parameter int ComputeRowsLsb = 64;", "parameter int ChannelMantissaLsb = 32;",
        "parameter int RouterPruneAboveBits = 17;  // signed"}) {
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
