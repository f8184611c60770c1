#include "image/frame.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "image/codec.h"

namespace edgemoe {

Status assign_rgb24(std::span<const std::byte> frame, std::size_t width, std::size_t height, Image& image,
                    const DecodeLimits& limits) {
  EDGEMOE_RETURN_IF_ERROR(check_picture_size(width, height, limits));
  const std::size_t expected = width * height * 3;
  if (frame.size() != expected) {
    return mismatch("RGB24 frame of {}x{} pixels: expected {} bytes, found {}", width, height, expected, frame.size());
  }
  image.width = width;
  image.height = height;
  image.bits = 8;
  image.samples16.clear();
  image.samples8.resize(expected);
  std::memcpy(image.samples8.data(), frame.data(), expected);
  return {};
}

Result<bool> read_rgb24_frame(std::istream& stream, Image& image) {
  EDGEMOE_CHECK(image.width >= 1 && image.height >= 1);
  image.bits = 8;
  image.samples16.clear();
  image.samples8.resize(image.width * image.height * 3);
  stream.read(reinterpret_cast<char*>(image.samples8.data()), static_cast<std::streamsize>(image.samples8.size()));
  const auto found = static_cast<std::size_t>(stream.gcount());
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

void FrameResizer::run(const Image& image, float* out, std::span<float> workspace) const {
  const std::size_t stride = plan_.shape().out_width * 3;
  for (std::size_t y = 0; y < plan_.shape().out_height; ++y) run_row(image, y, out + y * stride, workspace);
}

}  // namespace edgemoe
