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
};

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_IMAGE_H_
