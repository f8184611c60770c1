#include "eval/truth_video.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "image/legend_strip.h"
#include "image/palette.h"
#include "image/text.h"
#include "pipeline/map_preview.h"

namespace edgemoe {
namespace {

constexpr ValueRange kShownDepth = {1, 80};
constexpr std::size_t kMargin = 6;
constexpr std::size_t kReadableWidth = 512;  // of a panel
constexpr Rgb kInk = {224, 224, 224};
constexpr int kRateUnit = 1000;  // ticks count thousandths of a frame a second

/// The truth as a map, and which of its pixels have one.
struct KnownTruth {
  TaskMap map;
  std::vector<bool> known;
};

KnownTruth truth_map(const TaskMap& like, const Sample& truth) {
  KnownTruth result{.map = {.task = like.task,
                            .height = truth.height,
                            .width = truth.width,
                            .channels = like.channels,
                            .num_classes = like.num_classes},
                    .known = std::vector<bool>(truth.height * truth.width)};
  for (std::size_t i = 0; i < result.known.size(); ++i) {
    if (is_label_task(like.task)) {
      result.known[i] = truth.label_map(like.task)[i] != kIgnoreLabel;
    } else if (like.task == TaskKind::kDepth) {
      result.known[i] = truth.depth[i] > 0;
    } else {
      const float* normal = &truth.normals[3 * i];
      result.known[i] = normal[0] != 0 || normal[1] != 0 || normal[2] != 0;
    }
  }
  if (is_label_task(like.task)) {
    result.map.labels = truth.label_map(like.task);
  } else {
    result.map.values = like.task == TaskKind::kDepth ? truth.depth : truth.normals;
  }
  return result;
}

/// Small frames are shown at twice their size, pixel by pixel.
std::size_t enlargement(std::size_t width) { return std::clamp<std::size_t>(kReadableWidth / width, 1, 2); }

Image enlarge(const Image& image, std::size_t factor) {
  Image result = make_image(image.width * factor, image.height * factor);
  for (std::size_t y = 0; y < result.height; ++y) {
    for (std::size_t x = 0; x < result.width; ++x) {
      std::copy_n(image.samples8.data() + (y / factor * image.width + x / factor) * 3, 3,
                  result.samples8.data() + (y * result.width + x) * 3);
    }
  }
  return result;
}

/// The picture at 8 bits a sample.
Image eight_bits(const Image& picture) {
  if (picture.bits == 8) return picture;
  Image result = make_image(picture.width, picture.height);
  std::transform(picture.samples16.begin(), picture.samples16.end(), result.samples8.begin(),
                 [](std::uint16_t sample) { return static_cast<std::uint8_t>((sample + 128U) / 257U); });
  return result;
}

}  // namespace

TruthVideo::TruthVideo(const ModelConfig& config, std::filesystem::path path, double rate)
    : config_(config),
      path_(std::move(path)),
      tick_{kRateUnit, std::max(1, static_cast<int>(std::lround(rate * kRateUnit)))},
      view_(config, {.kind = VideoViewKind::kSideBySide, .depth_range = kShownDepth}) {}

/// The classes' colours below the picture, where they fit into a panel of this size.
void TruthVideo::draw_classes(Image& sheet, const std::vector<TaskMap>& maps, std::size_t width,
                              std::size_t height) const {
  for (const TaskMap& map : maps) {
    const std::vector<std::string>& names =
        config_.tasks[static_cast<std::size_t>(*config_.task_index(map.task))].class_names;
    if (!is_label_task(map.task) || names.empty() || width <= 2 * kMargin) continue;
    const LegendStrip legend(names, width - 2 * kMargin);
    if (legend.height() + kMargin > height) return;
    legend.draw(sheet, kMargin, height + kMargin, task_palette(map.task, map.num_classes, names), kInk);
    return;
  }
}

Result<Image> TruthVideo::draw(const std::vector<TaskMap>& maps, const Sample& truth) {
  const std::size_t factor = enlargement(truth.width);
  const std::size_t width = truth.width * factor;
  const std::size_t height = truth.height * factor;
  Image sheet = make_image((maps.size() + 1) * width, 2 * height);
  const auto place = [&](const Image& image, const std::string& caption, std::size_t x, std::size_t y) {
    Image panel = enlarge(image, factor);
    draw_caption(panel, caption);
    paste(panel, sheet, x, y);
  };
  place(eight_bits(truth.image), "picture", 0, 0);
  draw_classes(sheet, maps, width, height);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::size_t x = (i + 1) * width;
    EDGEMOE_ASSIGN_OR_RETURN(const VideoView::Panel said, view_.draw_panel(truth.image, maps[i]));
    place(said.image, said.caption, x, 0);
    const KnownTruth real = truth_map(maps[i], truth);
    EDGEMOE_ASSIGN_OR_RETURN(VideoView::Panel panel, view_.draw_panel(truth.image, real.map));
    for (std::size_t p = 0; p < real.known.size(); ++p) {
      if (!real.known[p]) std::fill_n(panel.image.samples8.begin() + static_cast<std::ptrdiff_t>(3 * p), 3, 0);
    }
    place(panel.image, "truth", x, height);
  }
  return sheet;
}

Status TruthVideo::add(const std::vector<TaskMap>& maps, const Sample& truth) {
  EDGEMOE_CHECK(!maps.empty());
  EDGEMOE_ASSIGN_OR_RETURN(const Image sheet, draw(maps, truth));
  if (!encoder_) {
    EDGEMOE_ASSIGN_OR_RETURN(encoder_, VideoEncoder::create(path_, {.width = sheet.width,
                                                                    .height = sheet.height,
                                                                    .time_base = tick_,
                                                                    .frame_rate = 1 / tick_.value()}));
  }
  return encoder_->write(sheet, num_frames_++);
}

Status TruthVideo::finish() { return encoder_ ? encoder_->finish(1) : Status(); }

}  // namespace edgemoe
