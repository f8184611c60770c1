// Decoded frames of any pixel format to RGB, and RGB to what an encoder wants.
#ifndef EDGEMOE_IMAGE_FRAME_CONVERTER_H_
#define EDGEMOE_IMAGE_FRAME_CONVERTER_H_

#include <array>

#include "base/status.h"
#include "image/ffmpeg.h"
#include "image/image.h"

namespace edgemoe {

/// Keeps what a conversion needs for as long as frames stay alike.
class FrameConverter {
 public:
  /// `frame` into an 8-bit picture, by the frame's colour matrix and range (docs/video.md).
  Status to_rgb(const AVFrame& frame, Image& image);

  /// An 8-bit picture into `frame`, whose size and format are set and whose memory is its own: BT.709, limited range.
  /// Scaled (bicubic) where sizes differ.
  Status from_rgb(const Image& image, AVFrame& frame);

 private:
  /// Width, height and format of both sides, colour matrix and range of the YUV side.
  using Key = std::array<int, 8>;

  Status prepare(const AVFrame& from, const AVFrame& to);

  ffmpeg::Scaler scaler_;
  ffmpeg::Frame rgb_{ffmpeg::api().av_frame_alloc()};  // rows aligned as libswscale writes them
  Key key_ = {};                                       // of scaler_
};

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_FRAME_CONVERTER_H_
