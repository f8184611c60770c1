#include "pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "pipeline/test_model.h"

namespace edgemoe {
namespace {

Image noise(std::size_t width, std::size_t height, std::uint64_t seed) {
  Image image = make_image(width, height);
  Random random(seed);
  for (std::uint8_t& sample : image.samples8) sample = static_cast<std::uint8_t>(random.below(256));
  return image;
}

/// The same picture with 16 bits a sample.
Image widened(const Image& image) {
  Image wide;
  wide.width = image.width;
  wide.height = image.height;
  wide.bits = 16;
  for (const std::uint8_t sample : image.samples8) wide.samples16.push_back(static_cast<std::uint16_t>(sample * 257));
  return wide;
}

std::vector<std::vector<TaskMap>> run(Pipeline& pipeline, const std::vector<Image>& pictures,
                                      const std::vector<int>& tasks) {
  std::vector<const Image*> pointers;
  for (const Image& picture : pictures) pointers.push_back(&picture);
  std::vector<std::vector<TaskMap>> maps(pictures.size());
  const auto times = pipeline.run(pointers, {.tasks = tasks, .maps = [&](std::size_t picture, TaskMap map) {
                                               maps[picture].push_back(std::move(map));
                                               return Status();
                                             }});
  EXPECT_TRUE(times.ok()) << times.status().message();
  return maps;
}

void expect_same(const TaskMap& a, const TaskMap& b) {
  EXPECT_GT(a.labels.size() + a.values.size(), 0u);
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_EQ(a.values, b.values);
}

TEST(PipelineTest, maps_haveThePicturesSize) {
  const TestModel model("tiny");
  const auto pipeline = model.pipeline({.num_threads = 2});
  for (const auto& [width, height] :
       std::vector<std::pair<std::size_t, std::size_t>>{{500, 375}, {375, 500}, {17, 33}, {1, 1}, {1, 200}, {48, 32}}) {
    const auto maps = run(*pipeline, {noise(width, height, 1)}, {0, 1, 2});
    for (const TaskMap& map : maps[0]) {
      EXPECT_EQ(map.width, width);
      EXPECT_EQ(map.height, height);
      EXPECT_EQ(is_label_task(map.task) ? map.labels.size() : map.values.size() / map.channels, width * height);
    }
  }
}

TEST(PipelineTest, batchOfMixedSizes_sameBytesAsAlone) {
  const TestModel model("tiny");
  const auto batched = model.pipeline({.num_threads = 2, .max_batch = 2});
  const auto single = model.pipeline();
  const std::vector<Image> pictures = {noise(60, 40, 1), noise(33, 77, 2), noise(5, 5, 3)};
  const auto together = run(*batched, pictures, {0, 1});
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto alone = run(*single, {pictures[i]}, {0, 1});
    for (std::size_t t = 0; t < 2; ++t) expect_same(together[i][t], alone[0][t]);
  }
}

TEST(PipelineTest, sixteenBits_sameSceneSameMaps) {
  const TestModel model("tiny");
  const auto pipeline = model.pipeline();
  const Image picture = noise(64, 48, 4);
  const auto maps = run(*pipeline, {picture, widened(picture)}, {1});
  std::size_t compared = 0;
  for (std::size_t i = 0; i < maps[0][0].values.size(); ++i, ++compared) {
    ASSERT_NEAR(maps[0][0].values[i], maps[1][0].values[i], 1e-4F);
  }
  EXPECT_EQ(compared, 64u * 48u * maps[0][0].channels);
}

TEST(PipelineTest, redAndBlueExchanged_givesOtherMaps) {
  const TestModel model("tiny");
  const auto pipeline = model.pipeline();
  const Image picture = noise(48, 32, 5);
  Image swapped = picture;
  for (std::size_t i = 0; i < swapped.samples8.size(); i += 3) std::swap(swapped.samples8[i], swapped.samples8[i + 2]);
  const auto maps = run(*pipeline, {picture, swapped}, {1});
  EXPECT_NE(maps[0][0].values, maps[1][0].values);
}

TEST(PipelineTest, tensorOfThePreparedPicture_givesTheSameMaps) {
  // A picture of the network's own size is not resized: its samples, scaled, are the input.
  const TestModel model("tiny");
  const auto pipeline = model.pipeline();
  const InputConfig& input = pipeline->config().input;
  const Image picture = noise(static_cast<std::size_t>(input.width), static_cast<std::size_t>(input.height), 6);
  Tensor tensor(Shape{3, input.height, input.width});
  const std::size_t pixels = picture.samples8.size() / 3;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t p = 0; p < pixels; ++p) {
      tensor.values[c * pixels + p] =
          (static_cast<float>(picture.samples8[3 * p + c]) / 255.0F - input.mean[c]) / input.deviation[c];
    }
  }
  std::vector<TaskMap> maps;
  const Tensor* tensors[] = {&tensor};
  const std::vector<int> tasks = {0, 1, 2};
  ASSERT_TRUE(pipeline
                  ->run_tensors(tensors, {.tasks = tasks,
                                          .maps =
                                              [&](std::size_t, TaskMap map) {
                                                maps.push_back(std::move(map));
                                                return Status();
                                              }})
                  .ok());
  const auto expected = run(*pipeline, {picture}, tasks);
  ASSERT_EQ(maps.size(), 3u);
  for (std::size_t t = 0; t < 3; ++t) expect_same(maps[t], expected[0][t]);

  const Tensor wrong(Shape{3, input.width, input.height});
  const Tensor* wrong_tensors[] = {&wrong};
  EXPECT_EQ(pipeline->run_tensors(wrong_tensors, {.tasks = tasks}).status().code(), StatusCode::kMismatch);
}

TEST(PipelineTest, tasksInTurn_thirdEqualsFirst) {
  const TestModel model("tiny");
  const auto pipeline = model.pipeline({.num_threads = 2});
  const Image picture = noise(40, 40, 7);
  const auto first = run(*pipeline, {picture}, {0});
  const auto other = run(*pipeline, {picture}, {1});
  expect_same(run(*pipeline, {picture}, {0})[0][0], first[0][0]);
  EXPECT_TRUE(other[0][0].labels.empty());
}

TEST(PipelineTest, aFaultInTheSink_endsTheRun) {
  const TestModel model("tiny");
  const auto pipeline = model.pipeline();
  const Image picture = noise(10, 10, 8);
  const Image* pictures[] = {&picture};
  const std::vector<int> tasks = {0, 1};
  int calls = 0;
  const auto result = pipeline->run(pictures, {.tasks = tasks, .maps = [&](std::size_t, TaskMap) {
                                                 ++calls;
                                                 return io_error("disk full");
                                               }});
  EXPECT_EQ(result.status().message(), "disk full");
  EXPECT_EQ(calls, 1);
}

TEST(SelectTasks, namesInAnyOrder_orAll_elseAnErrorThatListsThem) {
  const TestModel model("tiny");
  const ModelConfig config = model.pipeline()->config();
  const auto select = [&](std::vector<std::string> names) { return select_tasks(config, names); };
  EXPECT_EQ(*select({"depth", "semseg"}),
            (std::vector<int>{*config.task_index(TaskKind::kDepth), *config.task_index(TaskKind::kSemseg)}));
  EXPECT_EQ(select({"all"})->size(), config.tasks.size());
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"dept"}, {"edge"}, {"semseg", "semseg"}, {"all", "depth"}, {}}) {
    const auto result = select(names);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_NE(select({"dept"}).status().message().find("semseg"), std::string::npos);
}

}  // namespace
}  // namespace edgemoe
