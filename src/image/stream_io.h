// A C++ stream where FFmpeg wants an AVIOContext.
#ifndef EDGEMOE_IMAGE_STREAM_IO_H_
#define EDGEMOE_IMAGE_STREAM_IO_H_

#include <cstdint>
#include <istream>

#include "image/ffmpeg.h"

namespace edgemoe {

/// Reads from a stream that outlives it; seeks where the stream can.
class StreamIo {
 public:
  explicit StreamIo(std::istream& stream);
  StreamIo(const StreamIo&) = delete;
  StreamIo& operator=(const StreamIo&) = delete;

  /// Null where memory has ended.
  AVIOContext* context() { return io_.get(); }
  bool can_seek() const { return size_ >= 0; }

 private:
  static int read(void* self, std::uint8_t* out, int size);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);

  std::istream& stream_;
  std::int64_t size_ = -1;  // −1: cannot seek
  ffmpeg::Io io_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_STREAM_IO_H_
