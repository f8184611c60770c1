#include "pipeline/overview.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "image/frame.h"
#include "image/legend_strip.h"
#include "image/map_picture.h"
#include "image/text.h"
#include "pipeline/map_preview.h"

namespace edgemoe {
namespace {

constexpr std::size_t kPanelSide = 480;  // the longer side of a panel
constexpr std::size_t kShortestSide = 48;
constexpr std::size_t kMargin = 14;
constexpr std::size_t kScale = 2;  // of the text
constexpr std::size_t kLine = kGlyphHeight * kScale + 6;
constexpr std::size_t kSwatch = kGlyphHeight * kScale;
constexpr std::size_t kMaxKey = 64;  // experts that the key shows
constexpr Rgb kPaper = {255, 255, 255};
constexpr Rgb kInk = {32, 32, 32};

/// One line in the larger text where `width` pixels hold it, else in the smaller, cut where not even that fits.
void draw_line(Image& sheet, std::size_t x, std::size_t y, std::string text, std::size_t width) {
  const std::size_t scale = text_width(text, kScale) <= width ? kScale : 1;
  while (!text.empty() && text_width(text, scale) > width) text.pop_back();
  draw_text(sheet, {x, y + (kScale - scale) * kGlyphHeight / 2, scale}, text, kInk);
}

/// A map of depth in a unit, as its logarithm: near things would otherwise share one colour with the road. What is not
/// above zero is no depth and becomes NaN.
TaskMap logarithm(const TaskMap& map) {
  TaskMap result = map;
  for (float& value : result.values) value = value > 0 ? std::log(value) : std::numeric_limits<float>::quiet_NaN();
  return result;
}

/// Of what is shown: `map` is the logarithm of depth if `as_logarithm`.
std::string depth_caption(const TaskMap& map, const std::string& unit, bool as_logarithm) {
  const DepthRange range = depth_range(map.values);
  if (range.num_finite == 0) return as_logarithm ? "depth: none above 0" : "depth: no finite value";
  const auto value = [&](float shown) { return as_logarithm ? std::exp(shown) : shown; };
  return fmt::format("depth {:.3g} - {:.3g}{}{}", value(range.low), value(range.high), unit.empty() ? "" : " " + unit,
                     as_logarithm ? ", log" : "");
}

}  // namespace

ExpertChoices::ExpertChoices(const ModelConfig& config)
    : block_(config.moe.blocks.empty() ? -1 : config.moe.blocks.back()),
      tap_(block_ < 0 ? std::string() : block_tap(block_, kTapRouterIndices)) {}

void ExpertChoices::on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) {
  if (tap != tap_) return;
  // [tokens, top_k], the class token first.
  const auto tokens = static_cast<std::size_t>(values.shape[0]);
  const std::size_t row = values.bytes.size() / tokens;
  std::vector<std::int32_t> first(tokens - 1);
  for (std::size_t i = 0; i < first.size(); ++i) {
    std::memcpy(&first[i], values.bytes.data() + (i + 1) * row, sizeof(first[i]));
  }
  choices_[{image, std::string(scope)}] = std::move(first);
}

std::span<const std::int32_t> ExpertChoices::of(int image, std::string_view task) const {
  for (const std::string_view scope : {task, kSharedScope}) {
    const auto found = choices_.find({image, std::string(scope)});
    if (found != choices_.end()) return found->second;
  }
  return {};
}

Overview::Overview(const ModelConfig& config, const Image& picture) : config_(config) {
  const double longer = static_cast<double>(std::max(picture.width, picture.height));
  const auto side = [&](std::size_t extent) {
    const double scaled = static_cast<double>(extent) * kPanelSide / longer;
    return std::max(kShortestSide, static_cast<std::size_t>(scaled + 0.5));
  };
  width_ = side(picture.width);
  height_ = side(picture.height);
  picture_ = scaled(picture);
}

Image Overview::scaled(const Image& image) const {
  const FrameResizer resizer(image.height, image.width, height_, width_, ResizeKernel::kBilinearAntialias);
  std::vector<float> workspace(resizer.workspace_size());
  std::vector<float> row(width_ * 3);
  Image out = make_image(width_, height_);
  for (std::size_t y = 0; y < height_; ++y) {
    resizer.run_row(image, y, row.data(), workspace);
    for (std::size_t i = 0; i < row.size(); ++i) {
      out.samples8[y * row.size() + i] = static_cast<std::uint8_t>(std::clamp(row[i], 0.0F, 1.0F) * 255.0F + 0.5F);
    }
  }
  return out;
}

Status Overview::add_map(const Image& picture, const TaskMap& map) {
  const TaskConfig& task = config_.tasks[static_cast<std::size_t>(*config_.task_index(map.task))];
  Panel panel{.caption = std::string(task_name(map.task)), .task = std::string(task_name(map.task)), .image = {}};
  const bool as_logarithm = map.task == TaskKind::kDepth && !task.unit.empty();
  std::optional<TaskMap> changed;
  if (as_logarithm) changed = logarithm(map);
  const TaskMap& shown = changed ? *changed : map;
  EDGEMOE_ASSIGN_OR_RETURN(Image colors, colorize_map(shown, task.class_names));
  if (map.task == TaskKind::kDepth) panel.caption = depth_caption(shown, task.unit, as_logarithm);
  if (is_label_task(map.task)) {
    EDGEMOE_ASSIGN_OR_RETURN(colors, overlay(picture, colors, 0.6F));
    if (palette_.empty() && !task.class_names.empty()) {
      palette_ = task_palette(map.task, map.num_classes, task.class_names);
      class_names_ = task.class_names;
    }
  }
  panel.image = scaled(colors);
  panels_.push_back(std::move(panel));
  return {};
}

/// The patches in their experts' colours over the grey picture, with the experts' numbers where they fit.
void Overview::draw_experts(Image& sheet, std::size_t x, std::size_t y, std::span<const std::int32_t> experts) const {
  const auto rows = static_cast<std::size_t>(config_.grid_height());
  const auto columns = static_cast<std::size_t>(config_.grid_width());
  const auto digits = fmt::format("{}", config_.moe.num_experts - 1).size();
  const bool numbered = width_ / columns > digits * kGlyphAdvance + 2 && height_ / rows > kGlyphHeight + 1;
  for (std::size_t row = 0; row < height_; ++row) {
    for (std::size_t column = 0; column < width_; ++column) {
      const auto expert = static_cast<std::size_t>(experts[row * rows / height_ * columns + column * columns / width_]);
      const std::uint8_t* seen = picture_.samples8.data() + (row * width_ + column) * 3;
      const unsigned grey = (77U * seen[0] + 150U * seen[1] + 29U * seen[2]) >> 8U;
      const Rgb color = categorical_color(expert);
      const auto mixed = [&](std::uint8_t part) { return static_cast<std::uint8_t>((5U * part + 3U * grey) / 8U); };
      fill_rect(sheet, x + column, y + row, 1, 1, {mixed(color.r), mixed(color.g), mixed(color.b)});
    }
  }
  if (!numbered) return;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const std::string text = fmt::format("{}", experts[i]);
    const std::size_t middle_x = (2 * (i % columns) + 1) * width_ / (2 * columns);
    const std::size_t middle_y = (2 * (i / columns) + 1) * height_ / (2 * rows);
    draw_text(sheet, {x + middle_x - text_width(text, 1) / 2, y + middle_y - kGlyphHeight / 2, 1}, text, kInk);
  }
}

/// What the colours of the experts' panels mean, and how much the tasks agree.
void Overview::draw_key(Image& sheet, std::size_t x, std::size_t y, const ExpertChoices& choices, int image) const {
  const std::size_t bottom = y + height_;
  const auto line = [&](const std::string& text) {
    if (y + kLine <= bottom) draw_line(sheet, x, y, text, width_);
    y += kLine;
  };
  line(fmt::format("Block {}: the expert that each", choices.block()));
  line(fmt::format("patch weighs most, of {}", config_.moe.num_experts));
  y += kLine / 4;
  const auto num_experts = static_cast<std::size_t>(config_.moe.num_experts);
  const std::size_t cell = 2 * kGlyphAdvance * kScale + 6;
  const std::size_t per_row = std::max<std::size_t>(1, width_ / cell);
  if (num_experts <= kMaxKey) {
    for (std::size_t e = 0; e < num_experts; ++e) {
      const std::size_t left = x + e % per_row * cell;
      const std::size_t top = y + e / per_row * (kSwatch + 6);
      if (top + kSwatch > bottom) break;
      fill_rect(sheet, left, top, cell - 2, kSwatch + 4, categorical_color(e));
      draw_text(sheet, {left + 3, top + 3, kScale}, fmt::format("{}", e), kInk);
    }
    y += (num_experts + per_row - 1) / per_row * (kSwatch + 6) + kLine / 4;
  }
  for (std::size_t i = 0; i < panels_.size(); ++i) {
    for (std::size_t j = i + 1; j < panels_.size(); ++j) {
      const auto a = choices.of(image, panels_[i].task);
      const auto b = choices.of(image, panels_[j].task);
      std::size_t same = 0;
      for (std::size_t k = 0; k < a.size() && k < b.size(); ++k) same += a[k] == b[k] ? 1U : 0U;
      if (a.empty() || b.empty()) continue;
      line(fmt::format("{} = {}: {:.0f} % of patches", panels_[i].task, panels_[j].task,
                       100.0 * static_cast<double>(same) / static_cast<double>(a.size())));
    }
  }
}

Image Overview::draw(const ExpertChoices& choices, int image) const {
  const bool with_experts = std::any_of(panels_.begin(), panels_.end(),
                                        [&](const Panel& panel) { return !choices.of(image, panel.task).empty(); });
  const std::size_t columns = 1 + panels_.size();
  const std::size_t row_height = kLine + height_ + kMargin;
  const std::size_t sheet_width = kMargin + columns * (width_ + kMargin);
  const LegendStrip strip(class_names_, sheet_width - 2 * kMargin);
  const std::size_t num_rows = with_experts ? 2 : 1;
  Image sheet = make_image(sheet_width, kMargin + num_rows * row_height + strip.height());
  fill_rect(sheet, 0, 0, sheet.width, sheet.height, kPaper);

  const auto column_x = [&](std::size_t column) { return kMargin + column * (width_ + kMargin); };
  draw_line(sheet, column_x(0), kMargin, "picture", width_);
  paste(picture_, sheet, column_x(0), kMargin + kLine);
  if (with_experts) draw_key(sheet, column_x(0), kMargin + row_height + kLine, choices, image);
  for (std::size_t i = 0; i < panels_.size(); ++i) {
    const std::size_t x = column_x(i + 1);
    draw_line(sheet, x, kMargin, panels_[i].caption, width_);
    paste(panels_[i].image, sheet, x, kMargin + kLine);
    const auto experts = choices.of(image, panels_[i].task);
    if (experts.empty()) continue;
    draw_line(sheet, x, kMargin + row_height, "experts for " + panels_[i].task, width_);
    draw_experts(sheet, x, kMargin + row_height + kLine, experts);
  }
  strip.draw(sheet, kMargin, kMargin + num_rows * row_height, palette_, kInk);
  return sheet;
}

}  // namespace edgemoe
