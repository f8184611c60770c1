#include "image/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "image/decode.h"
#include "image/test_pictures.h"

namespace edgemoe {
namespace {

std::vector<float> network_input(const Image& image, std::size_t height, std::size_t width, ResizeKernel kernel) {
  const FrameResizer resizer(image.height, image.width, height, width, kernel);
  std::vector<float> workspace(resizer.workspace_size());
  std::vector<float> out(height * width * 3);
  for (std::size_t y = 0; y < height; ++y) resizer.run_row(image, y, out.data() + y * width * 3, workspace);
  return out;
}

TEST(FrameResizer, sameSize_isExactlySampleOver255) {
  const Image scene = test::make_scene(16, 8);
  const std::vector<float> out = network_input(scene, 8, 16, ResizeKernel::kBicubic);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], static_cast<float>(scene.samples8[i]) / 255.0F);
}

TEST(FrameResizer, everyFileTypeOfOneScene_givesTheSameInput) {
  const Image scene = test::make_scene(50, 37);
  const std::vector<float> expected = network_input(scene, 16, 32, ResizeKernel::kBicubic);
  std::size_t compared = 0;
  for (const test::PngColor color : {test::PngColor::kRgb, test::PngColor::kRgba}) {
    for (const int bits : {8, 16}) {
      const auto image = decode_image(test::encode_test_png(scene, {.color = color, .bits = bits}));
      ASSERT_TRUE(image.ok());
      const std::vector<float> out = network_input(image.value(), 16, 32, ResizeKernel::kBicubic);
      for (std::size_t i = 0; i < out.size(); ++i, ++compared) {
        // 16 bits hold exactly 257 times the 8-bit samples; only rounding differs, far below 1/255.
        ASSERT_NEAR(out[i], expected[i], bits == 8 ? 0.0F : 1e-6F);
      }
    }
  }
  EXPECT_EQ(compared, 4U * 16 * 32 * 3);
}

TEST(FrameResizer, overshootOfTheKernel_isKept) {
  // An edge of black and white at half a row of eight pixels: bicubic rings on both sides of it, as in float samples.
  Image edge = make_image(8, 1);
  for (std::size_t i = 12; i < 24; ++i) edge.samples8[i] = 255;
  const std::vector<float> out = network_input(edge, 1, 40, ResizeKernel::kBicubic);
  const auto [low, high] = std::minmax_element(out.begin(), out.end());
  EXPECT_LT(*low, -0.01F);
  EXPECT_GT(*high, 1.01F);
  EXPECT_NEAR(*low + *high, 1.0F, 1e-6F) << "as far below as above";
}

TEST(FrameResizer, redPicture_staysInChannelZero) {
  Image red = make_image(9, 7);
  for (std::size_t i = 0; i < red.samples8.size(); i += 3) red.samples8[i] = 255;
  const std::vector<float> out = network_input(red, 4, 5, ResizeKernel::kBilinearAntialias);
  for (std::size_t i = 0; i < out.size(); i += 3) {
    EXPECT_NEAR(out[i], 1.0F, 1e-6F);
    EXPECT_EQ(out[i + 1], 0.0F);
    EXPECT_EQ(out[i + 2], 0.0F);
  }
}

TEST(FrameResizer, onePixel_fillsTheInput) {
  Image one = make_image(1, 1);
  one.samples8 = {51, 102, 204};
  const std::vector<float> out = network_input(one, 3, 2, ResizeKernel::kBicubic);
  for (std::size_t i = 0; i < out.size(); ++i)
    EXPECT_NEAR(out[i], static_cast<float>(one.samples8[i % 3]) / 255.0F, 1e-6F);
}

TEST(RawFrames, stream_givesEveryFrameThenItsEnd) {
  std::istringstream stream(std::string("abcdefABCDEF"));
  Image image = make_image(2, 1);
  for (const char first : {'a', 'A'}) {
    const Result<bool> more = read_rgb24_frame(stream, image);
    ASSERT_TRUE(more.ok() && more.value());
    EXPECT_EQ(image.samples8[0], first);
  }
  const Result<bool> end = read_rgb24_frame(stream, image);
  ASSERT_TRUE(end.ok());
  EXPECT_FALSE(end.value());
}

TEST(RawFrames, streamThatEndsWithinAFrame_isAnError) {
  std::istringstream stream(std::string("abcdefABC"));
  Image image = make_image(2, 1);
  ASSERT_TRUE(read_rgb24_frame(stream, image).ok());
  EXPECT_EQ(read_rgb24_frame(stream, image).status().code(), StatusCode::kMalformed);
}

}  // namespace
}  // namespace edgemoe
