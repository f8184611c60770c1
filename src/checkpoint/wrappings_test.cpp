// The same weights however they were saved: the same model file, bit for bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "checkpoint/checkpoint_testing.h"
#include "model/model_file.h"

namespace edgemoe {
namespace {

const std::filesystem::path kFixtures = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "tests/golden/checkpoints";

std::vector<TestTensor> prefixed(std::vector<TestTensor> tensors, const std::string& prefix) {
  for (TestTensor& tensor : tensors) tensor.name = prefix + tensor.name;
  return tensors;
}

/// {"epoch": 3, KEY: state dict} as a pickle.
std::string wrapped_pickle(const std::vector<TestTensor>& state, std::string_view key) {
  return PickleWriter().raw("}").text("epoch").integer(3).raw("s").text(key).state_dict(state).raw("s").finish();
}

class WrappingsTest : public CheckpointTest {
 protected:
  void SetUp() override { state_ = formula_state(tiny_config()); }
  std::vector<TestTensor> state_;
};

TEST_F(WrappingsTest, filesWrittenByPyTorch_giveTheFormulasWeights) {
  std::string first;
  for (const char* name : {"training.pth.tar", "legacy.pth", "half.pth", "views.pth", "ranks.pth.tar"}) {
    const ConvertReport report = expect_formula(options(kFixtures / name));
    EXPECT_EQ(report.matched, report.expected) << name;
    const std::string bytes = slurp(output());
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << name << " gave another file";
  }
}

TEST_F(WrappingsTest, everyFileThatTheInstalledPyTorchWrites_givesTheFormulasWeights) {
  if (std::system("/usr/bin/python3 -c 'import torch' >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "/usr/bin/python3 has no torch (Debian: python3-torch)";
  }
  const std::filesystem::path script = kFixtures.parent_path() / "make_checkpoints.py";
  const std::filesystem::path written = folder_ / "written";
  const std::string command = fmt::format("/usr/bin/python3 '{}' '{}' >'{}' 2>&1", script.string(), written.string(),
                                          (folder_ / "log").string());
  ASSERT_EQ(std::system(command.c_str()), 0) << slurp(folder_ / "log");
  std::size_t converted = 0;
  for (const auto& entry : std::filesystem::directory_iterator(written)) {
    SCOPED_TRACE(entry.path().filename().string());
    const ConvertReport report = expect_formula(options(entry.path()));
    EXPECT_EQ(report.matched, report.expected);
    EXPECT_TRUE(report.left_over.empty());
    ++converted;
  }
  EXPECT_GE(converted, 10u);
}

TEST_F(WrappingsTest, trainingFile_listsWhatItLeavesAside) {
  const ConvertReport report = expect_formula(options(kFixtures / "training.pth.tar"));
  EXPECT_EQ(report.stripped.at("module."), report.inputs.at(0).tensors);
  std::vector<std::string> ignored;
  for (const ConvertReport::Ignored& item : report.ignored) ignored.push_back(item.name);
  for (const char* name : {"optimizer", "epoch", "best_result", "decoders.semseg.syncbn_fc_0.num_batches_tracked",
                           "tam_model0.layers0.0.weight"}) {
    EXPECT_NE(std::find(ignored.begin(), ignored.end(), name), ignored.end()) << name;
  }
  EXPECT_TRUE(report.left_over.empty());
  EXPECT_NE(report.to_text().find("matched"), std::string::npos);
}

TEST_F(WrappingsTest, everyWrapperAndPrefix_sameBytes) {
  const auto path = folder_ / "checkpoint.pth";
  write_torch_zip(path, state_);
  expect_formula(options(path));
  const std::string expected = slurp(output());
  for (const char* wrapper : {"state_dict", "model", "model_state_dict", "net", "ema", "params", "weights"}) {
    for (const char* prefix : {"", "module.", "_orig_mod.", "model.", "ema.", "encoder.", "net.module.model."}) {
      write_torch_zip(path, wrapped_pickle(prefixed(state_, prefix), wrapper), state_);
      expect_formula(options(path));
      EXPECT_EQ(slurp(output()), expected) << wrapper << ' ' << prefix;
    }
  }
  write_torch_legacy(path, prefixed(state_, "module."));
  expect_formula(options(path));
  EXPECT_EQ(slurp(output()), expected);
  write_safetensors_state(folder_ / "state.safetensors", prefixed(state_, "module."));
  expect_formula(options(folder_ / "state.safetensors"));
  EXPECT_EQ(slurp(output()), expected);
  write_torch_zip(path, PickleWriter().state_dict(state_).finish(), state_, {}, ZipMethod::kDeflate);
  expect_formula(options(path));
  EXPECT_EQ(slurp(output()), expected);
}

TEST_F(WrappingsTest, singleTaskFile_itsDecoderIsTheOnlyTasks) {
  ConvertOptions single = options(folder_ / "single.pth");
  single.config.tasks.resize(1);
  std::vector<TestTensor> state = formula_state(single.config);
  for (TestTensor& tensor : state) {
    if (tensor.name.starts_with("decoders.semseg.")) tensor.name.replace(0, 16, "decoder.");
  }
  write_torch_zip(single.inputs[0], state);
  const ConvertReport report = expect_formula(single);
  EXPECT_FALSE(report.renamed.empty());
}

TEST_F(WrappingsTest, backboneWithoutItsPrefix_isAcceptedAndSaid) {
  std::vector<TestTensor> state;
  for (TestTensor& tensor : state_) {
    if (!tensor.name.starts_with("backbone.")) continue;
    tensor.name.erase(0, 9);
    state.push_back(tensor);
  }
  ConvertOptions bare = options(folder_ / "backbone.pth");
  bare.heads = HeadChoice::kNone;
  write_torch_zip(bare.inputs[0], state);
  const ConvertReport report = expect_formula(bare);
  EXPECT_FALSE(report.renamed.empty());
}

TEST_F(WrappingsTest, severalFilesThatHoldThePartsOfAModel_areJoined_butNotTwiceTheSame) {
  std::vector<TestTensor> backbone = state_;
  std::erase_if(backbone, [](const TestTensor& tensor) { return tensor.name.starts_with("decoders."); });
  std::vector<TestTensor> decoders = state_;
  std::erase_if(decoders, [](const TestTensor& tensor) { return !tensor.name.starts_with("decoders."); });
  write_torch_zip(folder_ / "backbone.pth", backbone);
  write_safetensors_state(folder_ / "decoders.safetensors", prefixed(decoders, "module."));
  ConvertOptions both = options(folder_ / "backbone.pth");
  both.inputs.push_back(folder_ / "decoders.safetensors");
  EXPECT_EQ(expect_formula(both).inputs.size(), 2u);
  std::filesystem::remove(output());
  write_torch_zip(folder_ / "whole.pth", state_);
  both.inputs.push_back(folder_ / "whole.pth");
  const Status twice = expect_refused(both);
  EXPECT_EQ(twice.code(), StatusCode::kMismatch);
  EXPECT_NE(twice.message().find("whole.pth"), std::string::npos) << twice.message();
}

TEST_F(WrappingsTest, aModelOfItsOwn_givesTheSameBytesAgain_whateverGridIsConfigured) {
  write_torch_zip(folder_ / "first.pth", state_);
  expect_formula(options(folder_ / "first.pth"));
  const std::string bytes = slurp(output());
  std::filesystem::rename(output(), folder_ / "again.safetensors");
  ConvertOptions again = options(folder_ / "again.safetensors");
  again.config.pos_embed_height = 30;  // the original's grid; the model file states the one it was resampled to
  again.config.pos_embed_width = 40;
  const ConvertReport report = expect_formula(again);
  EXPECT_TRUE(report.resampled.empty());
  EXPECT_EQ(slurp(output()), bytes);
}

TEST_F(WrappingsTest, halfAndBfloat16Mixtures_widenExactly) {
  const std::vector<float> extremes = {1.0F, -0.0F, 0x1p-24F, -65504.0F, 0.0F, 2.0F, -3.5F, 0x1p-14F};
  const std::vector<float> wide = {1.0F, -0.0F, 0x1p-133F, 0x1.8p127F, 0.0F, 2.0F, -3.5F, 0x1p-126F};
  std::vector<TestTensor> state = formula_state(tiny_config(), DType::kBF16);
  const std::string half = "backbone.blocks.0.norm1.weight";
  const std::string brain = "backbone.blocks.0.norm1.bias";
  find_tensor(state, half) = tensor_of(half, {8}, extremes, DType::kF16);
  find_tensor(state, brain) = tensor_of(brain, {8}, wide, DType::kBF16);
  const std::string full = "backbone.blocks.0.norm2.bias";
  find_tensor(state, full) = formula_tensor(full, {8});
  for (const char* file : {"mixed.pth", "mixed.safetensors"}) {
    if (std::string_view(file).ends_with("pth")) {
      write_torch_zip(folder_ / file, state);
    } else {
      write_safetensors_state(folder_ / file, state);
    }
    for (const DTypePolicy dtype : {DTypePolicy::kFloat32, DTypePolicy::kKeep}) {
      ConvertOptions mixed = options(folder_ / file);
      mixed.dtype = dtype;
      const auto report = convert_checkpoint(mixed);
      ASSERT_TRUE(report.ok()) << report.status().message();
      const auto model = ModelFile::open(output());
      ASSERT_TRUE(model.ok()) << model.status().message();
      const Tensor a = model->load_f32(half);
      const Tensor b = model->load_f32(brain);
      EXPECT_EQ(std::memcmp(a.data(), extremes.data(), 32), 0);
      EXPECT_EQ(std::memcmp(b.data(), wide.data(), 32), 0);
      EXPECT_EQ(model->tensor(brain).dtype, dtype == DTypePolicy::kKeep ? DType::kBF16 : DType::kF32);
    }
  }
}

TEST_F(WrappingsTest, rankDirectory_eachExpertInItsPlace_andFaultsNameTheShard) {
  const auto ranks = folder_ / "best.pth.tar";
  const auto write_rank = [&](const std::string& name, std::size_t first, std::size_t count, bool whole) {
    std::filesystem::create_directories(ranks);
    std::vector<TestTensor> state;
    for (TestTensor tensor : state_) {
      if (tensor.name.find(".experts.") != std::string::npos) {
        const std::size_t one = tensor.bytes.size() / 4;
        tensor.bytes = tensor.bytes.substr(first * one, count * one);
        std::vector<std::int64_t> dims(tensor.shape.dims().begin(), tensor.shape.dims().end());
        dims[0] = static_cast<std::int64_t>(count);
        tensor.shape = Shape(dims);
      } else if (!whole) {
        continue;
      }
      state.push_back(tensor);
    }
    write_torch_zip(ranks / name, state);
  };
  for (std::size_t rank = 0; rank < 4; ++rank) write_rank(std::to_string(rank) + ".pth", rank, 1, rank == 0);
  expect_formula(options(ranks));
  std::filesystem::remove(output());

  std::filesystem::remove(ranks / "2.pth");
  EXPECT_NE(expect_refused(options(ranks)).message().find("2.pth"), std::string::npos);
  write_rank("2.pth", 2, 1, false);
  write_rank("02.pth", 2, 1, false);
  EXPECT_NE(expect_refused(options(ranks)).message().find("2.pth"), std::string::npos);
  std::filesystem::remove(ranks / "02.pth");
  std::filesystem::remove(ranks / "3.pth");
  EXPECT_NE(expect_refused(options(ranks)).message().find("experts"), std::string::npos) << "3 of 4 experts";
  write_rank("3.pth", 2, 2, false);
  EXPECT_NE(expect_refused(options(ranks)).message().find("3.pth"), std::string::npos);
  write_rank("3.pth", 1, 1, false);
  const std::string copied = expect_refused(options(ranks)).message();
  EXPECT_NE(copied.find("1.pth"), std::string::npos) << copied;
  EXPECT_NE(copied.find("3.pth"), std::string::npos) << copied;
  std::filesystem::remove(ranks / "3.pth");
  write_rank("3.pt", 3, 1, false);
  expect_formula(options(ranks));
}

TEST_F(WrappingsTest, rankFilesGivenOneByOne_areToldToComeAsADirectory) {
  write_torch_zip(folder_ / "0.pth", state_);
  write_torch_zip(folder_ / "1.pth", {find_tensor(state_, "backbone.blocks.1.mlp.experts.htoh4.weight")});
  ConvertOptions both = options(folder_ / "0.pth");
  both.inputs.push_back(folder_ / "1.pth");
  EXPECT_NE(expect_refused(both).message().find("directory"), std::string::npos);
}

}  // namespace
}  // namespace edgemoe
