#include "eval/segmentation_metrics.h"

#include <gtest/gtest.h>

#include "image/palette.h"

namespace edgemoe {
namespace {

using Labels = std::vector<std::uint8_t>;

ConfusionMatrix confusion(std::size_t classes, const Labels& predicted, const Labels& truth) {
  ConfusionMatrix matrix(classes);
  matrix.add(predicted, truth);
  return matrix;
}

TEST(ConfusionMatrix, byHand_withIgnoredPixelsAndAnAbsentClass) {
  // Truth:     0 0 0 1 1 2, one ignored.   Class 3 is only predicted, class 4 nowhere.
  // Predicted: 0 0 1 1 0 3, anything.
  const ConfusionMatrix matrix = confusion(5, {0, 0, 1, 1, 0, 3, 4}, {0, 0, 0, 1, 1, 2, kIgnoreLabel});
  EXPECT_EQ(matrix.count(0, 0), 2u);
  EXPECT_EQ(matrix.count(0, 1), 1u);
  EXPECT_EQ(matrix.count(1, 0), 1u);
  EXPECT_EQ(matrix.count(2, 3), 1u);
  EXPECT_EQ(matrix.num_scored(), 6u);
  EXPECT_EQ(matrix.num_ignored(), 1u);
  EXPECT_EQ(matrix.truth_count(0), 3u);
  EXPECT_EQ(matrix.predicted_count(0), 3u);
  EXPECT_EQ(matrix.iou(0), 2.0 / 4.0);
  EXPECT_EQ(matrix.iou(1), 1.0 / 3.0);
  EXPECT_EQ(matrix.iou(2), 0.0);
  EXPECT_EQ(matrix.iou(3), 0.0) << "predicted though never true: it counts against the model";
  EXPECT_EQ(matrix.iou(4), std::nullopt) << "predicted on an ignored pixel only: absent";
  EXPECT_EQ(matrix.num_occurring(), 4u);
  EXPECT_DOUBLE_EQ(matrix.mean_iou().value(), (0.5 + 1.0 / 3.0) / 4);
  EXPECT_EQ(matrix.pixel_accuracy(), 3.0 / 6.0);
}

TEST(ConfusionMatrix, perfectPrediction_isOne) {
  const Labels truth = {0, 1, 2, 2, 1, 0};
  const ConfusionMatrix matrix = confusion(3, truth, truth);
  EXPECT_EQ(matrix.mean_iou(), 1.0);
  EXPECT_EQ(matrix.pixel_accuracy(), 1.0);
}

TEST(ConfusionMatrix, oneFlippedLabel_lowersTheScoreByTheExactAmount) {
  // Ten pixels of class 0, ten of class 1; one of class 0 becomes 1: IoUs 9/10 and 10/11.
  Labels truth(10, 0);
  truth.insert(truth.end(), 10, 1);
  Labels predicted = truth;
  predicted[3] = 1;
  const ConfusionMatrix matrix = confusion(2, predicted, truth);
  EXPECT_EQ(matrix.iou(0), 9.0 / 10.0);
  EXPECT_EQ(matrix.iou(1), 10.0 / 11.0);
  EXPECT_EQ(matrix.pixel_accuracy(), 19.0 / 20.0);
}

TEST(ConfusionMatrix, mergedParts_equalTheWhole) {
  const ConfusionMatrix whole = confusion(3, {0, 1, 2, 0}, {0, 2, 2, kIgnoreLabel});
  ConfusionMatrix parts = confusion(3, {0, 1}, {0, 2});
  parts.merge(confusion(3, {2, 0}, {2, kIgnoreLabel}));
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t p = 0; p < 3; ++p) EXPECT_EQ(parts.count(t, p), whole.count(t, p));
  }
  EXPECT_EQ(parts.num_ignored(), 1u);
}

TEST(ConfusionMatrix, nothingScored_hasNoScore) {
  const ConfusionMatrix matrix = confusion(2, {1}, {kIgnoreLabel});
  EXPECT_EQ(matrix.mean_iou(), std::nullopt);
  EXPECT_EQ(matrix.pixel_accuracy(), std::nullopt);
}

TEST(ConfusionMatrix, countsPast32Bits_stayExact) {
  ConfusionMatrix matrix(1);
  matrix.add(Labels(1 << 20, 0), Labels(1 << 20, 0));
  for (int doubling = 0; doubling < 14; ++doubling) matrix.merge(ConfusionMatrix(matrix));
  EXPECT_EQ(matrix.num_scored(), std::uint64_t{1} << 34);
}

TEST(ConfusionMatrixDeathTest, labelThatIsNoClass_isAProgrammersFault) { EXPECT_DEATH(confusion(2, {0}, {2}), ""); }

}  // namespace
}  // namespace edgemoe
