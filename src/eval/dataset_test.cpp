#include "eval/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "eval/test_folder.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<TaskKind> kTasks = {TaskKind::kSemseg, TaskKind::kHumanParts, TaskKind::kNormals, TaskKind::kDepth};
const std::vector<TaskKind> kRendered = {TaskKind::kSemseg, TaskKind::kNormals, TaskKind::kDepth};

constexpr std::string_view kFilesJson =
    R"({"format": "edgemoe-dataset 1", "layout": "files", "classes": ["road", "sky"], "ignore": 9, "seed": 4})";

/// Two pictures in the layout "files", complete.
void write_files(const TestFolder& folder) {
  folder.text("dataset.json", kFilesJson);
  for (const char* stem : {"000000", "000001"}) {
    const std::string name(stem);
    folder.picture("images/" + name + ".png");
    folder.grey8("labels/" + name + ".png", {0, 1, 1, 9, 255, 0});
    folder.grey16("depth/" + name + ".png", {0, 256, 384, 1, 65535, 512});
    folder.rgb8("normals/" + name + ".png", {255, 128, 128, 0, 0, 0, 0, 128, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  }
}

/// The status of opening and of reading the first picture.
Status use(const TestFolder& folder, const std::vector<TaskKind>& tasks = kTasks, const DatasetOptions& base = {}) {
  DatasetOptions options = base;
  options.tasks = tasks;
  const auto data = open_dataset(folder.path(), options);
  if (!data.ok()) return data.status();
  return (*data)->read(0, {(*data)->info().tasks}).status();
}

void expect_fault(const Status& status, StatusCode code, std::string_view words) {
  EXPECT_EQ(status.code(), code) << status.message();
  EXPECT_THAT(status.message(), HasSubstr(words));
}

TEST(FilesDataset, everyKindOfTruth_isRead) {
  const TestFolder folder;
  write_files(folder);
  const auto data = open_dataset(folder.path(), {.tasks = kTasks});
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ((*data)->size(), 2u);
  EXPECT_EQ((*data)->info().layout, DatasetLayout::kFiles);
  EXPECT_EQ((*data)->info().tasks, kRendered) << "there is no folder human_parts/";
  EXPECT_THAT((*data)->info().classes, ElementsAre("road", "sky"));
  const auto sample = (*data)->read(1, {kRendered});
  ASSERT_TRUE(sample.ok()) << sample.status().message();
  EXPECT_EQ(sample->name, "000001.png");
  EXPECT_EQ(sample->width, 3u);
  EXPECT_EQ(sample->height, 2u);
  EXPECT_EQ(sample->image.samples8, std::vector<std::uint8_t>(18, 7));
  EXPECT_THAT(sample->labels, ElementsAre(0, 1, 1, kIgnoreLabel, kIgnoreLabel, 0)) << "9 is ignored, and 255 always";
  EXPECT_THAT(sample->depth, ElementsAre(0, 1, 1.5F, 1 / 256.0F, 65535 / 256.0F, 2));
  EXPECT_EQ(sample->normals[0], 1);
  EXPECT_NEAR(sample->normals[1], 0.5 / 127.5, 1e-6);
  EXPECT_EQ(sample->normals[3] + sample->normals[4] + sample->normals[5], 0) << "(0, 0, 0) is none, not (-1, -1, -1)";
  EXPECT_EQ(sample->normals[6], -1);
}

TEST(FilesDataset, partsThatAreNotAskedFor_areNotRead) {
  const TestFolder folder;
  write_files(folder);
  folder.text("images/000000.png", "no picture");
  folder.text("labels/000000.png", "no picture");
  const auto data = open_dataset(folder.path(), {.tasks = kTasks});
  ASSERT_TRUE(data.ok());
  const auto sample = (*data)->read(0, {{TaskKind::kDepth}, PictureUse::kLeaveOut});
  ASSERT_TRUE(sample.ok()) << sample.status().message();
  EXPECT_EQ(sample->depth.size(), 6u);
  EXPECT_TRUE(sample->labels.empty());
  EXPECT_EQ(sample->width, 3u);
}

TEST(FilesDataset, foldersThatAreMissing_leaveTheirTasksOut) {
  const TestFolder folder;
  folder.text("dataset.json", R"({"format": "edgemoe-dataset 1", "layout": "files"})");
  folder.picture("images/a.png");
  folder.grey16("depth/a.png", {1, 2, 3, 4, 5, 6});
  const auto data = open_dataset(folder.path(), {.tasks = kTasks});
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_THAT((*data)->info().tasks, ElementsAre(TaskKind::kDepth));
}

TEST(FilesDataset, humanParts_areReadFromTheirFolder) {
  const TestFolder folder;
  write_files(folder);
  for (const char* name : {"human_parts/000000.png", "human_parts/000001.png"})
    folder.grey8(name, {0, 1, 2, 3, 4, 255});
  const auto data = open_dataset(folder.path(), {.tasks = {TaskKind::kHumanParts}});
  ASSERT_TRUE(data.ok()) << data.status().message();
  const auto sample = (*data)->read(0, {{TaskKind::kHumanParts}});
  ASSERT_TRUE(sample.ok());
  EXPECT_THAT(sample->human_parts, ElementsAre(0, 1, 2, 3, 4, 255));
  EXPECT_TRUE(sample->labels.empty());
}

TEST(FilesDataset, missingFile_isFoundAtOnce_unlessItsTaskIsLeftOut) {
  const TestFolder folder;
  write_files(folder);
  std::filesystem::remove(folder.path() / "depth/000001.png");
  expect_fault(use(folder), StatusCode::kNotFound, "depth/000001.png: missing");
  EXPECT_TRUE(use(folder, {TaskKind::kSemseg}).ok());
}

TEST(FilesDataset, truthOfAnotherSize_isAnErrorThatNamesBoth) {
  const TestFolder folder;
  write_files(folder);
  folder.grey8("labels/000000.png", {0, 1, 0, 1}, 2);
  const Status status = use(folder);
  expect_fault(status, StatusCode::kMismatch, "labels/000000.png");
  EXPECT_THAT(status.message(), HasSubstr("2x2"));
  EXPECT_THAT(status.message(), HasSubstr("3x2"));
}

TEST(FilesDataset, sizeThatIsNotDatasetJsons_isAnErrorThatNamesThePicture) {
  const TestFolder folder;
  write_files(folder);
  const auto said = [&](std::string_view size) {
    folder.text("dataset.json", fmt::format(R"({{"format": "edgemoe-dataset 1", "layout": "files",
                                             "classes": ["road", "sky"], "ignore": 9, {}}})",
                                            size));
    return use(folder);
  };
  EXPECT_TRUE(said(R"("height": 2, "width": 3)").ok());
  EXPECT_TRUE(said(R"("width": 3)").ok());
  expect_fault(said(R"("height": 3, "width": 2)"), StatusCode::kMismatch,
               "images/000000.png: 2 pixels high and 3 wide");
  expect_fault(said(R"("height": 3)"), StatusCode::kMismatch, "says height 3, width any");
}

TEST(FilesDataset, wrongBitsOrChannels_areErrors) {
  const TestFolder folder;
  write_files(folder);
  folder.grey8("depth/000000.png", {0, 1, 2, 3, 4, 5});
  expect_fault(use(folder), StatusCode::kUnsupported, "16-bit grey, found 8 bits");
  write_files(folder);
  folder.grey16("labels/000000.png", {0, 1, 1, 0, 1, 0});
  expect_fault(use(folder), StatusCode::kUnsupported, "labels/000000.png");
  write_files(folder);
  folder.picture("labels/000000.png");
  expect_fault(use(folder), StatusCode::kUnsupported, "3 channels");
  write_files(folder);
  folder.grey8("normals/000000.png", {0, 1, 2, 3, 4, 5});
  expect_fault(use(folder), StatusCode::kUnsupported, "normals/000000.png");
}

TEST(FilesDataset, labelThatIsNoClass_isAnErrorWithItsPlace) {
  const TestFolder folder;
  write_files(folder);
  folder.grey8("labels/000000.png", {0, 1, 1, 0, 2, 0});
  expect_fault(use(folder), StatusCode::kMismatch, "pixel (1, 1) has the label 2");
}

TEST(FilesDataset, damagedFile_isAnErrorThatNamesIt) {
  const TestFolder folder;
  write_files(folder);
  std::filesystem::resize_file(folder.path() / "depth/000000.png", 50);
  expect_fault(use(folder), StatusCode::kMalformed, "depth/000000.png");
}

TEST(FilesDataset, twoPicturesOfOneStem_areRefused) {
  const TestFolder folder;
  write_files(folder);
  folder.picture("images/000000.jpg");
  expect_fault(use(folder), StatusCode::kMismatch, "000000");
}

TEST(DatasetJson, faults_nameTheMember) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"format": "edgemoe-dataset 2", "layout": "files"})", "\"format\""},
      {R"({"format": "edgemoe-dataset 1", "layout": "zip"})", "\"layout\""},
      {R"({"format": "edgemoe-dataset 1", "layout": "files", "ignore": 256})", "\"ignore\""},
      {R"({"format": "edgemoe-dataset 1", "layout": "files", "classes": [1]})", "\"classes\""},
      {R"({"format": "edgemoe-dataset 1", "layout": "files", "classes": ["a", "a"]})", "twice"},
      {R"({"format": "edgemoe-dataset 1", "layout": "files", "depth_unit": "km"})", "\"depth_unit\""},
      {R"({"format": "edgemoe-dataset 1", "layout": "files", "tasks": ["flow"]})", "\"flow\""},
      {R"({"format": "edgemoe-dataset 1", "layout": "files", "count": 3, "classes": ["a", "b"]})", "\"count\""},
      {R"({"format": "edgemoe-dataset 1", "layout": "files"})", "\"classes\" is missing"},
      {R"({"format": "edgemoe-dataset 1", "layout": "files", "classes": ["a"], "tasks": ["human_parts"]})",
       "human_parts"},
      {"[]", "expected an object"},
      {"{", "dataset.json"}};
  const TestFolder folder;
  write_files(folder);
  for (const auto& [text, words] : cases) {
    folder.text("dataset.json", text);
    const Status status = use(folder);
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_THAT(status.message(), HasSubstr(words));
  }
}

TEST(OpenDataset, unknownFolders_areErrors) {
  const TestFolder folder;
  expect_fault(use(folder), StatusCode::kNotFound, "no layout");
  const auto missing = open_dataset(folder.path() / "nope", {.tasks = kTasks});
  expect_fault(missing.status(), StatusCode::kNotFound, "nope");
  expect_fault(use(folder, kTasks, {.layout = LayoutChoice::kDataset}), StatusCode::kNotFound, "dataset.json");
}

// The bits of float16 0, 1, 2.5, 65504, 0.5 and infinity.
const std::vector<std::uint16_t> kHalf = {0x0000, 0x3C00, 0x4100, 0x7BFF, 0x3800, 0x7C00};

/// Two pictures in the layout "arrays".
void write_arrays(const TestFolder& folder) {
  folder.text("dataset.json",
              R"({"format": "edgemoe-dataset 1", "layout": "arrays", "count": 2, "height": 2, "width": 3,
                  "classes": ["road", "sky"], "ignore": 255})");
  std::vector<std::uint8_t> pixels(36);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i);
  folder.npy("images.npy", "|u1", "(2, 2, 3, 3)", pixels);
  folder.npy("labels.npy", "|u1", "(2, 2, 3)", std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 1, 0, 255, 1, 1, 0});
  std::vector<std::uint16_t> depth(6);
  depth.insert(depth.end(), kHalf.begin(), kHalf.end());
  folder.npy("depth.npy", "<f2", "(2, 2, 3)", depth);
  std::vector<std::int8_t> normals(36);
  normals[18] = 127;
  normals[20] = -127;
  folder.npy("normals.npy", "|i1", "(2, 2, 3, 3)", normals);
}

TEST(ArraysDataset, everyKindOfTruth_isRead) {
  const TestFolder folder;
  write_arrays(folder);
  const auto data = open_dataset(folder.path(), {.tasks = kTasks});
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ((*data)->size(), 2u);
  EXPECT_EQ((*data)->info().tasks, kRendered);
  const auto sample = (*data)->read(1, {kRendered});
  ASSERT_TRUE(sample.ok()) << sample.status().message();
  EXPECT_EQ(sample->image.samples8.front(), 18);
  EXPECT_EQ(sample->image.samples8.size(), 18u);
  EXPECT_THAT(sample->labels, ElementsAre(1, 0, 255, 1, 1, 0));
  EXPECT_THAT(std::vector<float>(sample->depth.begin(), sample->depth.begin() + 5),
              ElementsAre(0, 1, 2.5F, 65504, 0.5F));
  EXPECT_EQ(sample->normals[0], 1);
  EXPECT_EQ(sample->normals[2], -1);
  EXPECT_EQ(sample->normals[3], 0);
}

TEST(ArraysDataset, arrayOfAnotherShapeOrType_isAnErrorThatNamesIt) {
  const TestFolder folder;
  write_arrays(folder);
  folder.npy("labels.npy", "|u1", "(2, 3, 2)", std::vector<std::uint8_t>(12));
  expect_fault(use(folder), StatusCode::kMismatch, "labels.npy: expected an array of shape [2,2,3]");
  write_arrays(folder);
  folder.npy("depth.npy", "<f4", "(2, 2, 3)", std::vector<float>(12));
  expect_fault(use(folder), StatusCode::kUnsupported, "depth.npy: expected an array of F16, found F32");
  write_arrays(folder);
  folder.npy("images.npy", "|u1", "(2, 2, 3)", std::vector<std::uint8_t>(12));
  expect_fault(use(folder), StatusCode::kMismatch, "images.npy");
  write_arrays(folder);
  std::filesystem::resize_file(folder.path() / "normals.npy", 140);
  expect_fault(use(folder), StatusCode::kMalformed, "normals.npy");
}

TEST(ArraysDataset, countThatIsNotDatasetJsons_isAnError) {
  const TestFolder folder;
  write_arrays(folder);
  folder.npy("images.npy", "|u1", "(1, 2, 3, 3)", std::vector<std::uint8_t>(18));
  expect_fault(use(folder), StatusCode::kMismatch, "says 2 pictures");
}

TEST(ArraysDataset, labelThatIsNoClass_isAnError) {
  const TestFolder folder;
  write_arrays(folder);
  folder.npy("labels.npy", "|u1", "(2, 2, 3)", std::vector<std::uint8_t>(12, 2));
  expect_fault(use(folder), StatusCode::kMismatch, "has the label 2");
}

TEST(ArraysDataset, missingArray_leavesItsTaskOut_unlessDatasetJsonNamesIt) {
  const TestFolder folder;
  write_arrays(folder);
  std::filesystem::remove(folder.path() / "depth.npy");
  const auto data = open_dataset(folder.path(), {.tasks = kTasks});
  ASSERT_TRUE(data.ok());
  EXPECT_FALSE((*data)->info().has(TaskKind::kDepth));
  folder.text("dataset.json",
              R"({"format": "edgemoe-dataset 1", "layout": "arrays", "classes": ["a", "b"], "tasks": ["depth"]})");
  expect_fault(use(folder), StatusCode::kNotFound, "depth.npy");
}

}  // namespace
}  // namespace edgemoe
