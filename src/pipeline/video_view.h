// What a video of maps shows of each frame.
#ifndef EDGEMOE_PIPELINE_VIDEO_VIEW_H_
#define EDGEMOE_PIPELINE_VIDEO_VIEW_H_

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/image.h"
#include "image/legend_strip.h"
#include "image/map_picture.h"
#include "image/palette.h"
#include "model/config.h"
#include "pipeline/map_files.h"
#include "pipeline/task_map.h"

namespace edgemoe {

enum class VideoViewKind {
  kSideBySide,  ///< the frame, beside it each task's map, with captions; below it the classes' colours
  kOverlay,     ///< each task's map half transparent over the frame, likewise
  kMap,         ///< each task's map and nothing else
};

/// "side-by-side", "overlay", "map".
std::optional<VideoViewKind> video_view_from_name(std::string_view name);

struct VideoViewOptions {
  VideoViewKind kind = VideoViewKind::kSideBySide;
  std::optional<ValueRange> depth_range = {};  // what depth's colours stand for; none: they follow the frames slowly
};

/// Draws frame by frame. Panels are as large as the frame; several stand in a grid as near to 16:9 as they can. Depth
/// in a known unit is coloured by its logarithm. Without a fixed range the colours' ends are running means of the
/// frames' ends, so that a colour does not change its meaning from frame to frame.
class VideoView {
 public:
  VideoView(const ModelConfig& config, const VideoViewOptions& options) : config_(config), options_(options) {}

  /// One sheet; `maps` are of this frame, as large as it, in the order in which they are shown, at least one. Errors as
  /// colorize_map().
  Result<Image> draw(const Image& frame, std::span<const TaskMap> maps);

  struct Panel {
    Image image;
    std::string caption;
  };
  /// One map alone, in the colours of this view, over the frame if it is an overlay; the caption is not drawn.
  Result<Panel> draw_panel(const Image& frame, const TaskMap& map);

 private:
  Result<Image> color_depth(const TaskMap& map, const TaskConfig& task, std::string& caption);
  const TaskConfig& task_of(const TaskMap& map) const;
  DepthRange follow(const DepthRange& now, bool as_logarithm);

  const ModelConfig& config_;
  const VideoViewOptions options_;
  std::optional<DepthRange> shown_range_;  // of depth, or of its logarithm
  LegendStrip legend_;
  std::size_t legend_width_ = 0;
};

/// White on black in the panel's top left corner, where there is room for it.
void draw_caption(Image& panel, const std::string& text);

/// Columns of the grid for `count` panels of this size.
std::size_t grid_columns(std::size_t count, std::size_t width, std::size_t height);

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_VIDEO_VIEW_H_
