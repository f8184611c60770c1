#include "scenes/ranges.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "scenes/scenes_testing.h"

namespace edgemoe::scenes {
namespace {

std::string train_text() {
  Result<std::string> text = read_text_file(ranges_path("train"), 1 << 20);
  EXPECT_TRUE(text.ok());
  return *text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expect_fault(const std::string& text, const std::string& words) {
  const Result<Ranges> ranges = parse_ranges(text);
  ASSERT_FALSE(ranges.ok()) << words;
  EXPECT_EQ(ranges.status().code(), StatusCode::kMalformed);
  EXPECT_THAT(ranges.status().message(), testing::HasSubstr(words));
}

TEST(Ranges, missing_key_is_an_error) {
  expect_fault(replaced(train_text(), "\"fov_deg\": [48, 92],", ""), "camera.fov_deg is missing");
}

TEST(Ranges, unknown_keys_are_errors) {
  expect_fault(replaced(train_text(), "\"fov_deg\"", "\"fog_deg\": [0, 1], \"fov_deg\""),
               "unknown key \"camera.fog_deg\"");
  expect_fault(replaced(train_text(), "\"camera\"", "\"weather\": {}, \"camera\""), "unknown key \"weather\"");
}

TEST(Ranges, values_that_are_no_range_are_errors) {
  expect_fault(replaced(train_text(), "[48, 92]", "[92, 48]"), "low must not be above high");
  expect_fault(replaced(train_text(), "[48, 92]", "70"), "expected [low, high]");
  expect_fault(replaced(train_text(), "[48, 92]", "[48, \"wide\"]"), "expected [low, high]");
  expect_fault(replaced(train_text(), "\"stream\": \"train\"", "\"stream\": 3"), "\"stream\"");
  expect_fault(replaced(train_text(), "\"building_width\": [6, 26]", "\"building_width\": [0, 26]"),
               "must lie within [4, 100]");
  expect_fault("[]", "not a JSON object");
}

TEST(Ranges, test_and_drive_are_no_narrower_than_training_and_have_streams_of_their_own) {
  const Ranges train = committed_ranges("train");
  const auto wanted = list_ranges(train);
  ASSERT_GT(wanted.size(), 50U);
  for (const char* name : {"test", "drive"}) {
    const Ranges other = committed_ranges(name);
    EXPECT_NE(other.stream, train.stream);
    const auto found = list_ranges(other);
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_LE(found[i].range.low, wanted[i].range.low) << name << " " << wanted[i].name;
      EXPECT_GE(found[i].range.high, wanted[i].range.high) << name << " " << wanted[i].name;
    }
  }
}

}  // namespace
}  // namespace edgemoe::scenes
