// How much maps of consecutive frames change where the scene does not.
#ifndef EDGEMOE_EVAL_FLICKER_H_
#define EDGEMOE_EVAL_FLICKER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "eval/dataset.h"
#include "pipeline/task_map.h"

namespace edgemoe {

/// Sums over still pixels: those of two consecutive frames where the ground truth hardly changes. Between them counts
/// for labels: 1 where the predicted class is another one (still: the true class is the same);
/// for depth: |Δ ln p − Δ ln g|, how much the relative error jumps (still: the true depth g differs by less than 10 %);
/// for normals: the angle between the predicted normals in degrees (still: the true ones differ by less than 5°).
struct Flicker {
  TaskKind task = TaskKind::kSemseg;
  std::uint64_t num_still = 0;
  double change_sum = 0;

  /// 0 where no pixel is still.
  double mean() const { return num_still == 0 ? 0 : change_sum / static_cast<double>(num_still); }
};

/// What Flicker::mean() of a task is: "share of labels that change", …
std::string_view flicker_meaning(TaskKind task);

/// Takes one task's maps frame by frame.
class FlickerMeter {
 public:
  explicit FlickerMeter(TaskKind task) : sums_{.task = task} {}

  /// The next frame's map and its ground truth, in the model's classes. Another size than the frame's before begins
  /// anew. Predictions without a value (not finite; a depth not above 0) and pixels without truth are left out.
  void add(const TaskMap& map, const Sample& truth);
  const Flicker& sums() const { return sums_; }

 private:
  void add_labels(const TaskMap& map, const std::vector<std::uint8_t>& truth);
  void add_depth(const TaskMap& map, const std::vector<float>& truth);
  void add_normals(const TaskMap& map, const std::vector<float>& truth);

  Flicker sums_;
  TaskMap last_map_;
  std::vector<std::uint8_t> last_labels_;  // truth
  std::vector<float> last_values_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_FLICKER_H_
