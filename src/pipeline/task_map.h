// From a head's logits to the map a user asked for, at the picture's size.
//
// The rule: logits are resized first (bilinear, pixel centres, from the network's input size to the picture's), then
// the task's activation is applied at every pixel. M3ViT's own evaluation takes the argmax first and enlarges labels by
// nearest; resizing logits gives the same labels away from borders and smooth borders instead of blocks.
#ifndef EDGEMOE_PIPELINE_TASK_MAP_H_
#define EDGEMOE_PIPELINE_TASK_MAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "model/config.h"

namespace edgemoe {

/// One task's answer for one picture. Exactly one of `labels` and `values` is filled.
struct TaskMap {
  TaskKind task = TaskKind::kSemseg;
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;               // of `values`: 3 for normals, else 1
  std::size_t num_classes = 0;            // label tasks: C
  std::vector<std::uint8_t> labels = {};  // semseg, human_parts: class 0 … C−1 by argmax, the lower class on ties
  std::vector<float> values =
      {};  // [height, width, channels]: depth as is, or exp of a logarithm; sal, edge in [0,1]; normals of unit length
  std::size_t num_non_finite = 0;  // pixels with a logit that is Inf or NaN
};

struct Extent {
  std::size_t height = 0;
  std::size_t width = 0;
};

/// True for the tasks whose map is a class a pixel.
bool is_label_task(TaskKind task);

/// `logits` is [from.height · from.width, outputs]; label tasks have at most 255 outputs. Memory beyond the map itself
/// is a few rows a thread. The same bytes for any number of threads.
TaskMap make_task_map(const TaskConfig& task, const MatrixView<const float>& logits, Extent from, Extent to,
                      ThreadPool& pool);

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_TASK_MAP_H_
