#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/random.h"
#include "edgemoe/edgemoe.h"
#include "pipeline/test_model.h"

namespace edgemoe {
namespace {

Picture noise(std::size_t width, std::size_t height) {
  Picture picture{.width = width, .height = height, .bytes = std::vector<std::uint8_t>(width * height * 3)};
  Random random(3);
  for (std::uint8_t& sample : picture.bytes) sample = static_cast<std::uint8_t>(random.below(256));
  return picture;
}

Model load(const TestModel& file, const LoadOptions& options = {.num_threads = 2}) {
  auto model = Model::load(file.path(), options);
  EXPECT_TRUE(model.ok()) << model.status().message();
  return std::move(model).value();
}

void expect_same_maps(const std::vector<Map>& a, const std::vector<Map>& b) {
  ASSERT_EQ(a.size(), b.size());
  ASSERT_FALSE(a.empty());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].task, b[i].task);
    EXPECT_GT(a[i].labels.size() + a[i].values.size(), 0u);
    EXPECT_EQ(a[i].labels, b[i].labels);
    EXPECT_EQ(a[i].values, b[i].values);
  }
}

TEST(ModelTest, info_ofASeededModel_saysWhatItIs) {
  const TestModel file("tiny");
  const Model model = load(file);
  const ModelInfo& info = model.info();
  EXPECT_FALSE(info.trained);
  EXPECT_EQ(info.number_type, "float32");
  ASSERT_FALSE(info.moe_blocks.empty());
  EXPECT_LT(info.moe_blocks.back(), info.num_blocks);
  EXPECT_EQ(info.input_height % info.patch_size, 0);
  for (const TaskInfo& task : info.tasks) {
    const bool labels = task.name == "semseg" || task.name == "human_parts";
    EXPECT_EQ(task.class_colors.size(), labels ? static_cast<std::size_t>(task.outputs) : 0u) << task.name;
  }
}

TEST(ModelTest, numberType_byName_choosesTheEngine) {
  const TestModel file("tiny");
  EXPECT_EQ(load(file, {.number_type = "int8"}).info().number_type, "int8");
  EXPECT_EQ(load(file, {.number_type = "float"}).info().number_type, "float32");
  const auto wrong = Model::load(file.path(), {.number_type = "fp16"});
  EXPECT_EQ(wrong.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(wrong.status().message().find("int8"), std::string::npos);
}

TEST(ModelTest, routing_ofEachEngine_leavesTheMapsAsTheyAre) {
  const TestModel file("tiny");
  const Picture picture = noise(70, 40);
  for (const char* type : {"float", "int8", "reference"}) {
    Model model = load(file, {.num_threads = 2, .number_type = type});
    const auto plain = model.run_with_report(picture.view());
    ASSERT_TRUE(plain.ok()) << plain.status().message();
    EXPECT_TRUE(plain->routing.empty());
    const auto report = model.run_with_report(picture.view(), {.routing = true});
    ASSERT_TRUE(report.ok()) << report.status().message();
    expect_same_maps(report->maps, plain->maps);
    EXPECT_GT(report->times.backbone_ns, 0);

    const ModelInfo& info = model.info();
    ASSERT_FALSE(report->routing.empty()) << type;
    EXPECT_EQ(report->routing.size() % info.moe_blocks.size(), 0u);
    for (const Routing& routing : report->routing) {
      const std::size_t patches = routing.grid_height * routing.grid_width;
      EXPECT_EQ(routing.grid_height, static_cast<std::size_t>(info.input_height / info.patch_size));
      EXPECT_EQ(routing.top_k, static_cast<std::size_t>(info.top_k));
      ASSERT_EQ(routing.experts.size(), patches * routing.top_k);
      ASSERT_EQ(routing.weights.size(), patches * routing.top_k);
      for (std::size_t p = 0; p < patches; ++p) {
        std::set<std::int32_t> distinct;
        for (std::size_t k = 0; k < routing.top_k; ++k) {
          const std::size_t i = p * routing.top_k + k;
          EXPECT_GE(routing.experts[i], 0);
          EXPECT_LT(routing.experts[i], info.num_experts);
          EXPECT_TRUE(distinct.insert(routing.experts[i]).second);
          if (k > 0) {
            EXPECT_LE(routing.weights[i], routing.weights[i - 1]);
          }
        }
      }
    }
  }
}

TEST(ModelTest, routing_ofOneTask_isThatOfAll) {
  const TestModel file("tiny");
  Model model = load(file);
  const Picture picture = noise(48, 32);
  const auto all = model.run_with_report(picture.view(), {.routing = true});
  ASSERT_TRUE(all.ok());
  std::size_t compared = 0;
  for (const TaskInfo& task : model.info().tasks) {
    const auto one = model.run_with_report(picture.view(), {.tasks = {task.name}, .routing = true});
    ASSERT_TRUE(one.ok()) << one.status().message();
    ASSERT_EQ(one->maps.size(), 1u);
    for (const Routing& routing : one->routing) {
      for (const Routing& other : all->routing) {
        if (other.block != routing.block || (other.task != task.name && !other.task.empty())) continue;
        EXPECT_EQ(routing.experts, other.experts);
        EXPECT_EQ(routing.weights, other.weights);
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, model.info().tasks.size() * model.info().moe_blocks.size());
}

TEST(ModelTest, maxMapSide_ofALargePicture_boundsTheMaps) {
  const TestModel file("tiny");
  Model model = load(file);
  const auto report = model.run_with_report(noise(300, 100).view(), {.max_map_side = 60});
  ASSERT_TRUE(report.ok()) << report.status().message();
  for (const Map& map : report->maps) {
    EXPECT_EQ(map.width, 60u);
    EXPECT_EQ(map.height, 20u);
  }
  const auto small = model.run_with_report(noise(60, 60).view(), {.max_map_side = 60});
  const auto plain = model.run(noise(60, 60).view());
  ASSERT_TRUE(small.ok() && plain.ok());
  expect_same_maps(small->maps, *plain);
  const auto sliver = model.run_with_report(noise(1000, 1).view(), {.max_map_side = 10});
  ASSERT_TRUE(sliver.ok());
  EXPECT_EQ(sliver->maps[0].height, 1u);
}

}  // namespace
}  // namespace edgemoe
