#include "image/decode.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <string>
#include <system_error>

#include "base/file.h"
#include "image/codec.h"
#include "image/color_profile.h"
#include "image/orientation.h"

namespace edgemoe {
namespace {

void apply_rgb_profile(Image& image, std::span<const std::uint8_t> icc, const NoteSink& note) {
  const bool wide = image.bits == 16;
  const auto transform = ColorTransform::create(icc, wide ? ProfileInput::kRgb16 : ProfileInput::kRgb8);
  if (!transform) {
    if (note) note("embedded colour profile ignored (unreadable or not RGB): colours taken as sRGB");
    return;
  }
  if (transform->is_identity()) return;
  void* samples = wide ? static_cast<void*>(image.samples16.data()) : static_cast<void*>(image.samples8.data());
  transform->apply(samples, samples, image.width * image.height);
}

bool has_picture_name(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& letter : extension) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

bool has_picture_content(const std::filesystem::path& path) {
  std::array<char, 8> start = {};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  const auto bytes = std::as_bytes(std::span(start).first(static_cast<std::size_t>(file.gcount())));
  return looks_like_jpeg(bytes) || looks_like_png(bytes);
}

}  // namespace

Status check_picture_size(std::uint64_t width, std::uint64_t height, const DecodeLimits& limits) {
  if (width == 0 || height == 0) return malformed("picture of {}x{} pixels; expected at least 1x1", width, height);
  if (width > limits.max_dimension || height > limits.max_dimension) {
    return too_large("picture of {}x{} pixels; at most {} a side are accepted: shrink it first", width, height,
                     limits.max_dimension);
  }
  if (width * height > limits.max_pixels) {
    return too_large("picture of {}x{} pixels ({:.1f} million); at most {:.1f} million are accepted: shrink it first",
                     width, height, static_cast<double>(width * height) / 1e6,
                     static_cast<double>(limits.max_pixels) / 1e6);
  }
  return {};
}

Status check_file_holds(std::uint64_t file_bytes, std::uint64_t least_bits, std::uint64_t width, std::uint64_t height) {
  if (file_bytes >= least_bits / 8) return {};
  return malformed("{} bytes cannot hold a picture of {}x{} pixels (at least {}); the file is cut off or damaged",
                   file_bytes, width, height, least_bits / 8);
}

namespace {

/// Whether it is a JPEG; kMalformed where it is no PNG either.
Result<bool> is_jpeg(std::span<const std::byte> bytes) {
  if (bytes.empty()) return malformed("the picture is empty (0 bytes)");
  if (looks_like_jpeg(bytes)) return true;
  if (looks_like_png(bytes)) return false;
  return malformed("neither a JPEG nor a PNG by its content (whatever its name); convert it to one of them");
}

}  // namespace

Result<ImageHeader> read_image_header(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  EDGEMOE_ASSIGN_OR_RETURN(const bool jpeg, is_jpeg(bytes));
  EDGEMOE_ASSIGN_OR_RETURN(ImageHeader header, jpeg ? read_jpeg_header(bytes, limits) : read_png_header(bytes, limits));
  // The samples as they are stored, and turned.
  const auto sample_bytes = static_cast<std::uint64_t>(header.bits / 8);
  header.decoding_bytes += std::uint64_t{2} * 3 * header.width * header.height * sample_bytes;
  return header;
}

Result<Image> decode_image(std::span<const std::byte> bytes, const DecodeLimits& limits, const NoteSink& note) {
  EDGEMOE_ASSIGN_OR_RETURN(const bool jpeg, is_jpeg(bytes));
  EDGEMOE_ASSIGN_OR_RETURN(DecodedPicture picture,
                           jpeg ? decode_jpeg(bytes, limits, note) : decode_png(bytes, limits, note));
  if (!picture.rgb_profile.empty()) apply_rgb_profile(picture.image, picture.rgb_profile, note);
  make_upright(picture.image, exif_orientation(picture.exif, note));
  return std::move(picture.image);
}

Result<Image> load_image(const std::filesystem::path& path, const DecodeLimits& limits, const NoteSink& note) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, read_file(path, limits.max_file_bytes));
  const NoteSink named = [&](std::string_view text) {
    if (note) note(fmt::format("{}: {}", path.string(), text));
  };
  Result<Image> image = decode_image(bytes, limits, named);
  if (!image.ok()) return image.status().with_context(path.string());
  return image;
}

Result<std::vector<std::filesystem::path>> list_pictures(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error) return not_found("{}: cannot be listed as a folder of pictures ({})", folder.string(), error.message());
  std::vector<fs::path> pictures;
  while (entry != fs::directory_iterator()) {
    const fs::path& path = entry->path();
    std::error_code ignored;
    if (!path.filename().string().starts_with('.') && entry->is_regular_file(ignored) &&
        (has_picture_name(path) || has_picture_content(path))) {
      pictures.push_back(path);
    }
    entry.increment(error);
    if (error) return io_error("{}: listing stopped ({})", folder.string(), error.message());
  }
  if (pictures.empty()) return not_found("{}: no picture in this folder; expected JPEG or PNG files", folder.string());
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

}  // namespace edgemoe
