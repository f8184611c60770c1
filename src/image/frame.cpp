#include "image/frame.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "image/codec.h"

namespace edgemoe {

Result<bool> read_rgb24_frame(std::istream& stream, Image& image) {
  EDGEMOE_CHECK(image.width >= 1 && image.height >= 1);
  image.bits = 8;
  image.samples16.clear();
  image.samples8.resize(image.width * image.height * 3);
  stream.read(reinterpret_cast<char*>(image.samples8.data()), static_cast<std::streamsize>(image.samples8.size()));
  const auto found = static_cast<std::size_t>(stream.gcount());
  if (stream.bad()) return io_error("the stream cannot be read any further");
  if (found == 0) return false;
  if (found == image.samples8.size()) return true;
  return malformed("the stream ends within a frame of {}x{} RGB24: expected {} bytes, found {}; is the size right?",
                   image.width, image.height, image.samples8.size(), found);
}

FrameResizer::FrameResizer(std::size_t in_height, std::size_t in_width, std::size_t out_height, std::size_t out_width,
                           ResizeKernel kernel)
    : plan_({.in_height = in_height,
             .in_width = in_width,
             .out_height = out_height,
             .out_width = out_width,
             .channels = 3,
             .kernel = kernel}) {}

bool FrameResizer::fits(const Image& image) const {
  return image.width == plan_.shape().in_width && image.height == plan_.shape().in_height;
}

void FrameResizer::run_row(const Image& image, std::size_t out_y, float* out_row, std::span<float> workspace) const {
  EDGEMOE_CHECK(fits(image));
  if (image.bits == 16) {
    plan_.run_row(image.samples16.data(), out_y, out_row, workspace);
  } else {
    plan_.run_row(image.samples8.data(), out_y, out_row, workspace);
  }
  // The division comes last: weights of one then give exactly sample / 255.
  const float one = image.max_sample();
  for (float& value : std::span(out_row, plan_.shape().out_width * 3)) {
    value /= one;
  }
}

}  // namespace edgemoe
