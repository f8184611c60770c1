#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "edgemoe/edgemoe.h"

namespace edgemoe {
namespace {

Picture noise(std::size_t width, std::size_t height) {
  Picture picture{.width = width, .height = height, .bytes = std::vector<std::uint8_t>(width * height * 3)};
  Random random(7);
  for (std::uint8_t& sample : picture.bytes) sample = static_cast<std::uint8_t>(random.below(256));
  return picture;
}

TEST(PicturesTest, png_inMemory_isLossless) {
  const Picture picture = noise(37, 21);
  const auto file = encode_picture(picture.view(), FileFormat::kPng);
  ASSERT_TRUE(file.ok()) << file.status().message();
  const auto decoded = decode_picture(*file);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded->width, 37u);
  EXPECT_EQ(decoded->height, 21u);
  EXPECT_EQ(decoded->bytes, picture.bytes);
}

TEST(PicturesTest, jpeg_inMemory_hasThePicturesSize) {
  const auto file = encode_picture(noise(50, 30).view(), FileFormat::kJpeg, 80);
  ASSERT_TRUE(file.ok()) << file.status().message();
  const auto decoded = decode_picture(*file);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded->width, 50u);
  EXPECT_EQ(decoded->height, 30u);
}

TEST(PicturesTest, decode_overTheLimit_isRefused) {
  const auto file = encode_picture(noise(40, 40).view(), FileFormat::kPng);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(decode_picture(*file, 1599).status().code(), StatusCode::kTooLarge);
  EXPECT_TRUE(decode_picture(*file, 1600).ok());
  EXPECT_EQ(decode_picture(*file, 0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(decode_picture({}).status().code(), StatusCode::kMalformed);
}

TEST(PicturesTest, header_ofAFile_boundsWhatDecodingTakes) {
  const auto file = encode_picture(noise(37, 21).view(), FileFormat::kPng);
  ASSERT_TRUE(file.ok());
  const auto header = read_picture_header(*file);
  ASSERT_TRUE(header.ok()) << header.status().message();
  EXPECT_EQ(header->width, 37u);
  EXPECT_EQ(header->height, 21u);
  EXPECT_EQ(header->format, PixelFormat::kRgb8);
  EXPECT_EQ(header->decoding_bytes, 2u * 37 * 21 * 3);
  EXPECT_EQ(read_picture_header(*file, 37 * 21 - 1).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(read_picture_header({}).status().code(), StatusCode::kMalformed);
}

TEST(PicturesTest, encode_badArguments_areRefused) {
  const Picture picture = noise(4, 4);
  EXPECT_EQ(encode_picture(picture.view(), FileFormat::kJpeg, 0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_picture(picture.view(), FileFormat::kJpeg, 101).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_picture({}, FileFormat::kPng).status().code(), StatusCode::kInvalidArgument);
  Picture wide{.width = 1, .height = 1, .format = PixelFormat::kRgb16, .bytes = std::vector<std::uint8_t>(6)};
  EXPECT_EQ(encode_picture(wide.view(), FileFormat::kPng).status().code(), StatusCode::kInvalidArgument);
}

TEST(PicturesTest, overlay_ofALabelMap_blendsItsColours) {
  const Picture picture = noise(6, 4);
  Map map{.task = "human_parts", .width = 6, .height = 4, .num_classes = 3, .labels = std::vector<std::uint8_t>(24, 2)};
  const auto colors = draw_map(map);
  ASSERT_TRUE(colors.ok()) << colors.status().message();
  const auto blended = draw_overlay(picture.view(), map, 1.0F);
  ASSERT_TRUE(blended.ok()) << blended.status().message();
  EXPECT_EQ(blended->bytes, colors->bytes);
  const auto untouched = draw_overlay(picture.view(), map, 0.0F);
  ASSERT_TRUE(untouched.ok());
  EXPECT_EQ(untouched->bytes, picture.bytes);
  EXPECT_EQ(draw_overlay(noise(5, 4).view(), map).status().code(), StatusCode::kMismatch);
  map.labels[3] = 3;
  EXPECT_EQ(draw_map(map).status().code(), StatusCode::kMismatch);
  map.labels.pop_back();
  EXPECT_EQ(draw_map(map).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace edgemoe
