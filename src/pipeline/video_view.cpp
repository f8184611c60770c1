#include "pipeline/video_view.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "image/text.h"
#include "pipeline/map_preview.h"

namespace edgemoe {
namespace {

constexpr float kFollow = 0.05F;  // of the way to the frame's own range, each frame: a second or two to settle
constexpr double kWantedShape = 16.0 / 9;
constexpr double kEmptyCell = 0.3;  // what an empty cell is worth in the logarithm of the shape
constexpr std::size_t kLegendMargin = 10;
constexpr Rgb kPaper = {255, 255, 255};
constexpr Rgb kInk = {32, 32, 32};
constexpr Rgb kCaptionInk = {255, 255, 255};
constexpr Rgb kCaptionPaper = {0, 0, 0};

}  // namespace

void draw_caption(Image& panel, const std::string& text) {
  const std::size_t scale = std::clamp<std::size_t>(panel.height / 240, 1, 4);
  const std::size_t width = text_width(text, scale) + 6 * scale;
  const std::size_t height = (kGlyphHeight + 4) * scale;
  if (width > panel.width || 4 * height > panel.height) return;
  fill_rect(panel, 0, 0, width, height, kCaptionPaper);
  draw_text(panel, {3 * scale, 2 * scale, scale}, text, kCaptionInk);
}

std::optional<VideoViewKind> video_view_from_name(std::string_view name) {
  if (name == "side-by-side") return VideoViewKind::kSideBySide;
  if (name == "overlay") return VideoViewKind::kOverlay;
  if (name == "map") return VideoViewKind::kMap;
  return std::nullopt;
}

std::size_t grid_columns(std::size_t count, std::size_t width, std::size_t height) {
  std::size_t best = 1;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t columns = 1; columns <= count; ++columns) {
    const std::size_t rows = (count + columns - 1) / columns;
    const double shape = static_cast<double>(columns * width) / static_cast<double>(rows * height);
    const double cost =
        std::abs(std::log(shape / kWantedShape)) + kEmptyCell * static_cast<double>(rows * columns - count);
    if (cost < least) {
      least = cost;
      best = columns;
    }
  }
  return best;
}

const TaskConfig& VideoView::task_of(const TaskMap& map) const {
  return config_.tasks[static_cast<std::size_t>(*config_.task_index(map.task))];
}

/// The range that colours stand for in this frame, given the frame's own; both of the logarithm if `as_logarithm`.
DepthRange VideoView::follow(const DepthRange& now, bool as_logarithm) {
  DepthRange range = now;
  if (options_.depth_range) {
    const auto end = [&](float value) { return as_logarithm ? std::log(value) : value; };
    range.low = end(options_.depth_range->min);
    range.high = end(options_.depth_range->max);
    return range;
  }
  if (now.num_finite == 0) return shown_range_.value_or(now);
  if (!shown_range_) shown_range_ = now;
  shown_range_->low += kFollow * (now.low - shown_range_->low);
  shown_range_->high += kFollow * (now.high - shown_range_->high);
  range.low = shown_range_->low;
  range.high = shown_range_->high;
  return range;
}

Result<Image> VideoView::color_depth(const TaskMap& map, const TaskConfig& task, std::string& caption) {
  const bool as_logarithm = !task.unit.empty();
  std::vector<float> values = map.values;
  if (as_logarithm) {
    // What is not above zero is no depth.
    for (float& value : values) value = value > 0 ? std::log(value) : std::numeric_limits<float>::quiet_NaN();
  }
  const DepthRange range = follow(depth_range(values), as_logarithm);
  const auto shown = [&](float end) { return as_logarithm ? std::exp(end) : end; };
  caption = fmt::format("depth {:.2g} - {:.2g}{}{}", shown(range.low), shown(range.high),
                        task.unit.empty() ? "" : " " + task.unit, as_logarithm ? ", log" : "");
  return colorize_depth(values, map.height, map.width, range);
}

Result<VideoView::Panel> VideoView::draw_panel(const Image& frame, const TaskMap& map) {
  const TaskConfig& task = task_of(map);
  Panel panel;
  panel.caption = task_name(map.task);
  if (map.task == TaskKind::kDepth) {
    EDGEMOE_ASSIGN_OR_RETURN(panel.image, color_depth(map, task, panel.caption));
  } else {
    EDGEMOE_ASSIGN_OR_RETURN(panel.image, colorize_map(map, task.class_names));
  }
  if (options_.kind == VideoViewKind::kOverlay) {
    EDGEMOE_ASSIGN_OR_RETURN(panel.image, overlay(frame, panel.image));
  }
  return panel;
}

Result<Image> VideoView::draw(const Image& frame, std::span<const TaskMap> maps) {
  EDGEMOE_CHECK(!maps.empty());
  std::vector<Panel> panels;
  if (options_.kind == VideoViewKind::kSideBySide) panels.push_back({frame, "picture"});
  const TaskMap* classes = nullptr;  // whose colours the legend explains
  for (const TaskMap& map : maps) {
    EDGEMOE_ASSIGN_OR_RETURN(Panel panel, draw_panel(frame, map));
    panels.push_back(std::move(panel));
    if (classes == nullptr && is_label_task(map.task) && !task_of(map).class_names.empty()) classes = &map;
  }
  const bool explained = options_.kind != VideoViewKind::kMap;
  if (!explained && panels.size() == 1) return std::move(panels.front().image);
  const std::size_t columns = grid_columns(panels.size(), frame.width, frame.height);
  const std::size_t rows = (panels.size() + columns - 1) / columns;
  const std::size_t width = columns * frame.width;
  const bool with_legend = explained && classes != nullptr && width > 4 * kLegendMargin;
  if (with_legend && legend_width_ != width) {
    legend_ = LegendStrip(task_of(*classes).class_names, width - 2 * kLegendMargin);
    legend_width_ = width;
  }
  const std::size_t legend_height = with_legend ? legend_.height() + kLegendMargin : 0;
  Image sheet = make_image(width, rows * frame.height + legend_height);
  fill_rect(sheet, 0, 0, sheet.width, sheet.height, kPaper);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    if (explained) draw_caption(panels[i].image, panels[i].caption);
    paste(panels[i].image, sheet, i % columns * frame.width, i / columns * frame.height);
  }
  if (with_legend) {
    legend_.draw(sheet, kLegendMargin, rows * frame.height + kLegendMargin,
                 task_palette(classes->task, classes->num_classes, task_of(*classes).class_names), kInk);
  }
  return sheet;
}

}  // namespace edgemoe
