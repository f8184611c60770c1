#include "model/tensor_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "model/named_config.h"

namespace edgemoe {
namespace {

ModelConfig named(const std::string& name) {
  const std::filesystem::path folder = EDGEMOE_SOURCE_DIR "/configs/models";
  return load_named_config(name, std::array{folder}).value();
}

const TensorSpec* find(const std::vector<TensorSpec>& table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const TensorSpec& s) { return s.name == name; });
  return found == table.end() ? nullptr : &*found;
}

void expect_tensor(const std::vector<TensorSpec>& table, std::string_view name, const Shape& shape, TensorRole role) {
  const TensorSpec* spec = find(table, name);
  ASSERT_NE(spec, nullptr) << name;
  EXPECT_EQ(spec->shape, shape) << name << " is " << spec->shape.to_string();
  EXPECT_EQ(spec->role, role) << name;
}

std::int64_t elements_of(const std::vector<TensorSpec>& table, std::string_view prefix) {
  std::int64_t sum = 0;
  for (const TensorSpec& spec : table) {
    if (spec.name.starts_with(prefix)) sum += spec.shape.num_elements();
  }
  return sum;
}

TEST(TensorTable, edgemoeCityscapes_hasTheOriginalsNamesAndShapes) {
  const auto table = tensor_table(named("edgemoe-cityscapes"));
  expect_tensor(table, "backbone.patch_embed.proj.weight", {192, 3, 16, 16}, TensorRole::kPatchWeight);
  expect_tensor(table, "backbone.patch_embed.proj.bias", {192}, TensorRole::kBias);
  expect_tensor(table, "backbone.cls_token", {1, 1, 192}, TensorRole::kClassToken);
  expect_tensor(table, "backbone.pos_embed", {1, 129, 192}, TensorRole::kPositionEmbed);
  expect_tensor(table, "backbone.blocks.0.norm1.weight", {192}, TensorRole::kNormWeight);
  expect_tensor(table, "backbone.blocks.0.attn.qkv.weight", {576, 192}, TensorRole::kLinearWeight);
  expect_tensor(table, "backbone.blocks.0.attn.proj.bias", {192}, TensorRole::kBias);
  expect_tensor(table, "backbone.blocks.10.mlp.fc1.weight", {768, 192}, TensorRole::kLinearWeight);
  expect_tensor(table, "backbone.blocks.10.mlp.fc2.weight", {192, 768}, TensorRole::kLinearWeight);
  expect_tensor(table, "backbone.blocks.11.mlp.experts.htoh4.weight", {16, 384, 192}, TensorRole::kExpertWeight);
  expect_tensor(table, "backbone.blocks.11.mlp.experts.htoh4.bias", {16, 384}, TensorRole::kExpertBias);
  expect_tensor(table, "backbone.blocks.11.mlp.experts.h4toh.weight", {16, 192, 384}, TensorRole::kExpertWeight);
  expect_tensor(table, "backbone.blocks.11.mlp.gate.1.w_gate", {192, 16}, TensorRole::kGate);
  expect_tensor(table, "decoders.semseg.norm.bias", {192}, TensorRole::kNormBias);
  expect_tensor(table, "decoders.semseg.conv_0.weight", {256, 192, 3, 3}, TensorRole::kConvWeight);
  expect_tensor(table, "decoders.semseg.conv_3.weight", {256, 256, 3, 3}, TensorRole::kConvWeight);
  expect_tensor(table, "decoders.semseg.conv_4.weight", {7, 256, 1, 1}, TensorRole::kConvWeight);
  expect_tensor(table, "decoders.depth.conv_4.bias", {1}, TensorRole::kBias);
  expect_tensor(table, "decoders.depth.syncbn_fc_3.running_mean", {256}, TensorRole::kRunningMean);
  expect_tensor(table, "decoders.depth.syncbn_fc_3.running_var", {256}, TensorRole::kRunningVariance);
  EXPECT_EQ(find(table, "backbone.blocks.1.mlp.fc1.weight"), nullptr);
  EXPECT_EQ(find(table, "backbone.blocks.11.mlp.gate.2.w_gate"), nullptr);
  EXPECT_EQ(find(table, "decoders.depth.syncbn_fc_4.weight"), nullptr);
}

TEST(TensorTable, edgemoeCityscapes_hasAsManyParametersAsTheArithmeticSays) {
  const auto table = tensor_table(named("edgemoe-cityscapes"));
  const std::int64_t d = 192;
  const std::int64_t embedding = d * 768 + d + d + 129 * d;
  const std::int64_t attention = 2 * 2 * d + 3 * d * d + 3 * d + d * d + d;
  const std::int64_t mlp = 2 * d * 768 + 768 + d;
  const std::int64_t moe = 16 * (2 * d * 384 + 384 + d) + 2 * d * 16;
  EXPECT_EQ(elements_of(table, "backbone."), embedding + 12 * attention + 6 * (mlp + moe));
}

TEST(TensorTable, sharedRouter_hasOneGate) {
  const auto table = tensor_table(named("tiny-shared"));
  expect_tensor(table, "backbone.blocks.1.mlp.gate.w_gate", {32, 4}, TensorRole::kGate);
  EXPECT_EQ(find(table, "backbone.blocks.1.mlp.gate.0.w_gate"), nullptr);
  EXPECT_EQ(find(table, "backbone.gate_task_represent.fc1.weight"), nullptr);
}

TEST(TensorTable, headOfOneStage_hasTwoConvolutions) {
  ModelConfig config = named("tiny");
  config.head = {.present = true, .num_stages = 1, .channels = 16, .first_kernel = 1, .upsample = 1};
  const auto table = tensor_table(config);
  expect_tensor(table, "decoders.normals.conv_0.weight", {16, 32, 1, 1}, TensorRole::kConvWeight);
  expect_tensor(table, "decoders.normals.conv_1.weight", {3, 16, 1, 1}, TensorRole::kConvWeight);
  EXPECT_EQ(find(table, "decoders.normals.conv_2.weight"), nullptr);
}

TEST(TensorTable, headOfPixelShuffles_makesTheChannelsOfAllPixels) {
  const auto table = tensor_table(named("edgemoe-street"));
  expect_tensor(table, "decoders.semseg.conv_0.weight", {24 * 16, 192, 1, 1}, TensorRole::kConvWeight);
  expect_tensor(table, "decoders.semseg.conv_1.weight", {24 * 16, 24, 3, 3}, TensorRole::kConvWeight);
  expect_tensor(table, "decoders.semseg.syncbn_fc_1.running_var", {24 * 16}, TensorRole::kRunningVariance);
  expect_tensor(table, "decoders.semseg.conv_2.weight", {11, 24, 1, 1}, TensorRole::kConvWeight);
}

TEST(TensorTable, taskConditionedRouter_hasTheTaskNetworkAndAWiderGate) {
  const ModelConfig config = named("tiny-conditioned");
  const std::int64_t width = config.moe.task_dim;
  ASSERT_GT(width, 0);
  const auto table = tensor_table(config);
  expect_tensor(table, "backbone.gate_task_represent.fc1.weight", {width, 3}, TensorRole::kLinearWeight);
  expect_tensor(table, "backbone.gate_task_represent.fc2.weight", {width, width}, TensorRole::kLinearWeight);
  expect_tensor(table, "backbone.gate_task_represent.norm.bias", {width}, TensorRole::kNormBias);
  expect_tensor(table, "backbone.blocks.3.mlp.gate.w_gate", {32 + width, 4}, TensorRole::kGate);
}

TEST(TensorTable, plainViTWithoutHead_hasOnlyDenseBlocks) {
  ModelConfig config = named("tiny");
  config.moe = {};
  config.head = {.present = false};
  const auto table = tensor_table(config);
  EXPECT_EQ(table.size(), 4u + 4 * 12);
  for (const TensorSpec& spec : table) {
    EXPECT_EQ(spec.name.find("gate"), std::string::npos) << spec.name;
    EXPECT_EQ(spec.name.find("decoders"), std::string::npos) << spec.name;
  }
}

TEST(TensorTable, names_areUnique) {
  for (const std::string name : {"edgemoe-cityscapes", "m3vit-base-pascal", "tiny-conditioned"}) {
    const auto table = tensor_table(named(name));
    std::set<std::string> names;
    for (const TensorSpec& spec : table) names.insert(spec.name);
    EXPECT_EQ(names.size(), table.size());
    EXPECT_GT(names.size(), 50u);
  }
}

}  // namespace
}  // namespace edgemoe
