// A task's map against its ground truth.
#ifndef EDGEMOE_EVAL_SCORE_H_
#define EDGEMOE_EVAL_SCORE_H_

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "eval/class_map.h"
#include "eval/dataset.h"
#include "eval/depth_metrics.h"
#include "eval/normals_metrics.h"
#include "eval/segmentation_metrics.h"
#include "model/config.h"
#include "pipeline/task_map.h"

namespace edgemoe {

/// Sums of a label task, and how many of all pixels had a logit that is not finite.
struct LabelSums {
  ConfusionMatrix confusion;
  std::uint64_t num_non_finite = 0;
};

struct TaskScore {
  TaskKind task = TaskKind::kSemseg;
  std::variant<LabelSums, DepthSums, NormalsSums> sums;

  /// Adds another score of the same task.
  void merge(const TaskScore& other);
  /// Pixels that counted.
  std::uint64_t num_scored() const;
};

/// Whether a task's map can be scored at all.
bool is_scorable(TaskKind task);
/// Why a task that is not scorable is not: one sentence.
std::string_view why_not_scorable(TaskKind task);

struct ScoreRule {
  std::size_t num_classes = 0;  // of a label task
  DepthRule depth;
};

/// Nothing scored yet.
TaskScore empty_score(TaskKind task, const ScoreRule& rule);

/// One picture. The sample has the map's task, its labels are the model's classes, and it is as large as the map. The
/// same for any number of threads.
TaskScore score_map(const TaskMap& map, const Sample& sample, const ScoreRule& rule, ThreadPool& pool);

/// Turns a sample's labels into the model's classes: semseg by the map, human_parts by number. kMismatch for a label
/// that is none.
Status to_model_classes(Sample& sample, const ClassMap& semseg, std::size_t human_parts_classes);

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_SCORE_H_
