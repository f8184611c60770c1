#include "image/test_video.h"

#include <cmath>
#include <cstdlib>

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

#include "base/check.h"
#include "image/ffmpeg.h"
#include "image/frame_converter.h"
#include "image/test_pictures.h"
#include "image/text.h"

namespace edgemoe::test {
namespace {

void write_packets(AVCodecContext& codec, AVFormatContext& format, AVFrame* frame) {
  EDGEMOE_CHECK(avcodec_send_frame(&codec, frame) >= 0);
  const ffmpeg::Packet packet(av_packet_alloc());
  while (avcodec_receive_packet(&codec, packet.get()) >= 0) {
    av_packet_rescale_ts(packet.get(), codec.time_base, format.streams[0]->time_base);
    packet->stream_index = 0;
    EDGEMOE_CHECK(av_interleaved_write_frame(&format, packet.get()) >= 0);
  }
}

ffmpeg::CodecContext open_codec(const ClipOptions& options, bool global_header) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(options.codec.c_str());
  EDGEMOE_CHECK(encoder != nullptr);
  ffmpeg::CodecContext codec(avcodec_alloc_context3(encoder));
  codec->width = static_cast<int>(options.width);
  codec->height = static_cast<int>(options.height);
  codec->pix_fmt = av_get_pix_fmt(options.pixels.c_str());
  codec->time_base = {options.time_base[0], options.time_base[1]};
  codec->framerate = {options.time_base[1], options.time_base[0]};
  codec->colorspace = AVCOL_SPC_SMPTE170M;
  codec->color_range = options.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  codec->gop_size = 4;
  codec->bit_rate = 4'000'000;
  codec->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
  if (global_header) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (options.codec == "libx264") av_opt_set(codec->priv_data, "crf", "10", 0);
  EDGEMOE_CHECK(avcodec_open2(codec.get(), encoder, nullptr) >= 0);
  return codec;
}

void set_turn(AVStream& stream, const std::array<std::int32_t, 4>& turn) {
  if (turn == std::array<std::int32_t, 4>{}) return;
  constexpr std::size_t kSize = 9 * sizeof(std::int32_t);
  auto* matrix = reinterpret_cast<std::int32_t*>(av_stream_new_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, kSize));
  EDGEMOE_CHECK(matrix != nullptr);
  std::fill_n(matrix, 9, 0);
  matrix[0] = turn[0] * (1 << 16);
  matrix[1] = turn[1] * (1 << 16);
  matrix[3] = turn[2] * (1 << 16);
  matrix[4] = turn[3] * (1 << 16);
  matrix[8] = 1 << 30;
}

}  // namespace

bool has_encoder(const std::string& name) { return avcodec_find_encoder_by_name(name.c_str()) != nullptr; }

Image clip_frame(std::size_t width, std::size_t height, int index) {
  Image image = make_scene(width, height);
  fill_rect(image, 0, static_cast<std::size_t>(index) * 4 % height, width, 4, {250, 250, 250});
  return image;
}

void write_clip(const std::filesystem::path& path, const ClipOptions& options) {
  ffmpeg::quiet_log();
  AVFormatContext* format = nullptr;
  EDGEMOE_CHECK(avformat_alloc_output_context2(&format, nullptr, options.container.c_str(), path.c_str()) >= 0);
  const ffmpeg::CodecContext codec = open_codec(options, (format->oformat->flags & AVFMT_GLOBALHEADER) != 0);
  AVStream* stream = avformat_new_stream(format, nullptr);
  stream->time_base = codec->time_base;
  stream->avg_frame_rate = codec->framerate;
  EDGEMOE_CHECK(avcodec_parameters_from_context(stream->codecpar, codec.get()) >= 0);
  set_turn(*stream, options.turn);
  EDGEMOE_CHECK(avio_open(&format->pb, path.c_str(), AVIO_FLAG_WRITE) >= 0);
  EDGEMOE_CHECK(avformat_write_header(format, nullptr) >= 0);
  FrameConverter converter;
  for (int i = 0; i < options.num_frames; ++i) {
    const ffmpeg::Frame frame(av_frame_alloc());
    frame->format = codec->pix_fmt;
    frame->width = codec->width;
    frame->height = codec->height;
    frame->colorspace = codec->colorspace;
    frame->color_range = codec->color_range;
    EDGEMOE_CHECK(av_frame_get_buffer(frame.get(), 0) >= 0);
    EDGEMOE_CHECK(converter.from_rgb(clip_frame(options.width, options.height, i), *frame).ok());
    frame->pts = options.times.empty() ? i : options.times[static_cast<std::size_t>(i)];
    write_packets(*codec, *format, frame.get());
  }
  write_packets(*codec, *format, nullptr);
  EDGEMOE_CHECK(av_write_trailer(format) >= 0);
  avio_closep(&format->pb);
  avformat_free_context(format);
}

double mean_difference(const Image& a, const Image& b) {
  EDGEMOE_CHECK(a.width == b.width && a.height == b.height && !a.samples8.empty());
  double sum = 0;
  for (std::size_t i = 0; i < a.samples8.size(); ++i) sum += std::abs(int{a.samples8[i]} - int{b.samples8[i]});
  return sum / static_cast<double>(a.samples8.size());
}

}  // namespace edgemoe::test
