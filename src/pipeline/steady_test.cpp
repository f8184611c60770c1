#include "pipeline/steady.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace edgemoe {
namespace {

MatrixView<const float> view(const std::vector<float>& values) { return {values.data(), values.size() / 2, 2, 2}; }

std::vector<float> blend(SteadyLogits& steady, int task, const std::vector<float>& logits) {
  const MatrixView<const float> shown = steady.blend(task, view(logits));
  return {shown.data, shown.data + shown.rows * shown.cols};
}

TEST(SteadyLogits, TheFirstFrame_is_itself_and_the_next_are_means) {
  SteadyLogits steady(0.75);
  EXPECT_EQ(blend(steady, 0, {1, 2, 3, 4}), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(blend(steady, 0, {5, 2, -1, 4}), (std::vector<float>{2, 2, 2, 4}));
  EXPECT_EQ(blend(steady, 0, {2, 2, 2, 4}), (std::vector<float>{2, 2, 2, 4}));
}

TEST(SteadyLogits, WithoutWeightOfThePast_every_frame_is_itself) {
  SteadyLogits steady(0);
  EXPECT_EQ(blend(steady, 0, {1, 2}), (std::vector<float>{1, 2}));
  EXPECT_EQ(blend(steady, 0, {7, -2}), (std::vector<float>{7, -2}));
}

TEST(SteadyLogits, Tasks_have_states_of_their_own) {
  SteadyLogits steady(0.5);
  EXPECT_EQ(blend(steady, 0, {0, 0}), (std::vector<float>{0, 0}));
  EXPECT_EQ(blend(steady, 1, {8, 8}), (std::vector<float>{8, 8}));
  EXPECT_EQ(blend(steady, 0, {4, 4}), (std::vector<float>{2, 2}));
}

TEST(SteadyLogits, WhatIsNotFinite_is_shown_and_leaves_no_trace) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  SteadyLogits steady(0.5);
  EXPECT_TRUE(std::isnan(blend(steady, 0, {nan, 4})[0]));
  EXPECT_EQ(blend(steady, 0, {2, inf}), (std::vector<float>{2, inf}));
  EXPECT_EQ(blend(steady, 0, {4, 8}), (std::vector<float>{3, 6}));
}

}  // namespace
}  // namespace edgemoe
