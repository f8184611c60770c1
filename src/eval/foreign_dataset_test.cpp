// The readers of other people's layouts: Cityscapes and NYUD-v2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "eval/dataset.h"
#include "eval/test_folder.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

const std::vector<TaskKind> kTasks = {TaskKind::kSemseg, TaskKind::kNormals, TaskKind::kDepth};

void expect_fault(const Status& status, StatusCode code, std::string_view words) {
  EXPECT_EQ(status.code(), code) << status.message();
  EXPECT_THAT(status.message(), HasSubstr(words));
}

Result<Sample> first(const TestFolder& folder, const DatasetOptions& options = {.tasks = kTasks}) {
  const auto data = open_dataset(folder.path(), options);
  if (!data.ok()) return data.status();
  return (*data)->read(0, {(*data)->info().tasks});
}

constexpr std::string_view kCamera =
    R"({"extrinsic": {"baseline": 0.2, "pitch": 0.03}, "intrinsic": {"fx": 2000, "fy": 2010.5, "u0": 1, "v0": 1}})";

/// Two pictures of two cities; of the ids road, building, unlabelled, bicycle, licence plate (255), pole.
void write_cityscapes(const TestFolder& folder) {
  for (const char* city : {"b", "a"}) {
    const std::string place = std::string("val/") + city + "/" + city + "_0";
    folder.picture("leftImg8bit/" + place + "_leftImg8bit.png");
    folder.grey8("gtFine/" + place + "_gtFine_labelIds.png", {7, 11, 0, 33, 255, 17});
    folder.grey16("disparity/" + place + "_disparity.png", {0, 1, 257, 25601, 513, 2});
    folder.text("camera/" + place + "_camera.json", kCamera);
  }
}

TEST(Cityscapes, ids_becomeTheNineteenClasses) {
  const TestFolder folder;
  write_cityscapes(folder);
  const auto data = open_dataset(folder.path(), {.tasks = kTasks, .semseg_classes = 19});
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ((*data)->info().layout, DatasetLayout::kCityscapes);
  EXPECT_EQ((*data)->info().num_classes, 19u);
  EXPECT_EQ((*data)->info().classes[18], "bicycle");
  EXPECT_THAT((*data)->info().tasks, ElementsAre(TaskKind::kSemseg, TaskKind::kDepth));
  const auto sample = (*data)->read(0, {(*data)->info().tasks});
  ASSERT_TRUE(sample.ok()) << sample.status().message();
  EXPECT_EQ(sample->name, "a_0") << "sorted by city";
  EXPECT_THAT(sample->labels, ElementsAre(0, 2, 255, 18, 255, 5));
}

TEST(Cityscapes, ids_becomeTheSevenCategories) {
  const TestFolder folder;
  write_cityscapes(folder);
  const auto data = open_dataset(folder.path(), {.tasks = kTasks, .semseg_classes = 7});
  ASSERT_TRUE(data.ok());
  EXPECT_EQ((*data)->info().classes[6], "vehicle");
  const auto sample = (*data)->read(0, {{TaskKind::kSemseg}});
  ASSERT_TRUE(sample.ok());
  EXPECT_THAT(sample->labels, ElementsAre(0, 1, 255, 6, 255, 2));
}

TEST(Cityscapes, everyId_hasItsPublishedTrainId) {
  const TestFolder folder;
  write_cityscapes(folder);
  std::vector<std::uint8_t> ids(34);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::uint8_t>(i);
  folder.picture("leftImg8bit/val/a/a_0_leftImg8bit.png", 0, 17, 2);
  folder.grey8("gtFine/val/a/a_0_gtFine_labelIds.png", ids, 17);
  const auto sample = first(folder, {.tasks = {TaskKind::kSemseg}});
  ASSERT_TRUE(sample.ok()) << sample.status().message();
  std::vector<int> evaluated;  // ids that are not ignored, in order: they must be the train ids 0, 1, 2, …
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (sample->labels[i] == kIgnoreLabel) continue;
    EXPECT_EQ(sample->labels[i], evaluated.size()) << "id " << i;
    evaluated.push_back(static_cast<int>(i));
  }
  EXPECT_THAT(evaluated, ElementsAre(7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33));
}

TEST(Cityscapes, trainIds_areReadWhereThereAreNoIds) {
  const TestFolder folder;
  write_cityscapes(folder);
  for (const char* city : {"a", "b"}) {
    const std::string place = std::string("gtFine/val/") + city + "/" + city + "_0_gtFine_label";
    std::filesystem::remove(folder.path() / (place + "Ids.png"));
    folder.grey8(place + "TrainIds.png", {0, 18, 255, 5, 13, 10});
  }
  const auto sample = first(folder);
  ASSERT_TRUE(sample.ok()) << sample.status().message();
  EXPECT_THAT(sample->labels, ElementsAre(0, 18, 255, 5, 13, 10));
  folder.grey8("gtFine/val/a/a_0_gtFine_labelTrainIds.png", {0, 19, 255, 5, 13, 10});
  expect_fault(first(folder).status(), StatusCode::kMismatch, "label 19");
}

TEST(Cityscapes, disparity_becomesDepth) {
  const TestFolder folder;
  write_cityscapes(folder);
  const auto sample = first(folder);
  ASSERT_TRUE(sample.ok());
  // baseline · fx = 400 m·pixel; disparities none, 0, 1, 100, 2, 1/256 pixels.
  EXPECT_THAT(sample->depth, ElementsAre(0, 0, 400, 4, 200, 102400));
}

TEST(Cityscapes, missingOrBrokenFiles_areErrors) {
  const TestFolder folder;
  write_cityscapes(folder);
  folder.text("camera/val/a/a_0_camera.json", R"({"extrinsic": {"baseline": 0.2}, "intrinsic": {"fx": "wide"}})");
  expect_fault(first(folder).status(), StatusCode::kMalformed, "a_0_camera.json");
  std::filesystem::remove(folder.path() / "camera/val/b/b_0_camera.json");
  expect_fault(first(folder).status(), StatusCode::kNotFound, "b_0_camera.json: missing");
  EXPECT_TRUE(first(folder, {.tasks = {TaskKind::kSemseg}}).ok());
  folder.grey8("disparity/val/a/a_0_disparity.png", {0, 1, 2, 3, 4, 5});
  folder.text("camera/val/b/b_0_camera.json", kCamera);
  expect_fault(first(folder).status(), StatusCode::kUnsupported, "16-bit");
  expect_fault(first(folder, {.tasks = kTasks, .split = "train"}).status(), StatusCode::kNotFound, "--split");
  folder.grey8("gtFine/val/a/a_0_gtFine_labelIds.png", {7, 34, 0, 33, 255, 17});
  expect_fault(first(folder).status(), StatusCode::kMismatch, "label 34");
}

void write_nyud(const TestFolder& folder) {
  folder.text("gt_sets/val.txt", "b\r\na\n\n");
  folder.text("gt_sets/train.txt", "a\n");
  for (const std::string id : {"a", "b"}) {
    folder.picture("images/" + id + ".jpg");  // told by its content, whatever its name
    folder.grey8("segmentation/" + id + ".png", {0, 1, 40, 2, 255, 1});
    folder.npy("depth/" + id + ".npy", "<f4", "(2, 3, 1)", std::vector<float>{0, 1, 2.5F, 3, 4, 5});
    folder.npy("normals/" + id + ".npy", "<f8", "(2, 3, 3)", std::vector<double>(18, 0.5));
  }
}

TEST(Nyud, everyKindOfTruth_isRead_inTheOrderOfTheList) {
  const TestFolder folder;
  write_nyud(folder);
  const auto data = open_dataset(folder.path(), {.tasks = kTasks});
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ((*data)->info().layout, DatasetLayout::kNyud);
  EXPECT_EQ((*data)->info().tasks, kTasks);
  EXPECT_EQ((*data)->info().num_classes, 40u);
  EXPECT_EQ((*data)->size(), 2u);
  const auto sample = (*data)->read(0, {kTasks});
  ASSERT_TRUE(sample.ok()) << sample.status().message();
  EXPECT_EQ(sample->name, "b");
  EXPECT_THAT(sample->labels, ElementsAre(255, 0, 39, 1, 255, 0)) << "0 is no class, 1 the first";
  EXPECT_THAT(sample->depth, ElementsAre(0, 1, 2.5F, 3, 4, 5));
  EXPECT_THAT(sample->normals, ElementsAreArray(std::vector<float>(18, 0.5F)));
}

TEST(Nyud, anotherSplit_readsItsList) {
  const TestFolder folder;
  write_nyud(folder);
  const auto data = open_dataset(folder.path(), {.tasks = kTasks, .split = "train"});
  ASSERT_TRUE(data.ok());
  EXPECT_EQ((*data)->size(), 1u);
}

TEST(Nyud, faults_nameTheFile) {
  const TestFolder folder;
  write_nyud(folder);
  folder.npy("depth/b.npy", "<f4", "(3, 2)", std::vector<float>(6, 1));
  expect_fault(first(folder).status(), StatusCode::kMismatch, "depth/b.npy");
  folder.npy("depth/b.npy", "<i4", "(2, 3)", std::vector<std::int32_t>(6, 1));
  expect_fault(first(folder).status(), StatusCode::kUnsupported, "floating-point");
  folder.npy("depth/b.npy", "<f4", "(2, 3, 2)", std::vector<float>(12, 1));
  expect_fault(first(folder).status(), StatusCode::kMismatch, "[height,width]");
  write_nyud(folder);
  folder.grey8("segmentation/b.png", {41, 1, 40, 2, 255, 1});
  expect_fault(first(folder).status(), StatusCode::kMismatch, "label 41");
  std::filesystem::remove(folder.path() / "normals/a.npy");
  expect_fault(first(folder).status(), StatusCode::kNotFound, "normals/a.npy: missing");
  std::filesystem::remove(folder.path() / "images/b.jpg");
  expect_fault(first(folder).status(), StatusCode::kNotFound, "images/b.jpg");
  folder.text("gt_sets/val.txt", "../a\n");
  expect_fault(first(folder).status(), StatusCode::kMalformed, "val.txt");
  folder.text("gt_sets/val.txt", "\n");
  expect_fault(first(folder).status(), StatusCode::kMalformed, "names no picture");
  folder.text("gt_sets/val.txt", "a\nb\na\n");
  expect_fault(first(folder).status(), StatusCode::kMalformed, "names \"a\" a second time");
}

}  // namespace
}  // namespace edgemoe
