#include "pipeline/map_preview.h"

#include <algorithm>

#include "image/map_picture.h"
#include "image/png_writer.h"

namespace edgemoe {
namespace {

Image grey_image(const std::vector<std::uint8_t>& samples, std::size_t height, std::size_t width) {
  Image image = make_image(width, height);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    std::fill_n(image.samples8.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, samples[i]);
  }
  return image;
}

}  // namespace

std::vector<Rgb> task_palette(TaskKind task, std::size_t num_classes, std::span<const std::string> class_names) {
  if (task == TaskKind::kSemseg && class_names.size() == num_classes) {
    if (std::vector<Rgb> palette = street_palette(class_names); !palette.empty()) return palette;
  }
  return class_palette(task == TaskKind::kSemseg ? PaletteKind::kCityscapes : PaletteKind::kPascalVoc, num_classes);
}

Result<Image> colorize_map(const TaskMap& map, std::span<const std::string> class_names) {
  switch (map.task) {
    case TaskKind::kSemseg:
    case TaskKind::kHumanParts:
      return colorize_labels(map.labels, map.height, map.width,
                             task_palette(map.task, std::min<std::size_t>(map.num_classes, kIgnoreLabel), class_names));
    case TaskKind::kDepth:
      return colorize_depth(map.values, map.height, map.width, depth_range(map.values));
    case TaskKind::kNormals: {
      EDGEMOE_ASSIGN_OR_RETURN(NormalsPicture normals, colorize_normals(map.values, map.height, map.width));
      return std::move(normals.image);
    }
    case TaskKind::kEdge:
    case TaskKind::kSaliency:
      return grey_image(grey_from_unit(map.values).samples, map.height, map.width);
  }
  return invalid_argument("a map of no known task");
}

Status write_map_preview(const TaskMap& map, const std::string& unit, std::span<const std::string> class_names,
                         const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(Image image, colorize_map(map, class_names));
  if (map.task == TaskKind::kDepth) image = add_scale_bar(image, depth_range(map.values), unit);
  return write_png(path, png_source(image, is_label_task(map.task) ? PngContent::kFlat : PngContent::kSmooth));
}

}  // namespace edgemoe
