#include "eval/flicker.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "image/palette.h"

namespace edgemoe {
namespace {

Sample truth(std::vector<std::uint8_t> labels, std::vector<float> depth = {}, std::vector<float> normals = {}) {
  return {
      .height = 1, .width = 2, .labels = std::move(labels), .depth = std::move(depth), .normals = std::move(normals)};
}

TaskMap labels(std::vector<std::uint8_t> values) {
  return {.task = TaskKind::kSemseg, .height = 1, .width = 2, .num_classes = 5, .labels = std::move(values)};
}

TaskMap values(TaskKind task, std::vector<float> numbers) {
  return {.task = task, .height = 1, .width = 2, .channels = numbers.size() / 2, .values = std::move(numbers)};
}

TEST(Flicker, Labels_count_where_the_true_class_stays) {
  FlickerMeter meter(TaskKind::kSemseg);
  meter.add(labels({0, 1}), truth({0, 1}));
  EXPECT_EQ(meter.sums().num_still, 0U);
  meter.add(labels({3, 1}), truth({0, 1}));  // one of two changes
  meter.add(labels({3, 4}), truth({0, 2}));  // the true class changes too: not still
  meter.add(labels({0, 4}), truth({0, kIgnoreLabel}));
  EXPECT_EQ(meter.sums().num_still, 4U);
  EXPECT_DOUBLE_EQ(meter.sums().mean(), 2.0 / 4);
}

TEST(Flicker, Depth_measures_how_the_relative_error_jumps) {
  FlickerMeter meter(TaskKind::kDepth);
  meter.add(values(TaskKind::kDepth, {10, 20}), truth({}, {10, 20}));
  meter.add(values(TaskKind::kDepth, {10.5F, 22}), truth({}, {10.5F, 20}));  // the first moves with its truth
  EXPECT_EQ(meter.sums().num_still, 2U);
  EXPECT_NEAR(meter.sums().change_sum, std::log(1.1), 1e-6);
  meter.add(values(TaskKind::kDepth, {10.5F, 22}), truth({}, {12, 0}));  // not still; no truth
  EXPECT_EQ(meter.sums().num_still, 2U);
}

TEST(Flicker, WhatHasNoValue_is_left_out) {
  FlickerMeter meter(TaskKind::kDepth);
  meter.add(values(TaskKind::kDepth, {10, std::numeric_limits<float>::quiet_NaN()}), truth({}, {10, 20}));
  meter.add(values(TaskKind::kDepth, {-1, 20}), truth({}, {10, 20}));
  EXPECT_EQ(meter.sums().num_still, 0U);
  EXPECT_EQ(meter.sums().mean(), 0);
}

TEST(Flicker, Normals_measure_the_turn) {
  FlickerMeter meter(TaskKind::kNormals);
  meter.add(values(TaskKind::kNormals, {0, 0, 1, 0, 0, 1}), truth({}, {}, {0, 0, 1, 0, 0, 0}));
  meter.add(values(TaskKind::kNormals, {0, 1, 0, 0, 1, 0}), truth({}, {}, {0, 0, 1, 0, 0, 1}));
  EXPECT_EQ(meter.sums().num_still, 1U);  // the second had no truth before
  EXPECT_NEAR(meter.sums().mean(), 90, 1e-4);
}

TEST(Flicker, AnotherSize_begins_anew) {
  FlickerMeter meter(TaskKind::kSemseg);
  meter.add(labels({0, 1}), truth({0, 1}));
  TaskMap tall = labels({1, 0});
  std::swap(tall.width, tall.height);
  meter.add(tall, truth({0, 1}));
  EXPECT_EQ(meter.sums().num_still, 0U);
}

}  // namespace
}  // namespace edgemoe
