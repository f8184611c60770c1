#include "image/ffmpeg.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <utility>

#include "base/text.h"

namespace edgemoe::ffmpeg {
namespace {

thread_local std::string last_error;

void note_error(void* /*object*/, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  std::array<char, 200> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string text(line.data());
  while (!text.empty() && (text.back() == '\n' || text.back() == '.' || text.back() == ' ')) text.pop_back();
  if (!text.empty()) last_error = std::move(text);
}

}  // namespace

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
