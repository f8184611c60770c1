#include "model/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/testing.h"
#include "model/named_config.h"
#include "model/tensor_table.h"

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Metadata = std::map<std::string, std::string, std::less<>>;

ModelConfig named(const std::string& name) {
  const std::filesystem::path folder = EDGEMOE_SOURCE_DIR "/configs/models";
  return load_named_config(name, std::array{folder}).value();
}

/// Tensors of a network, all zero, that a test may change before they are written.
struct ZeroWeights {
  explicit ZeroWeights(const ModelConfig& config) {
    for (const TensorSpec& spec : tensor_table(config)) {
      values.emplace_back(spec.shape);
      tensors.push_back({spec.name, values.back().view()});
    }
  }
  NamedTensor& find(std::string_view name) {
    return *std::find_if(tensors.begin(), tensors.end(), [&](const NamedTensor& t) { return t.name == name; });
  }
  std::vector<Tensor> values;
  std::vector<NamedTensor> tensors;
};

class ModelFileTest : public ::testing::Test {
 protected:
  void SetUp() override { path_ = folder_ / "m.safetensors"; }

  Status fault_of_text(std::string_view text) {
    EXPECT_TRUE(write_file(path_, text).ok());
    return ModelFile::open(path_).status();
  }

  Status fault_of(const ZeroWeights& weights, const Metadata& metadata) {
    EXPECT_TRUE(write_safetensors(path_, weights.tensors, metadata).ok());
    return ModelFile::open(path_).status();
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  std::filesystem::path path_;
};

TEST_F(ModelFileTest, seeded_opensWithTheSameConfigurationAndMarks) {
  for (const std::string name : {"tiny", "tiny-shared", "tiny-conditioned"}) {
    const ModelConfig config = named(name);
    ASSERT_TRUE(write_seeded_model(path_, config, 7).ok());
    const auto model = ModelFile::open(path_);
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_EQ(model->config(), config);
    EXPECT_EQ(model->metadata().at("edgemoe.trained"), "no");
    EXPECT_EQ(model->metadata().at("edgemoe.seed"), "7");
    EXPECT_TRUE(model->unused().empty());
    EXPECT_EQ(model->file().index().tensors.size(), tensor_table(config).size());
  }
}

TEST_F(ModelFileTest, seeded_valuesFollowTheSeedAndTheNameOnly) {
  ModelConfig config = named("tiny");
  ASSERT_TRUE(write_seeded_model(path_, config, 1).ok());
  const auto first = read_file(path_, 1 << 24);
  const Tensor qkv = ModelFile::open(path_)->load_f32("backbone.blocks.2.attn.qkv.weight");
  ASSERT_TRUE(write_seeded_model(path_, config, 1).ok());
  EXPECT_EQ(*read_file(path_, 1 << 24), *first);
  config.moe = {};
  config.head = {.present = false};
  ASSERT_TRUE(write_seeded_model(path_, config, 1).ok());
  const Tensor same = ModelFile::open(path_)->load_f32("backbone.blocks.2.attn.qkv.weight");
  ASSERT_TRUE(write_seeded_model(path_, config, 2).ok());
  const Tensor other = ModelFile::open(path_)->load_f32("backbone.blocks.2.attn.qkv.weight");
  ASSERT_EQ(qkv.values.size(), 96u * 32);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < qkv.values.size(); ++i) {
    EXPECT_EQ(qkv.values[i], same.values[i]);
    if (qkv.values[i] != other.values[i]) ++changed;
  }
  EXPECT_GT(changed, 3000u);
}

TEST_F(ModelFileTest, seeded_bytesAreTheSameOnEveryMachine) {
  ASSERT_TRUE(write_seeded_model(path_, named("tiny-conditioned"), 42).ok());
  const auto model = ModelFile::open(path_);
  ASSERT_TRUE(model.ok());
  std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a over the data of all tensors, in name order
  std::size_t hashed = 0;
  for (const auto& [name, view] : model->file().index().tensors) {
    for (const std::byte byte : view.bytes) hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3u;
    hashed += view.bytes.size();
  }
  EXPECT_EQ(hashed, 303196u);
  EXPECT_EQ(hash, 9578511964177818960u);
}

TEST_F(ModelFileTest, seeded_everyTensorIsFiniteAndSpread) {
  ASSERT_TRUE(write_seeded_model(path_, named("tiny-conditioned"), 3).ok());
  const auto model = ModelFile::open(path_);
  ASSERT_TRUE(model.ok());
  std::size_t checked = 0;
  for (const TensorSpec& spec : tensor_table(model->config())) {
    const Tensor tensor = model->load_f32(spec.name);
    double sum = 0;
    double squares = 0;
    for (const float value : tensor.values) {
      sum += static_cast<double>(value);
      squares += static_cast<double>(value) * static_cast<double>(value);
      EXPECT_TRUE(std::isfinite(value)) << spec.name;
      ++checked;
    }
    const auto count = static_cast<double>(tensor.values.size());
    const double deviation = std::sqrt(squares / count - sum / count * (sum / count));
    EXPECT_LT(deviation, 1.0) << spec.name;
    if (tensor.values.size() > 1) {
      EXPECT_GT(deviation, 0.01) << spec.name;
    }
    if (spec.role == TensorRole::kRunningVariance) {
      EXPECT_GE(*std::min_element(tensor.values.begin(), tensor.values.end()), 0.5F) << spec.name;
    }
  }
  EXPECT_GT(checked, 20000u);
}

TEST_F(ModelFileTest, seeded_incompleteConfiguration_isRefusedAndLeavesNoFile) {
  ModelConfig config = named("tiny");
  config.mlp_dim = 0;
  EXPECT_FALSE(write_seeded_model(path_, config, 0).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ModelFileTest, written_inAnyOrder_liesInTableOrderWithItsTypesAndMetadata) {
  const ModelConfig config = named("tiny");
  ZeroWeights weights(config);
  const std::array<std::uint16_t, 32> halves = {0x3C00, 0x8000, 1};  // 1, -0, the smallest subnormal, zeros
  weights.find("backbone.patch_embed.proj.bias").view = {DType::kF16, {32}, std::as_bytes(std::span(halves))};
  std::reverse(weights.tensors.begin(), weights.tensors.end());
  ASSERT_TRUE(write_model_file(path_, config, weights.tensors, {{"edgemoe.trained", "yes"}}).ok());
  const auto model = ModelFile::open(path_);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->metadata().at("edgemoe.trained"), "yes");
  const Tensor bias = model->load_f32("backbone.patch_embed.proj.bias");
  EXPECT_EQ(bias.values[0], 1.0F);
  EXPECT_TRUE(bias.values[1] == 0 && std::signbit(bias.values[1]));
  EXPECT_EQ(bias.values[2], 0x1p-24F);
  const std::byte* previous = nullptr;
  for (const TensorSpec& spec : tensor_table(config)) {
    EXPECT_LT(previous, model->tensor(spec.name).bytes.data()) << spec.name;
    previous = model->tensor(spec.name).bytes.data();
  }
}

TEST_F(ModelFileTest, write_checksTheTensorsAgainstTheNetwork) {
  const ModelConfig config = named("tiny");
  const auto message_after = [&](auto&& change) {
    ZeroWeights weights(config);
    change(weights);
    return write_model_file(path_, config, weights.tensors, {}).message();
  };
  EXPECT_THAT(message_after([](ZeroWeights& w) {
                w.find("backbone.blocks.1.mlp.gate.0.w_gate").view.shape = {4, 32};
              }),
              HasSubstr("tensor backbone.blocks.1.mlp.gate.0.w_gate: expected shape [32,4], found [4,32]"));
  EXPECT_THAT(message_after([](ZeroWeights& w) { w.find("backbone.cls_token").view.dtype = DType::kI32; }),
              HasSubstr("tensor backbone.cls_token: expected F32, F16 or BF16, found I32"));
  EXPECT_THAT(message_after([](ZeroWeights& w) { w.tensors.erase(w.tensors.begin() + 2); }),
              HasSubstr("tensors are missing: backbone.cls_token"));
  EXPECT_THAT(message_after([](ZeroWeights& w) { w.tensors.push_back(w.tensors[0]); }),
              HasSubstr("two tensors called backbone.patch_embed.proj.weight"));
  EXPECT_THAT(message_after([](ZeroWeights& w) {
                w.tensors.push_back({"extra", w.tensors[0].view});
              }),
              HasSubstr("the network has no tensor extra"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ModelFileTest, open_missingTensors_areCountedAndTheFirstNamed) {
  const ModelConfig config = named("tiny");
  ZeroWeights weights(config);
  const std::size_t all = weights.tensors.size();
  weights.tensors.resize(10);
  const Status status = fault_of(weights, model_metadata(config, {}));
  EXPECT_EQ(status.code(), StatusCode::kMismatch);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr(fmt::format("{} of {} tensors are missing", all - 10, all)),
                    HasSubstr("backbone.blocks.0.norm2.weight"), HasSubstr(" more"), HasSubstr(path_.string())));
}

TEST_F(ModelFileTest, open_wrongShape_namesTensorAndBothShapes) {
  const ModelConfig config = named("tiny");
  ZeroWeights weights(config);
  NamedTensor& gate = weights.find("backbone.blocks.3.mlp.gate.1.w_gate");
  gate.view = {DType::kF32, {32, 1}, gate.view.bytes.first(32 * 4)};
  const Status status = fault_of(weights, model_metadata(config, {}));
  EXPECT_EQ(status.code(), StatusCode::kMismatch);
  EXPECT_THAT(status.message(),
              HasSubstr("tensor backbone.blocks.3.mlp.gate.1.w_gate: expected shape [32,4], found [32,1]"));
}

TEST_F(ModelFileTest, open_elementTypeThatIsNoFloat_isUnsupported) {
  const ModelConfig config = named("tiny");
  ZeroWeights weights(config);
  weights.find("backbone.cls_token").view.dtype = DType::kI32;
  const Status status = fault_of(weights, model_metadata(config, {}));
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("tensor backbone.cls_token: expected F32, F16 or BF16, found I32"));
}

TEST_F(ModelFileTest, open_extraTensors_areListedAndDoNotHinder) {
  const ModelConfig config = named("tiny");
  ZeroWeights weights(config);
  const Tensor extra(Shape{2});
  weights.tensors.push_back({"tam_model.weight", extra.view()});
  ASSERT_TRUE(write_safetensors(path_, weights.tensors, model_metadata(config, {})).ok());
  const auto model = ModelFile::open(path_);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->unused(), std::vector<std::string>{"tam_model.weight"});
}

TEST_F(ModelFileTest, open_withoutOurMetadata_saysHowToMakeAModel) {
  const ModelConfig config = named("tiny");
  const ZeroWeights weights(config);
  const Status status = fault_of(weights, {{"format", "pt"}});
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("edgemoe.config"), HasSubstr("edgemoe convert")));
}

TEST_F(ModelFileTest, open_anotherFormatVersion_isUnsupportedAndNamesBoth) {
  const ModelConfig config = named("tiny");
  Metadata metadata = model_metadata(config, {});
  metadata["edgemoe.format"] = "2";
  const Status status = fault_of(ZeroWeights(config), metadata);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("model format \"2\", this program reads \"1\""));
}

TEST_F(ModelFileTest, open_brokenOrIncompleteConfiguration_namesTheKey) {
  ModelConfig config = named("tiny");
  Metadata metadata = model_metadata(config, {});
  metadata["edgemoe.config"] = "{}";
  EXPECT_THAT(fault_of(ZeroWeights(config), metadata).message(), HasSubstr("configuration: missing name, input"));
  ModelConfig unread = config;
  unread.moe.expert_dim = 0;
  EXPECT_THAT(fault_of(ZeroWeights(config), model_metadata(unread, {})).message(),
              HasSubstr("moe.expert_dim: expected"));
}

TEST_F(ModelFileTest, open_foreignFiles_saysWhatTheyAre) {
  EXPECT_THAT(fault_of_text("PK\x03\x04rest of a zip archive").message(), HasSubstr("PyTorch checkpoint"));
  EXPECT_THAT(fault_of_text("\x80\x02\x8A\x0Al\xFC\x9C\x46\xF9").message(), HasSubstr("edgemoe convert"));
  EXPECT_THAT(fault_of_text("{\"name\": 1}").message(), HasSubstr("JSON"));
  EXPECT_EQ(fault_of_text("").code(), StatusCode::kMalformed);
  EXPECT_THAT(ModelFile::open(folder_).status().message(), HasSubstr("found a folder"));
  EXPECT_EQ(ModelFile::open(folder_ / "none").status().code(), StatusCode::kNotFound);
}

TEST_F(ModelFileTest, open_aFileCutAt60Percent_isMalformed) {
  ASSERT_TRUE(write_seeded_model(path_, named("tiny"), 1).ok());
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) * 6 / 10);
  const Status status = ModelFile::open(path_).status();
  EXPECT_EQ(status.code(), StatusCode::kMalformed);
  EXPECT_THAT(status.message(), HasSubstr("cut short"));
}

}  // namespace
}  // namespace edgemoe
