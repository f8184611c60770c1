#include "eval/prior.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "image/palette.h"

namespace edgemoe {
namespace {

using ::testing::ElementsAre;

Sample sample(std::vector<std::uint8_t> labels, std::vector<float> depth, std::vector<float> normals) {
  Sample out{.name = "one", .height = 1, .width = labels.size()};
  out.labels = std::move(labels);
  out.depth = std::move(depth);
  out.normals = std::move(normals);
  return out;
}

TEST(Prior, threePicturesByHand) {
  PriorBuilder builder({{TaskKind::kSemseg, 3}, {TaskKind::kDepth, 0}, {TaskKind::kNormals, 0}});
  // Four pixels: two of three say 2; a tie of 1 and 2; never labelled; one label among ignored ones.
  ASSERT_TRUE(builder.add(sample({2, 1, 255, 255}, {2, 0, 0, 4}, {0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0})).ok());
  ASSERT_TRUE(builder.add(sample({2, 2, 255, 255}, {4, 0, 0, 8}, {0, 1, 0, 0, 0, 0, 0, 3, 0, -1, 0, 0})).ok());
  ASSERT_TRUE(builder.add(sample({0, 255, 255, 1}, {0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})).ok());
  const Prior prior = builder.finish();
  EXPECT_EQ(prior.num_pictures, 3u);
  ASSERT_EQ(prior.maps.size(), 3u);
  EXPECT_THAT(prior.maps[0].labels, ElementsAre(2, 1, 2, 1)) << "of all labels, 2 is the most frequent";
  // Mean of (2, 4); of all depths (2 + 4 + 4 + 8) / 4 where there is none; mean of (4, 8).
  EXPECT_THAT(prior.maps[1].values, ElementsAre(3, 4.5F, 4.5F, 6));
  // Pixel 0: (0, 0, 1) + (0, 1, 0); pixels 1 and 3 have no mean direction: that of all, (0, 2, 1).
  const std::vector<float>& normals = prior.maps[2].values;
  EXPECT_FLOAT_EQ(normals[1], std::sqrt(0.5F));
  EXPECT_FLOAT_EQ(normals[2], std::sqrt(0.5F));
  EXPECT_FLOAT_EQ(normals[4], 2 / std::sqrt(5.0F));
  EXPECT_FLOAT_EQ(normals[5], 1 / std::sqrt(5.0F));
  EXPECT_FLOAT_EQ(normals[7], 1);
  EXPECT_FLOAT_EQ(normals[10], 2 / std::sqrt(5.0F));
}

TEST(Prior, setWithoutAnyTruth_givesTheWrittenDefaults) {
  PriorBuilder builder({{TaskKind::kSemseg, 3}, {TaskKind::kDepth, 0}, {TaskKind::kNormals, 0}});
  ASSERT_TRUE(builder.add(sample({255}, {0}, {0, 0, 0})).ok());
  const Prior prior = builder.finish();
  EXPECT_THAT(prior.maps[0].labels, ElementsAre(0));
  EXPECT_THAT(prior.maps[1].values, ElementsAre(0));
  EXPECT_THAT(prior.maps[2].values, ElementsAre(0, 0, 1));
}

TEST(Prior, picturesOfTwoSizes_areRefused) {
  PriorBuilder builder({{TaskKind::kSemseg, 3}});
  ASSERT_TRUE(builder.add(sample({1, 1}, {}, {})).ok());
  const Status status = builder.add(sample({1, 1, 1}, {}, {}));
  EXPECT_EQ(status.code(), StatusCode::kMismatch);
}

TEST(Prior, pictureOfTooManyPixels_isRefusedBeforeMemoryIsTaken) {
  PriorBuilder builder({{TaskKind::kSemseg, 255}});
  Sample huge{.name = "huge", .height = 1 << 16, .width = 1 << 16};
  EXPECT_EQ(builder.add(huge).code(), StatusCode::kTooLarge);
}

}  // namespace
}  // namespace edgemoe
