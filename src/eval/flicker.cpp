#include "eval/flicker.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

constexpr double kStillDepth = 0.1;  // relative
constexpr double kStillNormalDegrees = 5.0;

/// Degrees between two vectors of any length; NaN where one has none or is not finite.
double angle(const float* a, const float* b) {
  double dot = 0;
  double aa = 0;
  double bb = 0;
  for (int c = 0; c < 3; ++c) {
    dot += double{a[c]} * b[c];
    aa += double{a[c]} * a[c];
    bb += double{b[c]} * b[c];
  }
  return std::acos(std::clamp(dot / std::sqrt(aa * bb), -1.0, 1.0)) * 180 / std::numbers::pi;
}

bool is_depth(float value) { return std::isfinite(value) && value > 0; }

}  // namespace

std::string_view flicker_meaning(TaskKind task) {
  switch (task) {
    case TaskKind::kSemseg:
    case TaskKind::kHumanParts:
      return "share of still pixels whose label changes";
    case TaskKind::kDepth:
      return "mean change of the relative error at still pixels";
    case TaskKind::kNormals:
      return "mean turn at still pixels, degrees";
    case TaskKind::kEdge:
    case TaskKind::kSaliency:
      return "";
  }
  return "";
}

void FlickerMeter::add_labels(const TaskMap& map, const std::vector<std::uint8_t>& truth) {
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == kIgnoreLabel || truth[i] != last_labels_[i]) continue;
    ++sums_.num_still;
    sums_.change_sum += map.labels[i] != last_map_.labels[i] ? 1 : 0;
  }
}

void FlickerMeter::add_depth(const TaskMap& map, const std::vector<float>& truth) {
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (!is_depth(truth[i]) || !is_depth(last_values_[i])) continue;
    const double truth_change = std::log(double{truth[i]} / last_values_[i]);
    if (std::abs(truth_change) >= std::log1p(kStillDepth)) continue;
    if (!is_depth(map.values[i]) || !is_depth(last_map_.values[i])) continue;
    ++sums_.num_still;
    sums_.change_sum += std::abs(std::log(double{map.values[i]} / last_map_.values[i]) - truth_change);
  }
}

void FlickerMeter::add_normals(const TaskMap& map, const std::vector<float>& truth) {
  for (std::size_t i = 0; i < truth.size(); i += 3) {
    const double truth_turn = angle(&truth[i], &last_values_[i]);
    if (!(truth_turn < kStillNormalDegrees)) continue;  // NaN too: no truth
    const double turn = angle(&map.values[i], &last_map_.values[i]);
    if (!std::isfinite(turn)) continue;
    ++sums_.num_still;
    sums_.change_sum += turn;
  }
}

void FlickerMeter::add(const TaskMap& map, const Sample& truth) {
  EDGEMOE_CHECK(map.task == sums_.task);
  const bool follows = map.width == last_map_.width && map.height == last_map_.height;
  if (is_label_task(map.task)) {
    const std::vector<std::uint8_t>& labels = truth.label_map(map.task);
    if (follows) add_labels(map, labels);
    last_labels_ = labels;
  } else {
    const std::vector<float>& values = map.task == TaskKind::kDepth ? truth.depth : truth.normals;
    if (follows && map.task == TaskKind::kDepth) add_depth(map, values);
    if (follows && map.task == TaskKind::kNormals) add_normals(map, values);
    last_values_ = values;
  }
  last_map_ = map;
}

}  // namespace edgemoe
