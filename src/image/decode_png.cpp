// PNG through libpng. As with libjpeg, a fault jumps back to the setjmp of `read_header` or `read_rows`; neither they
// nor anything they call holds an object with a destructor.
#include <png.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "base/file.h"
#include "image/codec.h"
#include "image/decode.h"

namespace edgemoe {
namespace {

constexpr std::size_t kSignatureSize = 8;
constexpr std::size_t kHeaderEnd = 33;  // signature, then IHDR: length, type, 13 bytes, check sum

struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const unsigned char* next = nullptr;
  std::size_t remaining = 0;
  char message[128] = {};

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
  std::snprintf(reader->message, sizeof(reader->message), "%s", text);
  png_longjmp(png, 1);
}

void on_warning(png_structp /*png*/, png_const_charp /*text*/) {}

void on_read(png_structp png, png_bytep out, std::size_t size) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (size > reader->remaining) png_error(png, "the file ends too early");
  std::memcpy(out, reader->next, size);
  reader->next += size;
  reader->remaining -= size;
}

enum class PngSamples {
  kRgb,       // RGB, 8 or 16 bits, no alpha, whatever is stored
  kAsStored,  // no conversion but of 1, 2, 4 bits to a byte each
};

/// Reads up to the pixels and asks for samples of the wanted form.
bool read_header(PngReader& reader, const DecodeLimits& limits, PngSamples samples) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  const auto max_dimension = static_cast<png_uint_32>(std::min<std::uint64_t>(limits.max_dimension, PNG_UINT_31_MAX));
  png_set_user_limits(reader.png, max_dimension, max_dimension);
  png_set_read_fn(reader.png, &reader, on_read);
  png_read_info(reader.png, reader.info);
  if (samples == PngSamples::kRgb) {
    png_set_expand(reader.png);  // palette to RGB, 1, 2, 4 bits to 8, tRNS to alpha
    png_set_gray_to_rgb(reader.png);
    png_set_strip_alpha(reader.png);
  } else {
    png_set_packing(reader.png);
  }
  if (std::endian::native == std::endian::little) png_set_swap(reader.png);  // the file's 16 bits are big-endian
  return true;
}

/// `pixels` has room for rows of `room` bytes, which is what the transformations ought to give.
bool read_rows(PngReader& reader, png_bytep pixels, std::size_t room) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  const int num_passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  const std::size_t row_bytes = png_get_rowbytes(reader.png, reader.info);
  if (row_bytes != room) png_error(reader.png, "rows of an unexpected size");
  const std::size_t height = png_get_image_height(reader.png, reader.info);
  for (int pass = 0; pass < num_passes; ++pass) {
    for (std::size_t y = 0; y < height; ++y) png_read_row(reader.png, pixels + y * row_bytes, nullptr);
  }
  png_read_end(reader.png, reader.info);
  return true;
}

std::uint32_t big_endian_32(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

Status fault(const PngReader& reader) {
  return malformed("PNG: {}; the file is cut off or damaged, get a whole copy of it", reader.message);
}

/// What the file says about colours and orientation; read after the pixels, since eXIf may follow them.
void take_metadata(PngReader& reader, DecodedPicture& picture) {
  png_uint_32 exif_size = 0;
  png_bytep exif = nullptr;
  if (png_get_eXIf_1(reader.png, reader.info, &exif_size, &exif) != 0 && exif != nullptr) {
    picture.exif.assign(exif, exif + exif_size);
  }
  const bool stored_color = (png_get_color_type(reader.png, reader.info) & PNG_COLOR_MASK_COLOR) != 0;
  png_charp name = nullptr;
  int compression = 0;
  png_bytep icc = nullptr;
  png_uint_32 icc_size = 0;
  if (stored_color && png_get_iCCP(reader.png, reader.info, &name, &compression, &icc, &icc_size) != 0) {
    picture.rgb_profile.assign(icc, icc + icc_size);
  }
}

Status check_header(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  if (bytes.size() < kHeaderEnd)
    return malformed("PNG: {} bytes end within the header; get a whole copy", bytes.size());
  return check_picture_size(big_endian_32(bytes.subspan(16)), big_endian_32(bytes.subspan(20)), limits);
}

/// Checks the size and reads everything before the pixels.
Status open_reader(PngReader& reader, std::span<const std::byte> bytes, const DecodeLimits& limits,
                   PngSamples samples) {
  EDGEMOE_RETURN_IF_ERROR(check_header(bytes, limits));
  reader.next = reinterpret_cast<const unsigned char*>(bytes.data());
  reader.remaining = bytes.size();
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) return Status(StatusCode::kInternal, "libpng cannot be set up (out of memory?)");
  if (!read_header(reader, limits, samples)) return fault(reader);
  // Deflate's longest match is 258 bytes, in two bits at the least.
  constexpr std::uint64_t kBytesPerBit = 129;
  const std::uint64_t stored_bytes =
      std::uint64_t{png_get_rowbytes(reader.png, reader.info)} * png_get_image_height(reader.png, reader.info);
  return check_file_holds(bytes.size(), stored_bytes / kBytesPerBit, png_get_image_width(reader.png, reader.info),
                          png_get_image_height(reader.png, reader.info));
}

struct SampleMemory {
  std::vector<std::uint8_t>& bits8;
  std::vector<std::uint16_t>& bits16;
};

/// Sizes the one of the two vectors that `bits` asks for.
png_bytep take_memory(std::size_t num_samples, int bits, SampleMemory memory) {
  if (bits != 16) {
    memory.bits8.resize(num_samples);
    return memory.bits8.data();
  }
  memory.bits16.resize(num_samples);
  return reinterpret_cast<png_bytep>(memory.bits16.data());
}

}  // namespace

bool looks_like_png(std::span<const std::byte> bytes) {
  return bytes.size() >= kSignatureSize &&
         png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, kSignatureSize) == 0;
}

Result<ImageHeader> read_png_header(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  EDGEMOE_RETURN_IF_ERROR(check_header(bytes, limits));
  constexpr std::size_t kBitDepth = 24;
  return ImageHeader{.width = big_endian_32(bytes.subspan(16)),
                     .height = big_endian_32(bytes.subspan(20)),
                     .bits = bytes[kBitDepth] == std::byte{16} ? 16 : 8};
}

Result<DecodedPicture> decode_png(std::span<const std::byte> bytes, const DecodeLimits& limits,
                                  const NoteSink& /*note*/) {
  PngReader reader;
  EDGEMOE_RETURN_IF_ERROR(open_reader(reader, bytes, limits, PngSamples::kRgb));
  DecodedPicture picture;
  Image& image = picture.image;
  image.width = png_get_image_width(reader.png, reader.info);
  image.height = png_get_image_height(reader.png, reader.info);
  image.bits = png_get_bit_depth(reader.png, reader.info) == 16 ? 16 : 8;
  png_bytep pixels = take_memory(image.width * image.height * 3, image.bits, {image.samples8, image.samples16});
  if (!read_rows(reader, pixels, image.width * 3 * static_cast<std::size_t>(image.bits / 8))) return fault(reader);
  take_metadata(reader, picture);
  return picture;
}

Result<RawPng> decode_raw_png(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  if (!looks_like_png(bytes)) return malformed("no PNG by its content (whatever its name)");
  PngReader reader;
  EDGEMOE_RETURN_IF_ERROR(open_reader(reader, bytes, limits, PngSamples::kAsStored));
  RawPng raw;
  raw.width = png_get_image_width(reader.png, reader.info);
  raw.height = png_get_image_height(reader.png, reader.info);
  raw.channels = png_get_channels(reader.png, reader.info);
  raw.bits = png_get_bit_depth(reader.png, reader.info) == 16 ? 16 : 8;
  png_bytep pixels = take_memory(raw.width * raw.height * raw.channels, raw.bits, {raw.samples8, raw.samples16});
  const std::size_t row_bytes = raw.width * raw.channels * static_cast<std::size_t>(raw.bits / 8);
  if (!read_rows(reader, pixels, row_bytes)) return fault(reader);
  return raw;
}

Result<RawPng> load_raw_png(const std::filesystem::path& path, const DecodeLimits& limits) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, read_file(path, limits.max_file_bytes));
  Result<RawPng> raw = decode_raw_png(bytes, limits);
  if (!raw.ok()) return raw.status().with_context(path.string());
  return raw;
}

}  // namespace edgemoe
