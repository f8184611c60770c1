#include "image/depth_file.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace edgemoe {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(DepthSamplesTest, metres_areStepsOfA256th_zeroAndBelowInvalid) {
  const std::vector<float> depth = {0.0004F, 1.0F, 2.3456F, 300.0F, 0.0F, -1.0F, kInf, kNan};
  const DepthSamples samples = depth_samples(depth, "m");
  EXPECT_EQ(samples.values, (std::vector<std::uint16_t>{1, 256, 600, 65535, 0, 0, 0, 0}));
  EXPECT_EQ(samples.scale, 256);
  EXPECT_EQ(samples.offset, 0);
  EXPECT_EQ(samples.num_invalid, 4u);
  EXPECT_EQ(samples.num_clipped, 1u);
}

TEST(DepthSamplesTest, noUnit_everyFiniteValueComesBackWithinHalfAStep) {
  const std::vector<float> depth = {-3.5F, -1.25F, 0.0F, 0.017F, 12.0F, kNan};
  const DepthSamples samples = depth_samples(depth, "");
  EXPECT_EQ(samples.values.front(), 1);
  EXPECT_EQ(samples.values[4], 65535);
  EXPECT_EQ(samples.values[5], kInvalidDepth);
  EXPECT_EQ(samples.num_invalid, 1u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(samples.offset + samples.values[i] / samples.scale, static_cast<double>(depth[i]),
                0.5 / samples.scale * 1.0001);
  }
}

TEST(DepthSamplesTest, constantOrNothingFinite_isNeverNan) {
  const DepthSamples constant = depth_samples(std::vector<float>(4, -2.0F), "");
  for (const std::uint16_t value : constant.values) EXPECT_EQ(constant.offset + value / constant.scale, -2.0);
  const DepthSamples none = depth_samples(std::vector<float>{kNan, kInf}, "");
  EXPECT_EQ(none.values, (std::vector<std::uint16_t>{0, 0}));
  EXPECT_EQ(none.num_invalid, 2u);
  EXPECT_EQ(none.scale, 1);
}

}  // namespace
}  // namespace edgemoe
