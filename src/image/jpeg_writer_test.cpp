#include "image/jpeg_writer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "image/decode.h"
#include "image/test_pictures.h"

namespace edgemoe {
namespace {

TEST(JpegWriterTest, smoothScene_decodesToNearlyTheSame) {
  for (const auto& [width, height] : {std::pair<std::size_t, std::size_t>{64, 48}, {17, 33}, {1, 1}}) {
    const Image scene = test::make_scene(width, height);
    const auto file = encode_jpeg(scene, 95);
    ASSERT_TRUE(file.ok()) << file.status().message();
    const auto decoded = decode_image(*file);
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    ASSERT_EQ(decoded->width, width);
    ASSERT_EQ(decoded->height, height);
    double sum = 0;
    for (std::size_t i = 0; i < scene.samples8.size(); ++i) {
      sum += std::abs(static_cast<double>(scene.samples8[i]) - decoded->samples8[i]);
    }
    // Quality 95 quantises the coefficients of a smooth scene by at most 10 in 255, chroma by 12 after halving.
    EXPECT_LT(sum / static_cast<double>(scene.samples8.size()), 6.0);
  }
}

TEST(JpegWriterTest, badPicture_isRefused) {
  Image wide;
  wide.width = wide.height = 2;
  wide.bits = 16;
  wide.samples16.resize(12);
  EXPECT_EQ(encode_jpeg(wide, 90).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_jpeg(Image{}, 90).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_jpeg(make_image(65'501, 1), 90).status().code(), StatusCode::kTooLarge);
}

}  // namespace
}  // namespace edgemoe
