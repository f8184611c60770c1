// RGB frames to a video file: H.264 in MP4.
#ifndef EDGEMOE_IMAGE_VIDEO_ENCODER_H_
#define EDGEMOE_IMAGE_VIDEO_ENCODER_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/status.h"
#include "image/image.h"
#include "image/video.h"

namespace edgemoe {

struct VideoEncoderOptions {
  std::size_t width = 0;  // of the pictures, ≥ 1
  std::size_t height = 0;
  Ratio time_base;        // seconds a tick
  double frame_rate = 0;  // a hint for the rate control; 0: unknown
  Ratio pixel_aspect;
  int quality = 20;     // constant rate factor of x264, 0 (lossless) … 51
  int num_threads = 0;  // 0: as many as the encoder likes
};

/// Writes 4:2:0 with 8 bits, BT.709. An odd width or height grows by one replicated column or row, as H.264's
/// sub-sampling needs; a picture larger than level 5.1 allows (4096x2304) is scaled down to it, as most players do not
/// play more. The file takes its name when it is whole. Movable.
class VideoEncoder {
 public:
  /// kUnsupported when FFmpeg has no H.264 encoder, or there is no FFmpeg; kTooLarge, kIo.
  static Result<VideoEncoder> create(const std::filesystem::path& path, const VideoEncoderOptions& options);

  VideoEncoder(VideoEncoder&&) noexcept;
  VideoEncoder& operator=(VideoEncoder&&) noexcept;
  /// Without finish(): nothing of the file is left.
  ~VideoEncoder();

  /// Size of the pictures in the file.
  std::size_t coded_width() const;
  std::size_t coded_height() const;

  /// Adds a picture (8 bits; of another size than announced it is stretched) that is shown from `ticks` on. Ticks must
  /// grow: kInvalidArgument. kIo when the file cannot be written.
  Status write(const Image& picture, std::int64_t ticks);

  /// Ends the file and gives it its name; the last picture is shown for `last_ticks` (≥ 1). kInvalidArgument when there
  /// is no picture in it.
  Status finish(std::int64_t last_ticks);

 private:
  class Implementation;
  explicit VideoEncoder(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_VIDEO_ENCODER_H_
