// FFmpeg's objects with owners, its errors as text, its log kept off the terminal. For the video sources of this
// folder.
#ifndef EDGEMOE_IMAGE_FFMPEG_H_
#define EDGEMOE_IMAGE_FFMPEG_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "image/ffmpeg_api.h"

namespace edgemoe::ffmpeg {

struct Deleter {
  void operator()(AVCodecContext* codec) const { api().avcodec_free_context(&codec); }
  void operator()(AVFrame* frame) const { api().av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { api().av_packet_free(&packet); }
  void operator()(SwsContext* scaler) const { api().sws_freeContext(scaler); }
  /// Its buffer may be another one by now than it was made with.
  void operator()(AVIOContext* io) const {
    api().av_freep(&io->buffer);
    api().avio_context_free(&io);
  }
};

using CodecContext = std::unique_ptr<AVCodecContext, Deleter>;
using Frame = std::unique_ptr<AVFrame, Deleter>;
using Packet = std::unique_ptr<AVPacket, Deleter>;
using Scaler = std::unique_ptr<SwsContext, Deleter>;
using Io = std::unique_ptr<AVIOContext, Deleter>;

/// Packets whose frames a decoder has filled up with guesses. Decoders mark such frames, but those that work on several
/// at once may mark them when they have long been handed out; what they write to the log in time is collected here, on
/// whichever thread. Needs quiet_log().
class ConcealedPackets {
 public:
  ConcealedPackets();
  ~ConcealedPackets();
  ConcealedPackets(const ConcealedPackets&) = delete;
  ConcealedPackets& operator=(const ConcealedPackets&) = delete;

  /// Before the decoder is opened, which must not outlive this.
  void watch(AVCodecContext& codec) { codec.opaque = this; }
  /// Before the next packet is sent.
  void begin_packet(AVCodecContext& codec);
  /// Whether the packet that the frame came of is one of them, which is then forgotten.
  bool take(const AVFrame& frame);

  /// For the log: the codec is at work on a packet that it has to guess at.
  void note(const AVCodecContext& codec);

 private:
  std::mutex mutex_;
  std::int64_t num_begun_ = 0;
  std::set<std::int64_t> concealed_;  // numbers of packets
};

/// FFmpeg's log is one for the process and goes to standard error; from the first call on it goes nowhere, but for the
/// last error that each thread was told. A program that sets its own callback later has it.
void quiet_log();

/// What an error code means, with what this thread was last told about it, which is forgotten: "Invalid data found when
/// processing input (moov atom not found)".
std::string error_text(int code);

/// Forgets what this thread was told.
void forget_errors();

}  // namespace edgemoe::ffmpeg

#endif  // EDGEMOE_IMAGE_FFMPEG_H_
