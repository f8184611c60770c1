#include "pipeline/video_view.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/file.h"
#include "pipeline/map_preview.h"

namespace edgemoe {
namespace {

ModelConfig street() {
  const auto text = read_text_file(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/models/edgemoe-street.json",
                                   std::uint64_t{1} << 20);
  return parse_model_config(text.value()).value();
}

Image grey(std::size_t width, std::size_t height) {
  Image image = make_image(width, height);
  std::fill(image.samples8.begin(), image.samples8.end(), std::uint8_t{128});
  return image;
}

TaskMap classes(std::size_t width, std::size_t height, std::uint8_t label) {
  return {.task = TaskKind::kSemseg,
          .height = height,
          .width = width,
          .channels = 1,
          .num_classes = 11,
          .labels = std::vector<std::uint8_t>(width * height, label)};
}

TaskMap depth(std::size_t width, std::size_t height, float near_value, float far_value) {
  TaskMap map{.task = TaskKind::kDepth, .height = height, .width = width, .channels = 1};
  map.values.assign(width * height, near_value);
  map.values.back() = far_value;
  return map;
}

Rgb pixel(const Image& image, std::size_t x, std::size_t y) {
  const std::uint8_t* at = image.samples8.data() + (y * image.width + x) * 3;
  return {at[0], at[1], at[2]};
}

Image draw(VideoView& view, const Image& frame, const std::vector<TaskMap>& maps) {
  Result<Image> sheet = view.draw(frame, maps);
  EXPECT_TRUE(sheet.ok()) << sheet.status().message();
  return std::move(sheet).value();
}

TEST(GridColumns, Panels_come_near_to_a_screens_shape) {
  EXPECT_EQ(grid_columns(1, 768, 576), 1U);
  EXPECT_EQ(grid_columns(2, 768, 576), 2U);
  EXPECT_EQ(grid_columns(2, 1920, 200), 1U);
  EXPECT_EQ(grid_columns(3, 480, 640), 3U);
  EXPECT_EQ(grid_columns(4, 1280, 720), 2U);
  EXPECT_EQ(grid_columns(4, 512, 256), 2U);
}

TEST(VideoView, SideBySide_keeps_the_frame_and_puts_maps_beside_it) {
  const ModelConfig config = street();
  VideoView view(config, {});
  const Image frame = grey(320, 160);
  const Image sheet = draw(view, frame, {classes(320, 160, 2), depth(320, 160, 2, 50), classes(320, 160, 10)});
  EXPECT_EQ(sheet.width, 640U);
  EXPECT_GT(sheet.height, 320U);  // two rows and the legend
  const std::vector<Rgb> palette = task_palette(TaskKind::kSemseg, 11, config.tasks[0].class_names);
  EXPECT_EQ(pixel(sheet, 200, 100), (Rgb{128, 128, 128}));
  EXPECT_EQ(pixel(sheet, 520, 100), palette[2]);
  EXPECT_EQ(pixel(sheet, 520, 260), palette[10]);
}

TEST(VideoView, Overlay_lies_over_the_frame) {
  const ModelConfig config = street();
  VideoView view(config, {.kind = VideoViewKind::kOverlay});
  const Image sheet = draw(view, grey(320, 160), {classes(320, 160, 2)});
  EXPECT_EQ(sheet.width, 320U);
  const Rgb color = task_palette(TaskKind::kSemseg, 11, config.tasks[0].class_names)[2];
  EXPECT_NEAR(pixel(sheet, 200, 100).r, (128 + color.r) / 2, 1);
  EXPECT_NEAR(pixel(sheet, 200, 100).b, (128 + color.b) / 2, 1);
}

TEST(VideoView, AMapAlone_is_the_map_in_colours_and_nothing_else) {
  const ModelConfig config = street();
  VideoView view(config, {.kind = VideoViewKind::kMap});
  const TaskMap map = classes(33, 17, 4);
  EXPECT_EQ(draw(view, grey(33, 17), {map}).samples8, colorize_map(map, config.tasks[0].class_names)->samples8);
}

TEST(VideoView, DepthColours_follow_the_frames_slowly) {
  const ModelConfig config = street();
  VideoView view(config, {.kind = VideoViewKind::kMap});
  const Image frame = grey(64, 48);
  const Rgb before = pixel(draw(view, frame, {depth(64, 48, 10, 80)}), 5, 40);
  // One frame with something far nearer and farther changes the colour of 10 m by little.
  TaskMap odd = depth(64, 48, 10, 200);
  odd.values.front() = 0.5F;
  const Rgb after = pixel(draw(view, frame, {odd}), 5, 40);
  EXPECT_LT(std::abs(before.g - after.g), 32);
  VideoView fresh(config, {.kind = VideoViewKind::kMap});
  EXPECT_GT(std::abs(before.g - pixel(draw(fresh, frame, {odd}), 5, 40).g), 100);
}

TEST(VideoView, AFixedDepthRange_gives_a_depth_one_colour_for_ever) {
  const ModelConfig config = street();
  VideoView view(config, {.kind = VideoViewKind::kMap, .depth_range = ValueRange{1, 100}});
  const Image frame = grey(64, 48);
  const Rgb middle = pixel(draw(view, frame, {depth(64, 48, 10, 80)}), 5, 5);
  const Rgb expected = sequential_color(0.5F);  // 10 is half way from 1 to 100 by its logarithm
  EXPECT_NEAR(middle.r, expected.r, 1);
  EXPECT_NEAR(middle.g, expected.g, 1);
  EXPECT_NEAR(middle.b, expected.b, 1);
  EXPECT_EQ(pixel(draw(view, frame, {depth(64, 48, 10, 3000)}), 5, 5), middle);
}

TEST(VideoView, DepthThatIsNone_has_the_reserved_colour) {
  const ModelConfig config = street();
  VideoView view(config, {.kind = VideoViewKind::kMap});
  TaskMap map = depth(64, 48, 10, 80);
  map.values[7] = std::numeric_limits<float>::quiet_NaN();
  map.values[8] = -1;
  const Image sheet = draw(view, grey(64, 48), {map});
  EXPECT_EQ(pixel(sheet, 7, 0), kNonFiniteColor);
  EXPECT_EQ(pixel(sheet, 8, 0), kNonFiniteColor);
  std::fill(map.values.begin(), map.values.end(), std::numeric_limits<float>::infinity());
  EXPECT_EQ(pixel(draw(view, grey(64, 48), {map}), 20, 20), kNonFiniteColor);
}

TEST(VideoView, TheSmallestFrame_can_be_drawn) {
  const ModelConfig config = street();
  for (const VideoViewKind kind : {VideoViewKind::kSideBySide, VideoViewKind::kOverlay, VideoViewKind::kMap}) {
    VideoView view(config, {.kind = kind});
    const Image sheet = draw(view, grey(1, 1), {classes(1, 1, 0), depth(1, 1, 2, 2)});
    EXPECT_GE(sheet.width, 1U);
  }
}

}  // namespace
}  // namespace edgemoe
