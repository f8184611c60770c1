#include "image/video_decoder.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/pipe_input.h"
#include "base/text.h"
#include "image/ffmpeg.h"
#include "image/frame_converter.h"
#include "image/orientation.h"
#include "image/stream_io.h"

namespace edgemoe {
namespace {

constexpr int kMaxReadErrors = 100;                // in a row; then the source is given up
constexpr std::int64_t kLongestTicks = 1LL << 56;  // times beyond it are damage
constexpr int kMaxDecoderThreads = 4;

/// A display matrix (libavutil/display.h) as the EXIF orientation that it comes nearest to; 1 for none.
int matrix_orientation(const std::int32_t* matrix) {
  const auto size = [&](int i) { return std::abs(static_cast<double>(matrix[i])); };
  // Stored pixel (p, q) is shown at x = a·p + c·q, y = b·p + d·q, y downwards: a, b, c, d are 0, 1, 3, 4.
  if (size(0) + size(4) >= size(1) + size(3)) {
    if (matrix[0] < 0) return matrix[4] < 0 ? 3 : 2;
    return matrix[4] < 0 ? 4 : 1;
  }
  if (matrix[3] < 0) return matrix[1] < 0 ? 7 : 6;
  return matrix[1] < 0 ? 8 : 5;
}

/// Whether the matrix turns by other than quarter turns.
bool is_oblique(const std::int32_t* matrix) {
  const auto size = [&](int i) { return std::abs(static_cast<double>(matrix[i])); };
  const double straight = size(0) + size(4);
  const double crossed = size(1) + size(3);
  return std::min(straight, crossed) > 0.02 * std::max(straight, crossed);
}

Ratio ratio(AVRational value, Ratio otherwise) {
  return value.num > 0 && value.den > 0 ? Ratio{value.num, value.den} : otherwise;
}

}  // namespace

class VideoDecoder::Implementation {
 public:
  Implementation(std::string name, const VideoDecoderOptions& options) : name_(std::move(name)), options_(options) {}
  ~Implementation() { ffmpeg::api().avformat_close_input(&format_); }

  Status open_file(const std::filesystem::path& path);
  Status open_stream(std::istream& stream);
  Status open_camera(const std::filesystem::path& path);
  /// Decodes the frame that read() hands out first, and takes the stream's facts from it.
  Status start();
  Result<bool> read(DecodedFrame& frame);

  StreamInfo info;
  VideoDamage damage;

 private:
  Status open_input(const AVInputFormat* format, const char* url, AVDictionary** settings);
  Status find_streams();
  Status open_codec();
  std::int64_t max_decoder_pixels() const;
  Status no_frame() const;
  Status check_size(int frame_width, int frame_height) const;
  void tell_missing();
  Result<bool> next_frame();
  Result<bool> feed();
  Result<bool> begin_again();
  std::int64_t ticks_of_frame();
  int orientation() const;
  bool stopped() const { return options_.stopped && options_.stopped(); }
  void tell(const std::string& text) const {
    if (options_.note) options_.note(fmt::format("{}: {}", name_, text));
  }
  static int is_stopped(void* self) { return static_cast<Implementation*>(self)->stopped() ? 1 : 0; }

  const std::string name_;
  const VideoDecoderOptions options_;
  std::filesystem::path path_;
  std::ifstream file_;
  std::optional<PipeInput> pipe_;
  std::optional<std::istream> pipe_stream_;
  std::optional<StreamIo> io_;  // outlives format_, which is closed in the destructor
  AVFormatContext* format_ = nullptr;
  std::vector<std::array<int, 2>> announced_sizes_;  // of the streams, by the container; 0: not said
  AVStream* stream_ = nullptr;
  ffmpeg::ConcealedPackets concealed_;  // outlives codec_
  ffmpeg::CodecContext codec_;
  ffmpeg::Packet packet_{ffmpeg::api().av_packet_alloc()};
  ffmpeg::Frame frame_{ffmpeg::api().av_frame_alloc()};
  FrameConverter converter_;
  bool has_frame_ = false;  // frame_ waits to be handed out
  bool draining_ = false;
  bool told_missing_ = false;
  int read_errors_ = 0;
  std::int64_t handed_out_ = 0;
  std::int64_t frames_of_pass_ = 0;
  std::optional<std::int64_t> first_stamp_;  // of this pass through the file
  std::int64_t pass_start_ = 0;              // ticks
  std::int64_t last_ticks_ = -1;
  std::int64_t step_ = 1;  // ticks from a frame to the next, as far as known
};

Status VideoDecoder::Implementation::open_input(const AVInputFormat* format, const char* url, AVDictionary** settings) {
  if (packet_ == nullptr || frame_ == nullptr) return too_large("{}: not enough memory", name_);
  format_ = ffmpeg::api().avformat_alloc_context();
  if (format_ == nullptr) return too_large("{}: not enough memory", name_);
  format_->interrupt_callback = {is_stopped, this};
  if (io_) {
    format_->pb = io_->context();
    format_->flags |= AVFMT_FLAG_CUSTOM_IO;
    // A playlist may name other files and servers: nothing but the given bytes is ever read.
    format_->protocol_whitelist = ffmpeg::api().av_strdup("none");
  }
  ffmpeg::forget_errors();
  const int opened = ffmpeg::api().avformat_open_input(&format_, url, format, settings);
  if (opened < 0) {
    if (stopped()) return io_error("{}: interrupted", name_);
    if (opened == AVERROR(ENOMEM)) return too_large("{}: not enough memory", name_);
    if (format != nullptr) return io_error("{}: the camera does not open: {}", name_, ffmpeg::error_text(opened));
    return malformed("{}: not a video that can be read: {}", name_, ffmpeg::error_text(opened));
  }
  EDGEMOE_RETURN_IF_ERROR(find_streams());
  return open_codec();
}

/// A bound for decoders, which count rows with their padding; read() holds frames to the limit itself.
std::int64_t VideoDecoder::Implementation::max_decoder_pixels() const {
  return static_cast<std::int64_t>(options_.limits.max_pixels + 1024 * options_.limits.max_dimension);
}

/// Reads on until what the container does not say of its streams is known, for which FFmpeg opens decoders of its own:
/// within the limit too.
Status VideoDecoder::Implementation::find_streams() {
  // Of streams that appear only while it reads it takes no limit: where there is a video stream no more are let in,
  // else what comes is parsed and not decoded.
  const int max_streams = format_->max_streams;
  const bool may_grow = (format_->ctx_flags & AVFMTCTX_NOHEADER) != 0;
  const bool has_video =
      std::any_of(format_->streams, format_->streams + format_->nb_streams, [](const AVStream* stream) {
        return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && stream->codecpar->codec_id != AV_CODEC_ID_NONE;
      });
  if (may_grow && has_video) format_->max_streams = static_cast<int>(format_->nb_streams);
  if (may_grow && !has_video) {
    format_->codec_whitelist = ffmpeg::api().av_strdup("none");
    if (format_->codec_whitelist == nullptr) return too_large("{}: not enough memory", name_);
  }
  std::vector<AVDictionary*> settings(format_->nb_streams);
  announced_sizes_.clear();
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    const AVCodecParameters& parameters = *format_->streams[i]->codecpar;
    announced_sizes_.push_back({parameters.width, parameters.height});
    ffmpeg::api().av_dict_set_int(&settings[i], "max_pixels", max_decoder_pixels(), 0);
  }
  const int found = ffmpeg::api().avformat_find_stream_info(format_, settings.empty() ? nullptr : settings.data());
  for (AVDictionary*& setting : settings) ffmpeg::api().av_dict_free(&setting);
  format_->max_streams = max_streams;
  if (may_grow && found >= 0) ffmpeg::forget_errors();  // of what was not let in
  if (found < 0) return malformed("{}: no streams can be found: {}", name_, ffmpeg::error_text(found));
  return {};
}

Status VideoDecoder::Implementation::check_size(int frame_width, int frame_height) const {
  const auto width = static_cast<std::uint64_t>(std::max(frame_width, 0));
  const auto height = static_cast<std::uint64_t>(std::max(frame_height, 0));
  const DecodeLimits& limits = options_.limits;
  if (width <= limits.max_dimension && height <= limits.max_dimension && width * height <= limits.max_pixels) return {};
  return too_large("{}: frames of {}x{}; the limit is {} pixels and {} a side", name_, width, height, limits.max_pixels,
                   limits.max_dimension);
}

Status VideoDecoder::Implementation::open_codec() {
  const AVCodec* decoder = nullptr;
  const int index = ffmpeg::api().av_find_best_stream(format_, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
  if (index == AVERROR_DECODER_NOT_FOUND) return unsupported("{}: FFmpeg has no decoder for its video", name_);
  if (index < 0) return malformed("{}: holds no video ({} other streams)", name_, format_->nb_streams);
  stream_ = format_->streams[index];
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (static_cast<int>(i) != index) format_->streams[i]->discard = AVDISCARD_ALL;
  }
  const AVCodecParameters& parameters = *stream_->codecpar;
  if (const auto i = static_cast<std::size_t>(index); i < announced_sizes_.size()) {
    EDGEMOE_RETURN_IF_ERROR(check_size(announced_sizes_[i][0], announced_sizes_[i][1]));
  }
  EDGEMOE_RETURN_IF_ERROR(check_size(parameters.width, parameters.height));
  codec_.reset(ffmpeg::api().avcodec_alloc_context3(decoder));
  if (codec_ == nullptr) return too_large("{}: not enough memory", name_);
  int result = ffmpeg::api().avcodec_parameters_to_context(codec_.get(), &parameters);
  codec_->pkt_timebase = stream_->time_base;
  codec_->max_pixels = max_decoder_pixels();
  // Threads that decode frames ahead of each other would hold a camera's picture back.
  codec_->thread_type = info.live ? FF_THREAD_SLICE : FF_THREAD_FRAME | FF_THREAD_SLICE;
  codec_->thread_count = std::clamp(ffmpeg::api().av_cpu_count(), 1, kMaxDecoderThreads);
  // What H.264 cannot decode whole before its first key frame comes marked instead of being dropped without a word; a
  // broken JPEG, which no other frame depends on, is a fault instead of half a picture.
  codec_->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  if (codec_->codec_id == AV_CODEC_ID_MJPEG) codec_->err_recognition |= AV_EF_EXPLODE;
  concealed_.watch(*codec_);
  if (result >= 0) result = ffmpeg::api().avcodec_open2(codec_.get(), decoder, nullptr);
  if (result < 0)
    return malformed("{}: its {} video cannot be decoded: {}", name_, decoder->name, ffmpeg::error_text(result));
  return {};
}

Status VideoDecoder::Implementation::open_file(const std::filesystem::path& path) {
  path_ = path;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return not_found("{}: there is no such file", name_);
  if (std::filesystem::is_directory(path, error)) return malformed("{}: a folder, not a video", name_);
  const bool pipe = std::filesystem::is_fifo(path, error);
  pipe_stream_.reset();
  if (pipe) {
    pipe_.emplace(options_.stopped);
    pipe_stream_.emplace(&*pipe_);
  } else {
    file_.open(path, std::ios::binary);
  }
  if (pipe ? !pipe_->open(path) : !file_) {
    return io_error("{}: cannot be opened: {}", name_, std::generic_category().message(errno));
  }
  return open_stream(pipe ? *pipe_stream_ : file_);
}

Status VideoDecoder::Implementation::open_stream(std::istream& stream) {
  io_.emplace(stream);
  if (io_->context() == nullptr) return too_large("{}: not enough memory", name_);
  return open_input(nullptr, "", nullptr);
}

Status VideoDecoder::Implementation::open_camera(const std::filesystem::path& path) {
#ifdef EDGEMOE_HAVE_AVDEVICE
  ffmpeg::api().avdevice_register_all();
#endif
  const AVInputFormat* format = ffmpeg::api().av_find_input_format("v4l2");
  if (format == nullptr) {
    return unsupported("{}: this build reads no cameras: install libavdevice-dev, configure and build again", name_);
  }
  info.live = true;
  AVDictionary* settings = nullptr;
  if (!options_.camera_size.empty())
    ffmpeg::api().av_dict_set(&settings, "video_size", options_.camera_size.c_str(), 0);
  if (options_.camera_rate > 0) {
    ffmpeg::api().av_dict_set(&settings, "framerate", fmt::format("{}", options_.camera_rate).c_str(), 0);
  }
  Status status = open_input(format, path.c_str(), &settings);
  ffmpeg::api().av_dict_free(&settings);
  return status;
}

/// Gives the decoder the next packet of the stream, or tells it that there are no more. False when stopped.
Result<bool> VideoDecoder::Implementation::feed() {
  if (draining_) return true;
  for (;;) {
    if (stopped()) return false;
    const int got = ffmpeg::api().av_read_frame(format_, packet_.get());
    if (got == AVERROR_EXIT) return false;
    if (got == AVERROR(EAGAIN)) continue;
    if (got < 0) {
      if (info.live) return io_error("{}: the camera stopped: {}", name_, ffmpeg::error_text(got));
      const bool over = got == AVERROR_EOF || (format_->pb != nullptr && ffmpeg::api().avio_feof(format_->pb) != 0);
      if (!over && ++read_errors_ < kMaxReadErrors) continue;
      if (got != AVERROR_EOF) tell(fmt::format("ends early: {}", ffmpeg::error_text(got)));
      draining_ = true;
      ffmpeg::api().avcodec_send_packet(codec_.get(), nullptr);
      return true;
    }
    read_errors_ = 0;
    const bool ours = packet_->stream_index == stream_->index;
    if (ours) concealed_.begin_packet(*codec_);
    const int sent = ours ? ffmpeg::api().avcodec_send_packet(codec_.get(), packet_.get()) : 0;
    ffmpeg::api().av_packet_unref(packet_.get());
    if (sent == AVERROR(ENOMEM)) return too_large("{}: not enough memory", name_);
    if (sent < 0) ++damage.frames;
    if (ours) return true;
  }
}

/// Decodes into frame_. False at the end or when stopped.
Result<bool> VideoDecoder::Implementation::next_frame() {
  for (;;) {
    const int got = ffmpeg::api().avcodec_receive_frame(codec_.get(), frame_.get());
    if (got >= 0) {
      const bool concealed = concealed_.take(*frame_);
      if (!concealed && frame_->decode_error_flags == 0 && (frame_->flags & AV_FRAME_FLAG_CORRUPT) == 0) return true;
      ++damage.frames;
      continue;
    }
    if (got == AVERROR_EOF) return false;
    if (got == AVERROR(ENOMEM)) return too_large("{}: not enough memory", name_);
    if (got != AVERROR(EAGAIN)) ++damage.frames;
    EDGEMOE_ASSIGN_OR_RETURN(const bool fed, feed());
    if (!fed) return false;
  }
}

/// From the file's first frame again. False when it has none or cannot be opened any more.
Result<bool> VideoDecoder::Implementation::begin_again() {
  if (frames_of_pass_ == 0) return false;
  codec_.reset();
  ffmpeg::api().avformat_close_input(&format_);
  io_.reset();
  file_.close();
  file_.clear();
  draining_ = false;
  read_errors_ = 0;
  frames_of_pass_ = 0;
  first_stamp_.reset();
  pass_start_ = last_ticks_ + step_;
  EDGEMOE_RETURN_IF_ERROR(open_file(path_));
  return next_frame();
}

Status VideoDecoder::Implementation::no_frame() const {
  if (stopped()) return io_error("{}: interrupted before its first frame", name_);
  if (io_ && !io_->can_seek() && std::string_view(format_->iformat->name).starts_with("mov,")) {
    return unsupported(
        "{}: an MP4 or MOV whose index stands behind its pictures cannot be read through a pipe: give the file itself, "
        "or move the index to the front before (ffmpeg -i IN -c copy -movflags +faststart OUT)",
        name_);
  }
  return malformed("{}: not one frame can be decoded ({} damaged): {}", name_, damage.frames,
                   ffmpeg::error_text(AVERROR_INVALIDDATA));
}

Status VideoDecoder::Implementation::start() {
  Result<bool> first = next_frame();
  if (!first.ok()) return first.status();
  if (!*first) return no_frame();
  has_frame_ = true;
  info.container = format_->iformat->name;
  info.codec = ffmpeg::api().avcodec_get_name(codec_->codec_id);
  info.time_base = ratio(stream_->time_base, {1, 1000});
  const AVRational rate = ffmpeg::api().av_guess_frame_rate(format_, stream_, nullptr);
  if (rate.num > 0 && rate.den > 0) info.frame_rate = av_q2d(rate);
  if (info.frame_rate > 0) {
    step_ = std::max<std::int64_t>(1, std::llround(1 / (info.frame_rate * info.time_base.value())));
  }
  if (stream_->duration > 0) {
    info.duration_s = static_cast<double>(stream_->duration) * info.time_base.value();
  } else if (format_->duration > 0 && !info.live) {
    info.duration_s = static_cast<double>(format_->duration) / AV_TIME_BASE;
  }
  info.num_frames = std::max<std::int64_t>(stream_->nb_frames, 0);
  const double average = av_q2d(stream_->avg_frame_rate);
  if (info.num_frames == 0 && info.duration_s > 0 && std::isfinite(average) && average > 0) {
    info.num_frames = std::llround(std::min(info.duration_s * average, 1e15));
  }
  const int turned = orientation();
  info.width = static_cast<std::size_t>(turned >= 5 ? frame_->height : frame_->width);
  info.height = static_cast<std::size_t>(turned >= 5 ? frame_->width : frame_->height);
  info.pixel_aspect = ratio(ffmpeg::api().av_guess_sample_aspect_ratio(format_, stream_, frame_.get()), {1, 1});
  if (turned >= 5) std::swap(info.pixel_aspect.numerator, info.pixel_aspect.denominator);
  if (frame_->color_trc == AVCOL_TRC_SMPTE2084 || frame_->color_trc == AVCOL_TRC_ARIB_STD_B67) {
    tell("high dynamic range, which is not mapped: colours look flat, and maps may suffer");
  }
  return {};
}

/// What a frame says of itself wins over its container.
int VideoDecoder::Implementation::orientation() const {
  const std::int32_t* matrix = nullptr;
  if (const AVFrameSideData* data = ffmpeg::api().av_frame_get_side_data(frame_.get(), AV_FRAME_DATA_DISPLAYMATRIX)) {
    if (data->size >= 9 * sizeof(std::int32_t)) matrix = reinterpret_cast<const std::int32_t*>(data->data);
  }
  std::size_t size = 0;
  if (matrix == nullptr) {
    const std::uint8_t* data = ffmpeg::api().av_stream_get_side_data(stream_, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (data != nullptr && size >= 9 * sizeof(std::int32_t)) matrix = reinterpret_cast<const std::int32_t*>(data);
  }
  if (matrix == nullptr) return 1;
  if (handed_out_ == 0 && is_oblique(matrix)) tell("not turned by a quarter turn; the nearest one is taken");
  return matrix_orientation(matrix);
}

/// Ticks of frame_ since the stream's first frame, always after the frame before.
std::int64_t VideoDecoder::Implementation::ticks_of_frame() {
  const std::int64_t stamp = frame_->best_effort_timestamp;
  const bool usable = stamp != AV_NOPTS_VALUE && stamp > -kLongestTicks && stamp < kLongestTicks;
  if (usable && !first_stamp_) first_stamp_ = stamp;
  const std::int64_t wanted = usable ? pass_start_ + (stamp - *first_stamp_) : last_ticks_ + step_;
  const bool first = last_ticks_ < 0;
  if (!first && (!usable || wanted <= last_ticks_)) ++damage.retimed;
  const std::int64_t ticks = first ? 0 : std::max(wanted, last_ticks_ + 1);
  if (!first && usable && wanted > last_ticks_) step_ = wanted - last_ticks_;
  last_ticks_ = ticks;
  return ticks;
}

/// Once, at the end: where the container counts its frames and not all of them came.
void VideoDecoder::Implementation::tell_missing() {
  const std::int64_t announced = stream_ == nullptr ? 0 : stream_->nb_frames;
  if (std::exchange(told_missing_, true) || stopped() || handed_out_ + damage.frames >= announced) return;
  tell(fmt::format("{} of the {} frames that it announces were found", handed_out_ + damage.frames, announced));
}

Result<bool> VideoDecoder::Implementation::read(DecodedFrame& frame) {
  if (codec_ == nullptr) return io_error("{}: could not be opened again, no frame comes any more", name_);
  bool got = std::exchange(has_frame_, false);
  if (!got) {
    EDGEMOE_ASSIGN_OR_RETURN(got, next_frame());
    if (!got && options_.loop && !stopped() && !path_.empty()) {
      EDGEMOE_ASSIGN_OR_RETURN(got, begin_again());
    }
  }
  if (!got) {
    tell_missing();
    return false;
  }
  EDGEMOE_RETURN_IF_ERROR(check_size(frame_->width, frame_->height));
  const Status converted = converter_.to_rgb(*frame_, frame.image);
  if (!converted.ok()) return converted.with_context(name_);
  make_upright(frame.image, orientation());
  frame.ticks = ticks_of_frame();
  frame.number = handed_out_++;
  ++frames_of_pass_;
  return true;
}

bool video_supported() { return ffmpeg::load().ok(); }

Status video_unsupported() { return ffmpeg::load(); }

Result<VideoDecoder> VideoDecoder::open(const std::filesystem::path& source, const VideoDecoderOptions& options) {
  EDGEMOE_RETURN_IF_ERROR(ffmpeg::load());
  ffmpeg::quiet_log();
  std::error_code error;
  const bool camera = std::filesystem::is_character_file(source, error);
  if (camera && options.loop) return invalid_argument("{}: a camera has no end to loop at", source.string());
  auto implementation = std::make_unique<Implementation>(source.string(), options);
  EDGEMOE_RETURN_IF_ERROR(camera ? implementation->open_camera(source) : implementation->open_file(source));
  EDGEMOE_RETURN_IF_ERROR(implementation->start());
  return VideoDecoder(std::move(implementation));
}

Result<VideoDecoder> VideoDecoder::open_stream(std::istream& stream, const std::string& name,
                                               const VideoDecoderOptions& options) {
  EDGEMOE_RETURN_IF_ERROR(ffmpeg::load());
  ffmpeg::quiet_log();
  if (options.loop) return invalid_argument("{}: a stream cannot begin again", name);
  auto implementation = std::make_unique<Implementation>(name, options);
  EDGEMOE_RETURN_IF_ERROR(implementation->open_stream(stream));
  EDGEMOE_RETURN_IF_ERROR(implementation->start());
  return VideoDecoder(std::move(implementation));
}

VideoDecoder::VideoDecoder(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
VideoDecoder::VideoDecoder(VideoDecoder&&) noexcept = default;
VideoDecoder& VideoDecoder::operator=(VideoDecoder&&) noexcept = default;
VideoDecoder::~VideoDecoder() = default;
const StreamInfo& VideoDecoder::info() const { return implementation_->info; }
const VideoDamage& VideoDecoder::damage() const { return implementation_->damage; }
Result<bool> VideoDecoder::read(DecodedFrame& frame) { return implementation_->read(frame); }

}  // namespace edgemoe
