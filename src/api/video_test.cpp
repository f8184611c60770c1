#include "edgemoe/video.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "image/text.h"
#include "image/video_encoder.h"

namespace edgemoe {
namespace {

class VideoReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!video_supported()) GTEST_SKIP() << "built without FFmpeg";
    auto encoder = VideoEncoder::create(clip(), {.width = 64, .height = 32, .time_base = {1, 4}, .quality = 5});
    ASSERT_TRUE(encoder.ok()) << encoder.status().message();
    for (int i = 0; i < 4; ++i) {
      Image image = make_image(64, 32);
      fill_rect(image, 0, 0, 64, 32, {200, 0, static_cast<std::uint8_t>(20 * i)});
      ASSERT_TRUE(encoder->write(image, i).ok());
    }
    ASSERT_TRUE(encoder->finish(1).ok());
  }
  std::filesystem::path clip() const { return folder_.path() / "clip.mp4"; }
  const TemporaryFolder folder_;
};

TEST_F(VideoReaderTest, AFile_gives_its_frames_with_their_times) {
  auto video = VideoReader::open(clip());
  ASSERT_TRUE(video.ok()) << video.status().message();
  EXPECT_EQ(video->info().width, 64U);
  EXPECT_EQ(video->info().num_frames, 4);
  EXPECT_EQ(video->info().frame_rate, 4);
  EXPECT_FALSE(video->info().live);
  VideoFrame frame;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(video->read(frame).value());
    EXPECT_EQ(frame.number, i);
    EXPECT_NEAR(frame.time_s, i / 4.0, 1e-9);
    ASSERT_EQ(frame.picture.bytes.size(), 64U * 32 * 3);
    EXPECT_EQ(frame.picture.format, PixelFormat::kRgb8);
    EXPECT_NEAR(frame.picture.bytes[0], 200, 8);  // red first
    EXPECT_NEAR(frame.picture.bytes[2], 20 * i, 8);
  }
  EXPECT_FALSE(video->read(frame).value());
  EXPECT_EQ(video->num_damaged(), 0);
}

TEST_F(VideoReaderTest, ALoop_goes_on_until_it_is_interrupted) {
  auto video = VideoReader::open(clip(), {.loop = true});
  ASSERT_TRUE(video.ok());
  VideoFrame frame;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(video->read(frame).value());
    EXPECT_NEAR(frame.time_s, i / 4.0, 1e-9);
  }
  video->interrupt();
  int more = 0;
  while (video->read(frame).value()) ++more;
  EXPECT_LE(more, 4);
}

TEST_F(VideoReaderTest, WhatCannotBeRead_is_a_fault_by_name) {
  const Status missing = VideoReader::open(folder_.path() / "missing.mp4").status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_NE(missing.message().find("missing.mp4"), std::string::npos);
}

}  // namespace
}  // namespace edgemoe
