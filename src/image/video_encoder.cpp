#include "image/video_encoder.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "image/ffmpeg.h"
#include "image/frame_converter.h"

namespace edgemoe {
namespace {

// H.264's level 5.1: macroblocks of 16x16 pixels in a frame, and how long a side of them may be.
constexpr std::size_t kMaxMacroblocks = 36864;
constexpr std::size_t kMaxSide = 4096;
constexpr int kFinestTick = 1'000'000;  // of a second: MP4 counts in 32 bits
constexpr int kBufferBytes = 1 << 16;

std::size_t even(std::size_t extent) { return extent + extent % 2; }

/// The size in the file: even, within the level.
std::pair<std::size_t, std::size_t> coded_size(std::size_t width, std::size_t height) {
  double scale = std::min(1.0, static_cast<double>(kMaxSide) / static_cast<double>(std::max(width, height)));
  const auto scaled = [&](std::size_t extent) {
    return std::max<std::size_t>(2, even(static_cast<std::size_t>(static_cast<double>(extent) * scale + 0.5)));
  };
  const auto macroblocks = [&] { return (scaled(width) + 15) / 16 * ((scaled(height) + 15) / 16); };
  while (macroblocks() > kMaxMacroblocks) scale *= 0.99;
  return {scaled(width), scaled(height)};
}

const AVCodec* h264_encoder() {
  for (const char* name : {"libx264", "libopenh264"}) {
    if (const AVCodec* found = ffmpeg::api().avcodec_find_encoder_by_name(name)) return found;
  }
  return nullptr;
}

}  // namespace

class VideoEncoder::Implementation {
 public:
  Implementation(std::filesystem::path path, AtomicFile file, const VideoEncoderOptions& options)
      : path_(std::move(path)), file_(std::move(file)), options_(options) {}
  ~Implementation() {
    if (format_ != nullptr) format_->pb = nullptr;
    ffmpeg::api().avformat_free_context(format_);
  }

  Status start();
  Status write(const Image& picture, std::int64_t ticks);
  Status finish(std::int64_t last_ticks);
  int width() const { return codec_->width; }
  int height() const { return codec_->height; }

 private:
  Status open_codec(const AVCodec& encoder);
  Status open_file();
  Status send(AVFrame* frame);
  Status fault(std::string_view what, int code) const;
  std::int64_t to_codec(std::int64_t ticks) const {
    return ffmpeg::api().av_rescale_q(ticks, {options_.time_base.numerator, options_.time_base.denominator},
                                      codec_->time_base);
  }
  static int write_bytes(void* self, std::uint8_t* bytes, int size);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);

  const std::filesystem::path path_;
  AtomicFile file_;
  const VideoEncoderOptions options_;
  ffmpeg::Io io_;
  AVFormatContext* format_ = nullptr;
  ffmpeg::CodecContext codec_;
  AVStream* stream_ = nullptr;
  ffmpeg::Frame frame_{ffmpeg::api().av_frame_alloc()};
  ffmpeg::Packet packet_{ffmpeg::api().av_packet_alloc()};
  FrameConverter converter_;
  std::int64_t last_ticks_ = -1;  // of options_.time_base
  std::int64_t last_pts_ = -1;    // of the codec's, which may be coarser
  std::int64_t last_duration_ = 0;
  int write_error_ = 0;  // errno
};

int VideoEncoder::Implementation::write_bytes(void* self, std::uint8_t* bytes, int size) {
  auto& encoder = *static_cast<Implementation*>(self);
  for (int done = 0; done < size;) {
    const ssize_t put = ::write(encoder.file_.descriptor(), bytes + done, static_cast<std::size_t>(size - done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      encoder.write_error_ = errno;
      return AVERROR(errno);
    }
    done += static_cast<int>(put);
  }
  return size;
}

std::int64_t VideoEncoder::Implementation::seek(void* self, std::int64_t offset, int whence) {
  if ((whence & AVSEEK_SIZE) != 0) return AVERROR(ENOSYS);
  const off_t place = ::lseek(static_cast<Implementation*>(self)->file_.descriptor(), offset, whence & ~AVSEEK_FORCE);
  return place < 0 ? AVERROR(errno) : place;
}

Status VideoEncoder::Implementation::fault(std::string_view what, int code) const {
  if (write_error_ != 0) {
    return io_error("{}: cannot write: {}", path_.string(), std::generic_category().message(write_error_));
  }
  if (code == AVERROR(ENOMEM)) return too_large("{}: not enough memory", path_.string());
  return io_error("{}: {}: {}", path_.string(), what, ffmpeg::error_text(code));
}

Status VideoEncoder::Implementation::start() {
  const AVCodec* encoder = h264_encoder();
  if (encoder == nullptr) {
    return unsupported("{}: this machine's FFmpeg has no H.264 encoder; Debian's libavcodec59 has libx264",
                       path_.string());
  }
  if (frame_ == nullptr || packet_ == nullptr) return too_large("{}: not enough memory", path_.string());
  ffmpeg::forget_errors();
  EDGEMOE_RETURN_IF_ERROR(open_codec(*encoder));
  return open_file();
}

Status VideoEncoder::Implementation::open_codec(const AVCodec& encoder) {
  codec_.reset(ffmpeg::api().avcodec_alloc_context3(&encoder));
  if (codec_ == nullptr) return too_large("{}: not enough memory", path_.string());
  const auto [coded_width, coded_height] = coded_size(options_.width, options_.height);
  codec_->width = static_cast<int>(coded_width);
  codec_->height = static_cast<int>(coded_height);
  codec_->pix_fmt = AV_PIX_FMT_YUV420P;
  codec_->time_base = {options_.time_base.numerator, options_.time_base.denominator};
  if (codec_->time_base.den > kFinestTick) codec_->time_base = {1, kFinestTick};
  if (options_.frame_rate > 0) codec_->framerate = ffmpeg::api().av_d2q(options_.frame_rate, 60'000);
  codec_->sample_aspect_ratio = {options_.pixel_aspect.numerator, options_.pixel_aspect.denominator};
  codec_->color_range = AVCOL_RANGE_MPEG;
  codec_->colorspace = AVCOL_SPC_BT709;
  codec_->color_primaries = AVCOL_PRI_BT709;
  codec_->color_trc = AVCOL_TRC_BT709;
  codec_->thread_count = options_.num_threads;
  codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary* settings = nullptr;
  ffmpeg::api().av_dict_set(&settings, "preset", "veryfast", 0);
  ffmpeg::api().av_dict_set_int(&settings, "crf", options_.quality, 0);
  const int opened = ffmpeg::api().avcodec_open2(codec_.get(), &encoder, &settings);
  ffmpeg::api().av_dict_free(&settings);
  if (opened < 0) {
    return fault(fmt::format("{} cannot encode {}x{}", encoder.name, coded_width, coded_height), opened);
  }
  frame_->format = codec_->pix_fmt;
  frame_->width = codec_->width;
  frame_->height = codec_->height;
  frame_->colorspace = codec_->colorspace;
  frame_->color_range = codec_->color_range;
  const int got = ffmpeg::api().av_frame_get_buffer(frame_.get(), 0);
  return got < 0 ? fault("no memory for a frame", got) : Status();
}

Status VideoEncoder::Implementation::open_file() {
  int result = ffmpeg::api().avformat_alloc_output_context2(&format_, nullptr, "mp4", nullptr);
  if (result < 0) return fault("no MP4 writer", result);
  auto* buffer = static_cast<unsigned char*>(ffmpeg::api().av_malloc(kBufferBytes));
  if (buffer == nullptr) return too_large("{}: not enough memory", path_.string());
  io_.reset(ffmpeg::api().avio_alloc_context(buffer, kBufferBytes, 1, this, nullptr, write_bytes, seek));
  if (io_ == nullptr) {
    ffmpeg::api().av_free(buffer);
    return too_large("{}: not enough memory", path_.string());
  }
  format_->pb = io_.get();
  format_->flags |= AVFMT_FLAG_CUSTOM_IO;
  stream_ = ffmpeg::api().avformat_new_stream(format_, nullptr);
  if (stream_ == nullptr) return too_large("{}: not enough memory", path_.string());
  stream_->time_base = codec_->time_base;
  stream_->avg_frame_rate = codec_->framerate;
  stream_->sample_aspect_ratio = codec_->sample_aspect_ratio;
  result = ffmpeg::api().avcodec_parameters_from_context(stream_->codecpar, codec_.get());
  if (result >= 0) result = ffmpeg::api().avformat_write_header(format_, nullptr);
  return result < 0 ? fault("the MP4 header cannot be written", result) : Status();
}

/// Encodes a frame (null: what is left) and writes what comes out.
Status VideoEncoder::Implementation::send(AVFrame* frame) {
  int result = ffmpeg::api().avcodec_send_frame(codec_.get(), frame);
  if (result < 0) return fault("a frame cannot be encoded", result);
  for (;;) {
    result = ffmpeg::api().avcodec_receive_packet(codec_.get(), packet_.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return {};
    if (result < 0) return fault("a frame cannot be encoded", result);
    // MP4 takes durations from the times of neighbours; only that of the last packet, whichever it is, is its own.
    if (last_duration_ > 0) packet_->duration = last_duration_;
    ffmpeg::api().av_packet_rescale_ts(packet_.get(), codec_->time_base, stream_->time_base);
    packet_->stream_index = stream_->index;
    result = ffmpeg::api().av_interleaved_write_frame(format_, packet_.get());
    if (result < 0 || write_error_ != 0) return fault("a frame cannot be written", result);
  }
}

Status VideoEncoder::Implementation::write(const Image& picture, std::int64_t ticks) {
  if (ticks <= last_ticks_) {
    return invalid_argument("{}: a frame at {} ticks after one at {}", path_.string(), ticks, last_ticks_);
  }
  // The encoder may still hold the picture before: then this makes a copy of it.
  if (const int result = ffmpeg::api().av_frame_make_writable(frame_.get()); result < 0)
    return fault("no memory", result);
  const Status converted = converter_.from_rgb(picture, *frame_);
  if (!converted.ok()) return converted.with_context(path_.string());
  last_ticks_ = ticks;
  last_pts_ = std::max(last_pts_ + 1, to_codec(ticks));
  frame_->pts = last_pts_;
  return send(frame_.get());
}

Status VideoEncoder::Implementation::finish(std::int64_t last_ticks) {
  if (last_pts_ < 0) return invalid_argument("{}: a video without pictures", path_.string());
  last_duration_ = std::max<std::int64_t>(1, to_codec(last_ticks));
  EDGEMOE_RETURN_IF_ERROR(send(nullptr));
  const int result = ffmpeg::api().av_write_trailer(format_);
  ffmpeg::api().avio_flush(io_.get());
  if (result < 0 || write_error_ != 0) return fault("the end of the file cannot be written", result);
  return file_.commit();
}

Result<VideoEncoder> VideoEncoder::create(const std::filesystem::path& path, const VideoEncoderOptions& options) {
  EDGEMOE_RETURN_IF_ERROR(ffmpeg::load());
  ffmpeg::quiet_log();
  if (options.width == 0 || options.height == 0 || options.time_base.numerator < 1 ||
      options.time_base.denominator < 1) {
    return invalid_argument("{}: a video of {}x{} with a tick of {}/{} s", path.string(), options.width, options.height,
                            options.time_base.numerator, options.time_base.denominator);
  }
  EDGEMOE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  auto implementation = std::make_unique<Implementation>(path, std::move(file), options);
  EDGEMOE_RETURN_IF_ERROR(implementation->start());
  return VideoEncoder(std::move(implementation));
}

VideoEncoder::VideoEncoder(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
VideoEncoder::VideoEncoder(VideoEncoder&&) noexcept = default;
VideoEncoder& VideoEncoder::operator=(VideoEncoder&&) noexcept = default;
VideoEncoder::~VideoEncoder() = default;
std::size_t VideoEncoder::coded_width() const { return static_cast<std::size_t>(implementation_->width()); }
std::size_t VideoEncoder::coded_height() const { return static_cast<std::size_t>(implementation_->height()); }
Status VideoEncoder::write(const Image& picture, std::int64_t ticks) { return implementation_->write(picture, ticks); }
Status VideoEncoder::finish(std::int64_t last_ticks) { return implementation_->finish(last_ticks); }

}  // namespace edgemoe
