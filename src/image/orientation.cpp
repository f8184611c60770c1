#include "image/orientation.h"

#include <libexif/exif-data.h>
#include <libexif/exif-log.h>

#include <algorithm>
#include <cstdarg>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace edgemoe {
namespace {

/// libexif's own view of the block: told through its log while it parses.
void on_exif_log(ExifLog* /*log*/, ExifLogCode code, const char* /*domain*/, const char* /*format*/, va_list /*args*/,
                 void* corrupt) {
  if (code == EXIF_LOG_CODE_CORRUPT_DATA) *static_cast<bool*>(corrupt) = true;
}

template <typename Sample>
void turn(std::vector<Sample>& samples, std::size_t& width, std::size_t& height, int orientation) {
  const bool transposed = orientation >= 5;
  const std::size_t out_width = transposed ? height : width;
  const std::size_t out_height = transposed ? width : height;
  // Which of the stored axes run backwards: row 0 stands at the bottom (3, 4) or right (6, 7), column 0 at the right
  // (2, 3) or bottom (7, 8).
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  std::vector<Sample> out(samples.size());
  const auto copy_pixel = [&](std::size_t y, std::size_t x) {
    const std::size_t along_x = transposed ? y : x;
    const std::size_t along_y = transposed ? x : y;
    const std::size_t stored_x = flip_x ? width - 1 - along_x : along_x;
    const std::size_t stored_y = flip_y ? height - 1 - along_y : along_y;
    std::copy_n(samples.data() + (stored_y * width + stored_x) * 3, 3, out.data() + (y * out_width + x) * 3);
  };
  // Tile by tile, so that a transposed picture's lines stay in the cache until all of them is used.
  constexpr std::size_t kTile = 64;
  for (std::size_t top = 0; top < out_height; top += kTile) {
    for (std::size_t left = 0; left < out_width; left += kTile) {
      for (std::size_t y = top; y < std::min(top + kTile, out_height); ++y) {
        for (std::size_t x = left; x < std::min(left + kTile, out_width); ++x) copy_pixel(y, x);
      }
    }
  }
  samples = std::move(out);
  width = out_width;
  height = out_height;
}

}  // namespace

int exif_orientation(std::span<const std::uint8_t> tiff, const NoteSink& note) {
  const auto tell = [&](std::string_view text) {
    if (note) note(text);
  };
  constexpr std::size_t kMaxBlock = 1 << 20;  // far above what an APP1 segment (64 kB) can hold
  if (tiff.empty()) return 1;
  if (tiff.size() > kMaxBlock) {
    tell("EXIF data ignored (over 1 MiB): the picture is taken as upright");
    return 1;
  }
  std::vector<unsigned char> block = {'E', 'x', 'i', 'f', 0, 0};
  block.insert(block.end(), tiff.begin(), tiff.end());

  bool corrupt = false;
  const std::unique_ptr<ExifLog, void (*)(ExifLog*)> log(exif_log_new(), exif_log_unref);
  const std::unique_ptr<ExifData, void (*)(ExifData*)> data(exif_data_new(), exif_data_unref);
  if (log == nullptr || data == nullptr) return 1;
  exif_log_set_func(log.get(), on_exif_log, &corrupt);
  exif_data_log(data.get(), log.get());
  exif_data_unset_option(data.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
  exif_data_load_data(data.get(), block.data(), static_cast<unsigned>(block.size()));

  const ExifEntry* entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr) {
    // A block without a single entry says nothing: its offsets lead nowhere.
    const bool empty = std::all_of(std::begin(data->ifd), std::end(data->ifd),
                                   [](const ExifContent* ifd) { return ifd == nullptr || ifd->count == 0; });
    if (corrupt || empty) tell("EXIF data ignored (corrupt): the picture is taken as upright");
    return 1;
  }
  // The standard says SHORT; some writers store a LONG.
  const ExifByteOrder order = exif_data_get_byte_order(data.get());
  std::uint32_t value = 0;
  if (entry->data != nullptr && entry->format == EXIF_FORMAT_SHORT && entry->size >= 2) {
    value = exif_get_short(entry->data, order);
  } else if (entry->data != nullptr && entry->format == EXIF_FORMAT_LONG && entry->size >= 4) {
    value = exif_get_long(entry->data, order);
  }
  if (value < 1 || value > 8) {
    tell("EXIF orientation ignored (not one of 1 to 8): the picture is taken as upright");
    return 1;
  }
  return static_cast<int>(value);
}

void make_upright(Image& image, int orientation) {
  EDGEMOE_CHECK(orientation >= 1 && orientation <= 8);
  if (orientation == 1) return;
  if (image.bits == 16) {
    turn(image.samples16, image.width, image.height, orientation);
  } else {
    turn(image.samples8, image.width, image.height, orientation);
  }
}

}  // namespace edgemoe
