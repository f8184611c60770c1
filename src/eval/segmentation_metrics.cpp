#include "eval/segmentation_metrics.h"

#include "base/check.h"
#include "image/palette.h"

namespace edgemoe {

ConfusionMatrix::ConfusionMatrix(std::size_t num_classes)
    : num_classes_(num_classes), counts_(num_classes * num_classes) {
  EDGEMOE_CHECK(num_classes >= 1 && num_classes <= kIgnoreLabel);
}

void ConfusionMatrix::add(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> truth) {
  EDGEMOE_CHECK(predicted.size() == truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == kIgnoreLabel) {
      ++num_ignored_;
      continue;
    }
    EDGEMOE_CHECK(truth[i] < num_classes_ && predicted[i] < num_classes_);
    ++counts_[truth[i] * num_classes_ + predicted[i]];
  }
}

void ConfusionMatrix::merge(const ConfusionMatrix& other) {
  EDGEMOE_CHECK(num_classes_ == other.num_classes_);
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  num_ignored_ += other.num_ignored_;
}

std::uint64_t ConfusionMatrix::truth_count(std::size_t c) const {
  std::uint64_t sum = 0;
  for (std::size_t predicted = 0; predicted < num_classes_; ++predicted) sum += count(c, predicted);
  return sum;
}

std::uint64_t ConfusionMatrix::predicted_count(std::size_t c) const {
  std::uint64_t sum = 0;
  for (std::size_t truth = 0; truth < num_classes_; ++truth) sum += count(truth, c);
  return sum;
}

std::uint64_t ConfusionMatrix::num_scored() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t pixels : counts_) sum += pixels;
  return sum;
}

std::optional<double> ConfusionMatrix::iou(std::size_t c) const {
  const std::uint64_t shared = count(c, c);
  const std::uint64_t either = truth_count(c) + predicted_count(c) - shared;
  if (either == 0) return std::nullopt;
  return static_cast<double>(shared) / static_cast<double>(either);
}

std::optional<double> ConfusionMatrix::mean_iou() const {
  double sum = 0;
  for (std::size_t c = 0; c < num_classes_; ++c) sum += iou(c).value_or(0.0);
  const std::size_t occurring = num_occurring();
  if (occurring == 0) return std::nullopt;
  return sum / static_cast<double>(occurring);
}

std::size_t ConfusionMatrix::num_occurring() const {
  std::size_t occurring = 0;
  for (std::size_t c = 0; c < num_classes_; ++c) occurring += iou(c) ? 1U : 0U;
  return occurring;
}

std::optional<double> ConfusionMatrix::pixel_accuracy() const {
  const std::uint64_t scored = num_scored();
  if (scored == 0) return std::nullopt;
  std::uint64_t right = 0;
  for (std::size_t c = 0; c < num_classes_; ++c) right += count(c, c);
  return static_cast<double>(right) / static_cast<double>(scored);
}

}  // namespace edgemoe
