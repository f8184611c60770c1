#include <fmt/format.h>

#include "eval/report.h"

namespace edgemoe {
namespace {

std::string cell(std::optional<double> value) { return value ? fmt::format(",{}", *value) : ","; }

/// By the rules of RFC 4180: quoted, quotes doubled.
std::string quoted_cell(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) out += letter == '"' ? "\"\"" : std::string(1, letter);
  return out + "\"";
}

std::string cells(const LabelSums& sums) {
  return fmt::format(",{}", sums.confusion.num_scored()) + cell(sums.confusion.mean_iou()) +
         cell(sums.confusion.pixel_accuracy());
}

std::string cells(const DepthSums& sums) {
  if (sums.num_scored == 0) return ",0,,,,";
  return fmt::format(",{},{},{},{},{}", sums.num_scored, sums.abs_rel(), sums.rmse(), sums.delta(0),
                     sums.num_non_finite);
}

std::string cells(const NormalsSums& sums) {
  if (sums.num_scored() == 0) return ",0,,,";
  return fmt::format(",{},{},{},{}", sums.num_scored(), sums.mean(), sums.median(), sums.num_invalid());
}

}  // namespace

std::string csv_header(std::span<const TaskKind> tasks) {
  std::string line = "picture,width,height";
  for (const TaskKind task : tasks) {
    const std::string_view name = task_name(task);
    if (task == TaskKind::kDepth) {
      line += ",depth_pixels,depth_abs_rel,depth_rmse,depth_delta_1,depth_non_finite";
    } else if (task == TaskKind::kNormals) {
      line += ",normals_pixels,normals_mean_degrees,normals_median_degrees,normals_invalid";
    } else {
      line += fmt::format(",{0}_pixels,{0}_mean_iou,{0}_pixel_accuracy", name);
    }
  }
  return line + "\n";
}

std::string csv_row(const PictureScore& picture) {
  std::string line = fmt::format("{},{},{}", quoted_cell(picture.name), picture.width, picture.height);
  for (const TaskScore& score : picture.tasks) {
    line += std::visit([](const auto& sums) { return cells(sums); }, score.sums);
  }
  return line + "\n";
}

}  // namespace edgemoe
