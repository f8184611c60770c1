// What a conversion accepts, and what it refuses with which words.
#include "checkpoint/convert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "checkpoint/checkpoint_testing.h"
#include "model/model_file.h"
#include "resample/resize.h"

namespace edgemoe {
namespace {

constexpr const char* kGate = "backbone.blocks.1.mlp.gate.0.w_gate";

class ConvertTest : public CheckpointTest {
 protected:
  void SetUp() override {
    path_ = folder_ / "checkpoint.pth";
    state_ = formula_state(tiny_config());
  }
  /// Writes the state and expects a refusal whose message holds all of `words`.
  void expect_refusal_with(const std::vector<std::string>& words) {
    write_torch_zip(path_, state_);
    const std::string message = expect_refused(options(path_)).message();
    for (const std::string& word : words)
      EXPECT_NE(message.find(word), std::string::npos) << word << " in: " << message;
  }

  std::filesystem::path path_;
  std::vector<TestTensor> state_;
};

TEST_F(ConvertTest, foreignKeys_matchNothing_andBothSidesAreShown) {
  for (TestTensor& tensor : state_) tensor.name = "wrapper.encoder." + tensor.name;
  expect_refusal_with({"0 of ", "tensors matched", "wrapper.encoder.", "backbone."});
}

TEST_F(ConvertTest, anExtraTensor_isListed_andRefusedWhenStrict) {
  state_.push_back(formula_tensor("backbone.surprise", {3}));
  write_torch_zip(path_, state_);
  EXPECT_EQ(expect_formula(options(path_)).left_over, (std::vector<std::string>{"backbone.surprise"}));
  std::filesystem::remove(output());
  ConvertOptions strict = options(path_);
  strict.strictness = Strictness::kStrict;
  EXPECT_NE(expect_refused(strict).message().find("backbone.surprise"), std::string::npos);
}

TEST_F(ConvertTest, aMissingTensor_isNamed) {
  remove_tensor(state_, "backbone.blocks.1.norm2.bias");
  expect_refusal_with({"backbone.blocks.1.norm2.bias"});
}

TEST_F(ConvertTest, aGateOfOneColumn_isRefusedWithBothShapes) {
  find_tensor(state_, kGate) = formula_tensor(kGate, {8, 1});
  expect_refusal_with({kGate, "[8,4]", "[8,1]"});
}

TEST_F(ConvertTest, aTransposedGate_isTurned_andSaid) {
  std::vector<float> turned(32);
  for (std::int64_t d = 0; d < 8; ++d) {
    for (std::int64_t e = 0; e < 4; ++e) turned[static_cast<std::size_t>(e * 8 + d)] = formula_value(kGate, d * 4 + e);
  }
  find_tensor(state_, kGate) = tensor_of(kGate, {4, 8}, turned);
  write_torch_zip(path_, state_);
  EXPECT_EQ(expect_formula(options(path_)).transposed, (std::vector<std::string>{kGate}));
}

TEST_F(ConvertTest, aWrongChecksum_isRefused_andTheReportsOwnAccepted) {
  write_torch_zip(path_, state_);
  const ConvertReport report = expect_formula(options(path_));
  ConvertOptions again = options(path_);
  again.expected_checksum = report.checksum;
  expect_formula(again);
  std::filesystem::remove(output());
  std::swap(find_tensor(state_, "backbone.blocks.0.norm1.weight").bytes,
            find_tensor(state_, "backbone.blocks.0.norm2.weight").bytes);
  write_torch_zip(path_, state_);
  EXPECT_NE(expect_refused(again).message().find(report.checksum), std::string::npos);
}

TEST_F(ConvertTest, widths_comeFromTheWeights_andADifferenceIsSaid) {
  write_torch_zip(path_, state_);
  ConvertOptions other = options(path_);
  other.config.mlp_dim = 99;
  other.config.moe.expert_dim = 0;
  other.config.head.first_kernel = 0;
  const ConvertReport report = expect_formula(other);
  ASSERT_FALSE(report.widths.empty());
  const auto model = ModelFile::open(output());
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->config().mlp_dim, 12);
  EXPECT_EQ(model->config().moe.expert_dim, 6);
  EXPECT_EQ(model->config().head.first_kernel, 3);
}

TEST_F(ConvertTest, positionEmbeddingOfAnotherGrid_isResampled_classRowUntouched) {
  const std::string name = "backbone.pos_embed";
  TestTensor& embed = find_tensor(state_, name);
  embed = formula_tensor(name, {1, 1 + 4 * 5, 8});
  write_torch_zip(path_, state_);
  ConvertOptions other = options(path_);
  other.config.pos_embed_height = 4;
  other.config.pos_embed_width = 5;
  const auto report = convert_checkpoint(other);
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->resampled.size(), 1u);
  const auto model = ModelFile::open(output());
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->config().pos_embed_height, 2);
  const Tensor written = model->load_f32(name);
  std::vector<float> stored(21 * 8);
  for (std::size_t i = 0; i < stored.size(); ++i) stored[i] = formula_value(name, static_cast<std::int64_t>(i));
  std::vector<float> expected(7 * 8);
  resize_position_embedding(stored.data(), 4, 5, expected.data(), 2, 3, 8);
  ASSERT_EQ(written.values.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(written.values[i], expected[i]) << i;
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(written.values[i], stored[i]) << "class token";

  std::filesystem::remove(output());
  other.strictness = Strictness::kStrict;
  const std::string message = expect_refused(other).message();
  EXPECT_NE(message.find("4x5"), std::string::npos) << message;
  EXPECT_NE(message.find("2x3"), std::string::npos) << message;
}

TEST_F(ConvertTest, positionEmbeddingThatIsNotItsStatedGrid_isRefused) {
  find_tensor(state_, "backbone.pos_embed") = formula_tensor("backbone.pos_embed", {1, 13, 8});
  expect_refusal_with({"backbone.pos_embed", "13"});
}

TEST_F(ConvertTest, otherElementTypes_areRefusedByName) {
  TestTensor& bias = find_tensor(state_, "backbone.blocks.0.norm1.bias");
  bias.dtype = DType::kF64;
  bias.bytes = std::string(64, '\0');
  expect_refusal_with({"backbone.blocks.0.norm1.bias", "float64"});
}

TEST_F(ConvertTest, nanOrInfinity_isRefused_unlessAllowed) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    const std::string name = "backbone.blocks.0.attn.proj.weight";
    std::vector<float> values(64, 0.5F);
    values[13] = bad;
    find_tensor(state_, name) = tensor_of(name, {8, 8}, values);
    expect_refusal_with({name, "[1,5]"});
    ConvertOptions allowed = options(path_);
    allowed.non_finite = NonFinitePolicy::kAllow;
    EXPECT_TRUE(convert_checkpoint(allowed).ok());
    std::filesystem::remove(output());
  }
}

TEST_F(ConvertTest, aNegativeVariance_isRefused_unlessAllowed) {
  const std::string name = "decoders.depth.syncbn_fc_0.running_var";
  const std::vector<float> values = {1.0F, 0.0F, -0.25F, 2.0F};
  find_tensor(state_, name) = tensor_of(name, {4}, values);
  expect_refusal_with({name, "-0.25", "[2]"});
  ConvertOptions allowed = options(path_);
  allowed.non_finite = NonFinitePolicy::kAllow;
  EXPECT_TRUE(convert_checkpoint(allowed).ok());
}

TEST_F(ConvertTest, aWidthThatOneTensorAloneHas_isThatTensorsFault) {
  for (const char* name : {"backbone.blocks.0.mlp.fc1.weight", "backbone.blocks.1.mlp.experts.htoh4.weight"}) {
    TestTensor& tensor = find_tensor(state_, name);
    const TestTensor whole = tensor;
    const std::size_t axis = tensor.shape.rank() - 2;
    std::vector<std::int64_t> dims(tensor.shape.dims().begin(), tensor.shape.dims().end());
    ++dims[axis];
    tensor = formula_tensor(name, Shape(dims));
    expect_refusal_with({name, tensor.shape.to_string(), whole.shape.to_string()});
    find_tensor(state_, name) = whole;
  }
}

TEST_F(ConvertTest, float16_matricesAreRounded_theRestIsExact_andTooLargeIsRefused) {
  const std::string matrix = "backbone.blocks.0.mlp.fc2.weight";
  std::vector<float> values(8 * 12, 1.0F + 0x1p-11F + 0x1p-20F);  // above the middle of two halves
  find_tensor(state_, matrix) = tensor_of(matrix, {8, 12}, values);
  write_torch_zip(path_, state_);
  ConvertOptions half = options(path_);
  half.dtype = DTypePolicy::kFloat16;
  ASSERT_TRUE(convert_checkpoint(half).ok());
  const auto model = ModelFile::open(output());
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->tensor(matrix).dtype, DType::kF16);
  EXPECT_EQ(model->tensor(kGate).dtype, DType::kF32);
  EXPECT_EQ(model->tensor("backbone.pos_embed").dtype, DType::kF32);
  EXPECT_EQ(model->load_f32(matrix).values.data()[7], 1.0F + 0x1p-10F);
  std::filesystem::remove(output());
  values[5] = -65520.0F;
  find_tensor(state_, matrix) = tensor_of(matrix, {8, 12}, values);
  write_torch_zip(path_, state_);
  EXPECT_NE(expect_refused(half).message().find("65504"), std::string::npos);
}

TEST_F(ConvertTest, noiseWeights_needTheOtherRule) {
  state_.push_back(formula_tensor("backbone.blocks.1.mlp.gate.0.w_noise", {8, 4}));
  expect_refusal_with({"w_noise", "topk_softmax"});
  ConvertOptions other = options(path_);
  other.config.moe.rule = RouterRule::kTopKThenSoftmax;
  EXPECT_TRUE(convert_checkpoint(other).ok());
}

TEST_F(ConvertTest, theOtherRuleWithoutNoiseWeights_isSaid) {
  write_torch_zip(path_, state_);
  ConvertOptions other = options(path_);
  other.config.moe.rule = RouterRule::kTopKThenSoftmax;
  const ConvertReport report = expect_formula(other);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("w_noise"), std::string::npos) << report.notes[0];
}

TEST_F(ConvertTest, routersOfMoreTasksThanConfigured_areRefused) {
  state_.push_back(formula_tensor("backbone.blocks.1.mlp.gate.2.w_gate", {8, 4}));
  expect_refusal_with({"routers for 3 tasks", "lists 2", "semseg, depth"});
}

TEST_F(ConvertTest, tasksOutOfTheOriginalsOrder_areSaid) {
  write_torch_zip(path_, state_);
  ConvertOptions other = options(path_);
  std::swap(other.config.tasks[0], other.config.tasks[1]);
  const ConvertReport report = expect_formula(other);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("depth, semseg"), std::string::npos) << report.notes[0];
}

TEST_F(ConvertTest, aSquareGate_isTakenAsItLies) {
  ConvertOptions square = options(path_);
  square.config.moe.num_experts = 8;
  write_torch_zip(path_, formula_state(square.config));
  EXPECT_TRUE(expect_formula(square).transposed.empty());
}

TEST_F(ConvertTest, trainingOnlyTensors_areNotUsed_evenWhenStrict) {
  for (const char* name : {"backbone.blocks.1.mlp.gate.0.w_gate_aux", "backbone.blocks.1.mlp.gate.0.head.weight",
                           "decoders.depth.output_level_0.weight", "tam_model2.layers3.depth.0.bias"}) {
    state_.push_back(formula_tensor(name, {2}));
  }
  write_torch_zip(path_, state_);
  ConvertOptions strict = options(path_);
  strict.strictness = Strictness::kStrict;
  EXPECT_EQ(expect_formula(strict).ignored.size(), 4u);
}

TEST_F(ConvertTest, inspection_listsWhatIsMissing_andWritesNothing) {
  remove_tensor(state_, "decoders.depth.conv_1.bias");
  write_torch_zip(path_, state_);
  const auto report = inspect_checkpoint(options(path_));
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->missing, (std::vector<std::string>{"decoders.depth.conv_1.bias"}));
  EXPECT_EQ(report->matched + 1, report->expected);
  EXPECT_FALSE(std::filesystem::exists(output()));
}

TEST_F(ConvertTest, onlyDecodersMissing_suggestsNoHeads) {
  std::erase_if(state_, [](const TestTensor& tensor) { return tensor.name.starts_with("decoders."); });
  expect_refusal_with({"decoders.semseg.norm.weight", "--no-heads"});
  ConvertOptions bare = options(path_);
  bare.heads = HeadChoice::kNone;
  expect_formula(bare);
}

TEST_F(ConvertTest, namesThatWouldSteerATerminal_areMadePlain) {
  for (TestTensor& tensor : state_) tensor.name = "\x1B[2J" + tensor.name;
  write_torch_zip(path_, state_);
  EXPECT_EQ(expect_refused(options(path_)).message().find('\x1B'), std::string::npos);
  const auto report = inspect_checkpoint(options(path_));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->to_text().find('\x1B'), std::string::npos);
  EXPECT_EQ(report->to_json().find('\x1B'), std::string::npos);
}

TEST_F(ConvertTest, aFileCutAnywhere_isRefused_andLeavesNothing) {
  for (const bool legacy : {false, true}) {
    if (legacy) {
      write_torch_legacy(path_, state_);
    } else {
      write_torch_zip(path_, state_);
    }
    const std::string whole = slurp(path_);
    for (const double part : {0.0, 0.05, 0.3, 0.6, 0.95, 0.999}) {
      spill(path_, whole.substr(0, static_cast<std::size_t>(static_cast<double>(whole.size()) * part)));
      EXPECT_NE(expect_refused(options(path_)).message().find("checkpoint.pth"), std::string::npos);
    }
  }
}

TEST_F(ConvertTest, aBitFlippedInAStorage_isCaughtByTheZipsChecksum) {
  write_torch_zip(path_, state_);
  std::string bytes = slurp(path_);
  const std::size_t place = bytes.find(find_tensor(state_, "backbone.patch_embed.proj.weight").bytes);
  ASSERT_NE(place, std::string::npos);
  bytes[place + 5] = static_cast<char>(bytes[place + 5] ^ 4);
  spill(path_, bytes);
  EXPECT_NE(expect_refused(options(path_)).message().find("checkpoint.pth"), std::string::npos);
}

TEST_F(ConvertTest, noSuchFileOrAnEmptyFolder_isAnErrorThatNamesIt) {
  EXPECT_NE(expect_refused(options(folder_ / "none.pth")).message().find("none.pth"), std::string::npos);
  std::filesystem::create_directories(folder_ / "empty");
  EXPECT_NE(expect_refused(options(folder_ / "empty")).message().find("empty"), std::string::npos);
}

class FloatFolderTest : public CheckpointTest {
 protected:
  void SetUp() override {
    config_.head.present = false;
    const auto write = [&](const std::string& file, const std::string& tensor, const Shape& shape) {
      spill(weights_file(file), formula_tensor(tensor, shape).bytes);
    };
    std::filesystem::create_directories(folder_ / "weights");
    write("patch_embed_weight", "backbone.patch_embed.proj.weight", {8, 3, 4, 4});
    write("patch_embed_bias", "backbone.patch_embed.proj.bias", {8});
    write("pos_embed", "backbone.pos_embed", {1, 7, 8});
    for (const std::string l : {"0", "1"}) {
      const std::string to = "backbone.blocks." + l + ".";
      for (const std::string n : {"norm1", "norm2"}) {
        write("l" + l + "_" + n + "_weight", to + n + ".weight", {8});
        write("l" + l + "_" + n + "_bias", to + n + ".bias", {8});
      }
      write("l" + l + "_qkv_weight", to + "attn.qkv.weight", {24, 8});
      write("l" + l + "_qkv_bias", to + "attn.qkv.bias", {24});
      write("l" + l + "_attn_proj_weight", to + "attn.proj.weight", {8, 8});
      write("l" + l + "_attn_proj_bias", to + "attn.proj.bias", {8});
    }
    write("l0_fc1_weight", "backbone.blocks.0.mlp.fc1.weight", {12, 8});
    write("l0_fc1_bias", "backbone.blocks.0.mlp.fc1.bias", {12});
    write("l0_fc2_weight", "backbone.blocks.0.mlp.fc2.weight", {8, 12});
    write("l0_fc2_bias", "backbone.blocks.0.mlp.fc2.bias", {8});
    for (const int task : {0, 1}) {
      const std::string gate = fmt::format("backbone.blocks.1.mlp.gate.{}.w_gate", task);
      std::vector<float> turned(32);
      for (std::size_t i = 0; i < 32; ++i) {
        turned[i] = formula_value(gate, static_cast<std::int64_t>(i % 8 * 4 + i / 8));
      }
      spill(weights_file(fmt::format("l1_w_gate_T_task{}", task)), tensor_of(gate, {4, 8}, turned).bytes);
    }
    write("l1_htoh4_weight", "backbone.blocks.1.mlp.experts.htoh4.weight", {4, 6, 8});
    write("l1_htoh4_bias", "backbone.blocks.1.mlp.experts.htoh4.bias", {4, 6});
    write("l1_h4toh_weight", "backbone.blocks.1.mlp.experts.h4toh.weight", {4, 8, 6});
    write("l1_h4toh_bias", "backbone.blocks.1.mlp.experts.h4toh.bias", {4, 8});
  }
  std::filesystem::path weights_file(const std::string& name) const {
    return folder_ / "weights" / (name + ".float32.bin");
  }
  ConvertOptions folder_options() const {
    ConvertOptions result = options(folder_ / "weights");
    result.config.head.present = false;
    result.config.moe.expert_dim = 0;
    return result;
  }

  ModelConfig config_ = tiny_config();
};

TEST_F(FloatFolderTest, weights_areTheFormulas_butTheClassTokenIsInThePositionEmbedding) {
  const auto report = convert_checkpoint(folder_options());
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->matched, report->expected);
  const Comparison comparison = compare_with_formula(output());
  EXPECT_GT(comparison.compared, 8u);
  EXPECT_LE(comparison.different, 8u) << "all but the class token of zeros";
  EXPECT_NE(comparison.first.find("cls_token"), std::string::npos) << comparison.first;
}

TEST_F(FloatFolderTest, fourBytesTooMany_expectedAndActualBytesAreSaid) {
  spill(weights_file("l0_qkv_bias"), std::string(100, '\0'));
  const std::string message = expect_refused(folder_options()).message();
  for (const char* word : {"l0_qkv_bias", "96", "100"}) EXPECT_NE(message.find(word), std::string::npos) << message;
}

TEST_F(FloatFolderTest, expertsInAFolderOfTheirOwn_andKnownExtras_areTaken) {
  std::filesystem::create_directories(folder_ / "experts");
  for (const char* name : {"l1_htoh4_weight", "l1_h4toh_weight"}) {
    std::filesystem::rename(weights_file(name), folder_ / "experts" / (std::string(name) + ".float32.bin"));
  }
  spill(weights_file("image"), "1234");
  spill(weights_file("l11_x_post_moe"), "1234");
  spill(weights_file("l7_riddle"), "1234");
  ConvertOptions both = folder_options();
  const Status alone = expect_refused(both);
  EXPECT_NE(alone.message().find("l1_htoh4_weight.float32.bin"), std::string::npos) << alone.message();
  both.inputs.push_back(folder_ / "experts");
  const auto report = convert_checkpoint(both);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->matched, report->expected);
  EXPECT_EQ(report->ignored.size(), 2u);
  EXPECT_EQ(report->left_over, (std::vector<std::string>{"l7_riddle.float32.bin"}));
}

TEST_F(FloatFolderTest, aMissingGate_isNamed) {
  std::filesystem::remove(weights_file("l1_w_gate_T_task1"));
  EXPECT_NE(expect_refused(folder_options()).message().find("task1"), std::string::npos)
      << expect_refused(folder_options()).message();
}

}  // namespace
}  // namespace edgemoe
