// Pictures in memory: 8 or 16 bits a sample, RGB, upright.
#ifndef EDGEMOE_IMAGE_IMAGE_H_
#define EDGEMOE_IMAGE_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace edgemoe {

/// An owned RGB picture as every decoder returns it: orientation applied, grey and palette expanded, alpha gone by the
/// written rule (docs/pictures.md), CMYK converted. Exactly one of the two sample vectors is filled, by `bits`.
struct Image {
  std::size_t width = 0;
  std::size_t height = 0;
  int bits = 8;
  std::vector<std::uint8_t> samples8;    // [height, width, 3] when bits == 8
  std::vector<std::uint16_t> samples16;  // [height, width, 3] when bits == 16

  /// Largest sample value: what one in [0, 1] stands for.
  float max_sample() const { return bits == 16 ? 65535.0F : 255.0F; }
};

/// A black 8-bit picture.
inline Image make_image(std::size_t width, std::size_t height) {
  Image image;
  image.width = width;
  image.height = height;
  image.samples8.resize(width * height * 3);
  return image;
}

/// What a decoder accepts; checked against a file's header before memory is taken for its pixels.
struct DecodeLimits {
  std::uint64_t max_pixels = 100'000'000;
  std::uint64_t max_dimension = 65'500;       // libjpeg's own bound
  std::uint64_t max_file_bytes = 1ULL << 30;  // of the encoded file
};

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_IMAGE_H_
