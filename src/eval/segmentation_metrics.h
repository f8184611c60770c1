// Scores of class maps: everything follows from the confusion matrix.
#ifndef EDGEMOE_EVAL_SEGMENTATION_METRICS_H_
#define EDGEMOE_EVAL_SEGMENTATION_METRICS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace edgemoe {

/// Counts of pixels by true and predicted class. Pixels whose truth is kIgnoreLabel are counted apart and score
/// nothing.
class ConfusionMatrix {
 public:
  /// 1 to 255 classes.
  explicit ConfusionMatrix(std::size_t num_classes);

  /// As many predictions as truths; predictions are below num_classes(), truths too or kIgnoreLabel.
  void add(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> truth);
  /// Adds another matrix of the same classes.
  void merge(const ConfusionMatrix& other);

  std::size_t num_classes() const { return num_classes_; }
  std::uint64_t count(std::size_t truth, std::size_t predicted) const {
    return counts_[truth * num_classes_ + predicted];
  }
  std::uint64_t truth_count(std::size_t c) const;
  std::uint64_t predicted_count(std::size_t c) const;
  std::uint64_t num_scored() const;
  std::uint64_t num_ignored() const { return num_ignored_; }

  /// Intersection over union of one class; nothing when it occurs neither in truth nor in prediction.
  std::optional<double> iou(std::size_t c) const;
  /// Mean of iou over the classes that occur in truth or prediction. Nothing when no pixel was scored.
  std::optional<double> mean_iou() const;
  std::size_t num_occurring() const;
  /// Share of the scored pixels that are right. Nothing when no pixel was scored.
  std::optional<double> pixel_accuracy() const;

 private:
  std::size_t num_classes_;
  std::vector<std::uint64_t> counts_;  // [truth, predicted]
  std::uint64_t num_ignored_ = 0;
};

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_SEGMENTATION_METRICS_H_
