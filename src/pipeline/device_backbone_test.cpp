#include "pipeline/device_backbone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/tap_dump.h"
#include "pipeline/test_model.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<DeviceBackbone> device_of(const std::string& design) {
  const std::filesystem::path folder = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/accelerators";
  return std::make_shared<DeviceBackbone>(
      make_interpreter_device(load_design_point(folder / (design + ".json")).value()));
}

struct Outcome {
  std::vector<TaskMap> maps;
  TapRecorder taps;
};

void run(Pipeline& pipeline, std::span<const Image* const> pictures, std::span<const int> tasks, Outcome& outcome) {
  const Pipeline::Request request = {.tasks = tasks, .taps = &outcome.taps, .maps = [&](std::size_t, TaskMap map) {
                                       outcome.maps.push_back(std::move(map));
                                       return Status();
                                     }};
  const Result<PipelineTimes> times = pipeline.run(pictures, request);
  ASSERT_TRUE(times.ok()) << times.status().message();
}

TEST(DeviceBackbone, MapsAndLastTokens_AreTheInt8Engines) {
  const TestModel model("tiny");
  const auto device = device_of("small");
  const auto here = model.pipeline({.type = NumberType::kInt8, .max_batch = 2});
  const auto there = model.pipeline({.max_batch = 2, .backbone = device});
  EXPECT_EQ(there->engine().number_type(), "int8");
  Random random(3);
  Image pictures[] = {make_image(61, 40), make_image(48, 32)};
  for (Image& picture : pictures) {
    for (std::uint8_t& sample : picture.samples8) sample = static_cast<std::uint8_t>(random.below(256));
  }
  const Image* const all[] = {&pictures[0], &pictures[1]};
  const int tasks[] = {2, 0};
  Outcome expected;
  Outcome found;
  run(*here, all, tasks, expected);
  run(*there, all, tasks, found);
  ASSERT_EQ(found.maps.size(), 4U);
  for (std::size_t i = 0; i < found.maps.size(); ++i) {
    EXPECT_EQ(found.maps[i].labels, expected.maps[i].labels);
    EXPECT_EQ(found.maps[i].values, expected.maps[i].values);
  }
  const SafetensorsIndex expected_taps = expected.taps.index();
  const SafetensorsIndex found_taps = found.taps.index();
  std::size_t last_tokens = 0;
  for (const auto& [name, view] : found_taps.tensors) {
    const TensorView* const other = find_tap(expected_taps, name);
    ASSERT_NE(other, nullptr) << name;
    ASSERT_EQ(other->bytes.size(), view.bytes.size()) << name;
    EXPECT_EQ(std::memcmp(other->bytes.data(), view.bytes.data(), view.bytes.size()), 0) << name;
    last_tokens += name.find("block3.out") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(last_tokens, 4U);  // of two pictures and two tasks
  EXPECT_EQ(device->device().report().runs, 4U);
  EXPECT_EQ(device->device().report().cycles, 0U);
}

TEST(DeviceBackbone, OneTask_IsOneRun) {
  const TestModel model("tiny");
  const auto device = device_of("small");
  const auto pipeline = model.pipeline({.backbone = device});
  const Image picture = make_image(10, 10);
  const Image* const all[] = {&picture};
  Outcome outcome;
  const int tasks[] = {1};
  run(*pipeline, all, tasks, outcome);
  EXPECT_EQ(device->device().report().runs, 1U);
}

TEST(DeviceBackbone, OtherArithmeticOrTooLargeANetwork_IsRefusedWithTheReason) {
  const TestModel model("tiny");
  EXPECT_THAT(
      Pipeline::load(model.path(), {.type = NumberType::kFloat, .backbone = device_of("small")}).status().message(),
      HasSubstr("interpreter:small computes in int8, not in float"));
  EXPECT_THAT(Pipeline::load(model.path(), {.input_height = 64, .input_width = 96, .backbone = device_of("small")})
                  .status()
                  .message(),
              HasSubstr("does not fit design point small: limits.max_tokens is 64, 97 are needed"));
}

TEST(DeviceBackbone, SingleBlocks_AreRefused) {
  const TestModel model("tiny");
  const auto pipeline = model.pipeline({.backbone = device_of("small")});
  std::vector<float> tokens(static_cast<std::size_t>(25 * 32));
  EXPECT_THAT(pipeline->engine().run_block(0, 0, tokens, tokens, nullptr).message(), HasSubstr("whole networks"));
}

}  // namespace
}  // namespace edgemoe
