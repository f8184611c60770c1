#include "eval/prior.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

constexpr double kMaxBytes = 4.0 * (1ULL << 30);

std::size_t channels_of(TaskKind task) { return task == TaskKind::kNormals ? 3 : 1; }

/// Index of the largest count, the lowest on ties.
template <typename T>
std::uint8_t most_frequent(const T* counts, std::size_t num_classes) {
  return static_cast<std::uint8_t>(std::max_element(counts, counts + num_classes) - counts);
}

struct Vector {
  double x = 0;
  double y = 0;
  double z = 0;

  double length() const { return std::sqrt(x * x + y * y + z * z); }
};

}  // namespace

PriorBuilder::PriorBuilder(std::vector<Task> tasks)
    : tasks_(std::move(tasks)), counts_(tasks_.size()), sums_(tasks_.size()) {}

Status PriorBuilder::start(const Sample& sample) {
  const auto pixels = static_cast<double>(sample.height) * static_cast<double>(sample.width);
  double bytes = 0;
  for (const Task& task : tasks_) {
    bytes += pixels * (is_label_task(task.kind) ? 4.0 * static_cast<double>(task.num_classes)
                                                : 12.0 * static_cast<double>(channels_of(task.kind)));
  }
  if (bytes > kMaxBytes) {
    return too_large("{}: a prior of {}x{} pixels would take {:.1f} GB", sample.name, sample.width, sample.height,
                     bytes / 1e9);
  }
  height_ = sample.height;
  width_ = sample.width;
  const std::size_t count = height_ * width_;
  for (std::size_t t = 0; t < tasks_.size(); ++t) {
    if (is_label_task(tasks_[t].kind)) {
      counts_[t].resize(count * tasks_[t].num_classes);
    } else {
      if (tasks_[t].kind == TaskKind::kDepth) counts_[t].resize(count);
      sums_[t].resize(count * channels_of(tasks_[t].kind));
    }
  }
  return {};
}

Status PriorBuilder::add(const Sample& sample) {
  if (num_pictures_ == 0) EDGEMOE_RETURN_IF_ERROR(start(sample));
  if (sample.height != height_ || sample.width != width_) {
    return mismatch("{}: {}x{} pixels (width x height), those before it {}x{}: a prior needs pictures of one size",
                    sample.name, sample.width, sample.height, width_, height_);
  }
  ++num_pictures_;
  for (std::size_t t = 0; t < tasks_.size(); ++t) {
    if (is_label_task(tasks_[t].kind)) {
      add_labels(t, sample.label_map(tasks_[t].kind));
    } else {
      add_vectors(t, tasks_[t].kind == TaskKind::kDepth ? sample.depth : sample.normals, channels_of(tasks_[t].kind));
    }
  }
  return {};
}

void PriorBuilder::add_labels(std::size_t task, const std::vector<std::uint8_t>& labels) {
  EDGEMOE_CHECK(labels.size() == height_ * width_);
  const std::size_t num_classes = tasks_[task].num_classes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != kIgnoreLabel) ++counts_[task][i * num_classes + labels[i]];
  }
}

/// Depth counts where it is finite and above 0; a normal counts with length 1 where it has a direction.
void PriorBuilder::add_vectors(std::size_t task, const std::vector<float>& values, std::size_t channels) {
  EDGEMOE_CHECK(values.size() == height_ * width_ * channels);
  double* sums = sums_[task].data();
  for (std::size_t i = 0; i < values.size(); i += channels) {
    if (channels == 1) {
      if (!std::isfinite(values[i]) || values[i] <= 0) continue;
      sums[i] += static_cast<double>(values[i]);
      ++counts_[task][i];
      continue;
    }
    const Vector normal{values[i], values[i + 1], values[i + 2]};
    const double length = normal.length();
    if (!std::isfinite(length) || length == 0) continue;
    sums[i] += normal.x / length;
    sums[i + 1] += normal.y / length;
    sums[i + 2] += normal.z / length;
  }
}

TaskMap PriorBuilder::label_map(std::size_t task) const {
  const std::size_t num_classes = tasks_[task].num_classes;
  const std::vector<std::uint32_t>& counts = counts_[task];
  std::vector<std::uint64_t> all(num_classes);
  for (std::size_t i = 0; i < counts.size(); ++i) all[i % num_classes] += counts[i];
  const std::uint8_t overall = most_frequent(all.data(), num_classes);
  TaskMap map{.task = tasks_[task].kind, .height = height_, .width = width_, .channels = 1};
  map.labels.resize(height_ * width_, overall);
  for (std::size_t i = 0; i < map.labels.size(); ++i) {
    const std::uint32_t* pixel = counts.data() + i * num_classes;
    const std::uint8_t best = most_frequent(pixel, num_classes);
    if (pixel[best] > 0) map.labels[i] = best;
  }
  return map;
}

TaskMap PriorBuilder::depth_map(std::size_t task) const {
  const double sum = std::accumulate(sums_[task].begin(), sums_[task].end(), 0.0);
  const auto count = std::accumulate(counts_[task].begin(), counts_[task].end(), std::uint64_t{0});
  const double overall = count > 0 ? sum / static_cast<double>(count) : 0.0;
  TaskMap map{.task = TaskKind::kDepth, .height = height_, .width = width_, .channels = 1};
  map.values.resize(height_ * width_);
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    const std::uint32_t seen = counts_[task][i];
    map.values[i] = static_cast<float>(seen > 0 ? sums_[task][i] / seen : overall);
  }
  return map;
}

TaskMap PriorBuilder::normals_map(std::size_t task) const {
  const std::vector<double>& sums = sums_[task];
  Vector overall;
  for (std::size_t i = 0; i < sums.size(); i += 3) {
    overall = {overall.x + sums[i], overall.y + sums[i + 1], overall.z + sums[i + 2]};
  }
  if (overall.length() == 0) overall = {0, 0, 1};
  TaskMap map{.task = TaskKind::kNormals, .height = height_, .width = width_, .channels = 3};
  map.values.resize(sums.size());
  for (std::size_t i = 0; i < sums.size(); i += 3) {
    Vector normal{sums[i], sums[i + 1], sums[i + 2]};
    if (normal.length() == 0) normal = overall;
    const double length = normal.length();
    map.values[i] = static_cast<float>(normal.x / length);
    map.values[i + 1] = static_cast<float>(normal.y / length);
    map.values[i + 2] = static_cast<float>(normal.z / length);
  }
  return map;
}

Prior PriorBuilder::finish() const {
  EDGEMOE_CHECK(num_pictures_ > 0);
  Prior prior{num_pictures_, height_, width_, {}};
  for (std::size_t t = 0; t < tasks_.size(); ++t) {
    if (is_label_task(tasks_[t].kind)) {
      prior.maps.push_back(label_map(t));
    } else {
      prior.maps.push_back(tasks_[t].kind == TaskKind::kDepth ? depth_map(t) : normals_map(t));
    }
  }
  return prior;
}

}  // namespace edgemoe
