// Video files, streams and cameras to upright RGB frames with their times.
#ifndef EDGEMOE_IMAGE_VIDEO_DECODER_H_
#define EDGEMOE_IMAGE_VIDEO_DECODER_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <memory>
#include <string>

#include "base/sink.h"
#include "base/status.h"
#include "image/image.h"
#include "image/video.h"

namespace edgemoe {

struct VideoDecoderOptions {
  DecodeLimits limits = {};      // of a frame; max_file_bytes is not asked: a video may be larger
  bool loop = false;             // begin again at the end; times go on. Files only
  std::string camera_size = {};  // cameras: "1280x720"; empty: the driver's choice
  double camera_rate = 0;        // cameras: frames a second; 0: the driver's choice
  // Asked while waiting, for the writer of a named pipe too, by any thread: true ends the stream. Empty: never.
  std::function<bool()> stopped = {};
  NoteSink note = {};  // what is odd about the stream
};

/// What was not handed out as it came.
struct VideoDamage {
  std::int64_t frames = 0;   // damaged: skipped
  std::int64_t retimed = 0;  // without a time, or not after the frame before: put one tick after it
};

/// Decodes the best video stream of one source. Rotation and mirroring of the container (or a frame) are applied, in
/// quarter turns; colours follow the stream's matrix and range (where it names none: BT.709 from 1280 pixels of width
/// or 577 of height on, else BT.601); more than 8 bits are rounded to 8, alpha is dropped, fields are not taken apart.
/// Sound and subtitles are passed over. Frames that the decoder calls damaged are skipped and counted; a file that
/// breaks off ends there. Movable; one thread at a time.
class VideoDecoder {
 public:
  /// Opens a file or a camera (/dev/video0) and decodes the first frame. Nothing but `source` is opened, whatever its
  /// content refers to. Faults name it: kNotFound, kMalformed (no video, no frame that can be decoded), kUnsupported
  /// (no decoder; no FFmpeg), kTooLarge, kIo.
  static Result<VideoDecoder> open(const std::filesystem::path& source, const VideoDecoderOptions& options);
  /// The same from a stream (a pipe: need not seek) that outlives the decoder; `name` is for messages. Cannot loop.
  static Result<VideoDecoder> open_stream(std::istream& stream, const std::string& name,
                                          const VideoDecoderOptions& options);

  VideoDecoder(VideoDecoder&&) noexcept;
  VideoDecoder& operator=(VideoDecoder&&) noexcept;
  ~VideoDecoder();

  const StreamInfo& info() const;
  const VideoDamage& damage() const;

  /// The next frame into `frame`, whose memory is used again. True for a frame, false at the end or when stopped. A
  /// frame may have another size than the one before. kIo when a camera fails.
  Result<bool> read(DecodedFrame& frame);

 private:
  class Implementation;
  explicit VideoDecoder(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_VIDEO_DECODER_H_
