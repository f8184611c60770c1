// Seeded models for the pipeline's tests, in a folder that goes away with the object.
#ifndef EDGEMOE_PIPELINE_TEST_MODEL_H_
#define EDGEMOE_PIPELINE_TEST_MODEL_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/testing.h"
#include "model/config.h"
#include "model/model_file.h"
#include "pipeline/pipeline.h"

namespace edgemoe {

class TestModel {
 public:
  explicit TestModel(const std::string& config_name, std::uint64_t seed = 1) {
    const auto text = read_text_file(
        std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/models" / (config_name + ".json"), std::uint64_t{1} << 20);
    EXPECT_TRUE(text.ok()) << text.status().message();
    const auto config = parse_model_config(*text);
    EXPECT_TRUE(config.ok()) << config.status().message();
    EXPECT_TRUE(write_seeded_model(path(), *config, seed).ok());
  }
  TestModel(const TestModel&) = delete;
  TestModel& operator=(const TestModel&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path path() const { return folder_ / "model.safetensors"; }

  std::unique_ptr<Pipeline> pipeline(const EngineOptions& options = {}) const {
    auto loaded = Pipeline::load(path(), options);
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    return std::move(loaded).value();
  }

 private:
  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_TEST_MODEL_H_
