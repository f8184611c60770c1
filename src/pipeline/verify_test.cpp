#include "pipeline/verify.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/tensor_table.h"
#include "pipeline/test_model.h"

namespace edgemoe {
namespace {

/// Golden values as another implementation would dump them: every tap under its task's name.
class Golden {
 public:
  explicit Golden(Pipeline& pipeline) {
    const ModelConfig& config = pipeline.config();
    Tensor input(Shape{3, config.input.height, config.input.width});
    Random random(11);
    for (float& value : input.values) value = random.uniform(-2, 2);
    const Tensor* tensors[] = {&input};
    for (std::size_t task = 0; task < config.tasks.size(); ++task) {
      TapRecorder recorder;
      const std::vector<int> tasks = {static_cast<int>(task)};
      EXPECT_TRUE(pipeline
                      .run_tensors(tensors, {.tasks = tasks,
                                             .taps = &recorder,
                                             .maps = [](std::size_t, const TaskMap&) { return Status(); }})
                      .ok());
      const std::string scope(task_name(config.tasks[task].kind));
      for (const auto& [name, view] : recorder.index().tensors) {
        const std::string tap = name.substr(name.find('/') + 1);
        keep((tap == kTapInput ? "shared" : scope) + "/" + tap, view);
      }
    }
  }

  SafetensorsIndex index() const {
    SafetensorsIndex index;
    for (const auto& [name, entry] : entries_) index.tensors[name] = {entry.dtype, entry.shape, entry.bytes};
    return index;
  }
  void add_to_value(const std::string& name, std::size_t i, float difference) {
    float value = 0;
    std::byte* place = entries_.at(name).bytes.data() + i * sizeof(float);
    std::memcpy(&value, place, sizeof(value));
    value += difference;
    std::memcpy(place, &value, sizeof(value));
  }

 private:
  struct Entry {
    DType dtype;
    Shape shape;
    std::vector<std::byte> bytes;
  };
  void keep(const std::string& name, const TensorView& view) {
    entries_[name] = {view.dtype, view.shape, {view.bytes.begin(), view.bytes.end()}};
  }
  std::map<std::string, Entry> entries_;
};

/// Writes a copy of `model` with one tensor changed.
void write_changed(const ModelFile& model, const std::filesystem::path& path, const std::string& changed,
                   const Tensor& values) {
  std::vector<NamedTensor> tensors;
  for (const TensorSpec& spec : tensor_table(model.config())) {
    tensors.push_back({spec.name, spec.name == changed ? values.view() : model.tensor(spec.name)});
  }
  const Status written = write_model_file(path, model.config(), tensors, {});
  ASSERT_TRUE(written.ok()) << written.message();
}

class VerifyTest : public ::testing::TestWithParam<const char*> {
 protected:
  VerifyTest() : model_(GetParam()), pipeline_(model_.pipeline({.num_threads = 2})), golden_(*pipeline_) {}

  Result<VerifyReport> verify(Pipeline& pipeline) { return verify_engine(pipeline.engine(), golden_.index(), {}); }
  /// Verifies a model that differs in one tensor; the first difference it finds.
  std::string first_difference_with(const std::string& name, const Tensor& values) {
    const auto path = model_.folder() / "changed.safetensors";
    write_changed(pipeline_->model(), path, name, values);
    auto changed = Pipeline::load(path, {});
    EXPECT_TRUE(changed.ok()) << changed.status().message();
    const auto report = verify(**changed);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.ok() && report->first_difference() != nullptr ? report->first_difference()->tap : "none";
  }

  TestModel model_;
  std::unique_ptr<Pipeline> pipeline_;
  Golden golden_;
};

TEST_P(VerifyTest, itsOwnValues_agree_andAllAreCompared) {
  const auto report = verify(*pipeline_);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->first_difference(), nullptr);
  EXPECT_EQ(report->tasks.size(), pipeline_->config().tasks.size());
  for (const VerifyTask& task : report->tasks) {
    EXPECT_EQ(task.near_ties, 0u);
    EXPECT_GT(task.block_by_block.taps, static_cast<std::size_t>(8 * pipeline_->config().depth));
    EXPECT_GT(task.end_to_end.taps, task.block_by_block.taps);
  }
}

TEST_P(VerifyTest, oneFlippedValue_isFoundAtItsPlace) {
  golden_.add_to_value("depth/block2.attn.out", 37, 1.0F);
  const auto report = verify(*pipeline_);
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_NE(report->first_difference(), nullptr);
  EXPECT_EQ(report->first_difference()->tap, "depth/block2.attn.out");
  const auto dim = static_cast<std::int64_t>(pipeline_->config().embed_dim);
  EXPECT_EQ(report->first_difference()->coordinates, (std::vector<std::int64_t>{37 / dim, 37 % dim}));
}

TEST_P(VerifyTest, tapsThatAreShared_areComparedToo) {
  SafetensorsIndex shared;
  for (const auto& [name, view] : golden_.index().tensors) {
    if (name == "shared/input" || name.starts_with("semseg/block0.")) {
      shared.tensors["shared/" + name.substr(name.find('/') + 1)] = view;
    }
  }
  const auto alone = verify_engine(pipeline_->engine(), shared, {});
  ASSERT_TRUE(alone.ok()) << alone.status().message();
  EXPECT_EQ(alone->first_difference(), nullptr);
  EXPECT_GE(alone->values(), 8U * static_cast<std::size_t>(pipeline_->config().num_tokens()));
  shared.tensors["shared/foo"] = shared.tensors["shared/block0.norm2"];
  EXPECT_EQ(verify_engine(pipeline_->engine(), shared, {}).status().code(), StatusCode::kMismatch);
  shared.tensors.erase("shared/foo");
  golden_.add_to_value("semseg/block0.norm2", 3, 1.0F);
  shared.tensors["shared/block0.norm2"] = golden_.index().tensors.at("semseg/block0.norm2");
  const auto flipped = verify_engine(pipeline_->engine(), shared, {});
  ASSERT_TRUE(flipped.ok()) << flipped.status().message();
  ASSERT_NE(flipped->first_difference(), nullptr);
  EXPECT_EQ(flipped->first_difference()->tap, "shared/block0.norm2");
}

TEST_P(VerifyTest, tapsOfAnotherShapeOrType_areRefusedWhereverTheyStand) {
  const SafetensorsIndex whole = golden_.index();
  const std::string logits = std::string("/") + block_tap(1, kTapRouterLogits);
  SafetensorsIndex golden = whole;
  golden.tensors["shared" + logits] = {DType::kF32, Shape{1}, whole.tensors.at("semseg" + logits).bytes.first(4)};
  golden.tensors.erase("semseg" + logits);
  EXPECT_EQ(verify_engine(pipeline_->engine(), golden, {}).status().code(), StatusCode::kMismatch);
  for (const char* name : {"shared/input", "semseg/patch_embed"}) {
    golden = whole;
    golden.tensors[name].dtype = DType::kI32;
    EXPECT_EQ(verify_engine(pipeline_->engine(), golden, {}).status().code(), StatusCode::kMismatch) << name;
  }
}

TEST_P(VerifyTest, anExpertOfZeros_isFoundInItsBlock) {
  const std::string name = block_prefix(1) + "mlp.experts.h4toh.weight";
  Tensor experts = pipeline_->model().load_f32(name);
  const std::size_t one = experts.values.size() / static_cast<std::size_t>(experts.shape[0]);
  // Every expert in turn would do; zero them all but the last, since a given one may have no token.
  std::fill_n(experts.values.data(), experts.values.size() - one, 0.0F);
  EXPECT_EQ(first_difference_with(name, experts), "semseg/" + block_tap(1, kTapMlpOut));
}

TEST_P(VerifyTest, anotherGate_isFoundAtTheRouter) {
  const std::string name = gate_name(pipeline_->config(), 1, 0);
  Tensor gate = pipeline_->model().load_f32(name);
  std::reverse(gate.values.begin(), gate.values.end());
  EXPECT_EQ(first_difference_with(name, gate), "semseg/" + block_tap(1, kTapRouterLogits));
}

TEST_P(VerifyTest, nothingToCompare_isAnError) {
  SafetensorsIndex only_input;
  const SafetensorsIndex all = golden_.index();
  only_input.tensors.insert(*all.tensors.find("shared/input"));
  EXPECT_EQ(verify_engine(pipeline_->engine(), only_input, {}).status().code(), StatusCode::kMismatch);
  EXPECT_EQ(verify_engine(pipeline_->engine(), {}, {}).status().code(), StatusCode::kMismatch);
}

TEST_P(VerifyTest, aTapOfNoSuchNameOrShape_isAnError) {
  SafetensorsIndex golden = golden_.index();
  golden.tensors["semseg/block1.attention"] = golden.tensors["semseg/block1.out"];
  const Status unknown = verify_engine(pipeline_->engine(), golden, {}).status();
  EXPECT_EQ(unknown.code(), StatusCode::kMismatch);
  EXPECT_NE(unknown.message().find("block1.attention"), std::string::npos);
  golden = golden_.index();
  golden.tensors["semseg/block1.norm1"] = golden.tensors["semseg/block1.attn.qkv"];
  EXPECT_EQ(verify_engine(pipeline_->engine(), golden, {}).status().code(), StatusCode::kMismatch);
  golden = golden_.index();
  golden.tensors["sal/block1.out"] = golden.tensors["semseg/block1.out"];
  EXPECT_NE(verify_engine(pipeline_->engine(), golden, {}).status().message().find("sal"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Configs, VerifyTest, ::testing::Values("tiny", "tiny-shared", "tiny-conditioned"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace edgemoe
