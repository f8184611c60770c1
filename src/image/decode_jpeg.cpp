// JPEG through libjpeg-turbo. libjpeg reports a fault by a callback that must not return: it jumps back to the setjmp
// in the two functions `read_header` and `read_rows`, whose frames, and those of everything between them and libjpeg,
// hold no object with a destructor. All memory that the picture needs is taken outside of them.
#include <cstddef>
#include <cstdio>
// jpeglib.h needs both of the above, and jerror.h needs it
#include <jpeglib.h>

#include <jerror.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "image/codec.h"
#include "image/color_profile.h"

namespace edgemoe {
namespace {

constexpr int kMaxScans = 200;  // a progressive file has about ten; thousands are an attack on our time

struct JpegReader {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf on_error = {};
  char message[JMSG_LENGTH_MAX] = {};
  std::uint8_t* icc = nullptr;  // from malloc, by libjpeg
  unsigned icc_size = 0;
  bool created = false;

  ~JpegReader() {
    std::free(icc);
    if (created) jpeg_destroy_decompress(&info);
  }
};

[[noreturn]] void fail(j_common_ptr info) {
  auto* reader = static_cast<JpegReader*>(info->client_data);
  info->err->format_message(info, reader->message);
  std::longjmp(reader->on_error, 1);
}

/// Warnings that mean that part of the picture is missing or invented are faults; others (stray bytes between markers,
/// odd version numbers) are not.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      fail(info);
    default:
      break;
  }
}

void on_progress(j_common_ptr info) {
  auto* reader = static_cast<JpegReader*>(info->client_data);
  if (!info->is_decompressor || reader->info.input_scan_number <= kMaxScans) return;
  std::snprintf(reader->message, sizeof(reader->message), "more than %d scans", kMaxScans);
  std::longjmp(reader->on_error, 1);
}

bool read_header(JpegReader& reader, const unsigned char* bytes, std::size_t size) {
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = fail;
  reader.errors.emit_message = on_message;
  reader.progress.progress_monitor = on_progress;
  reader.info.client_data = &reader;  // outlives jpeg_create_decompress, which clears nearly everything else
  if (setjmp(reader.on_error) != 0) return false;
  jpeg_create_decompress(&reader.info);
  reader.created = true;
  reader.info.progress = &reader.progress;
  jpeg_mem_src(&reader.info, bytes, size);
  jpeg_save_markers(&reader.info, JPEG_APP0 + 1, 0xFFFF);  // EXIF
  jpeg_save_markers(&reader.info, JPEG_APP0 + 2, 0xFFFF);  // ICC
  jpeg_read_header(&reader.info, TRUE);
  jpeg_read_icc_profile(&reader.info, &reader.icc, &reader.icc_size);
  return true;
}

/// How decoded rows become RGB.
struct RowSink {
  std::uint8_t* rgb;           // [height, width, 3]
  std::uint8_t* cmyk_row;      // [width, 4], or null when libjpeg itself makes RGB
  const ColorTransform* cmyk;  // null: by the plain formula
  bool inverted;               // 255 = no ink
};

void store_cmyk_row(const RowSink& sink, std::size_t width, std::uint8_t* rgb) {
  if (sink.cmyk != nullptr) {
    sink.cmyk->apply(sink.cmyk_row, rgb, width);
    return;
  }
  for (std::size_t x = 0; x < width; ++x) {
    std::uint8_t inks[4];
    for (std::size_t c = 0; c < 4; ++c) {
      const std::uint8_t stored = sink.cmyk_row[x * 4 + c];
      inks[c] = sink.inverted ? static_cast<std::uint8_t>(255 - stored) : stored;
    }
    cmyk_to_rgb(inks, rgb + x * 3);
  }
}

bool read_rows(JpegReader& reader, const RowSink& sink) {
  if (setjmp(reader.on_error) != 0) return false;
  reader.info.out_color_space = sink.cmyk_row != nullptr ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&reader.info);
  const std::size_t width = reader.info.output_width;
  while (reader.info.output_scanline < reader.info.output_height) {
    std::uint8_t* rgb = sink.rgb + reader.info.output_scanline * width * 3;
    JSAMPROW row = sink.cmyk_row != nullptr ? sink.cmyk_row : rgb;
    jpeg_read_scanlines(&reader.info, &row, 1);
    if (sink.cmyk_row != nullptr) store_cmyk_row(sink, width, rgb);
  }
  jpeg_finish_decompress(&reader.info);
  return true;
}

/// The first APP1 segment that starts with EXIF's header, without that header.
std::vector<std::uint8_t> find_exif(const jpeg_decompress_struct& info) {
  static constexpr char kHeader[6] = {'E', 'x', 'i', 'f', 0, 0};
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1 || marker->data_length < sizeof(kHeader)) continue;
    if (std::memcmp(marker->data, kHeader, sizeof(kHeader)) != 0) continue;
    return {marker->data + sizeof(kHeader), marker->data + marker->data_length};
  }
  return {};
}

Status fault(const JpegReader& reader) {
  return malformed("JPEG: {}; the file is cut off or damaged, get a whole copy of it", reader.message);
}

/// Reads everything before the pixels and checks the size.
Status open_reader(JpegReader& reader, std::span<const std::byte> bytes, const DecodeLimits& limits) {
  if (!read_header(reader, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())) return fault(reader);
  return check_picture_size(reader.info.image_width, reader.info.image_height, limits);
}

}  // namespace

bool looks_like_jpeg(std::span<const std::byte> bytes) {
  return bytes.size() >= 3 && bytes[0] == std::byte{0xFF} && bytes[1] == std::byte{0xD8} && bytes[2] == std::byte{0xFF};
}

Result<ImageHeader> read_jpeg_header(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  JpegReader reader;
  EDGEMOE_RETURN_IF_ERROR(open_reader(reader, bytes, limits));
  ImageHeader header{.width = reader.info.image_width, .height = reader.info.image_height};
  // Several scans: libjpeg keeps the coefficients of the whole picture, 16 bits each, in whole blocks.
  if (jpeg_has_multiple_scans(&reader.info) != FALSE) {
    constexpr std::uint64_t kLargestUnit = 32;  // pixels a side of blocks that belong together
    const std::uint64_t rows = (header.height + kLargestUnit - 1) / kLargestUnit * kLargestUnit;
    const std::uint64_t columns = (header.width + kLargestUnit - 1) / kLargestUnit * kLargestUnit;
    header.decoding_bytes = 2 * rows * columns * static_cast<std::uint64_t>(reader.info.num_components);
  }
  return header;
}

Result<DecodedPicture> decode_jpeg(std::span<const std::byte> bytes, const DecodeLimits& limits, const NoteSink& note) {
  JpegReader reader;
  EDGEMOE_RETURN_IF_ERROR(open_reader(reader, bytes, limits));
  const std::size_t width = reader.info.image_width;
  const std::size_t height = reader.info.image_height;

  // Huffman codes take a bit at the least, and every block of 8x8 of the finest component has one for its mean.
  if (reader.info.arith_code == FALSE) {
    const std::uint64_t blocks = std::uint64_t{(width + 7) / 8} * ((height + 7) / 8);
    EDGEMOE_RETURN_IF_ERROR(check_file_holds(bytes.size(), blocks, width, height));
  }

  const J_COLOR_SPACE space = reader.info.jpeg_color_space;
  const bool is_cmyk = space == JCS_CMYK || space == JCS_YCCK;
  const bool is_rgb = space == JCS_YCbCr || space == JCS_RGB;
  if (!is_cmyk && !is_rgb && space != JCS_GRAYSCALE) {
    return unsupported("JPEG: {} components of an unknown colour space; expected grey, RGB, YCbCr, CMYK or YCCK",
                       reader.info.num_components);
  }

  DecodedPicture picture;
  picture.exif = find_exif(reader.info);
  const std::span<const std::uint8_t> icc(reader.icc, reader.icc_size);
  if (is_rgb) picture.rgb_profile.assign(icc.begin(), icc.end());
  const bool inverted = reader.info.saw_Adobe_marker != FALSE;
  std::optional<ColorTransform> transform;
  std::vector<std::uint8_t> cmyk_row;
  if (is_cmyk) {
    cmyk_row.resize(width * 4);
    if (!icc.empty()) {
      transform = ColorTransform::create(icc, inverted ? ProfileInput::kCmyk8Inverted : ProfileInput::kCmyk8);
      if (!transform && note) note("embedded CMYK profile ignored (unreadable): converted by the plain formula");
    }
  }
  picture.image = make_image(width, height);
  const RowSink sink = {.rgb = picture.image.samples8.data(),
                        .cmyk_row = is_cmyk ? cmyk_row.data() : nullptr,
                        .cmyk = transform ? &*transform : nullptr,
                        .inverted = inverted};
  if (!read_rows(reader, sink)) return fault(reader);
  return picture;
}

}  // namespace edgemoe
