#include "model/tap_dump.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace edgemoe {
namespace {

/// A dump whose values live as long as the object.
class Dump {
 public:
  void add(const std::string& name, Shape shape, std::vector<float> values) {
    values_.push_back(std::make_unique<std::vector<float>>(std::move(values)));
    index_.tensors[name] = {DType::kF32, std::move(shape), std::as_bytes(std::span(*values_.back()))};
  }
  void add_indices(const std::string& name, Shape shape, std::vector<std::int32_t> values) {
    indices_.push_back(std::make_unique<std::vector<std::int32_t>>(std::move(values)));
    index_.tensors[name] = {DType::kI32, std::move(shape), std::as_bytes(std::span(*indices_.back()))};
  }
  const SafetensorsIndex& index() const { return index_; }

 private:
  std::vector<std::unique_ptr<std::vector<float>>> values_;
  std::vector<std::unique_ptr<std::vector<std::int32_t>>> indices_;
  SafetensorsIndex index_;
};

TEST(TapOrder, isTheNetworksOrder) {
  std::vector<std::string> names = {"semseg/head.logits",    "semseg/block10.norm1", "shared/patch_embed",
                                    "semseg/block2.out",     "shared/input",         "semseg/block2.mlp.out",
                                    "semseg/block2.norm1",   "semseg/head.norm",     "image1/shared/input",
                                    "semseg/block2.attn.qkv"};
  std::sort(names.begin(), names.end(), tap_order_less);
  EXPECT_EQ(names, (std::vector<std::string>{"shared/input", "shared/patch_embed", "semseg/block2.norm1",
                                             "semseg/block2.attn.qkv", "semseg/block2.mlp.out", "semseg/block2.out",
                                             "semseg/block10.norm1", "semseg/head.norm", "semseg/head.logits",
                                             "image1/shared/input"}));
}

TEST(CompareTaps, equalDumps_areEqual_andCountEveryValue) {
  Dump dump;
  dump.add("shared/patch_embed", {2, 2}, {1, -0.0F, std::numeric_limits<float>::quiet_NaN(), 4});
  dump.add_indices("semseg/block1.router.indices", {2, 1}, {3, 0});
  const auto result = compare_taps(dump.index(), dump.index(), {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->taps, 2u);
  EXPECT_EQ(result->values, 6u);
  EXPECT_FALSE(result->first.has_value());
}

TEST(CompareTaps, firstDifference_isTheFirstInTheNetwork_withCoordinates) {
  Dump a;
  Dump b;
  a.add("semseg/block10.out", {2, 3}, {0, 0, 0, 0, 0, 0});
  b.add("semseg/block10.out", {2, 3}, {9, 0, 0, 0, 0, 0});
  a.add("semseg/block2.out", {2, 3}, {0, 1, 2, 3, 4, 5});
  b.add("semseg/block2.out", {2, 3}, {0, 1, 2, 3, 4.5F, 5});
  const auto result = compare_taps(a.index(), b.index(), {});
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(result->first.has_value());
  EXPECT_EQ(result->first->tap, "semseg/block2.out");
  EXPECT_EQ(result->first->coordinates, (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(result->first->expected, 4);
  EXPECT_EQ(result->first->found, 4.5);
  EXPECT_EQ(result->taps, 1u) << "the walk stops at the first difference";
}

TEST(CompareTaps, tolerance_isOfTheTapsLargestMagnitude) {
  Dump a;
  Dump b;
  a.add("semseg/block0.out", {2}, {100, 0});
  b.add("semseg/block0.out", {2}, {100, 0.09F});
  EXPECT_TRUE(compare_taps(a.index(), b.index(), {.relative = 1e-3})->first == std::nullopt);
  EXPECT_TRUE(compare_taps(a.index(), b.index(), {.relative = 5e-4})->first.has_value());
  EXPECT_TRUE(compare_taps(a.index(), b.index(), {.absolute = 0.1})->first == std::nullopt);
}

TEST(CompareTaps, infinityNanAndIndices_areNeverClose) {
  Dump a;
  a.add("semseg/block0.out", {2}, {1, 2});
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Dump b;
    b.add("semseg/block0.out", {2}, {1, bad});
    EXPECT_TRUE(compare_taps(a.index(), b.index(), {.absolute = 1e30, .relative = 1e30})->first.has_value());
  }
  Dump c;
  Dump d;
  c.add_indices("semseg/block1.router.indices", {1, 2}, {3, 4});
  d.add_indices("semseg/block1.router.indices", {1, 2}, {4, 3});
  EXPECT_TRUE(compare_taps(c.index(), d.index(), {.relative = 10})->first.has_value());
}

TEST(CompareTaps, aTasksTap_isFoundAmongTheShared) {
  Dump golden;
  Dump found;
  golden.add("depth/block0.out", {1}, {5});
  found.add("shared/block0.out", {1}, {5});
  const auto result = compare_taps(golden.index(), found.index(), {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->taps, 1u);
  EXPECT_TRUE(result->only_expected.empty());
}

TEST(CompareTaps, nothingInCommonOrShapesThatDiffer_isAnError) {
  Dump a;
  Dump b;
  a.add("semseg/block0.out", {2}, {1, 2});
  b.add("semseg/block0.out", {1, 2}, {1, 2});
  EXPECT_EQ(compare_taps(a.index(), b.index(), {}).status().code(), StatusCode::kMismatch);
  EXPECT_EQ(compare_taps(a.index(), {}, {}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(compare_taps({}, {}, {}).status().code(), StatusCode::kNotFound);
}

TEST(CompareTaps, missingTaps_areListed) {
  Dump a;
  Dump b;
  a.add("semseg/block0.out", {1}, {1});
  a.add("semseg/block1.out", {1}, {1});
  b.add("semseg/block0.out", {1}, {1});
  b.add("semseg/block2.out", {1}, {1});
  const auto result = compare_taps(a.index(), b.index(), {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->only_expected, (std::vector<std::string>{"semseg/block1.out"}));
  EXPECT_EQ(result->only_found, (std::vector<std::string>{"semseg/block2.out"}));
}

TEST(TapRecorderTest, names_carryThePictureOnlyWhenThereAreSeveral) {
  const std::vector<float> values = {1, 2};
  const TensorView view{DType::kF32, {2}, std::as_bytes(std::span(values))};
  TapRecorder recorder;
  recorder.on_tap(0, "semseg", "block0.out", view);
  EXPECT_TRUE(recorder.index().tensors.contains("semseg/block0.out"));
  recorder.on_tap(1, "semseg", "block0.out", view);
  EXPECT_TRUE(recorder.index().tensors.contains("image1/semseg/block0.out"));
  EXPECT_EQ(recorder.index().tensors.size(), 2u);
}

}  // namespace
}  // namespace edgemoe
