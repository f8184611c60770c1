#include "pipeline/task_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "base/random.h"

namespace edgemoe {
namespace {

MatrixView<const float> matrix(const std::vector<float>& values, std::size_t outputs) {
  return {values.data(), values.size() / outputs, outputs, outputs};
}

TEST(TaskMapTest, labels_sameSize_areTheArgmax_lowerClassOnTies) {
  ThreadPool pool(1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  // Four pixels of three classes: plain, tie of 1 and 2, all equal, NaN in front.
  const std::vector<float> logits = {0, 1, 2, -5, 3, 3, 7, 7, 7, nan, -1, -2};
  const TaskMap map = make_task_map({TaskKind::kSemseg}, matrix(logits, 3), {2, 2}, {2, 2}, pool);
  EXPECT_EQ(map.labels, (std::vector<std::uint8_t>{2, 1, 0, 1}));
  EXPECT_TRUE(map.values.empty());
}

TEST(TaskMapTest, pixelsWithALogitThatIsNotFinite_areCountedOnce) {
  ThreadPool pool(3);
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> logits = {0, 1, nan, inf, 3, -inf, 3.4e38F, -3.4e38F};
  for (const TaskKind task : {TaskKind::kSemseg, TaskKind::kHumanParts}) {
    EXPECT_EQ(make_task_map({task}, matrix(logits, 2), {4, 1}, {4, 1}, pool).num_non_finite, 2U);
  }
  EXPECT_EQ(make_task_map({TaskKind::kDepth}, matrix(logits, 1), {4, 2}, {4, 2}, pool).num_non_finite, 3U);
}

TEST(TaskMapTest, labels_enlarged_borderLiesWhereTheResizedLogitsCross) {
  ThreadPool pool(1);
  // Two pixels: class 0 leads by 3, then class 1 by 1. Between their centres, at 1.5 and 4.5 of six columns, the lead
  // falls linearly from 3 to −1 and crosses zero at 1.5 + 3 · 3/4 = 3.75: columns up to centre 3.5 are class 0.
  const std::vector<float> logits = {3, 0, 0, 1};
  const TaskMap map = make_task_map({TaskKind::kSemseg}, matrix(logits, 2), {1, 2}, {2, 6}, pool);
  EXPECT_EQ(map.labels, (std::vector<std::uint8_t>{0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1}));
}

TEST(TaskMapTest, labels_mirroredLogits_giveTheMirroredMap_andNoNewLabels) {
  ThreadPool pool(2);
  const Extent from{5, 9};
  const Extent to{37, 23};
  Random random(5);
  std::vector<float> logits(from.height * from.width * 4);
  for (float& value : logits) value = random.uniform(-1, 1);
  std::vector<float> mirrored(logits.size());
  for (std::size_t y = 0; y < from.height; ++y) {
    for (std::size_t x = 0; x < from.width; ++x) {
      for (std::size_t c = 0; c < 4; ++c) {
        mirrored[(y * from.width + x) * 4 + c] = logits[(y * from.width + from.width - 1 - x) * 4 + c];
      }
    }
  }
  const TaskMap map = make_task_map({TaskKind::kHumanParts}, matrix(logits, 4), from, to, pool);
  const TaskMap other = make_task_map({TaskKind::kHumanParts}, matrix(mirrored, 4), from, to, pool);
  std::size_t different = 0;
  for (std::size_t y = 0; y < to.height; ++y) {
    for (std::size_t x = 0; x < to.width; ++x) {
      different += map.labels[y * to.width + x] != other.labels[y * to.width + to.width - 1 - x] ? std::size_t{1} : 0;
    }
  }
  EXPECT_EQ(different, 0u);
  for (const std::uint8_t label : map.labels) ASSERT_LT(label, 4);
  EXPECT_GT(std::set<std::uint8_t>(map.labels.begin(), map.labels.end()).size(), 1u);
}

TEST(TaskMapTest, anyThreadCount_sameBytes) {
  Random random(6);
  std::vector<float> logits(8 * 16 * 7);
  for (float& value : logits) value = random.uniform(-3, 3);
  ThreadPool one(1);
  for (const TaskKind task : {TaskKind::kSemseg, TaskKind::kDepth, TaskKind::kEdge}) {
    const TaskMap expected = make_task_map({task}, matrix(logits, 7), {8, 16}, {375, 500}, one);
    for (const int threads : {2, 7}) {
      ThreadPool pool(threads);
      const TaskMap map = make_task_map({task}, matrix(logits, 7), {8, 16}, {375, 500}, pool);
      EXPECT_EQ(map.labels, expected.labels);
      EXPECT_EQ(map.values, expected.values);
    }
  }
}

TEST(TaskMapTest, activations_areTheTasksOwn) {
  ThreadPool pool(1);
  const TaskMap normals = make_task_map({TaskKind::kNormals}, matrix({3, 0, 4, 0, 0, 0}, 3), {1, 2}, {1, 2}, pool);
  EXPECT_EQ(normals.channels, 3u);
  EXPECT_FLOAT_EQ(normals.values[0], 0.6F);
  EXPECT_FLOAT_EQ(normals.values[2], 0.8F);
  EXPECT_EQ(normals.values[3], 0.0F) << "a zero vector stays zero, it must not become NaN";
  const TaskMap edge = make_task_map({TaskKind::kEdge}, matrix({0, 2, -200, 200}, 1), {2, 2}, {2, 2}, pool);
  EXPECT_FLOAT_EQ(edge.values[0], 0.5F);
  EXPECT_FLOAT_EQ(edge.values[1], 1 / (1 + std::exp(-2.0F)));
  EXPECT_EQ(edge.values[2], 0.0F);
  EXPECT_EQ(edge.values[3], 1.0F);
  const TaskMap depth = make_task_map({TaskKind::kDepth}, matrix({-1.5F, 7}, 1), {1, 2}, {1, 2}, pool);
  EXPECT_EQ(depth.values, (std::vector<float>{-1.5F, 7}));
  TaskConfig logarithmic{TaskKind::kDepth};
  logarithmic.logarithm = true;
  // Halfway between the logarithms of 2 and 8 is that of 4: resized first, then exp.
  const float low = std::log(2.0F);
  const float high = std::log(8.0F);
  const TaskMap metres = make_task_map(logarithmic, matrix({low, high}, 1), {1, 2}, {1, 3}, pool);
  EXPECT_FLOAT_EQ(metres.values[0], 2.0F);
  EXPECT_FLOAT_EQ(metres.values[1], 4.0F);
  EXPECT_FLOAT_EQ(metres.values[2], 8.0F);
}

}  // namespace
}  // namespace edgemoe
