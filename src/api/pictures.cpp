// Pictures in files and in memory, and pictures of maps.
#include <new>
#include <utility>

#include "api/convert.h"
#include "image/decode.h"
#include "image/jpeg_writer.h"
#include "image/map_picture.h"
#include "image/png_writer.h"
#include "pipeline/map_preview.h"

namespace edgemoe {

Result<Picture> read_picture(const std::filesystem::path& path) try {
  EDGEMOE_ASSIGN_OR_RETURN(Image image, load_image(path));
  return to_picture(std::move(image));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

namespace {

Result<DecodeLimits> limits_of(std::size_t max_pixels) {
  DecodeLimits limits;
  if (max_pixels < 1 || max_pixels > limits.max_pixels) {
    return invalid_argument("decode_picture: expected max_pixels of 1 to {}, found {}", limits.max_pixels, max_pixels);
  }
  limits.max_pixels = max_pixels;
  return limits;
}

}  // namespace

Result<PictureHeader> read_picture_header(std::span<const std::byte> file, std::size_t max_pixels) try {
  EDGEMOE_ASSIGN_OR_RETURN(const DecodeLimits limits, limits_of(max_pixels));
  EDGEMOE_ASSIGN_OR_RETURN(const ImageHeader header, read_image_header(file, limits));
  return PictureHeader{.width = header.width,
                       .height = header.height,
                       .format = header.bits == 16 ? PixelFormat::kRgb16 : PixelFormat::kRgb8,
                       .decoding_bytes = static_cast<std::size_t>(header.decoding_bytes)};
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<Picture> decode_picture(std::span<const std::byte> file, std::size_t max_pixels) try {
  EDGEMOE_ASSIGN_OR_RETURN(const DecodeLimits limits, limits_of(max_pixels));
  EDGEMOE_ASSIGN_OR_RETURN(Image image, decode_image(file, limits));
  return to_picture(std::move(image));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<std::vector<std::byte>> encode_picture(const PictureView& picture, FileFormat format, int quality) try {
  EDGEMOE_ASSIGN_OR_RETURN(const Image image, to_image(picture));
  if (image.bits != 8) return invalid_argument("encode_picture: expected 8 bits a sample, found {}", image.bits);
  if (format == FileFormat::kPng) return encode_png(png_source(image));
  if (quality < 1 || quality > 100) return invalid_argument("JPEG: expected a quality of 1 to 100, found {}", quality);
  return encode_jpeg(image, quality);
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Status write_preview(const Map& map, const std::filesystem::path& path) try {
  EDGEMOE_ASSIGN_OR_RETURN(const TaskMap task_map, to_task_map(map));
  return write_map_preview(task_map, map.unit, map.class_names, path);
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<Picture> draw_map(const Map& map) try {
  EDGEMOE_ASSIGN_OR_RETURN(const TaskMap task_map, to_task_map(map));
  EDGEMOE_ASSIGN_OR_RETURN(Image image, colorize_map(task_map, map.class_names));
  return to_picture(std::move(image));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<Picture> draw_overlay(const PictureView& picture, const Map& map, float alpha) try {
  EDGEMOE_ASSIGN_OR_RETURN(const Image image, to_image(picture));
  EDGEMOE_ASSIGN_OR_RETURN(const TaskMap task_map, to_task_map(map));
  EDGEMOE_ASSIGN_OR_RETURN(const Image colors, colorize_map(task_map, map.class_names));
  EDGEMOE_ASSIGN_OR_RETURN(Image blended, overlay(image, colors, alpha));
  return to_picture(std::move(blended));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

}  // namespace edgemoe
