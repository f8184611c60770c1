// Small videos for the tests, made with FFmpeg's encoders directly: what our own encoder does not write.
#ifndef EDGEMOE_IMAGE_TEST_VIDEO_H_
#define EDGEMOE_IMAGE_TEST_VIDEO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "image/image.h"

namespace edgemoe::test {

struct ClipOptions {
  std::string codec = "mpeg4";     // an encoder's name
  std::string pixels = "yuv420p";  // a pixel format's name
  std::string container = "avi";   // a muxer's name
  std::size_t width = 64;
  std::size_t height = 48;
  int num_frames = 10;
  std::vector<std::int64_t> times = {};    // of the frames, in ticks; empty: 0, 1, …
  std::array<int, 2> time_base = {1, 10};  // seconds a tick
  std::array<std::int32_t, 4> turn = {};   // a, b, c, d of a display matrix, in quarter turns; all 0: none
  bool full_range = false;
};

/// False where this FFmpeg lacks the encoder.
bool has_encoder(const std::string& name);

/// Frame `index` of every clip: a scene without symmetry, with a bright bar that moves down.
Image clip_frame(std::size_t width, std::size_t height, int index);

/// Writes a clip; checks that it could.
void write_clip(const std::filesystem::path& path, const ClipOptions& options = {});

/// Mean of |a − b| over all samples of two pictures of one size.
double mean_difference(const Image& a, const Image& b);

}  // namespace edgemoe::test

#endif  // EDGEMOE_IMAGE_TEST_VIDEO_H_
