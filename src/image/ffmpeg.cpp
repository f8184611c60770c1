#include "image/ffmpeg.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace edgemoe::ffmpeg {
namespace {

// Whether frames carry the number that their packet was given: later versions mark concealed frames in time.
#if LIBAVCODEC_VERSION_MAJOR < 61
#define EDGEMOE_NUMBERED_FRAMES
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif

thread_local std::string last_error;

/// All that there are: a codec of the same process may be somebody else's, and what it points to another thing.
struct Collectors {
  std::mutex mutex;
  std::set<const void*> alive;
};

/// Never destroyed: decoders log as long as the process runs.
Collectors& collectors() {
  static Collectors& all = *new Collectors;
  return all;
}

/// Whether a decoder says by this line that the frame at work is damaged.
bool tells_damage(const AVCodecContext& codec, int level, std::string_view format) {
  if (format.starts_with("concealing ")) return true;  // libavcodec/error_resilience.c: MPEG-1, 2, 4, H.263, H.264
  return codec.codec_id == AV_CODEC_ID_HEVC &&
         level <= AV_LOG_ERROR;  // never marks frames; says no errors of sound ones
}

void note_damage(void* object, int level, const char* format) {
  if (object == nullptr || *static_cast<const AVClass* const*>(object) != api().avcodec_get_class()) return;
  const auto& codec = *static_cast<const AVCodecContext*>(object);
  if (codec.opaque == nullptr || !tells_damage(codec, level, format)) return;
  const std::lock_guard lock(collectors().mutex);
  if (collectors().alive.contains(codec.opaque)) static_cast<ConcealedPackets*>(codec.opaque)->note(codec);
}

void note_error(void* object, int level, const char* format, va_list arguments) {
  note_damage(object, level, format);
  if (level > AV_LOG_ERROR) return;
  std::array<char, 200> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string text(line.data());
  while (!text.empty() && (text.back() == '\n' || text.back() == '.' || text.back() == ' ')) text.pop_back();
  if (!text.empty()) last_error = std::move(text);
}

}  // namespace

ConcealedPackets::ConcealedPackets() {
  const std::lock_guard lock(collectors().mutex);
  collectors().alive.insert(this);
}

ConcealedPackets::~ConcealedPackets() {
  const std::lock_guard lock(collectors().mutex);
  collectors().alive.erase(this);
}

#ifdef EDGEMOE_NUMBERED_FRAMES
void ConcealedPackets::begin_packet(AVCodecContext& codec) { codec.reordered_opaque = num_begun_++; }

bool ConcealedPackets::take(const AVFrame& frame) {
  const std::lock_guard lock(mutex_);
  return concealed_.erase(frame.reordered_opaque) > 0;
}

void ConcealedPackets::note(const AVCodecContext& codec) {
  constexpr std::size_t kMaxKept = 256;  // far more than any decoder works on; what never becomes a frame is forgotten
  const std::lock_guard lock(mutex_);
  concealed_.insert(codec.reordered_opaque);
  if (concealed_.size() > kMaxKept) concealed_.erase(concealed_.begin());
}
#else
void ConcealedPackets::begin_packet(AVCodecContext& /*codec*/) { ++num_begun_; }
bool ConcealedPackets::take(const AVFrame& /*frame*/) { return false; }
void ConcealedPackets::note(const AVCodecContext& /*codec*/) {}
#endif

void quiet_log() {
  static std::once_flag once;
  std::call_once(once, [] { api().av_log_set_callback(note_error); });
}

std::string error_text(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  api().av_strerror(code, text.data(), text.size());
  std::string result = printable(text.data());
  if (!last_error.empty()) result += " (" + printable(std::exchange(last_error, {})) + ")";
  return result;
}

void forget_errors() { last_error.clear(); }

}  // namespace edgemoe::ffmpeg
