#include "image/orientation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "image/decode.h"
#include "image/test_pictures.h"

namespace edgemoe {
namespace {

using test::ByteOrder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Notes {
  std::vector<std::string> all;
  NoteSink sink() {
    return [this](std::string_view note) { all.emplace_back(note); };
  }
};

/// How a camera stores `upright` under each orientation: by EXIF's own words, stored row 0 is the picture's … and
/// stored column 0 its … (1: top, left; 2: top, right; 3: bottom, right; 4: bottom, left; 5: left, top; 6: right, top;
/// 7: right, bottom; 8: left, bottom).
Image stored_under(const Image& upright, int orientation) {
  const bool transposed = orientation >= 5;
  Image stored = make_image(transposed ? upright.height : upright.width, transposed ? upright.width : upright.height);
  const std::size_t last_x = upright.width - 1;
  const std::size_t last_y = upright.height - 1;
  for (std::size_t row = 0; row < stored.height; ++row) {
    for (std::size_t column = 0; column < stored.width; ++column) {
      std::size_t x = 0;
      std::size_t y = 0;
      switch (orientation) {
        case 1:
          y = row;
          x = column;
          break;
        case 2:
          y = row;
          x = last_x - column;
          break;
        case 3:
          y = last_y - row;
          x = last_x - column;
          break;
        case 4:
          y = last_y - row;
          x = column;
          break;
        case 5:
          x = row;
          y = column;
          break;
        case 6:
          x = last_x - row;
          y = column;
          break;
        case 7:
          x = last_x - row;
          y = last_y - column;
          break;
        default:
          x = row;
          y = last_y - column;
          break;
      }
      for (std::size_t c = 0; c < 3; ++c) {
        stored.samples8[(row * stored.width + column) * 3 + c] = upright.samples8[(y * upright.width + x) * 3 + c];
      }
    }
  }
  return stored;
}

TEST(Orientation, allEightInJpegAndPng_comeOutUpright) {
  const Image upright = test::make_scene(70, 130);  // more than one tile of the turn
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image stored = stored_under(upright, orientation);
    for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
      const auto value = static_cast<std::uint16_t>(orientation);
      const auto png = decode_image(test::encode_test_png(stored, {.exif = test::tiff_with_orientation(value, order)}));
      ASSERT_TRUE(png.ok()) << png.status().message();
      EXPECT_EQ(png.value().width, upright.width);
      EXPECT_EQ(png.value().height, upright.height);
      EXPECT_EQ(png.value().samples8, upright.samples8) << orientation;

      const auto jpeg = decode_image(test::encode_jpeg(stored, {.app1 = test::app1_with_orientation(value, order)}));
      ASSERT_TRUE(jpeg.ok()) << jpeg.status().message();
      ASSERT_EQ(jpeg.value().samples8.size(), upright.samples8.size());
      ASSERT_EQ(jpeg.value().width, upright.width);
      int worst = 0;
      for (std::size_t i = 0; i < upright.samples8.size(); ++i) {
        worst = std::max(worst, std::abs(jpeg.value().samples8[i] - upright.samples8[i]));
      }
      EXPECT_LE(worst, 8) << orientation;
    }
  }
}

TEST(Orientation, sixteenBits_turnAsEightDo) {
  const Image upright = test::make_scene(9, 5);
  const auto png = decode_image(
      test::encode_test_png(stored_under(upright, 6), {.bits = 16, .exif = test::tiff_with_orientation(6)}));
  ASSERT_TRUE(png.ok());
  ASSERT_EQ(png.value().samples16.size(), upright.samples8.size());
  EXPECT_EQ(png.value().width, 9U);
  for (std::size_t i = 0; i < upright.samples8.size(); ++i) {
    ASSERT_EQ(png.value().samples16[i], upright.samples8[i] * 257);
  }
}

TEST(Orientation, noExif_isUprightWithoutANote) {
  Notes notes;
  EXPECT_EQ(exif_orientation({}, notes.sink()), 1);
  EXPECT_THAT(notes.all, IsEmpty());
}

TEST(Orientation, valueOutsideOneToEight_isUprightAndTold) {
  for (const std::uint16_t value : {std::uint16_t{0}, std::uint16_t{9}, std::uint16_t{65535}}) {
    Notes notes;
    EXPECT_EQ(exif_orientation(test::tiff_with_orientation(value), notes.sink()), 1);
    ASSERT_EQ(notes.all.size(), 1U);
    EXPECT_THAT(notes.all[0], HasSubstr("orientation ignored"));
  }
}

TEST(Orientation, offsetThatLeadsOutside_isTold) {
  std::vector<std::uint8_t> block = {'M', 'M', 0, 42};
  block.insert(block.end(), 30, 0xFF);
  Notes notes;
  EXPECT_EQ(exif_orientation(block, notes.sink()), 1);
  ASSERT_EQ(notes.all.size(), 1U);
  EXPECT_THAT(notes.all[0], HasSubstr("ignored"));
}

TEST(Orientation, aLongInsteadOfAShort_isReadToo) {
  // Header and one entry in each byte order: tag 0x0112, type 4 (LONG), one value.
  const std::vector<std::uint8_t> little = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 4,
                                            0,   1,   0,  0, 0, 6, 0, 0, 0, 0, 0,    0,    0};
  const std::vector<std::uint8_t> big = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0,
                                         4,   0,   0, 0,  1, 0, 0, 0, 6, 0, 0,    0,    0};
  EXPECT_EQ(exif_orientation(little, {}), 6);
  EXPECT_EQ(exif_orientation(big, {}), 6);
}

TEST(Orientation, brokenExif_doesNotStopThePicture) {
  const Image scene = test::make_scene(20, 10);
  const std::vector<std::uint8_t> whole = test::app1_with_orientation(6);
  for (std::size_t size = 6; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto image = decode_image(test::encode_jpeg(scene, {.app1 = cut}));
    ASSERT_TRUE(image.ok()) << size << ": " << image.status().message();
  }
  Notes notes;
  std::vector<std::uint8_t> garbage(64, 0xA5);
  EXPECT_EQ(exif_orientation(garbage, notes.sink()), 1);
  EXPECT_EQ(notes.all.size(), 1U);
}

TEST(Orientation, randomBlocks_neverCrash) {
  Random random(5);
  const std::vector<std::uint8_t> whole = test::tiff_with_orientation(6);
  int turned = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint8_t> block = whole;
    for (int i = 0; i < 3; ++i) block[random.below(block.size())] = static_cast<std::uint8_t>(random.below(256));
    turned += exif_orientation(block, {}) != 1 ? 1 : 0;
  }
  EXPECT_GT(turned, 0);
}

}  // namespace
}  // namespace edgemoe
