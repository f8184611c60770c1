#include "api/convert.h"

#include <cstring>
#include <utility>

namespace edgemoe {
namespace {

std::size_t sample_bytes(PixelFormat format) { return format == PixelFormat::kRgb16 ? 2 : 1; }

}  // namespace

Status out_of_memory() { return too_large("not enough memory"); }

Result<Image> to_image(const PictureView& view) {
  if (view.pixels == nullptr || view.width == 0 || view.height == 0) {
    return invalid_argument("picture: expected at least one pixel, found {}x{}{}", view.width, view.height,
                            view.pixels == nullptr ? " at a null address" : "");
  }
  const DecodeLimits limits;
  if (view.width > limits.max_dimension || view.height > limits.max_dimension ||
      view.width * view.height > limits.max_pixels) {
    return too_large("picture: {}x{}; the limit is {} pixels and {} a side", view.width, view.height, limits.max_pixels,
                     limits.max_dimension);
  }
  const std::size_t row_bytes = view.width * 3 * sample_bytes(view.format);
  const std::size_t stride = view.row_stride_bytes == 0 ? row_bytes : view.row_stride_bytes;
  if (stride < row_bytes) {
    return invalid_argument("picture: a row of {} pixels takes {} bytes, the stride is {}", view.width, row_bytes,
                            stride);
  }
  Image image;
  image.width = view.width;
  image.height = view.height;
  image.bits = view.format == PixelFormat::kRgb16 ? 16 : 8;
  const std::size_t samples = view.width * view.height * 3;
  std::byte* out = nullptr;
  if (image.bits == 16) {
    image.samples16.resize(samples);
    out = reinterpret_cast<std::byte*>(image.samples16.data());
  } else {
    image.samples8.resize(samples);
    out = reinterpret_cast<std::byte*>(image.samples8.data());
  }
  const auto* in = static_cast<const std::byte*>(view.pixels);
  for (std::size_t y = 0; y < view.height; ++y) std::memcpy(out + y * row_bytes, in + y * stride, row_bytes);
  if (view.format == PixelFormat::kBgr8) {
    for (std::size_t i = 0; i < samples; i += 3) std::swap(image.samples8[i], image.samples8[i + 2]);
  }
  return image;
}

Result<TaskMap> to_task_map(const Map& map) {
  const std::optional<TaskKind> kind = task_from_name(map.task);
  if (!kind) return invalid_argument("map: no task \"{}\"", map.task);
  const DecodeLimits limits;
  if (map.width > limits.max_dimension || map.height > limits.max_dimension) {
    return too_large("map of {}x{}; the limit is {} a side", map.width, map.height, limits.max_dimension);
  }
  const std::size_t pixels = map.width * map.height;
  const bool labels = is_label_task(*kind);
  const std::size_t channels = *kind == TaskKind::kNormals ? 3 : 1;
  if (!labels && map.channels != channels) {
    return invalid_argument("map of {}: expected {} channels, found {}", map.task, channels, map.channels);
  }
  if (pixels == 0 || map.labels.size() != (labels ? pixels : 0) ||
      map.values.size() != (labels ? 0 : pixels * map.channels)) {
    return invalid_argument("map of {}: {} labels and {} values do not make {}x{} pixels", map.task, map.labels.size(),
                            map.values.size(), map.width, map.height);
  }
  return TaskMap{.task = *kind,
                 .height = map.height,
                 .width = map.width,
                 .channels = channels,
                 .num_classes = map.num_classes,
                 .labels = map.labels,
                 .values = map.values};
}

Map to_map(TaskMap map, const TaskConfig& task) {
  return {.task = std::string(task_name(map.task)),
          .width = map.width,
          .height = map.height,
          .channels = map.channels,
          .num_classes = map.num_classes,
          .labels = std::move(map.labels),
          .values = std::move(map.values),
          .unit = task.unit,
          .class_names = task.class_names};
}

Picture to_picture(Image image) {
  Picture picture;
  picture.width = image.width;
  picture.height = image.height;
  picture.format = image.bits == 16 ? PixelFormat::kRgb16 : PixelFormat::kRgb8;
  if (image.bits == 16) {
    picture.bytes.resize(image.samples16.size() * 2);
    std::memcpy(picture.bytes.data(), image.samples16.data(), picture.bytes.size());
  } else {
    picture.bytes = std::move(image.samples8);
  }
  return picture;
}

}  // namespace edgemoe
