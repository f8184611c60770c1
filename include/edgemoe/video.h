// edgemoe: frames of a video file or a camera, upright and in RGB, for Model::run.
//
//   edgemoe::Result<edgemoe::VideoReader> video = edgemoe::VideoReader::open("/dev/video0");
//   edgemoe::VideoFrame frame;
//   for (auto more = video->read(frame); more.ok() && *more; more = video->read(frame)) {
//     auto maps = model->run(frame.picture.view(), {"depth"});
//   }
//
// FFmpeg does the reading. Its log is one for the whole process: the first open() turns it off, and a program that sets
// a callback of its own afterwards keeps that.
#ifndef EDGEMOE_VIDEO_H_
#define EDGEMOE_VIDEO_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "edgemoe/edgemoe.h"
#include "edgemoe/status.h"

namespace edgemoe {

/// False where the library was built without FFmpeg, or FFmpeg's libraries are not there: open() then says what is
/// missing.
bool video_supported();

struct VideoOptions {
  bool loop = false;             ///< files: begin again at the end, times going on; refused for cameras
  std::string camera_size;       ///< cameras: "1280x720"; empty: the driver's choice
  double camera_frame_rate = 0;  ///< cameras: frames a second; 0: the driver's choice
  /// Asked while open() and read() wait, by threads of the library too: true ends both, open() with kIo.
  std::function<bool()> stopped;
};

/// A video as its container announces it. What that does not say is 0.
struct VideoInfo {
  std::size_t width = 0;  ///< of the first frame, upright
  std::size_t height = 0;
  double frame_rate = 0;        ///< average, frames a second
  double duration_s = 0;        ///< of one pass
  std::int64_t num_frames = 0;  ///< of one pass; an estimate where the container holds no count
  std::string container;        ///< "avi", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm": FFmpeg's names
  std::string codec;            ///< "h264", "mjpeg"
  bool live = false;            ///< a camera: frames that nobody reads in time are lost
};

struct VideoFrame {
  Picture picture;          ///< kRgb8, upright; its memory is used again by the next read()
  std::int64_t number = 0;  ///< of the frames read, from 0
  double time_s = 0;        ///< since the first frame; always later than the frame before
};

/// Reads one video stream; frames that are damaged are skipped and counted. Movable. One thread at a time may read;
/// interrupt() may be called from any.
class VideoReader {
 public:
  /// Opens a file or a camera (a device such as /dev/video0) and decodes its first frame. Nothing but `source` itself
  /// is read, whatever its content refers to. Faults name it: kNotFound, kMalformed (no video; no frame that can be
  /// decoded), kUnsupported (no decoder for it; no FFmpeg in this build), kTooLarge (frames over 100 million pixels),
  /// kIo, kInvalidArgument.
  static Result<VideoReader> open(const std::filesystem::path& source, const VideoOptions& options = {});

  VideoReader(VideoReader&&) noexcept;
  VideoReader& operator=(VideoReader&&) noexcept;
  ~VideoReader();

  const VideoInfo& info() const;

  /// The next frame into `frame`. True for a frame, false at the end or after interrupt(). Waits for a camera's next
  /// frame, but not for a file's time to come: pacing is the caller's. kIo when a camera fails.
  Result<bool> read(VideoFrame& frame);

  /// Frames skipped so far because they were damaged.
  std::int64_t num_damaged() const;

  /// Ends a read() that waits, and all later ones, with false.
  void interrupt();

 private:
  struct Implementation;
  explicit VideoReader(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_VIDEO_H_
