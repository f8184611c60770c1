// Encoded pictures to Image: JPEG and PNG, told apart by their content.
#ifndef EDGEMOE_IMAGE_DECODE_H_
#define EDGEMOE_IMAGE_DECODE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "base/sink.h"
#include "base/status.h"
#include "image/image.h"

namespace edgemoe {

/// What a picture file says of itself before its pixels are decoded.
struct ImageHeader {
  std::size_t width = 0;  // as stored: an EXIF orientation may exchange them
  std::size_t height = 0;
  int bits = 8;
  std::uint64_t decoding_bytes = 0;  // a bound of what decode_image takes for pixels at one time, its result included
};

/// Reads no more than the header. Faults as decode_image; a header that is well need not have a whole picture behind
/// it.
Result<ImageHeader> read_image_header(std::span<const std::byte> bytes, const DecodeLimits& limits = {});

/// Decodes a whole JPEG (grey, YCbCr, RGB, CMYK, YCCK; baseline or progressive) or PNG (every type, 1–16 bits). Upright
/// by its EXIF orientation, alpha dropped, colours in sRGB when an RGB or CMYK profile is embedded (docs/pictures.md).
/// PNG's 16 bits stay 16. Remarks (EXIF ignored, …) go to `note`.
/// Faults: kMalformed (neither format, cut off, corrupt), kUnsupported, kTooLarge.
Result<Image> decode_image(std::span<const std::byte> bytes, const DecodeLimits& limits = {},
                           const NoteSink& note = {});

/// Reads and decodes a file; messages start with its path.
Result<Image> load_image(const std::filesystem::path& path, const DecodeLimits& limits = {}, const NoteSink& note = {});

/// The samples of a PNG as they are stored: class numbers, depth codes. No palette is looked up, no orientation or
/// colour profile applied, nothing scaled. Exactly one of the two sample vectors is filled, by `bits`.
struct RawPng {
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t channels = 0;              // 1 grey or palette index, 2 grey and alpha, 3 RGB, 4 RGBA
  int bits = 8;                          // 8 (1, 2 and 4 stored bits are unpacked to 8 without scaling) or 16
  std::vector<std::uint8_t> samples8;    // [height, width, channels] when bits == 8
  std::vector<std::uint16_t> samples16;  // [height, width, channels] when bits == 16
};

/// Faults as decode_image.
Result<RawPng> decode_raw_png(std::span<const std::byte> bytes, const DecodeLimits& limits = {});

/// Reads and decodes a PNG file; messages start with its path.
Result<RawPng> load_raw_png(const std::filesystem::path& path, const DecodeLimits& limits = {});

/// The pictures of a folder (not of its subfolders), sorted by name: files named .jpg, .jpeg or .png in any case, and
/// others whose content starts as one of these formats. Names that start with a dot are passed over. kNotFound when the
/// folder is missing or holds none.
Result<std::vector<std::filesystem::path>> list_pictures(const std::filesystem::path& folder);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_DECODE_H_
