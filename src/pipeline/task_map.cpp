#include "pipeline/task_map.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <span>

#include "base/check.h"
#include "resample/resize.h"

namespace edgemoe {
namespace {

constexpr std::size_t kMaxClasses = 255;  // 255 itself means "ignore" in label files and is never predicted

/// Index of the largest value, the lowest on ties; NaN never wins.
std::uint8_t argmax(const float* values, std::size_t count) {
  std::size_t best = 0;
  for (std::size_t c = 1; c < count; ++c) {
    if (values[c] > values[best] || (std::isnan(values[best]) && !std::isnan(values[c]))) best = c;
  }
  return static_cast<std::uint8_t>(best);
}

/// Pixels of a row [pixels, outputs] with a value that is Inf or NaN.
std::size_t count_non_finite(const float* row, std::size_t pixels, std::size_t outputs) {
  // An exponent of ones and nothing else carries into the sign bit when one is added: a pass without a branch, in
  // vectors on any machine, clears nearly every row.
  constexpr std::uint32_t kExponent = 0x7F800000U;
  constexpr std::uint32_t kOne = 0x00800000U;
  std::uint32_t carries = 0;
  for (std::size_t i = 0; i < pixels * outputs; ++i) {
    carries |= (std::bit_cast<std::uint32_t>(row[i]) & kExponent) + kOne;
  }
  if (carries >> 31 == 0) return 0;
  std::size_t count = 0;
  for (std::size_t x = 0; x < pixels; ++x) {
    const std::span<const float> pixel(row + x * outputs, outputs);
    count += std::any_of(pixel.begin(), pixel.end(), [](float value) { return !std::isfinite(value); }) ? 1U : 0U;
  }
  return count;
}

void normalise(float* vectors, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    float* v = vectors + 3 * i;
    const float length = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    const float divisor = std::max(length, 1e-12F);
    for (int c = 0; c < 3; ++c) v[c] /= divisor;
  }
}

void activate(const TaskConfig& task, float* values, std::size_t pixels) {
  switch (task.kind) {
    case TaskKind::kNormals:
      normalise(values, pixels);
      return;
    case TaskKind::kEdge:
    case TaskKind::kSaliency:
      for (std::size_t i = 0; i < pixels; ++i) values[i] = 1.0F / (1.0F + std::exp(-values[i]));
      return;
    case TaskKind::kDepth:
      if (!task.logarithm) return;
      for (std::size_t i = 0; i < pixels; ++i) values[i] = std::exp(values[i]);
      return;
    case TaskKind::kSemseg:
    case TaskKind::kHumanParts:
      return;
  }
}

}  // namespace

bool is_label_task(TaskKind task) { return task == TaskKind::kSemseg || task == TaskKind::kHumanParts; }

TaskMap make_task_map(const TaskConfig& task, const MatrixView<const float>& logits, Extent from, Extent to,
                      ThreadPool& pool) {
  EDGEMOE_CHECK(logits.rows == from.height * from.width && logits.stride == logits.cols);
  const std::size_t outputs = logits.cols;
  const bool labels = is_label_task(task.kind);
  EDGEMOE_CHECK(!labels || outputs <= kMaxClasses);
  TaskMap map{.task = task.kind,
              .height = to.height,
              .width = to.width,
              .channels = labels ? 1 : outputs,
              .num_classes = labels ? outputs : 0};
  if (labels) {
    map.labels.resize(to.height * to.width);
  } else {
    map.values.resize(to.height * to.width * outputs);
  }

  const ResizePlan plan({.in_height = from.height,
                         .in_width = from.width,
                         .out_height = to.height,
                         .out_width = to.width,
                         .channels = outputs});
  const auto threads = static_cast<std::size_t>(pool.num_threads());
  const std::size_t scratch = plan.workspace_size();
  const std::size_t row_floats = to.width * outputs;
  std::vector<float> workspace(threads * (scratch + (labels ? row_floats : 0)));
  std::atomic<std::size_t> non_finite = 0;
  pool.parallel_for(to.height, [&](std::size_t y, int thread) {
    float* own = workspace.data() + static_cast<std::size_t>(thread) * (workspace.size() / threads);
    float* row = labels ? own + scratch : map.values.data() + y * row_floats;
    plan.run_row(logits.data, y, row, std::span(own, scratch));
    if (const std::size_t count = count_non_finite(row, to.width, outputs); count > 0) non_finite += count;
    if (labels) {
      for (std::size_t x = 0; x < to.width; ++x) map.labels[y * to.width + x] = argmax(row + x * outputs, outputs);
    } else {
      activate(task, row, to.width);
    }
  });
  map.num_non_finite = non_finite;
  return map;
}

}  // namespace edgemoe
