#include "model/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

TEST(ParseJson, values_keepTheirTypesAndOrder) {
  const auto parsed = parse_json(R"( {"z": 1, "a": 1.0, "list": [true, null, "x"], "big": 9223372036854775808} )");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const auto& object = std::get<JsonValue::Object>(parsed->value);
  ASSERT_EQ(object.size(), 4u);
  const auto& [first_name, first] = object[0];
  const auto& [second_name, second] = object[1];
  const auto& [list_name, third] = object[2];
  const auto& [big_name, big] = object[3];
  EXPECT_EQ(first_name + second_name + list_name + big_name, "zalistbig");
  EXPECT_EQ(std::get<std::int64_t>(first.value), 1);
  EXPECT_EQ(std::get<double>(second.value), 1.0);
  EXPECT_EQ(std::get<double>(big.value), 0x1p63);
  const auto& list = std::get<JsonValue::Array>(third.value);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_TRUE(std::get<bool>(list[0].value));
  EXPECT_TRUE(list[1].is_null());
  EXPECT_EQ(std::get<std::string>(list[2].value), "x");
}

TEST(ParseJson, brokenText_isMalformedAndSaysWhere) {
  for (const std::string_view text :
       {"", " ", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "{} {}", "nul", "\"\xFF\"", "1e999"}) {
    const Status status = parse_json(text).status();
    EXPECT_EQ(status.code(), StatusCode::kMalformed) << text;
    EXPECT_THAT(status.message(), HasSubstr("no valid JSON")) << text;
  }
  EXPECT_THAT(parse_json("{\n\"a\": x}").status().message(), HasSubstr("line 2"));
}

TEST(ParseJson, nulByte_isMalformedAndDoesNotEndTheText) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parse_json("{}\0garbage"sv).status().code(), StatusCode::kMalformed);
}

TEST(ParseJson, duplicateKey_isMalformedAndNamed) {
  EXPECT_THAT(parse_json(R"({"a": {"k": 1, "k": 2}})").status().message(), HasSubstr("\"k\" stands twice"));
  EXPECT_TRUE(parse_json(R"([{"k": 1}, {"k": 2}])").ok());
}

TEST(ParseJson, depth_isAcceptedUpToTheLimitOnly) {
  EXPECT_TRUE(parse_json(std::string(100, '[') + std::string(100, ']')).ok());
  EXPECT_EQ(parse_json(std::string(101, '[') + std::string(101, ']')).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(parse_json(std::string(1 << 20, '[')).status().code(), StatusCode::kTooLarge);
}

TEST(ParseJson, size_isAcceptedUpToTheLimitOnly) {
  const std::string text = "[" + std::string((1 << 20) - 2, ' ') + "]";
  EXPECT_TRUE(parse_json(text).ok());
  EXPECT_EQ(parse_json(text + " ").status().code(), StatusCode::kTooLarge);
}

}  // namespace
}  // namespace edgemoe
