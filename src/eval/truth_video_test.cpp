#include "eval/truth_video.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/testing.h"
#include "image/video_decoder.h"

namespace edgemoe {
namespace {

constexpr std::size_t kWidth = 64;
constexpr std::size_t kHeight = 48;

TEST(TruthVideo, EachFrame_has_maps_above_and_their_truth_below) {
  const auto text = read_text_file(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/models/edgemoe-street.json",
                                   std::uint64_t{1} << 20);
  const ModelConfig config = parse_model_config(text.value()).value();
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "drive.mp4";
  Sample truth{.height = kHeight, .width = kWidth, .image = make_image(kWidth, kHeight)};
  truth.labels.assign(kWidth * kHeight, 3);
  truth.depth.assign(kWidth * kHeight, 80);
  std::fill_n(truth.depth.begin(), kWidth * kHeight / 2, 0.0F);  // the upper half has none
  const TaskMap labels{.task = TaskKind::kSemseg,
                       .height = kHeight,
                       .width = kWidth,
                       .channels = 1,
                       .num_classes = 11,
                       .labels = std::vector<std::uint8_t>(kWidth * kHeight, 3)};
  const TaskMap depth{.task = TaskKind::kDepth,
                      .height = kHeight,
                      .width = kWidth,
                      .channels = 1,
                      .values = std::vector<float>(kWidth * kHeight, 80)};
  TruthVideo video(config, path, 5);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(video.add({labels, depth}, truth).ok());
  ASSERT_TRUE(video.finish().ok());

  Result<VideoDecoder> decoder = VideoDecoder::open(path, {});
  ASSERT_TRUE(decoder.ok()) << decoder.status().message();
  EXPECT_EQ(decoder->info().num_frames, 3);
  EXPECT_NEAR(decoder->info().frame_rate, 5, 1e-6);
  DecodedFrame frame;
  ASSERT_TRUE(decoder->read(frame).value());
  ASSERT_EQ(frame.image.width, 2 * 3 * kWidth);  // small frames are doubled
  ASSERT_EQ(frame.image.height, 2 * 2 * kHeight);
  const auto sample = [&](std::size_t x, std::size_t y, std::size_t c) {
    return static_cast<int>(frame.image.samples8[(2 * y * 2 * 3 * kWidth + 2 * x) * 3 + c]);
  };
  for (std::size_t c = 0; c < 3; ++c) {
    // What was said equals the truth below it, but for what H.264 does; where there is none, it is black.
    EXPECT_NEAR(sample(100, 36, c), sample(100, kHeight + 36, c), 8);
    EXPECT_NEAR(sample(160, 36, c), sample(160, kHeight + 36, c), 8);
    EXPECT_LT(sample(160, kHeight + 16, c), 12);
  }
  EXPECT_GT(sample(160, kHeight + 36, 0), 200);  // 80 m is yellow
}

}  // namespace
}  // namespace edgemoe
