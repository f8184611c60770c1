// Encoded pictures for the tests, made in memory.
#ifndef EDGEMOE_IMAGE_TEST_PICTURES_H_
#define EDGEMOE_IMAGE_TEST_PICTURES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/image.h"

namespace edgemoe::test {

/// An 8-bit scene without symmetry: red grows to the right, green downwards, blue marks the top left corner.
Image make_scene(std::size_t width, std::size_t height);

enum class JpegColor { kGrey, kYcc, kRgb, kCmyk, kYcck };

struct JpegOptions {
  JpegColor color = JpegColor::kYcc;
  bool progressive = false;
  bool adobe_marker = true;                    // CMYK and YCCK: without it samples are stored as inks (0 = none)
  std::vector<std::uint8_t> app1 = {};         // one whole APP1 payload; none when empty
  std::vector<std::uint8_t> icc_profile = {};  // none when empty
};

/// Grey takes the red channel; CMYK is 255 − RGB with no black. Quality 100, no chroma subsampling.
std::vector<std::byte> encode_jpeg(const Image& scene, const JpegOptions& options = {});

enum class PngColor { kGrey, kGreyAlpha, kRgb, kRgba, kPalette };

struct PngOptions {
  PngColor color = PngColor::kRgb;
  int bits = 8;  // 16: samples · 257; below 8 (grey, palette): the top bits
  bool interlaced = false;
  bool transparent_color = false;              // a tRNS chunk
  std::vector<std::uint8_t> exif = {};         // a TIFF block; none when empty
  std::vector<std::uint8_t> icc_profile = {};  // none when empty
};

/// Grey and palette take the red channel (palette entry i is (i, 255 − i, i / 2)); alpha grows downwards.
std::vector<std::byte> encode_test_png(const Image& scene, const PngOptions& options = {});

enum class ByteOrder { kLittle, kBig };

/// A TIFF block with the one tag Orientation, as EXIF holds it.
std::vector<std::uint8_t> tiff_with_orientation(std::uint16_t orientation, ByteOrder order = ByteOrder::kLittle);
/// The same behind the header of an APP1 segment.
std::vector<std::uint8_t> app1_with_orientation(std::uint16_t orientation, ByteOrder order = ByteOrder::kLittle);

}  // namespace edgemoe::test

#endif  // EDGEMOE_IMAGE_TEST_PICTURES_H_
