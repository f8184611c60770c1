#include "image/stream_io.h"

#include <exception>

namespace edgemoe {
namespace {

constexpr int kBufferBytes = 1 << 15;

}  // namespace

StreamIo::StreamIo(std::istream& stream) : stream_(stream) {
  const std::streamoff start = stream_.tellg();
  if (start >= 0 && stream_.seekg(0, std::ios::end)) {
    size_ = stream_.tellg();
    stream_.seekg(start);
  }
  if (!stream_) size_ = -1;
  stream_.clear();
  auto* buffer = static_cast<unsigned char*>(ffmpeg::api().av_malloc(kBufferBytes));
  if (buffer == nullptr) return;
  io_.reset(
      ffmpeg::api().avio_alloc_context(buffer, kBufferBytes, 0, this, read, nullptr, size_ >= 0 ? seek : nullptr));
  if (io_ == nullptr) ffmpeg::api().av_free(buffer);
}

int StreamIo::read(void* self, std::uint8_t* out, int size) {
  std::istream& stream = static_cast<StreamIo*>(self)->stream_;
  stream.clear();
  stream.read(reinterpret_cast<char*>(out), size);
  if (stream.bad()) return AVERROR(EIO);
  const auto got = static_cast<int>(stream.gcount());
  return got > 0 ? got : AVERROR_EOF;
}

std::int64_t StreamIo::seek(void* self, std::int64_t offset, int whence) {
  StreamIo& io = *static_cast<StreamIo*>(self);
  if ((whence & AVSEEK_SIZE) != 0) return io.size_;
  io.stream_.clear();
  switch (whence & ~AVSEEK_FORCE) {
    case SEEK_SET:
      io.stream_.seekg(offset, std::ios::beg);
      break;
    case SEEK_CUR:
      io.stream_.seekg(offset, std::ios::cur);
      break;
    case SEEK_END:
      io.stream_.seekg(offset, std::ios::end);
      break;
    default:
      return AVERROR(EINVAL);
  }
  return io.stream_ ? static_cast<std::int64_t>(io.stream_.tellg()) : AVERROR(EIO);
}

}  // namespace edgemoe
