#include "quant/integer_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>
#include <map>

#include "base/testing.h"
#include "model/integer_table.h"
#include "model/named_config.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

ModelConfig named(const std::string& name) {
  const std::filesystem::path folder = EDGEMOE_SOURCE_DIR "/configs/models";
  return load_named_config(name, std::array{folder}).value();
}

void expect_equal(const IntegerLinear& a, const IntegerLinear& b) {
  EXPECT_EQ(a.outputs, b.outputs);
  EXPECT_EQ(a.inputs, b.inputs);
  ASSERT_EQ(a.weight.size(), b.weight.size());
  ASSERT_GT(a.weight.size(), 0u);
  EXPECT_EQ(std::memcmp(a.weight.data(), b.weight.data(), a.weight.size()), 0);
  EXPECT_EQ(a.pre_shift, b.pre_shift);
  EXPECT_EQ(a.mantissa, b.mantissa);
  EXPECT_EQ(a.bias, b.bias);
  EXPECT_EQ(a.exponent, b.exponent);
  EXPECT_EQ(a.fraction, b.fraction);
}

void expect_equal(const IntegerNorm& a, const IntegerNorm& b) {
  EXPECT_EQ(a.gain, b.gain);
  EXPECT_EQ(a.bias, b.bias);
  EXPECT_EQ(a.gain_exponent, b.gain_exponent);
  EXPECT_EQ(a.fraction, b.fraction);
  EXPECT_EQ(a.eps, b.eps);
}

void expect_equal(const IntegerBlock& a, const IntegerBlock& b) {
  expect_equal(a.norm1, b.norm1);
  expect_equal(a.query, b.query);
  expect_equal(a.key, b.key);
  expect_equal(a.value, b.value);
  expect_equal(a.proj, b.proj);
  expect_equal(a.norm2, b.norm2);
  ASSERT_EQ(a.mlps.size(), b.mlps.size());
  for (std::size_t i = 0; i < a.mlps.size(); ++i) {
    expect_equal(a.mlps[i].up, b.mlps[i].up);
    expect_equal(a.mlps[i].down, b.mlps[i].down);
  }
  ASSERT_EQ(a.gates.size(), b.gates.size());
  for (std::size_t i = 0; i < a.gates.size(); ++i) {
    EXPECT_EQ(a.gates[i].experts, b.gates[i].experts);
    EXPECT_EQ(a.gates[i].weight, b.gates[i].weight);
    EXPECT_EQ(a.gates[i].constant, b.gates[i].constant);
    EXPECT_EQ(a.gates[i].kappa, b.gates[i].kappa);
    EXPECT_EQ(a.gates[i].sigma, b.gates[i].sigma);
    EXPECT_EQ(a.gates[i].first_expert, b.gates[i].first_expert);
  }
}

class IntegerFileTest : public ::testing::Test {
 protected:
  /// Seeded floats, and the integers that were made of them, as files.
  void write(const ModelConfig& config) {
    ASSERT_TRUE(write_seeded_model(floats_, config, 11).ok());
    const auto model = ModelFile::open(floats_);
    ASSERT_TRUE(model.ok()) << model.status().message();
    const Status status = write_integer_model(integers_, *model, {});
    ASSERT_TRUE(status.ok()) << status.message();
  }

  /// The fault of reading all parts of the file after `change` has been at its tensors' bytes.
  Status fault_after(const std::function<void(std::map<std::string, std::vector<std::byte>>&)>& change) const {
    const auto file = SafetensorsFile::open(integers_);
    EXPECT_TRUE(file.ok());
    std::map<std::string, std::vector<std::byte>> bytes;
    for (const auto& [name, view] : file->index().tensors) bytes[name] = {view.bytes.begin(), view.bytes.end()};
    change(bytes);
    std::vector<NamedTensor> tensors;
    for (const auto& [name, values] : bytes) {
      const TensorView& view = *file->find(name);
      tensors.push_back({name, {view.dtype, view.shape, values}});
    }
    const std::filesystem::path changed = temporary_.path() / "changed.safetensors";
    EXPECT_TRUE(write_safetensors(changed, tensors, file->index().metadata).ok());
    const auto model = ModelFile::open(changed);
    if (!model.ok()) return model.status();
    return quantize_model(*model).status();
  }

  template <typename T>
  Status fault_of(const std::string& name, std::size_t place, T value) const {
    return fault_after([&](auto& bytes) {
      std::vector<std::byte>& values = bytes.at(name);
      ASSERT_LE((place + 1) * sizeof(T), values.size()) << name;
      std::memcpy(values.data() + place * sizeof(T), &value, sizeof(T));
    });
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path floats_ = temporary_.path() / "m.safetensors";
  const std::filesystem::path integers_ = temporary_.path() / "m.int8.safetensors";
};

TEST_F(IntegerFileTest, everyKindOfNetwork_readsBackAsItWasQuantised) {
  ModelConfig grouped = named("tiny-shared");
  grouped.tasks.resize(2);
  grouped.moe.experts_per_task = 2;
  ModelConfig backbone = named("tiny");
  backbone.head = {.present = false};
  ModelConfig plain = named("tiny");
  plain.moe = {};
  for (const ModelConfig& config :
       {named("tiny"), named("tiny-shared"), named("tiny-conditioned"), grouped, backbone, plain}) {
    write(config);
    const auto floats = ModelFile::open(floats_);
    const auto integers = ModelFile::open(integers_);
    ASSERT_TRUE(integers.ok()) << integers.status().message();
    EXPECT_EQ(integers->numbers(), StoredNumbers::kIntegers);
    EXPECT_EQ(integers->config(), config);
    EXPECT_EQ(integers->metadata().at("edgemoe.trained"), "no");
    EXPECT_EQ(integers->metadata().at("edgemoe.seed"), "11");
    EXPECT_TRUE(integers->unused().empty());
    const auto expected = quantize_model(*floats);
    const auto found = quantize_model(*integers);
    ASSERT_TRUE(expected.ok() && found.ok()) << found.status().message();
    expect_equal(found->patch_embed, expected->patch_embed);
    EXPECT_TRUE(std::ranges::equal(found->class_token.values.span(), expected->class_token.values.span()));
    EXPECT_TRUE(std::ranges::equal(found->position_embed.values.span(), expected->position_embed.values.span()));
    ASSERT_EQ(found->blocks.size(), expected->blocks.size());
    for (std::size_t i = 0; i < found->blocks.size(); ++i) expect_equal(found->blocks[i], expected->blocks[i]);
    ASSERT_EQ(found->heads.size(), config.head.present ? config.tasks.size() : 0);
    for (std::size_t t = 0; t < found->heads.size(); ++t) {
      expect_equal(found->heads[t].norm, expected->heads[t].norm);
      for (std::size_t s = 0; s < found->heads[t].stages.size(); ++s) {
        expect_equal(found->heads[t].stages[s], expected->heads[t].stages[s]);
      }
      expect_equal(found->heads[t].outputs, expected->heads[t].outputs);
    }
  }
}

TEST_F(IntegerFileTest, progress_endsWithAllParts) {
  const ModelConfig config = named("tiny");
  ASSERT_TRUE(write_seeded_model(floats_, config, 1).ok());
  const auto model = ModelFile::open(floats_);
  std::vector<std::size_t> seen;
  std::size_t all = 0;
  ASSERT_TRUE(write_integer_model(integers_, *model, [&](std::size_t done, std::size_t total) {
                seen.push_back(done);
                all = total;
              }).ok());
  EXPECT_EQ(all, 1 + static_cast<std::size_t>(config.depth) + config.tasks.size());
  ASSERT_EQ(seen.size(), all);
  EXPECT_EQ(seen.back(), all);
}

TEST_F(IntegerFileTest, quantisedTwice_isRefusedAndTheFileStays) {
  write(named("tiny"));
  const auto before = read_file(integers_, 1 << 26);
  const auto model = ModelFile::open(integers_);
  EXPECT_EQ(write_integer_model(integers_, *model, {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(*read_file(integers_, 1 << 26), *before);
}

TEST_F(IntegerFileTest, unchanged_hasNoFault) {
  write(named("tiny"));
  EXPECT_TRUE(fault_after([](auto&) {}).ok());
}

TEST_F(IntegerFileTest, valuesOutsideTheFormats_areRefusedByName) {
  write(named("tiny"));
  const std::string block = "backbone.blocks.1.";
  const std::string query = block + "attn.query";
  const std::string experts = block + "mlp.experts.htoh4";
  const std::string gate = block + "mlp.gate.0";
  const auto expect = [](const Status& status, const std::string& name, const std::string& found) {
    EXPECT_EQ(status.code(), StatusCode::kMalformed) << name;
    EXPECT_THAT(status.message(), HasSubstr(name));
    EXPECT_THAT(status.message(), HasSubstr(found));
  };
  expect(fault_of<std::int8_t>(query + ".weight", 5, -128), query + ": weight", "found -128 in row 0, column 5");
  expect(fault_of<std::uint8_t>(query + ".pre_shift", 2, 31), query + ": pre_shift", "of row 2, found 31");
  expect(fault_of<std::uint8_t>(query + ".pre_shift", 2, 0), query + ": pre_shift", "of row 2, found 0");
  expect(fault_of<std::int16_t>(query + ".mantissa", 1, -1), query + ": mantissa", "found -1 at place 1");
  expect(fault_of<std::int32_t>(query + ".bias", 3, 32768), query + ": bias", "found 32768 at place 3");
  expect(fault_of<std::int32_t>(query + ".format", 0, 1 << 20), query + ": format, exponent", "found 1048576");
  expect(fault_of<std::int32_t>(query + ".format", 1, 16), query + ": format, fraction", "expected 0 to 15, found 16");
  expect(fault_of<std::int32_t>(block + "attn.proj.format", 1, 15), "attn.proj: format, fraction", "expected 16");
  expect(fault_of<std::int8_t>(experts + ".weight", 0, -128), experts + ", expert 0: weight", "found -128");
  expect(fault_of<std::int32_t>(experts + ".format", 3, 0), experts + ", expert 1: format, fraction", "found 0");
  expect(fault_of<std::int16_t>(block + "norm2.weight", 0, -32768), "norm2: weight", "found -32768");
  expect(fault_of<std::int32_t>(block + "norm2.format", 1, -1), "norm2: format, fraction", "found -1");
  expect(fault_of<std::int32_t>(block + "norm2.format", 2, 0), "norm2: format, eps", "found 0");
  expect(fault_of<std::int16_t>(gate + ".weight", 0, -32768), gate + ": weight", "found -32768");
  expect(fault_of<std::int64_t>(gate + ".constant", 0, INT64_MIN), gate + ": constant", "-9223372036854775808");
  expect(fault_of<std::int32_t>(gate + ".format", 0, 0), gate + ": format, kappa", "found 0");
  expect(fault_of<std::int32_t>(gate + ".format", 1, INT32_MIN), gate + ": format, sigma", "-2147483648");
  const Status token = fault_of<float>("backbone.pos_embed", 1, std::numeric_limits<float>::infinity());
  EXPECT_EQ(token.code(), StatusCode::kUnsupported);
  EXPECT_THAT(token.message(), HasSubstr("backbone.pos_embed: expected finite numbers, found inf at place 1"));
}

TEST_F(IntegerFileTest, missingTensorsAndOtherVersions_areRefused) {
  write(named("tiny"));
  const Status missing = fault_after([](auto& bytes) { bytes.erase("backbone.blocks.0.attn.key.mantissa"); });
  EXPECT_EQ(missing.code(), StatusCode::kMismatch);
  EXPECT_THAT(missing.message(), HasSubstr("attn.key.mantissa"));
  const auto file = SafetensorsFile::open(integers_);
  std::vector<NamedTensor> tensors;
  for (const auto& [name, view] : file->index().tensors) tensors.push_back({name, view});
  for (const auto& [key, advice] : {std::pair("edgemoe.numerics", "quantise the float model again"),
                                    std::pair("edgemoe.format", "a newer edgemoe may read it")}) {
    auto metadata = file->index().metadata;
    metadata[key] = "int8-77";
    const std::filesystem::path other = temporary_.path() / "other.safetensors";
    ASSERT_TRUE(write_safetensors(other, tensors, metadata).ok());
    const Status status = ModelFile::open(other).status();
    EXPECT_EQ(status.code(), StatusCode::kUnsupported);
    EXPECT_THAT(status.message(), HasSubstr("int8-77"));
    EXPECT_THAT(status.message(), HasSubstr(advice));
  }
}

TEST_F(IntegerFileTest, tensorOfAnotherTypeOrShape_isRefused) {
  write(named("tiny"));
  const auto file = SafetensorsFile::open(integers_);
  const std::string name = "backbone.blocks.0.attn.key.weight";
  for (const auto& [dtype, code] :
       {std::pair(DType::kU8, StatusCode::kUnsupported), std::pair(DType::kI8, StatusCode::kMismatch)}) {
    std::vector<NamedTensor> tensors;
    for (const auto& [key, view] : file->index().tensors) {
      tensors.push_back({key, view});
      if (key != name) continue;
      tensors.back().view.dtype = dtype;
      if (dtype == DType::kI8) tensors.back().view.shape = {view.shape.num_elements()};
    }
    const std::filesystem::path other = temporary_.path() / "other.safetensors";
    ASSERT_TRUE(write_safetensors(other, tensors, file->index().metadata).ok());
    const Status status = ModelFile::open(other).status();
    EXPECT_EQ(status.code(), code);
    EXPECT_THAT(status.message(), HasSubstr(name));
  }
}

TEST_F(IntegerFileTest, cutShort_isRefused) {
  write(named("tiny"));
  const auto bytes = read_file(integers_, 1 << 26);
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, bytes->size() / 2, bytes->size() - 1}) {
    EXPECT_FALSE(ModelFile::from_bytes(std::span(*bytes).first(size)).ok()) << size;
  }
  EXPECT_TRUE(ModelFile::from_bytes(*bytes).ok());
}

TEST(IntegerTensorTable, namesAreUniqueAndAQuarterOfTheFloats) {
  for (const char* name : {"tiny", "edgemoe-street", "m3vit-base-nyud"}) {
    const ModelConfig config = named(name);
    std::map<std::string, int> seen;
    std::size_t bytes = 0;
    for (const IntegerTensorSpec& spec : integer_tensor_table(config)) {
      EXPECT_EQ(++seen[spec.name], 1) << spec.name;
      bytes += static_cast<std::size_t>(spec.shape.num_elements()) * dtype_size(spec.dtype);
    }
    std::size_t floats = 0;
    for (const TensorSpec& spec : tensor_table(config)) {
      floats += 4 * static_cast<std::size_t>(spec.shape.num_elements());
    }
    const double share = static_cast<double>(bytes) / static_cast<double>(floats);
    EXPECT_LT(share, std::string(name) == "tiny" ? 0.5 : 0.27) << name;
  }
}

}  // namespace
}  // namespace edgemoe
