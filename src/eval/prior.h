// The picture-blind prior: what is true most often at each pixel of a training set, whatever the picture shows. A model
// must beat it to have learnt to see.
#ifndef EDGEMOE_EVAL_PRIOR_H_
#define EDGEMOE_EVAL_PRIOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "eval/dataset.h"
#include "pipeline/task_map.h"

namespace edgemoe {

/// One map a task, the same for every picture.
struct Prior {
  std::size_t num_pictures = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<TaskMap> maps;
};

/// Collects a training set, one sample after the other; memory is that of a few maps, whatever their number.
class PriorBuilder {
 public:
  struct Task {
    TaskKind kind = TaskKind::kSemseg;
    std::size_t num_classes = 0;  // of a label task
  };
  explicit PriorBuilder(std::vector<Task> tasks);

  /// The sample's labels are the model's classes. kMismatch when it is of another size than the first; kTooLarge when
  /// its size would take over 4 GiB.
  Status add(const Sample& sample);

  /// At least one sample was added. At each pixel: the most frequent class (the lower one on ties), the mean depth, the
  /// mean normal. A pixel that never had a truth gets the same of all pixels; a normal without any is (0, 0, 1).
  Prior finish() const;

 private:
  Status start(const Sample& sample);
  void add_labels(std::size_t task, const std::vector<std::uint8_t>& labels);
  void add_vectors(std::size_t task, const std::vector<float>& values, std::size_t channels);
  TaskMap label_map(std::size_t task) const;
  TaskMap depth_map(std::size_t task) const;
  TaskMap normals_map(std::size_t task) const;

  const std::vector<Task> tasks_;
  std::size_t num_pictures_ = 0;
  std::size_t height_ = 0;
  std::size_t width_ = 0;
  std::vector<std::vector<std::uint32_t>> counts_;  // label task: [pixels, classes]; depth: [pixels]; normals: none
  std::vector<std::vector<double>> sums_;           // depth: [pixels]; normals: [pixels, 3]; label task: none
};

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_PRIOR_H_
