#include "image/map_picture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <vector>

#include "image/decode.h"
#include "image/palette.h"
#include "image/png_writer.h"

namespace edgemoe {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

Rgb pixel(const Image& image, std::size_t i) {
  return {image.samples8[3 * i], image.samples8[3 * i + 1], image.samples8[3 * i + 2]};
}

TEST(Palette, vocRule_hasTheKnownColours_andNoTwoAlikeAmongClasses) {
  const std::vector<Rgb> palette = class_palette(PaletteKind::kPascalVoc, 255);
  EXPECT_EQ(palette[0], (Rgb{0, 0, 0}));
  EXPECT_EQ(palette[1], (Rgb{128, 0, 0}));
  EXPECT_EQ(palette[15], (Rgb{192, 128, 128}));  // person
  std::set<std::tuple<int, int, int>> seen;
  for (const Rgb& color : palette) seen.insert({color.r, color.g, color.b});
  EXPECT_EQ(seen.size(), 255u);
  EXPECT_FALSE(seen.contains({kIgnoreColor.r, kIgnoreColor.g, kIgnoreColor.b}));
}

TEST(Palette, sequential_growsLighter_andCutsItsEnds) {
  double last = -1;
  for (int i = 0; i <= 20; ++i) {
    const Rgb color = sequential_color(static_cast<float>(i) / 20);
    const double luma = 0.299 * color.r + 0.587 * color.g + 0.114 * color.b;
    EXPECT_GT(luma, last);
    last = luma;
  }
  EXPECT_EQ(sequential_color(-5), sequential_color(0));
  EXPECT_EQ(sequential_color(kInf), sequential_color(1));
  EXPECT_EQ(sequential_color(kNan), sequential_color(0));
}

TEST(Palette, streetClasses_haveCityscapesColoursByTheirNames) {
  const std::vector<std::string> names = {"sky", "road", "traffic sign", "pavement"};
  const std::vector<Rgb> palette = street_palette(names);
  const std::vector<Rgb> cityscapes = class_palette(PaletteKind::kCityscapes, 19);
  EXPECT_EQ(palette, (std::vector<Rgb>{cityscapes[10], cityscapes[0], cityscapes[7], cityscapes[1]}));
  EXPECT_TRUE(street_palette({}).empty());
  EXPECT_TRUE(street_palette(std::vector<std::string>{"road", "sofa"}).empty());
  EXPECT_TRUE(street_palette(std::vector<std::string>{"sign", "traffic sign"}).empty()) << "two in one colour";
}

TEST(Palette, categorical_neighboursDiffer_andSixteenAreApart) {
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Rgb a = categorical_color(i);
      const Rgb b = categorical_color(j);
      EXPECT_GT(std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b), 40) << i << " and " << j;
    }
  }
}

TEST(ColorizeLabels, everyPixelIsItsPaletteEntry_andUnknownLabelsAreRefused) {
  const std::vector<Rgb> palette = class_palette(PaletteKind::kCityscapes, 7);
  const std::vector<std::uint8_t> labels = {0, 6, 3, 255};
  const auto image = colorize_labels(labels, 2, 2, palette);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(pixel(*image, 0), palette[0]);
  EXPECT_EQ(pixel(*image, 1), palette[6]);
  EXPECT_EQ(pixel(*image, 2), palette[3]);
  EXPECT_EQ(pixel(*image, 3), kIgnoreColor);
  EXPECT_EQ(colorize_labels(std::vector<std::uint8_t>{7}, 1, 1, palette).status().code(), StatusCode::kMismatch);
  EXPECT_EQ(colorize_labels(labels, 3, 2, palette).status().code(), StatusCode::kInvalidArgument);
}

TEST(DrawLegend, showsEveryClassAndIgnore) {
  const std::vector<Rgb> palette = class_palette(PaletteKind::kPascalVoc, 40);
  const Image legend = draw_legend(palette, {});
  std::set<std::tuple<int, int, int>> seen;
  for (std::size_t i = 0; i < legend.width * legend.height; ++i) {
    const Rgb color = pixel(legend, i);
    seen.insert({color.r, color.g, color.b});
  }
  for (const Rgb& color : palette) EXPECT_TRUE(seen.contains({color.r, color.g, color.b}));
  EXPECT_TRUE(seen.contains({kIgnoreColor.r, kIgnoreColor.g, kIgnoreColor.b}));
}

TEST(Overlay, isHalfAndHalf_andSizesMustAgree) {
  Image picture = make_image(1, 1);
  picture.samples8 = {200, 0, 101};
  Image colors = make_image(1, 1);
  colors.samples8 = {0, 100, 100};
  EXPECT_EQ(pixel(*overlay(picture, colors), 0), (Rgb{100, 50, 101}));
  EXPECT_EQ(pixel(*overlay(picture, colors, 0), 0), (Rgb{200, 0, 101}));
  Image wide;
  wide.width = wide.height = 1;
  wide.bits = 16;
  wide.samples16 = {200 * 257, 0, 101 * 257};
  EXPECT_EQ(pixel(*overlay(wide, colors), 0), (Rgb{100, 50, 101}));
  EXPECT_EQ(overlay(picture, make_image(2, 1)).status().code(), StatusCode::kMismatch);
  EXPECT_FALSE(overlay(picture, colors, 1.5F).ok());
}

TEST(ColorizeDepth, nonFiniteValues_areCountedAndMarked_constantsAreNotNan) {
  const std::vector<float> depth = {1, kNan, 3, kInf, -kInf, 2};
  const DepthRange range = depth_range(depth);
  EXPECT_EQ(range.low, 1);
  EXPECT_EQ(range.high, 3);
  EXPECT_EQ(range.num_finite, 3u);
  EXPECT_EQ(range.num_non_finite, 3u);
  const auto image = colorize_depth(depth, 2, 3, range);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(pixel(*image, 0), sequential_color(0));
  EXPECT_EQ(pixel(*image, 1), kNonFiniteColor);
  EXPECT_EQ(pixel(*image, 2), sequential_color(1));
  EXPECT_EQ(pixel(*image, 4), kNonFiniteColor);

  const std::vector<float> constant(4, 7.0F);
  const Rgb middle = pixel(*colorize_depth(constant, 2, 2, depth_range(constant)), 0);
  EXPECT_NEAR(middle.g, sequential_color(0.5F).g, 1) << "the middle of the scale";
  EXPECT_NEAR(middle.b, sequential_color(0.5F).b, 1);
  const std::vector<float> noisy = {7.0F, std::nextafter(7.0F, 8.0F), 7.00002F, 7.0F};
  const Image flat = *colorize_depth(noisy, 2, 2, depth_range(noisy));
  for (std::size_t i = 0; i < noisy.size(); ++i) EXPECT_EQ(pixel(flat, i), middle) << "rounding is not depth";
  const std::vector<float> invalid(4, kNan);
  const DepthRange none = depth_range(invalid);
  EXPECT_EQ(none.num_finite, 0u);
  EXPECT_EQ(pixel(*colorize_depth(invalid, 2, 2, none), 3), kNonFiniteColor);
  const Image with_bar = add_scale_bar(*colorize_depth(invalid, 2, 2, none), none, "m");
  EXPECT_GT(with_bar.height, 2u);
  EXPECT_EQ(pixel(with_bar, 0), kNonFiniteColor) << "the map stays in its corner";
}

TEST(ColorizeNormals, axesHaveTheirColours_nonFiniteIsMarked) {
  const std::vector<float> normals = {1, 0, 0, 0, 0, -1, kNan, 0, 0};
  const auto picture = colorize_normals(normals, 1, 3);
  ASSERT_TRUE(picture.ok());
  EXPECT_EQ(pixel(picture->image, 0), (Rgb{255, 128, 128}));
  EXPECT_EQ(pixel(picture->image, 1), (Rgb{128, 128, 0}));
  EXPECT_EQ(pixel(picture->image, 2), kNonFiniteColor);
  EXPECT_EQ(picture->num_non_finite, 1u);
}

TEST(GreyFromUnit, roundsAndCuts) {
  const GreyPicture grey = grey_from_unit(std::vector<float>{0, 1, 0.5F, -3, 2, kNan});
  EXPECT_EQ(grey.samples, (std::vector<std::uint8_t>{0, 255, 128, 0, 255, 0}));
  EXPECT_EQ(grey.num_non_finite, 1u);
}

TEST(PngWriter, everyForm_isReadBackExactly) {
  const std::vector<std::uint8_t> grey = {0, 1, 127, 128, 254, 255};
  const std::vector<std::uint16_t> deep = {0, 1, 255, 256, 32768, 65535};
  const std::vector<std::uint8_t> rgb = {9, 8, 7, 6, 5, 4};
  for (const PngContent content : {PngContent::kFlat, PngContent::kSmooth}) {
    const auto eight = decode_image(*encode_png({.width = 3, .height = 2, .grey8 = grey, .content = content}));
    ASSERT_TRUE(eight.ok()) << eight.status().message();
    for (std::size_t i = 0; i < grey.size(); ++i) EXPECT_EQ(pixel(*eight, i), (Rgb{grey[i], grey[i], grey[i]}));
    const auto sixteen = decode_image(*encode_png({.width = 2, .height = 3, .grey16 = deep, .content = content}));
    ASSERT_TRUE(sixteen.ok());
    for (std::size_t i = 0; i < deep.size(); ++i) EXPECT_EQ(sixteen->samples16[3 * i], deep[i]);
    const auto color = decode_image(*encode_png({.width = 2, .height = 1, .rgb8 = rgb, .content = content}));
    ASSERT_TRUE(color.ok());
    EXPECT_EQ(color->samples8, rgb);
  }
  EXPECT_EQ(encode_png({.width = 3, .height = 3, .grey8 = grey}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_png({.width = 0, .height = 0}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace edgemoe
