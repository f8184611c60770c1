// What the decoders share; internal to src/image.
#ifndef EDGEMOE_IMAGE_CODEC_H_
#define EDGEMOE_IMAGE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/sink.h"
#include "base/status.h"
#include "image/decode.h"
#include "image/image.h"

namespace edgemoe {

/// True when the bytes start with the format's signature.
bool looks_like_jpeg(std::span<const std::byte> bytes);
bool looks_like_png(std::span<const std::byte> bytes);

/// A decoded picture before orientation and colour profile are applied, with what the file says about both.
struct DecodedPicture {
  Image image;
  std::vector<std::uint8_t> exif;         // TIFF block without the "Exif" header; empty when there is none
  std::vector<std::uint8_t> rgb_profile;  // ICC profile still to be applied to `image`; empty when there is none
};

Result<DecodedPicture> decode_jpeg(std::span<const std::byte> bytes, const DecodeLimits& limits, const NoteSink& note);
Result<DecodedPicture> decode_png(std::span<const std::byte> bytes, const DecodeLimits& limits, const NoteSink& note);

/// Sizes and depth, within the limits; decoding_bytes is what the format's decoder takes beside the samples.
Result<ImageHeader> read_jpeg_header(std::span<const std::byte> bytes, const DecodeLimits& limits);
Result<ImageHeader> read_png_header(std::span<const std::byte> bytes, const DecodeLimits& limits);

/// kTooLarge or kMalformed unless 1 ≤ both extents, within the limits.
Status check_picture_size(std::uint64_t width, std::uint64_t height, const DecodeLimits& limits);

/// kMalformed when `file_bytes` are too few to hold `least_bits` of compressed picture: a small file must not make us
/// take a large picture's memory.
Status check_file_holds(std::uint64_t file_bytes, std::uint64_t least_bits, std::uint64_t width, std::uint64_t height);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_CODEC_H_
