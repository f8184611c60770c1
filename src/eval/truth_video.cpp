#include "eval/truth_video.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

constexpr ValueRange kShownDepth = {1, 80};
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

void paste(const Image& from, Image& to, std::size_t x, std::size_t y) {
  for (std::size_t row = 0; row < from.height; ++row) {
    const auto begin = from.samples8.begin() + static_cast<std::ptrdiff_t>(row * from.width * 3);
    std::copy_n(begin, from.width * 3,
                to.samples8.begin() + static_cast<std::ptrdiff_t>(((y + row) * to.width + x) * 3));
  }
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
    : path_(std::move(path)),
      tick_{kRateUnit, std::max(1, static_cast<int>(std::lround(rate * kRateUnit)))},
      view_(config, {.kind = VideoViewKind::kSideBySide, .depth_range = kShownDepth}) {}

Result<Image> TruthVideo::draw(const std::vector<TaskMap>& maps, const Sample& truth) {
  Image sheet = make_image((maps.size() + 1) * truth.width, 2 * truth.height);
  Image picture = eight_bits(truth.image);
  draw_caption(picture, "picture");
  paste(picture, sheet, 0, 0);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::size_t x = (i + 1) * truth.width;
    EDGEMOE_ASSIGN_OR_RETURN(VideoView::Panel said, view_.draw_panel(truth.image, maps[i]));
    draw_caption(said.image, said.caption);
    paste(said.image, sheet, x, 0);
    const KnownTruth real = truth_map(maps[i], truth);
    EDGEMOE_ASSIGN_OR_RETURN(VideoView::Panel panel, view_.draw_panel(truth.image, real.map));
    for (std::size_t p = 0; p < real.known.size(); ++p) {
      if (!real.known[p]) std::fill_n(panel.image.samples8.begin() + static_cast<std::ptrdiff_t>(3 * p), 3, 0);
    }
    draw_caption(panel.image, "truth");
    paste(panel.image, sheet, x, truth.height);
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
