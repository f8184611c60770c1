#include "eval/class_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/test_folder.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

TaskConfig model(int outputs, std::vector<std::string> names) {
  return {.kind = TaskKind::kSemseg, .outputs = outputs, .class_names = std::move(names)};
}

DatasetInfo data(std::size_t count, std::vector<std::string> names) {
  return {.folder = "set", .num_classes = count, .classes = std::move(names)};
}

TEST(MatchClasses, sameNamesInAnotherOrder_areMappedByName) {
  const auto map = match_classes(model(3, {"road", "sky", "car"}), data(3, {"sky", "car", "road"}));
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->to_model[0], 1);
  EXPECT_EQ(map->to_model[1], 2);
  EXPECT_EQ(map->to_model[2], 0);
  EXPECT_EQ(map->to_model[3], kNoClass);
  EXPECT_EQ(map->to_model[kIgnoreLabel], kIgnoreLabel);
  EXPECT_EQ(map->how, "by name");
}

TEST(MatchClasses, oneSideWithoutNames_isMappedByNumber) {
  for (const auto& map :
       {match_classes(model(2, {}), data(2, {"a", "b"})), match_classes(model(2, {"a", "b"}), data(2, {}))}) {
    ASSERT_TRUE(map.ok());
    EXPECT_EQ(map->to_model[1], 1);
    EXPECT_EQ(map->how, "by number");
  }
}

TEST(MatchClasses, otherNumberOrOtherNames_isAnErrorThatListsBoth) {
  for (const auto& map : {match_classes(model(3, {"road", "sky", "car"}), data(2, {"road", "hill"})),
                          match_classes(model(2, {"road", "sky"}), data(2, {"road", "hill"}))}) {
    ASSERT_FALSE(map.ok());
    EXPECT_EQ(map.status().code(), StatusCode::kMismatch);
    EXPECT_THAT(map.status().message(), HasSubstr("road, hill"));
    EXPECT_THAT(map.status().message(), HasSubstr("road, sky"));
  }
}

TEST(ReadClassMap, classesMayBeJoinedAndIgnored) {
  const TestFolder folder;
  folder.text("map.json", R"({"car": "vehicle", "bus": "vehicle", "hill": null})");
  const auto map =
      read_class_map(folder.path() / "map.json", model(2, {"road", "vehicle"}), data(3, {"hill", "car", "bus"}));
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->to_model[0], kIgnoreLabel);
  EXPECT_EQ(map->to_model[1], 1);
  EXPECT_EQ(map->to_model[2], 1);
  EXPECT_EQ(map->how, "by map.json");
}

TEST(ReadClassMap, unknownAndMissingClasses_areErrors) {
  const TestFolder folder;
  const std::pair<const char*, const char*> cases[] = {
      {R"({"car": "vehicle"})", "\"hill\" is missing"},
      {R"({"car": "vehicle", "hill": "mountain"})", "\"mountain\" is no class of the model"},
      {R"({"car": "vehicle", "hill": null, "tree": null})", "\"tree\" is no class of the data"},
      {R"({"car": "vehicle", "hill": 3})", "expected a class of the model or null"},
      {R"(["car"])", "expected an object"},
      {R"({"car")", ""}};
  for (const auto& [text, reason] : cases) {
    folder.text("map.json", text);
    const auto map =
        read_class_map(folder.path() / "map.json", model(2, {"road", "vehicle"}), data(2, {"hill", "car"}));
    ASSERT_FALSE(map.ok()) << text;
    EXPECT_THAT(map.status().message(), HasSubstr(reason));
    EXPECT_THAT(map.status().message(), HasSubstr("map.json"));
  }
}

TEST(ReadClassMap, classesWithoutNames_areCalledByNumber) {
  const TestFolder folder;
  folder.text("map.json", R"({"0": "1", "1": null})");
  const auto map = read_class_map(folder.path() / "map.json", model(2, {}), data(2, {}));
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->to_model[0], 1);
}

TEST(ReadClassMap, cityscapesToStreet_namesEveryClass) {
  const TestFolder folder;
  folder.picture("leftImg8bit/val/a/x_leftImg8bit.png");
  const auto set = open_dataset(folder.path(), {});
  ASSERT_TRUE(set.ok()) << set.status().message();
  const TaskConfig street = model(11, {"road", "pavement", "terrain", "building", "wall_fence", "vegetation", "pole",
                                       "sign", "person", "vehicle", "sky"});
  const auto map =
      read_class_map(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/class-maps/cityscapes-to-street.json", street,
                     (*set)->info());
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->to_model[1], 1) << "sidewalk is pavement";
  EXPECT_EQ(map->to_model[18], 9) << "bicycle is vehicle";
}

}  // namespace
}  // namespace edgemoe
