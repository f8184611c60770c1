#include "image/color_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lcms2.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "image/decode.h"
#include "image/palette.h"
#include "image/test_pictures.h"

namespace edgemoe {
namespace {

using test::make_scene;

/// Takes the profile over.
std::vector<std::uint8_t> serialized(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  EXPECT_TRUE(cmsSaveProfileToMem(profile, nullptr, &size));
  std::vector<std::uint8_t> bytes(size);
  EXPECT_TRUE(cmsSaveProfileToMem(profile, bytes.data(), &size));
  cmsCloseProfile(profile);
  return bytes;
}

/// Display P3, as phones embed it: SMPTE RP 431-2 primaries, white D65, sRGB's curve.
std::vector<std::uint8_t> display_p3() {
  const cmsCIExyY white = {0.3127, 0.3290, 1.0};
  const cmsCIExyYTRIPLE primaries = {{0.680, 0.320, 1.0}, {0.265, 0.690, 1.0}, {0.150, 0.060, 1.0}};
  const cmsFloat64Number srgb_curve[5] = {2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045};
  cmsToneCurve* curve = cmsBuildParametricToneCurve(nullptr, 4, srgb_curve);
  cmsToneCurve* curves[3] = {curve, curve, curve};
  std::vector<std::uint8_t> bytes = serialized(cmsCreateRGBProfile(&white, &primaries, curves));
  cmsFreeToneCurve(curve);
  return bytes;
}

/// A CMYK profile that no formula would guess: the "cyan" ink prints red, the other two print nothing, black is black.
std::vector<std::uint8_t> cmyk_whose_cyan_is_red() {
  cmsHPROFILE profile = cmsCreateProfilePlaceholder(nullptr);
  cmsSetProfileVersion(profile, 2.4);
  cmsSetDeviceClass(profile, cmsSigOutputClass);
  cmsSetColorSpace(profile, cmsSigCmykData);
  cmsSetPCS(profile, cmsSigLabData);
  EXPECT_TRUE(cmsWriteTag(profile, cmsSigMediaWhitePointTag, cmsD50_XYZ()));
  cmsPipeline* pipeline = cmsPipelineAlloc(nullptr, 4, 3);
  cmsStage* grid = cmsStageAllocCLut16bit(nullptr, 2, 4, 3, nullptr);
  const cmsSAMPLER16 sample = [](const cmsUInt16Number in[], cmsUInt16Number out[], void*) -> cmsInt32Number {
    cmsCIELab lab = {100.0, 0.0, 0.0};
    if (in[0] > 0) lab = {54.0, 75.0, 60.0};
    if (in[3] > 0) lab = {0.0, 0.0, 0.0};
    cmsFloat2LabEncodedV2(out, &lab);
    return TRUE;
  };
  EXPECT_TRUE(cmsStageSampleCLut16bit(grid, sample, nullptr, 0));
  EXPECT_TRUE(cmsPipelineInsertStage(pipeline, cmsAT_END, grid));
  EXPECT_TRUE(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline));
  cmsPipelineFree(pipeline);
  return serialized(profile);
}

std::vector<std::uint8_t> srgb() { return serialized(cmsCreate_sRGBProfile()); }

Image plain_picture(Rgb color) {
  Image image = make_image(8, 8);
  for (std::size_t i = 0; i < image.samples8.size(); i += 3) {
    image.samples8[i] = color.r;
    image.samples8[i + 1] = color.g;
    image.samples8[i + 2] = color.b;
  }
  return image;
}

void expect_first_pixel(const Result<Image>& image, Rgb expected, int tolerance) {
  ASSERT_TRUE(image.ok()) << image.status().message();
  const Image& picture = image.value();
  const auto at = [&](std::size_t c) { return picture.bits == 16 ? picture.samples16[c] / 257 : picture.samples8[c]; };
  EXPECT_NEAR(at(0), expected.r, tolerance);
  EXPECT_NEAR(at(1), expected.g, tolerance);
  EXPECT_NEAR(at(2), expected.b, tolerance);
}

// Display P3 (200, 100, 50) in sRGB by hand: linear light (0.5776, 0.1274, 0.0319), then the matrix from P3's to sRGB's
// primaries ((1.2249, −0.2247, 0), (−0.0420, 1.0419, 0), (−0.0197, −0.0786, 1.0979)), then sRGB's curve.
constexpr Rgb kP3 = {200, 100, 50};
constexpr Rgb kP3AsSrgb = {215, 93, 31};

TEST(ColorProfile, displayP3_isConvertedToSrgb) {
  const Image picture = plain_picture(kP3);
  const std::vector<std::uint8_t> icc = display_p3();
  expect_first_pixel(decode_image(test::encode_jpeg(picture, {.icc_profile = icc})), kP3AsSrgb, 4);
  expect_first_pixel(decode_image(test::encode_test_png(picture, {.icc_profile = icc})), kP3AsSrgb, 2);
  expect_first_pixel(decode_image(test::encode_test_png(picture, {.bits = 16, .icc_profile = icc})), kP3AsSrgb, 2);
}

TEST(ColorProfile, srgb_changesNothing) {
  const Image scene = make_scene(40, 30);
  for (const int bits : {8, 16}) {
    const auto with = decode_image(test::encode_test_png(scene, {.bits = bits, .icc_profile = srgb()}));
    const auto without = decode_image(test::encode_test_png(scene, {.bits = bits}));
    ASSERT_TRUE(with.ok() && without.ok());
    EXPECT_EQ(with.value().samples8, without.value().samples8);
    EXPECT_EQ(with.value().samples16, without.value().samples16);
  }
}

TEST(ColorProfile, cmykProfile_isUsedWhateverThePolarity) {
  const std::vector<std::uint8_t> icc = cmyk_whose_cyan_is_red();
  for (const bool adobe_marker : {true, false}) {
    const auto encoded = [&](Rgb color) {
      return test::encode_jpeg(plain_picture(color),
                               {.color = test::JpegColor::kCmyk, .adobe_marker = adobe_marker, .icc_profile = icc});
    };
    expect_first_pixel(decode_image(encoded({255, 255, 255})), {255, 255, 255}, 3);
    // Full cyan ink: red by the profile (Lab 54, 75, 60), (0, 255, 255) by the formula.
    const Result<Image> ink = decode_image(encoded({0, 255, 255}));
    ASSERT_TRUE(ink.ok());
    EXPECT_GT(ink.value().samples8[0], 220);
    EXPECT_LT(ink.value().samples8[1], 60);
    EXPECT_LT(ink.value().samples8[2], 60);
  }
}

TEST(ColorProfile, unreadableOrForeignProfile_isIgnoredAndTold) {
  const Image picture = plain_picture(kP3);
  std::vector<std::string> notes;
  const NoteSink note = [&](std::string_view text) { notes.emplace_back(text); };
  const std::vector<std::uint8_t> garbage(200, 0x5A);
  expect_first_pixel(decode_image(test::encode_jpeg(picture, {.icc_profile = garbage}), {}, note), kP3, 3);
  EXPECT_EQ(notes.size(), 1U);
  expect_first_pixel(decode_image(test::encode_jpeg(picture, {.icc_profile = cmyk_whose_cyan_is_red()}), {}, note), kP3,
                     3);
  EXPECT_EQ(notes.size(), 2U);
  EXPECT_FALSE(ColorTransform::create(srgb(), ProfileInput::kCmyk8).has_value());
}

TEST(CmykToRgb, formula_isRoundedAndWithinRange) {
  const std::uint8_t white[4] = {0, 0, 0, 0};
  const std::uint8_t black[4] = {0, 0, 0, 255};
  const std::uint8_t mixed[4] = {255, 128, 0, 51};
  std::uint8_t rgb[3];
  cmyk_to_rgb(white, rgb);
  EXPECT_THAT(rgb, ::testing::ElementsAre(255, 255, 255));
  cmyk_to_rgb(black, rgb);
  EXPECT_THAT(rgb, ::testing::ElementsAre(0, 0, 0));
  cmyk_to_rgb(mixed, rgb);  // 0; 127 · 204 / 255 = 101.6; 204
  EXPECT_THAT(rgb, ::testing::ElementsAre(0, 102, 204));
}

}  // namespace
}  // namespace edgemoe
