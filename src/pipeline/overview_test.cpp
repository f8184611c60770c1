#include "pipeline/overview.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "pipeline/map_preview.h"
#include "pipeline/test_model.h"

namespace edgemoe {
namespace {

Image grey_picture(std::size_t width, std::size_t height) {
  Image image = make_image(width, height);
  std::fill(image.samples8.begin(), image.samples8.end(), std::uint8_t{128});
  return image;
}

Rgb pixel(const Image& image, std::size_t x, std::size_t y) {
  const std::uint8_t* at = image.samples8.data() + (y * image.width + x) * 3;
  return {at[0], at[1], at[2]};
}

/// The overview of one picture by a seeded model, with the choices behind it.
struct Drawn {
  Image sheet;
  std::vector<std::vector<std::int32_t>> choices;  // a task each
};

Drawn draw(const TestModel& model, const Image& picture) {
  const auto pipeline = model.pipeline();
  std::vector<int> tasks;
  for (std::size_t i = 0; i < pipeline->config().tasks.size(); ++i) tasks.push_back(static_cast<int>(i));
  ExpertChoices choices(pipeline->config());
  Overview overview(pipeline->config(), picture);
  const Image* pictures[] = {&picture};
  const auto times = pipeline->run(pictures, {.tasks = tasks, .taps = &choices, .maps = [&](std::size_t, TaskMap map) {
                                                return overview.add_map(picture, map);
                                              }});
  EXPECT_TRUE(times.ok()) << times.status().message();
  Drawn drawn{.sheet = overview.draw(choices, 0), .choices = {}};
  for (const TaskConfig& task : pipeline->config().tasks) {
    const auto of = choices.of(0, task_name(task.kind));
    drawn.choices.emplace_back(of.begin(), of.end());
  }
  return drawn;
}

TEST(OverviewTest, everyPatchIsKept_andTasksOfOneRouterEachDiffer) {
  const TestModel model("tiny");
  const auto pipeline = model.pipeline();
  const ModelConfig& config = pipeline->config();
  const Drawn drawn = draw(model, grey_picture(96, 64));
  ASSERT_EQ(drawn.choices.size(), config.tasks.size());
  std::set<std::vector<std::int32_t>> different;
  for (const auto& choices : drawn.choices) {
    EXPECT_EQ(choices.size(), static_cast<std::size_t>(config.grid_height() * config.grid_width()));
    for (const std::int32_t expert : choices) {
      EXPECT_GE(expert, 0);
      EXPECT_LT(expert, config.moe.num_experts);
    }
    different.insert(choices);
  }
  EXPECT_GT(different.size(), 1u) << "seeded gates of two tasks choose alike";
}

TEST(OverviewTest, aSharedRouterServesEveryTask) {
  const TestModel model("tiny-shared");
  const Drawn drawn = draw(model, grey_picture(96, 64));
  for (const auto& choices : drawn.choices) {
    EXPECT_FALSE(choices.empty());
    EXPECT_EQ(choices, drawn.choices.front());
  }
}

TEST(OverviewTest, theSheetHoldsThePicture_andEachPatchInItsExpertsColour) {
  const TestModel model("tiny");
  const ModelConfig config = model.pipeline()->config();
  const Drawn drawn = draw(model, grey_picture(96, 64));
  const std::size_t columns = 1 + config.tasks.size();
  const std::size_t panel_width = (drawn.sheet.width - 14) / columns - 14;
  EXPECT_EQ(panel_width, 480u);
  EXPECT_EQ(pixel(drawn.sheet, 14 + 240, 14 + 24 + 160), (Rgb{128, 128, 128})) << "the picture's middle";
  // The corner of each patch of each task's panel, off the number in the middle.
  const std::size_t panel_height = 320;
  const std::size_t top = 14 + (24 + panel_height + 14) + 24;
  for (std::size_t task = 0; task < config.tasks.size(); ++task) {
    const std::size_t left = 14 + (task + 1) * (panel_width + 14);
    for (std::size_t i = 0; i < drawn.choices[task].size(); ++i) {
      const auto grid_width = static_cast<std::size_t>(config.grid_width());
      const auto grid_height = static_cast<std::size_t>(config.grid_height());
      const Rgb color = categorical_color(static_cast<std::size_t>(drawn.choices[task][i]));
      const Rgb found = pixel(drawn.sheet, left + i % grid_width * panel_width / grid_width + 2,
                              top + i / grid_width * panel_height / grid_height + 2);
      EXPECT_EQ(found.r, (5U * color.r + 3U * 128U) / 8U);
      EXPECT_EQ(found.g, (5U * color.g + 3U * 128U) / 8U);
      EXPECT_EQ(found.b, (5U * color.b + 3U * 128U) / 8U);
    }
  }
}

TEST(OverviewTest, anyShapeOfPicture_makesASheet) {
  const TestModel model("tiny");
  for (const auto& [width, height] :
       std::vector<std::pair<std::size_t, std::size_t>>{{1, 1}, {1, 900}, {900, 1}, {33, 17}, {1200, 900}}) {
    const Drawn drawn = draw(model, grey_picture(width, height));
    EXPECT_GT(drawn.sheet.width, 4 * 48u) << width << "x" << height;
    EXPECT_EQ(drawn.sheet.samples8.size(), drawn.sheet.width * drawn.sheet.height * 3);
  }
}

TEST(OverviewTest, aPlainNetwork_hasNoRowOfExperts) {
  const ModelConfig plain = [] {
    ModelConfig config = TestModel("tiny").pipeline()->config();
    config.moe.blocks.clear();
    return config;
  }();
  const ExpertChoices none(plain);
  EXPECT_EQ(none.block(), -1);
  const Image picture = grey_picture(96, 64);
  Overview overview(plain, picture);
  const TaskMap depth{
      .task = TaskKind::kDepth, .height = 64, .width = 96, .channels = 1, .values = std::vector<float>(96 * 64, 2.0F)};
  ASSERT_TRUE(overview.add_map(picture, depth).ok());
  EXPECT_LT(overview.draw(none, 0).height, 2 * 320u);
}

TEST(OverviewTest, depthThatIsNone_isMarkedAndDoesNotStretchTheColours) {
  const TestModel model("tiny");
  ModelConfig config = model.pipeline()->config();
  config.moe.blocks.clear();
  ASSERT_FALSE(config.tasks[static_cast<std::size_t>(*config.task_index(TaskKind::kDepth))].unit.empty());
  // Four columns of 120 pixels each: none, none, near, far.
  const Image picture = grey_picture(480, 48);
  std::vector<float> depth;
  for (std::size_t i = 0; i < 480U * 48U; ++i) {
    const float columns[] = {0.0F, i / 480 < 24 ? -3.0F : std::numeric_limits<float>::infinity(), 1.0F, 8.0F};
    depth.push_back(columns[i % 480 / 120]);
  }
  Overview overview(config, picture);
  ASSERT_TRUE(
      overview
          .add_map(picture,
                   {.task = TaskKind::kDepth, .height = 48, .width = 480, .channels = 1, .values = std::move(depth)})
          .ok());
  const Image sheet = overview.draw(ExpertChoices(config), 0);
  const auto shown = [&](std::size_t column, std::size_t y) {
    return pixel(sheet, 2 * 14 + 480 + column * 120 + 60, 38 + y);
  };
  EXPECT_EQ(shown(0, 10), kNonFiniteColor);
  EXPECT_EQ(shown(1, 10), kNonFiniteColor);
  EXPECT_EQ(shown(1, 38), kNonFiniteColor);
  EXPECT_EQ(shown(2, 10), sequential_color(0.0F));
  EXPECT_EQ(shown(3, 10), sequential_color(1.0F));
}

}  // namespace
}  // namespace edgemoe
