#include "edgemoe/video.h"

#include <atomic>
#include <new>
#include <optional>
#include <utility>

#include "image/video_decoder.h"

namespace edgemoe {

struct VideoReader::Implementation {
  std::atomic<bool> interrupted = false;
  std::optional<VideoDecoder> decoder;
  VideoInfo info;
  DecodedFrame frame;
};

VideoReader::VideoReader(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;
VideoReader::~VideoReader() = default;

Result<VideoReader> VideoReader::open(const std::filesystem::path& source, const VideoOptions& options) try {
  auto implementation = std::make_unique<Implementation>();
  const std::atomic<bool>& interrupted = implementation->interrupted;
  EDGEMOE_ASSIGN_OR_RETURN(VideoDecoder decoder,
                           VideoDecoder::open(source, {.loop = options.loop,
                                                       .camera_size = options.camera_size,
                                                       .camera_rate = options.camera_frame_rate,
                                                       .stopped = [&interrupted, asked = options.stopped] {
                                                         return interrupted || (asked && asked());
                                                       }}));
  const StreamInfo& info = decoder.info();
  implementation->info = {.width = info.width,
                          .height = info.height,
                          .frame_rate = info.frame_rate,
                          .duration_s = info.duration_s,
                          .num_frames = info.num_frames,
                          .container = info.container,
                          .codec = info.codec,
                          .live = info.live};
  implementation->decoder.emplace(std::move(decoder));
  return VideoReader(std::move(implementation));
} catch (const std::bad_alloc&) {
  return too_large("{}: not enough memory", source.string());
}

const VideoInfo& VideoReader::info() const { return implementation_->info; }

Result<bool> VideoReader::read(VideoFrame& frame) try {
  VideoDecoder& decoder = *implementation_->decoder;
  DecodedFrame& decoded = implementation_->frame;
  // The samples change hands twice, so that the caller's memory is what is decoded into.
  decoded.image.samples8 = std::move(frame.picture.bytes);
  Result<bool> read = decoder.read(decoded);
  if (!read.ok() || !*read) return read;
  frame.picture.width = decoded.image.width;
  frame.picture.height = decoded.image.height;
  frame.picture.format = PixelFormat::kRgb8;
  frame.picture.bytes = std::move(decoded.image.samples8);
  frame.number = decoded.number;
  frame.time_s = static_cast<double>(decoded.ticks) * decoder.info().time_base.value();
  return true;
} catch (const std::bad_alloc&) {
  return too_large("not enough memory for a frame");
}

std::int64_t VideoReader::num_damaged() const { return implementation_->decoder->damage().frames; }

void VideoReader::interrupt() { implementation_->interrupted = true; }

}  // namespace edgemoe
