// Any bytes as a picture, and as the raw samples of a PNG: an error, or a picture of the size that it says.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "image/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const edgemoe::DecodeLimits limits{.max_pixels = 1 << 18, .max_dimension = 4096};
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto raw = edgemoe::decode_raw_png(bytes, limits); raw.ok()) {
    EDGEMOE_CHECK(raw->samples8.size() + raw->samples16.size() == raw->width * raw->height * raw->channels);
  }
  const auto image = edgemoe::decode_image(bytes, limits);
  if (!image.ok()) return 0;
  const std::size_t samples = image->width * image->height * 3;
  EDGEMOE_CHECK(samples > 0 && image->samples8.size() == (image->bits == 8 ? samples : 0) &&
                image->samples16.size() == (image->bits == 16 ? samples : 0));
  return 0;
}
