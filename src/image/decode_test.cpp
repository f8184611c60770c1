#include "image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "image/test_pictures.h"

namespace edgemoe {
namespace {

using test::encode_jpeg;
using test::encode_test_png;
using test::JpegColor;
using test::make_scene;
using test::PngColor;
using ::testing::HasSubstr;

/// Largest difference of any sample on the 8-bit scale; −1 when the sizes differ or nothing was compared.
double worst_difference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height || a.width * a.height == 0) return -1.0;
  const auto at = [](const Image& image, std::size_t i) {
    return image.bits == 16 ? static_cast<double>(image.samples16[i]) / 257.0 : static_cast<double>(image.samples8[i]);
  };
  double worst = 0.0;
  for (std::size_t i = 0; i < a.width * a.height * 3; ++i) worst = std::max(worst, std::abs(at(a, i) - at(b, i)));
  return worst;
}

void expect_same(const Image& actual, const Image& expected, double tolerance) {
  const double worst = worst_difference(actual, expected);
  EXPECT_GE(worst, 0.0) << actual.width << "x" << actual.height << " is not " << expected.width << "x"
                        << expected.height;
  EXPECT_LE(worst, tolerance);
}

Image grey_of(Image scene) {
  for (std::size_t i = 0; i < scene.samples8.size(); i += 3) {
    scene.samples8[i + 1] = scene.samples8[i + 2] = scene.samples8[i];
  }
  return scene;
}

Image decoded(const std::vector<std::byte>& bytes, const NoteSink& note = {}) {
  Result<Image> image = decode_image(bytes, {}, note);
  EXPECT_TRUE(image.ok()) << image.status().message();
  return image.ok() ? std::move(image).value() : Image();
}

constexpr double kJpegTolerance = 4.0;  // quality 100: DCT rounding, and rounding to YCbCr and back

TEST(DecodeJpeg, everyColorSpace_keepsTheScene) {
  const Image scene = make_scene(37, 29);
  for (const bool progressive : {false, true}) {
    for (const JpegColor color : {JpegColor::kYcc, JpegColor::kRgb}) {
      expect_same(decoded(encode_jpeg(scene, {.color = color, .progressive = progressive})), scene, kJpegTolerance);
    }
    expect_same(decoded(encode_jpeg(scene, {.color = JpegColor::kGrey, .progressive = progressive})), grey_of(scene),
                kJpegTolerance);
  }
}

TEST(DecodeJpeg, cmykWithAndWithoutAdobeMarker_keepsTheScene) {
  const Image scene = make_scene(37, 29);
  expect_same(decoded(encode_jpeg(scene, {.color = JpegColor::kCmyk, .adobe_marker = true})), scene, kJpegTolerance);
  expect_same(decoded(encode_jpeg(scene, {.color = JpegColor::kCmyk, .adobe_marker = false})), scene, kJpegTolerance);
  expect_same(decoded(encode_jpeg(scene, {.color = JpegColor::kYcck, .adobe_marker = true})), scene, kJpegTolerance);
}

TEST(DecodeJpeg, redPicture_isRedInEveryColorSpace) {
  Image red = make_image(16, 16);
  for (std::size_t i = 0; i < red.samples8.size(); i += 3) red.samples8[i] = 255;
  for (const JpegColor color : {JpegColor::kYcc, JpegColor::kRgb, JpegColor::kCmyk, JpegColor::kYcck}) {
    const Image out = decoded(encode_jpeg(red, {.color = color}));
    ASSERT_EQ(out.samples8.size(), red.samples8.size());
    EXPECT_GT(out.samples8[0], 250);
    EXPECT_LT(out.samples8[1], 5);
    EXPECT_LT(out.samples8[2], 5);
  }
}

TEST(DecodeJpeg, cutAnywhere_isAnErrorAndNeverAHalfPicture) {
  const Image scene = make_scene(160, 120);
  for (const bool progressive : {false, true}) {
    const std::vector<std::byte> whole = encode_jpeg(scene, {.progressive = progressive});
    for (std::size_t percent = 1; percent < 100; ++percent) {
      const std::span<const std::byte> cut = std::span(whole).first(whole.size() * percent / 100);
      const Result<Image> image = decode_image(cut);
      ASSERT_FALSE(image.ok()) << percent << " % of a " << (progressive ? "progressive" : "sequential") << " file";
      EXPECT_EQ(image.status().code(), StatusCode::kMalformed);
    }
  }
}

TEST(DecodePng, everyTypeAndDepth_keepsTheScene) {
  const Image scene = make_scene(33, 17);
  for (const bool interlaced : {false, true}) {
    for (const int bits : {8, 16}) {
      for (const PngColor color : {PngColor::kRgb, PngColor::kRgba}) {
        const Image out = decoded(encode_test_png(scene, {.color = color, .bits = bits, .interlaced = interlaced}));
        EXPECT_EQ(out.bits, bits);
        expect_same(out, scene, 0.0);
      }
      for (const PngColor color : {PngColor::kGrey, PngColor::kGreyAlpha}) {
        const Image out = decoded(encode_test_png(scene, {.color = color, .bits = bits, .interlaced = interlaced}));
        expect_same(out, grey_of(scene), 0.0);
      }
    }
  }
}

TEST(DecodePng, fewBits_spanTheWholeRange) {
  const Image scene = make_scene(33, 17);
  for (const int bits : {1, 2, 4}) {
    Image expected = grey_of(scene);
    const int top = (1 << bits) - 1;
    for (std::uint8_t& sample : expected.samples8)
      sample = static_cast<std::uint8_t>((sample >> (8 - bits)) * 255 / top);
    expect_same(decoded(encode_test_png(scene, {.color = PngColor::kGrey, .bits = bits})), expected, 0.0);
  }
}

TEST(DecodePng, palette_isLookedUp) {
  const Image scene = make_scene(33, 17);
  for (const int bits : {1, 2, 4, 8}) {
    for (const bool transparent : {false, true}) {
      Image expected = scene;
      for (std::size_t i = 0; i < expected.samples8.size(); i += 3) {
        const auto index = static_cast<std::uint8_t>(scene.samples8[i] >> (8 - bits));
        expected.samples8[i] = index;
        expected.samples8[i + 1] = static_cast<std::uint8_t>(255 - index);
        expected.samples8[i + 2] = index / 2;
      }
      expect_same(decoded(encode_test_png(
                      scene, {.color = PngColor::kPalette, .bits = bits, .transparent_color = transparent})),
                  expected, 0.0);
    }
  }
}

TEST(DecodePng, transparentColor_isDroppedAsAlphaIs) {
  const Image scene = make_scene(33, 17);
  for (const int bits : {8, 16}) {
    expect_same(decoded(encode_test_png(scene, {.color = PngColor::kRgb, .bits = bits, .transparent_color = true})),
                scene, 0.0);
  }
}

TEST(DecodePng, cutAnywhere_isAnError) {
  const std::vector<std::byte> whole = encode_test_png(make_scene(160, 120));
  for (std::size_t percent = 1; percent < 100; ++percent) {
    const Result<Image> image = decode_image(std::span(whole).first(whole.size() * percent / 100));
    ASSERT_FALSE(image.ok()) << percent;
    EXPECT_EQ(image.status().code(), StatusCode::kMalformed);
  }
}

TEST(DecodePng, flippedByte_isAnError) {
  std::vector<std::byte> bytes = encode_test_png(make_scene(16, 16));
  bytes[bytes.size() / 2] ^= std::byte{0x10};  // within IDAT: its check sum no longer fits
  EXPECT_FALSE(decode_image(bytes).ok());
}

TEST(DecodePng, claimOf60000Squared_isRefusedFromTheHeader) {
  std::vector<std::byte> bytes = encode_test_png(make_scene(4, 4));
  for (const std::size_t at : {std::size_t{16}, std::size_t{20}}) {  // width and height, big-endian
    bytes[at + 2] = std::byte{60000 >> 8};
    bytes[at + 3] = std::byte{60000 & 255};
  }
  const Result<Image> image = decode_image(bytes);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.status().code(), StatusCode::kTooLarge);
  EXPECT_THAT(image.status().message(), HasSubstr("60000x60000"));
}

/// Gives a changed IHDR chunk its check sum.
void fix_png_header(std::vector<std::byte>& png) {
  const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(png.data() + 12), 4 + 13);
  for (std::size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<std::byte>(sum >> (24 - 8 * i) & 255U);
}

TEST(DecodeImage, aSmallFileThatClaimsALargePicture_isRefusedFromItsSize) {
  std::vector<std::byte> png = encode_test_png(make_scene(4, 4));
  for (const std::size_t at : {std::size_t{16}, std::size_t{20}}) {
    png[at + 2] = std::byte{10000 >> 8};
    png[at + 3] = std::byte{10000 & 255};
  }
  std::vector<std::byte> jpeg = encode_jpeg(make_scene(16, 16));
  const std::byte sof[] = {std::byte{0xFF}, std::byte{0xC0}};
  const auto header = std::search(jpeg.begin(), jpeg.end(), std::begin(sof), std::end(sof));
  ASSERT_LT(jpeg.end() - header, static_cast<std::ptrdiff_t>(jpeg.size()));
  for (const std::ptrdiff_t at : {5, 7}) {  // height and width, big-endian
    header[at] = std::byte{10000 >> 8};
    header[at + 1] = std::byte{10000 & 255};
  }
  const std::string claim = "cannot hold a picture of 10000x10000";
  EXPECT_THAT(decode_image(jpeg).status().message(), HasSubstr(claim));
  fix_png_header(png);
  EXPECT_THAT(decode_image(png).status().message(), HasSubstr(claim));
}

TEST(DecodeImage, uniformPictures_areNeverTakenForDamagedOnes) {
  const Image flat = make_image(3000, 2000);  // black throughout: as small as files get
  for (const std::vector<std::byte>& bytes : {encode_jpeg(flat), encode_test_png(flat)}) {
    EXPECT_TRUE(decode_image(bytes).ok()) << bytes.size();
  }
}

TEST(DecodeImage, limits_refuseWhatIsOverAndTakeWhatIsAtThem) {
  const Image scene = make_scene(40, 30);
  for (const std::vector<std::byte>& bytes : {encode_jpeg(scene), encode_test_png(scene)}) {
    EXPECT_TRUE(decode_image(bytes, {.max_pixels = 1200, .max_dimension = 40}).ok());
    EXPECT_EQ(decode_image(bytes, {.max_pixels = 1199}).status().code(), StatusCode::kTooLarge);
    EXPECT_EQ(decode_image(bytes, {.max_dimension = 39}).status().code(), StatusCode::kTooLarge);
  }
}

TEST(DecodeImage, oddSizes_areKept) {
  const std::pair<std::size_t, std::size_t> sizes[] = {{1, 1}, {17, 33}, {500, 375}, {375, 500}, {1, 9}};
  for (const auto& [width, height] : sizes) {
    const Image scene = make_scene(width, height);
    expect_same(decoded(encode_jpeg(scene)), scene, 2 * kJpegTolerance);  // the blue corner's edge rings a little
    expect_same(decoded(encode_test_png(scene)), scene, 0.0);
    expect_same(decoded(encode_test_png(scene, {.interlaced = true})), scene, 0.0);
  }
}

TEST(DecodeImage, notAPicture_saysSo) {
  const auto message_of = [](std::string_view text) {
    const Result<Image> image = decode_image(std::as_bytes(std::span(text.data(), text.size())));
    EXPECT_FALSE(image.ok());
    EXPECT_EQ(image.status().code(), StatusCode::kMalformed);
    return image.status().message();
  };
  EXPECT_THAT(message_of(""), HasSubstr("empty"));
  EXPECT_THAT(message_of("just some text in a file named .jpg\n"), HasSubstr("neither a JPEG nor a PNG"));
  EXPECT_THAT(message_of("GIF89a"), HasSubstr("neither a JPEG nor a PNG"));
  EXPECT_THAT(message_of("\xFF\xD8\xFF"), HasSubstr("JPEG"));
  EXPECT_THAT(message_of("\x89PNG\r\n\x1A\n"), HasSubstr("PNG"));
}

TEST(DecodeImage, randomDamage_neverCrashes) {
  Random random(11);
  const Image scene = make_scene(48, 40);
  std::size_t refused = 0;
  for (const std::vector<std::byte>& whole :
       {encode_jpeg(scene, {.app1 = test::app1_with_orientation(6)}), encode_jpeg(scene, {.progressive = true}),
        encode_test_png(scene, {.exif = test::tiff_with_orientation(6)})}) {
    for (int round = 0; round < 300; ++round) {
      std::vector<std::byte> bytes = whole;
      for (int i = 0; i < 4; ++i) bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
      const Result<Image> image = decode_image(bytes);
      if (!image.ok()) ++refused;
    }
  }
  EXPECT_GT(refused, 100U);
}

TEST(DecodeRawPng, samples_areAsTheyAreStored) {
  const Image scene = make_scene(13, 9);
  struct Case {
    PngColor color;
    int bits;
    std::size_t channels;
  };
  for (const Case& one : {Case{PngColor::kGrey, 8, 1}, Case{PngColor::kPalette, 8, 1}, Case{PngColor::kRgb, 8, 3},
                          Case{PngColor::kGreyAlpha, 8, 2}, Case{PngColor::kRgba, 8, 4}, Case{PngColor::kGrey, 16, 1},
                          Case{PngColor::kGrey, 4, 1}, Case{PngColor::kPalette, 2, 1}}) {
    for (const bool interlaced : {false, true}) {
      const auto raw = decode_raw_png(encode_test_png(
          scene,
          {.color = one.color, .bits = one.bits, .interlaced = interlaced, .exif = test::tiff_with_orientation(6)}));
      ASSERT_TRUE(raw.ok()) << raw.status().message();
      EXPECT_EQ(raw->width, 13u) << "not turned by its orientation";
      EXPECT_EQ(raw->height, 9u);
      EXPECT_EQ(raw->channels, one.channels);
      EXPECT_EQ(raw->bits, one.bits == 16 ? 16 : 8);
      EXPECT_EQ(raw->samples8.size() + raw->samples16.size(), 13 * 9 * one.channels);
      for (std::size_t i = 0; i < 13 * 9; ++i) {
        const std::uint8_t red = scene.samples8[3 * i];
        if (one.bits == 16) {
          ASSERT_EQ(raw->samples16[i], red * 257);
        } else {
          ASSERT_EQ(raw->samples8[i * one.channels], red >> (8 - one.bits)) << "the index or value itself, not scaled";
        }
      }
    }
  }
}

TEST(DecodeRawPng, otherOrDamagedFiles_areErrors) {
  const Image scene = make_scene(13, 9);
  EXPECT_EQ(decode_raw_png(encode_jpeg(scene)).status().code(), StatusCode::kMalformed);
  const std::vector<std::byte> whole = encode_test_png(scene);
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    EXPECT_EQ(decode_raw_png(std::span(whole).first(length)).status().code(), StatusCode::kMalformed);
  }
  EXPECT_EQ(decode_raw_png(whole, {.max_pixels = 100}).status().code(), StatusCode::kTooLarge);
}

TEST(ReadImageHeader, TellsSizesAndWhatDecodingTakes) {
  const Image scene = make_scene(70, 41);
  const std::uint64_t samples = 70 * 41 * 3;
  const auto bytes_of = [](const std::vector<std::byte>& file) {
    const Result<ImageHeader> header = read_image_header(file);
    EXPECT_TRUE(header.ok()) << header.status().message();
    EXPECT_EQ(header->width, 70U);
    EXPECT_EQ(header->height, 41U);
    return header->decoding_bytes;
  };
  EXPECT_EQ(bytes_of(encode_test_png(scene)), 2 * samples);
  EXPECT_EQ(bytes_of(encode_test_png(scene, {.color = PngColor::kGrey})), 2 * samples) << "decoded to RGB";
  EXPECT_EQ(bytes_of(encode_test_png(scene, {.bits = 16})), 4 * samples);
  EXPECT_EQ(bytes_of(encode_jpeg(scene)), 2 * samples);
  // Coefficients of the whole picture, in blocks of 32x32 at most.
  EXPECT_EQ(bytes_of(encode_jpeg(scene, {.progressive = true})), 2 * samples + 2 * 96 * 64 * 3);
  EXPECT_EQ(bytes_of(encode_jpeg(scene, {.color = JpegColor::kCmyk, .progressive = true})),
            2 * samples + 2 * 96 * 64 * 4);
}

TEST(ReadImageHeader, NeedsNoMoreThanTheHeaderAndKeepsTheLimits) {
  const Image scene = make_scene(70, 41);
  for (std::vector<std::byte> file : {encode_jpeg(scene), encode_test_png(scene)}) {
    EXPECT_EQ(read_image_header(file, {.max_pixels = 70 * 41 - 1}).status().code(), StatusCode::kTooLarge);
    file.resize(file.size() - 20);
    EXPECT_TRUE(read_image_header(file).ok());
    EXPECT_FALSE(decode_image(file).ok());
    file.resize(20);
    EXPECT_EQ(read_image_header(file).status().code(), StatusCode::kMalformed);
  }
  EXPECT_EQ(read_image_header({}).status().code(), StatusCode::kMalformed);
}

}  // namespace
}  // namespace edgemoe
