// JPEG files of pictures, in memory.
#ifndef EDGEMOE_IMAGE_JPEG_WRITER_H_
#define EDGEMOE_IMAGE_JPEG_WRITER_H_

#include <cstddef>
#include <vector>

#include "base/status.h"
#include "image/image.h"

namespace edgemoe {

/// The whole file, baseline, chroma at half resolution. `quality` 1 (small) to 100. kInvalidArgument for a picture that
/// is not of 8 bits or has no pixel, kTooLarge past 65,500 a side.
Result<std::vector<std::byte>> encode_jpeg(const Image& image, int quality);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_JPEG_WRITER_H_
