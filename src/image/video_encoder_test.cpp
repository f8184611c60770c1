#include "image/video_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "image/test_video.h"
#include "image/video_decoder.h"

namespace edgemoe {
namespace {

using test::clip_frame;
using test::mean_difference;
using ::testing::HasSubstr;

class VideoEncoderTest : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "out.mp4"; }
  VideoEncoder encoder(const VideoEncoderOptions& options) const {
    Result<VideoEncoder> made = VideoEncoder::create(path(), options);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(made).value();
  }
  bool folder_is_empty() const { return std::filesystem::is_empty(folder_.path()); }
  const TemporaryFolder folder_;
};

TEST_F(VideoEncoderTest, AVideo_comes_back_with_its_pictures_and_times) {
  const std::vector<std::int64_t> times = {0, 3, 4, 9, 100, 101, 102};
  {
    VideoEncoder video = encoder({.width = 64, .height = 48, .time_base = {1, 25}, .frame_rate = 25, .quality = 5});
    for (std::size_t i = 0; i < times.size(); ++i) {
      ASSERT_TRUE(video.write(clip_frame(64, 48, static_cast<int>(i)), times[i]).ok());
    }
    ASSERT_TRUE(video.finish(10).ok());
  }
  Result<VideoDecoder> decoder = VideoDecoder::open(path(), {});
  ASSERT_TRUE(decoder.ok()) << decoder.status().message();
  EXPECT_EQ(decoder->info().codec, "h264");
  EXPECT_NEAR(decoder->info().duration_s, 112.0 / 25, 1e-3);
  DecodedFrame frame;
  for (std::size_t i = 0; i < times.size(); ++i) {
    ASSERT_TRUE(decoder->read(frame).value()) << i;
    EXPECT_NEAR(static_cast<double>(frame.ticks) * decoder->info().time_base.value(),
                static_cast<double>(times[i]) / 25, 1e-6);
    EXPECT_LT(mean_difference(frame.image, clip_frame(64, 48, static_cast<int>(i))), 4) << i;
  }
  EXPECT_FALSE(decoder->read(frame).value());
}

TEST_F(VideoEncoderTest, OddSizes_grow_by_the_last_row_and_column) {
  VideoEncoder video = encoder({.width = 33, .height = 17, .time_base = {1, 10}, .quality = 1});
  EXPECT_EQ(video.coded_width(), 34U);
  EXPECT_EQ(video.coded_height(), 18U);
  Image picture = make_image(33, 17);
  for (std::size_t y = 0; y < 17; ++y) picture.samples8[(y * 33 + 32) * 3 + 1] = 200;  // a green last column
  ASSERT_TRUE(video.write(picture, 0).ok());
  ASSERT_TRUE(video.finish(1).ok());
  Result<VideoDecoder> decoder = VideoDecoder::open(path(), {});
  ASSERT_TRUE(decoder.ok()) << decoder.status().message();
  DecodedFrame frame;
  ASSERT_TRUE(decoder->read(frame).value());
  ASSERT_EQ(frame.image.width, 34U);
  for (const std::size_t x : {32U, 33U}) EXPECT_GT(frame.image.samples8[(8 * 34 + x) * 3 + 1], 100) << x;
  EXPECT_LT(frame.image.samples8[(8 * 34 + 29) * 3 + 1], 40);
}

TEST_F(VideoEncoderTest, SizesBeyondTheLevel_are_scaled_in_proportion) {
  const VideoEncoder wide = encoder({.width = 7680, .height = 4320, .time_base = {1, 10}});
  EXPECT_EQ(wide.coded_width(), 4096U);
  EXPECT_EQ(wide.coded_height(), 2304U);
  const VideoEncoder square = encoder({.width = 5000, .height = 5000, .time_base = {1, 10}});
  EXPECT_LE(square.coded_width() * square.coded_height(), 36864U * 256);
  EXPECT_EQ(square.coded_width(), square.coded_height());
}

TEST_F(VideoEncoderTest, APictureOfAnotherSize_is_stretched) {
  VideoEncoder video = encoder({.width = 64, .height = 48, .time_base = {1, 10}});
  ASSERT_TRUE(video.write(clip_frame(64, 48, 0), 0).ok());
  ASSERT_TRUE(video.write(clip_frame(100, 30, 1), 1).ok());
  ASSERT_TRUE(video.write(clip_frame(64, 48, 2), 2).ok());
  ASSERT_TRUE(video.finish(1).ok());
  Result<VideoDecoder> decoder = VideoDecoder::open(path(), {});
  ASSERT_TRUE(decoder.ok());
  EXPECT_EQ(decoder->info().num_frames, 3);
}

TEST_F(VideoEncoderTest, PicturesOfChangingSizes_keep_their_colour) {
  constexpr int kFrames = 12;
  const auto red = [](std::size_t width, std::size_t height) {
    Image image = clip_frame(width, height, 0);
    for (std::size_t i = 0; i < image.samples8.size(); ++i) image.samples8[i] = i % 3 == 0 ? 220 : 20;
    return image;
  };
  VideoEncoder video = encoder({.width = 64, .height = 48, .time_base = {1, 10}, .quality = 5});
  for (int i = 0; i < kFrames; ++i) {
    ASSERT_TRUE(video.write(i % 2 == 0 ? red(64, 48) : red(100, 30), i).ok());
  }
  ASSERT_TRUE(video.finish(1).ok());
  Result<VideoDecoder> decoder = VideoDecoder::open(path(), {});
  ASSERT_TRUE(decoder.ok());
  DecodedFrame frame;
  for (int i = 0; i < kFrames; ++i) {
    const Result<bool> read = decoder->read(frame);
    ASSERT_TRUE(read.ok() && *read);
    EXPECT_LT(mean_difference(frame.image, red(64, 48)), 4) << "frame " << i;
  }
}

TEST_F(VideoEncoderTest, TimesThatDoNotGrow_are_refused) {
  VideoEncoder video = encoder({.width = 16, .height = 16, .time_base = {1, 10}});
  ASSERT_TRUE(video.write(clip_frame(16, 16, 0), 5).ok());
  EXPECT_EQ(video.write(clip_frame(16, 16, 0), 5).code(), StatusCode::kInvalidArgument);
}

TEST_F(VideoEncoderTest, ATickFinerThanMp4s_is_rounded) {
  VideoEncoder video = encoder({.width = 16, .height = 16, .time_base = {1, 1'000'000'000}});
  for (std::int64_t i = 0; i < 4; ++i) ASSERT_TRUE(video.write(clip_frame(16, 16, 0), i * 40'000'000 + i).ok());
  ASSERT_TRUE(video.finish(40'000'000).ok());
  Result<VideoDecoder> decoder = VideoDecoder::open(path(), {});
  ASSERT_TRUE(decoder.ok());
  EXPECT_NEAR(decoder->info().duration_s, 0.16, 1e-3);
}

TEST_F(VideoEncoderTest, WithoutFinish_nothing_is_left) {
  {
    VideoEncoder video = encoder({.width = 64, .height = 48, .time_base = {1, 10}});
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(video.write(clip_frame(64, 48, i), i).ok());
  }
  EXPECT_TRUE(folder_is_empty());
}

TEST_F(VideoEncoderTest, WithoutPictures_there_is_no_file) {
  {
    VideoEncoder video = encoder({.width = 64, .height = 48, .time_base = {1, 10}});
    EXPECT_EQ(video.finish(1).code(), StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(folder_is_empty());
}

TEST_F(VideoEncoderTest, APlaceThatCannotBeWritten_is_refused_by_name) {
  const Status status =
      VideoEncoder::create(folder_.path() / "missing" / "out.mp4", {.width = 16, .height = 16, .time_base = {1, 10}})
          .status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("out.mp4"));
}

}  // namespace
}  // namespace edgemoe
