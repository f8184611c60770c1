#include "image/jpeg_writer.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>

// clang-format off
#include <jpeglib.h>  // needs cstdio before it
// clang-format on

namespace edgemoe {
namespace {

struct ErrorTrap {
  jpeg_error_mgr base;
  std::jmp_buf jump;
};

void on_error(j_common_ptr info) { std::longjmp(reinterpret_cast<ErrorTrap*>(info->err)->jump, 1); }

}  // namespace

Result<std::vector<std::byte>> encode_jpeg(const Image& image, int quality) {
  const DecodeLimits limits;
  if (image.bits != 8 || image.width == 0 || image.height == 0) {
    return invalid_argument("JPEG: expected a picture of 8 bits a sample, found {}x{} of {} bits", image.width,
                            image.height, image.bits);
  }
  if (image.width > limits.max_dimension || image.height > limits.max_dimension) {
    return too_large("JPEG of {}x{} pixels; at most {} a side", image.width, image.height, limits.max_dimension);
  }
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
  const std::unique_ptr<unsigned char, decltype(&std::free)> owned(buffer, &std::free);
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer);
  return std::vector<std::byte>(bytes, bytes + size);
}

}  // namespace edgemoe
