// The one picture of a map that people look at, and the colours that it uses.
#ifndef EDGEMOE_PIPELINE_MAP_PREVIEW_H_
#define EDGEMOE_PIPELINE_MAP_PREVIEW_H_

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "image/image.h"
#include "image/palette.h"
#include "pipeline/task_map.h"

namespace edgemoe {

/// Colours of a label task's classes: for semseg street_palette() of the names (may be empty), or the Cityscapes
/// colours of 7 or 19 classes; else the PASCAL VOC rule.
std::vector<Rgb> task_palette(TaskKind task, std::size_t num_classes, std::span<const std::string> class_names);

/// The map in colours, exactly as large as the map: class colours, depth from dark (near) to bright, normals as (n + 1)
/// / 2, edges and saliency grey. `class_names` as for task_palette. kMismatch for a label past the map's num_classes.
Result<Image> colorize_map(const TaskMap& map, std::span<const std::string> class_names);

/// colorize_map, under it the scale bar for depth; written as a PNG.
Status write_map_preview(const TaskMap& map, const std::string& unit, std::span<const std::string> class_names,
                         const std::filesystem::path& path);

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_MAP_PREVIEW_H_
