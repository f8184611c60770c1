// What is known of a video, and its parts in plain terms. Decoding and encoding (video_decoder.h, video_encoder.h) are
// FFmpeg's; a build without its libraries has both as faults that say so.
#ifndef EDGEMOE_IMAGE_VIDEO_H_
#define EDGEMOE_IMAGE_VIDEO_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/status.h"
#include "image/image.h"

namespace edgemoe {

/// A positive fraction: seconds a tick, or the width of a pixel over its height.
struct Ratio {
  int numerator = 1;
  int denominator = 1;

  double value() const { return static_cast<double>(numerator) / denominator; }
};

/// A stream as its container announces it. What the container does not say is 0.
struct StreamInfo {
  std::size_t width = 0;  // upright, of the first frame
  std::size_t height = 0;
  double frame_rate = 0;        // average, frames a second
  double duration_s = 0;        // of the whole stream
  std::int64_t num_frames = 0;  // stored in the container, else estimated from duration and rate
  Ratio time_base;              // seconds a tick of DecodedFrame::ticks
  Ratio pixel_aspect;           // 1:1 where nothing is said
  std::string container;        // "avi", "mov,mp4,…": FFmpeg's names
  std::string codec;            // "h264"
  bool live = false;            // a camera: no end, and frames that nobody fetches are lost
};

/// One frame: upright, 8-bit RGB.
struct DecodedFrame {
  Image image;
  std::int64_t number = 0;  // of the frames handed out, from 0
  std::int64_t ticks = 0;   // of the time base since the first frame; greater than the frame's before
};

/// True where this build reads and writes video and FFmpeg's libraries can be opened.
bool video_supported();

/// Where not video_supported(): kUnsupported, with what is missing and how to get it.
Status video_unsupported();

/// True for what is run as a video: a device (/dev/video0), a named pipe, a file with a video's extension, or one whose
/// first bytes are those of a usual container.
bool is_video_source(const std::filesystem::path& path);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_VIDEO_H_
