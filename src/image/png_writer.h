// PNG files of maps and pictures.
#ifndef EDGEMOE_IMAGE_PNG_WRITER_H_
#define EDGEMOE_IMAGE_PNG_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "image/image.h"

namespace edgemoe {

/// What the pixels look like: picks the filter that packs them well and fast.
enum class PngContent {
  kFlat,    ///< areas of one value: class maps, legends
  kSmooth,  ///< photographs, depth
};

/// A picture to be written, borrowed. Exactly one of the three sample spans is filled.
struct PngSource {
  std::size_t width = 0;
  std::size_t height = 0;
  std::span<const std::uint8_t> grey8 = {};    // [height, width]
  std::span<const std::uint16_t> grey16 = {};  // [height, width], native byte order
  std::span<const std::uint8_t> rgb8 = {};     // [height, width, 3]
  PngContent content = PngContent::kSmooth;
  std::vector<std::pair<std::string, std::string>> text = {};  // tEXt chunks: key of 1–79 Latin-1 characters, value
};

/// A PngSource that shows an 8-bit Image.
PngSource png_source(const Image& image, PngContent content = PngContent::kSmooth);

/// The whole file in memory. kInvalidArgument when sizes and samples do not agree.
Result<std::vector<std::byte>> encode_png(const PngSource& source);
/// encode_png, then written under a temporary name and renamed.
Status write_png(const std::filesystem::path& path, const PngSource& source);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_PNG_WRITER_H_
