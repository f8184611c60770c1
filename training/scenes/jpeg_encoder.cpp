// JPEG in memory, by libjpeg-turbo.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>

// clang-format off
#include <jpeglib.h>  // needs cstdio before it
// clang-format on

#include "scenes/sensor.h"

namespace edgemoe::scenes {
namespace {

struct ErrorTrap {
  jpeg_error_mgr base;
  std::jmp_buf jump;
};

void on_error(j_common_ptr info) { std::longjmp(reinterpret_cast<ErrorTrap*>(info->err)->jump, 1); }

}  // namespace

Result<std::vector<std::byte>> encode_jpeg(const Image& image, int quality) {
  jpeg_compress_struct info{};
  ErrorTrap trap{};
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  info.err = jpeg_std_error(&trap.base);
  trap.base.error_exit = on_error;
  if (setjmp(trap.jump) != 0) {
    jpeg_destroy_compress(&info);
    std::free(buffer);
    return make_status(StatusCode::kInternal, "libjpeg cannot encode a picture of {}x{}", image.width, image.height);
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    const std::uint8_t* row = &image.samples8[info.next_scanline * image.width * 3];
    auto* rows = const_cast<JSAMPROW>(row);
    jpeg_write_scanlines(&info, &rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer);
  std::vector<std::byte> encoded(bytes, bytes + size);
  std::free(buffer);
  return encoded;
}

}  // namespace edgemoe::scenes
