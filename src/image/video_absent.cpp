// Video in a build without FFmpeg's libraries: every entry is a fault that says what is missing.
#include "image/video_decoder.h"
#include "image/video_encoder.h"

namespace edgemoe {

class VideoDecoder::Implementation {
 public:
  StreamInfo info;
  VideoDamage damage;
};

class VideoEncoder::Implementation {};

bool video_supported() { return false; }

Status video_unsupported() {
  return unsupported(
      "this build of edgemoe reads no video, as FFmpeg's libraries were not there: install libavcodec-dev, "
      "libavformat-dev, libavdevice-dev and libswscale-dev (scripts/install-dependencies build), configure and build "
      "again");
}

Result<VideoDecoder> VideoDecoder::open(const std::filesystem::path& source, const VideoDecoderOptions& /*options*/) {
  return video_unsupported().with_context(source.string());
}

Result<VideoDecoder> VideoDecoder::open_stream(std::istream& /*stream*/, const std::string& name,
                                               const VideoDecoderOptions& /*options*/) {
  return video_unsupported().with_context(name);
}

// No object of either class is ever made here.
VideoDecoder::VideoDecoder(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
VideoDecoder::VideoDecoder(VideoDecoder&&) noexcept = default;
VideoDecoder& VideoDecoder::operator=(VideoDecoder&&) noexcept = default;
VideoDecoder::~VideoDecoder() = default;
const StreamInfo& VideoDecoder::info() const { return implementation_->info; }
const VideoDamage& VideoDecoder::damage() const { return implementation_->damage; }
Result<bool> VideoDecoder::read(DecodedFrame& /*frame*/) { return video_unsupported(); }

Result<VideoEncoder> VideoEncoder::create(const std::filesystem::path& path, const VideoEncoderOptions& /*options*/) {
  return video_unsupported().with_context(path.string());
}

VideoEncoder::VideoEncoder(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
VideoEncoder::VideoEncoder(VideoEncoder&&) noexcept = default;
VideoEncoder& VideoEncoder::operator=(VideoEncoder&&) noexcept = default;
VideoEncoder::~VideoEncoder() = default;
std::size_t VideoEncoder::coded_width() const { return 0; }
std::size_t VideoEncoder::coded_height() const { return 0; }
Status VideoEncoder::write(const Image& /*picture*/, std::int64_t /*ticks*/) { return video_unsupported(); }
Status VideoEncoder::finish(std::int64_t /*last_ticks*/) { return video_unsupported(); }

}  // namespace edgemoe
