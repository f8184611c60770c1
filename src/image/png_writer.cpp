#include "image/png_writer.h"

#include <png.h>

#include <bit>
#include <cstdio>
#include <new>

#include "base/file.h"

namespace edgemoe {
namespace {

// zlib's levels. Flat pictures: 3 takes a third of the default's time and gives files about a tenth larger. Others: 1
// with each row predicted by the one above takes half the time of 3 with pixels predicted by those on the left, and
// files are within a tenth of the same size.
constexpr int kLevelOfFlat = 3;
constexpr int kLevel = 1;

/// The callbacks hand over bytes by way of this; libpng jumps over none of its destructors, since it lives in the
/// caller of the function that holds the setjmp.
struct PngSink {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<std::byte> bytes;
  std::vector<png_text> text;
  char message[128] = {};

  ~PngSink() { png_destroy_write_struct(&png, &info); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto* sink = static_cast<PngSink*>(png_get_error_ptr(png));
  std::snprintf(sink->message, sizeof(sink->message), "%s", text);
  png_longjmp(png, 1);
}

void on_warning(png_structp /*png*/, png_const_charp /*text*/) {}

void on_write(png_structp png, png_bytep data, std::size_t size) {
  auto* sink = static_cast<PngSink*>(png_get_io_ptr(png));
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  bool stored = true;
  try {
    sink->bytes.insert(sink->bytes.end(), begin, begin + size);
  } catch (const std::bad_alloc&) {
    stored = false;  // nothing is thrown through libpng
  }
  if (!stored) png_error(png, "not enough memory");
}

void on_flush(png_structp /*png*/) {}

/// Rows as libpng takes them.
struct Rows {
  const std::uint8_t* first;
  std::size_t stride;  // bytes
  int bits;
  int color_type;
};

Rows rows_of(const PngSource& source) {
  if (!source.rgb8.empty()) return {source.rgb8.data(), source.width * 3, 8, PNG_COLOR_TYPE_RGB};
  if (!source.grey8.empty()) return {source.grey8.data(), source.width, 8, PNG_COLOR_TYPE_GRAY};
  return {reinterpret_cast<const std::uint8_t*>(source.grey16.data()), source.width * 2, 16, PNG_COLOR_TYPE_GRAY};
}

bool write_picture(PngSink& sink, const PngSource& source, const Rows& rows) {
  if (setjmp(png_jmpbuf(sink.png)) != 0) return false;
  png_set_write_fn(sink.png, &sink, on_write, on_flush);
  const bool flat = source.content == PngContent::kFlat;
  png_set_compression_level(sink.png, flat ? kLevelOfFlat : kLevel);
  png_set_filter(sink.png, 0, flat ? PNG_FILTER_NONE : PNG_FILTER_UP);
  png_set_IHDR(sink.png, sink.info, static_cast<png_uint_32>(source.width), static_cast<png_uint_32>(source.height),
               rows.bits, rows.color_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!sink.text.empty()) png_set_text(sink.png, sink.info, sink.text.data(), static_cast<int>(sink.text.size()));
  png_write_info(sink.png, sink.info);
  if (rows.bits == 16 && std::endian::native == std::endian::little) png_set_swap(sink.png);
  for (std::size_t y = 0; y < source.height; ++y) png_write_row(sink.png, rows.first + y * rows.stride);
  png_write_end(sink.png, sink.info);
  return true;
}

Status check_source(const PngSource& source) {
  const int filled = int{!source.grey8.empty()} + int{!source.grey16.empty()} + int{!source.rgb8.empty()};
  const std::size_t pixels = source.width * source.height;
  const std::size_t found = source.grey8.size() + source.grey16.size() + source.rgb8.size() / 3;
  if (filled != 1 || found != pixels || source.rgb8.size() % 3 != 0 || source.width > PNG_UINT_31_MAX ||
      source.height > PNG_UINT_31_MAX) {
    return invalid_argument("PNG of {}x{} pixels: expected one set of {} pixels, found {} sets of {}", source.width,
                            source.height, pixels, filled, found);
  }
  for (const auto& [key, value] : source.text) {
    if (key.empty() || key.size() > 79) return invalid_argument("PNG text key '{}': expected 1 to 79 characters", key);
  }
  return {};
}

}  // namespace

PngSource png_source(const Image& image, PngContent content) {
  PngSource source;
  source.width = image.width;
  source.height = image.height;
  source.rgb8 = image.samples8;
  source.content = content;
  return source;
}

Result<std::vector<std::byte>> encode_png(const PngSource& source) {
  EDGEMOE_RETURN_IF_ERROR(check_source(source));
  PngSink sink;
  std::vector<std::pair<std::string, std::string>> text = source.text;  // libpng takes them as mutable
  for (auto& [key, value] : text) {
    png_text entry = {};
    entry.compression = PNG_TEXT_COMPRESSION_NONE;
    entry.key = key.data();
    entry.text = value.data();
    entry.text_length = value.size();
    sink.text.push_back(entry);
  }
  const Rows rows = rows_of(source);
  sink.bytes.reserve(rows.stride * source.height / 4 + 4096);
  sink.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, on_error, on_warning);
  if (sink.png != nullptr) sink.info = png_create_info_struct(sink.png);
  if (sink.info == nullptr) return Status(StatusCode::kInternal, "libpng cannot be set up (out of memory?)");
  if (!write_picture(sink, source, rows)) {
    return make_status(StatusCode::kInternal, "PNG of {}x{} pixels: {}", source.width, source.height, sink.message);
  }
  return std::move(sink.bytes);
}

Status write_png(const std::filesystem::path& path, const PngSource& source) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, encode_png(source));
  return write_file(path, bytes);
}

}  // namespace edgemoe
