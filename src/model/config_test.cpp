#include "model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "model/json.h"
#include "model/named_config.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kFolder = EDGEMOE_SOURCE_DIR "/configs/models";

std::string tiny_text() { return *read_text_file(kFolder / "tiny.json", 1 << 20); }

/// The text with its only occurrence of `from` replaced.
std::string edited(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  EXPECT_EQ(text.find(from, at + 1), std::string::npos) << from << " stands more than once";
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

std::string error_of(const std::string& text) {
  const auto config = parse_model_config(text);
  EXPECT_FALSE(config.ok()) << text;
  return config.ok() ? "" : config.status().message();
}

struct BadEdit {
  std::string_view from;
  std::string_view to;
  std::string_view message;
};

void expect_refused(std::span<const BadEdit> edits) {
  ASSERT_FALSE(edits.empty());
  for (const BadEdit& edit : edits) {
    EXPECT_THAT(error_of(edited(tiny_text(), edit.from, edit.to)), HasSubstr(edit.message)) << edit.to;
  }
}

TEST(ParseModelConfig, tiny_hasEveryValueOfTheFile) {
  const auto config = parse_model_config(tiny_text());
  ASSERT_TRUE(config.ok()) << config.status().message();
  ModelConfig expected;
  expected.name = "tiny";
  expected.input = {.height = 32,
                    .width = 48,
                    .mean = {0.4F, 0.5F, 0.6F},
                    .deviation = {0.2F, 0.3F, 0.25F},
                    .resize = InputResize::kBicubic};
  expected.patch_size = 8;
  expected.embed_dim = 32;
  expected.depth = 4;
  expected.num_heads = 4;
  expected.mlp_dim = 128;
  expected.layernorm_eps = 1e-6F;
  expected.batchnorm_eps = 1e-5F;
  expected.pos_embed_height = 4;
  expected.pos_embed_width = 6;
  expected.moe.blocks = {1, 3};
  expected.moe.num_experts = 4;
  expected.moe.top_k = 2;
  expected.moe.expert_dim = 24;
  expected.moe.router = RouterKind::kPerTask;
  expected.head = {.present = true, .num_stages = 2, .channels = 16, .first_kernel = 3, .upsample = 2};
  expected.tasks = {{.kind = TaskKind::kSemseg, .outputs = 5, .class_names = {"road", "house", "sky", "person", "car"}},
                    {.kind = TaskKind::kNormals, .outputs = 3},
                    {.kind = TaskKind::kDepth, .outputs = 1, .unit = "m"}};
  EXPECT_EQ(*config, expected);
}

TEST(ParseModelConfig, everyNamedConfig_isCompleteAndReadsBackTheSame) {
  const auto names = list_named_configs(std::array{kFolder});
  EXPECT_GE(names.size(), 11u);
  for (const std::string& name : names) {
    const auto config = load_named_config(name, std::array{kFolder});
    ASSERT_TRUE(config.ok()) << config.status().message();
    EXPECT_EQ(config->name, name);
    EXPECT_TRUE(validate_complete_config(*config).ok()) << name;
    const auto again = parse_model_config(model_config_to_json(*config));
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(*again, *config) << name;
  }
}

TEST(ModelConfigToJson, optionalPartsAndOddValues_readBackTheSame) {
  ModelConfig config = *parse_model_config(tiny_text());
  config.mlp_dim = 0;
  config.moe.expert_dim = 0;
  config.head.first_kernel = 0;
  config.moe.prune_threshold = 0.1F;
  config.moe.gate_input_ahead = true;
  config.moe.rule = RouterRule::kTopKThenSoftmax;
  config.input.mean = {1.0F / 3, -0.0F, 16777217.0F / 33554432};
  config.input.deviation = {1e-6F, 1e6F, 0.1F};
  config.input.resize = InputResize::kBilinearAntialias;
  config.tasks[0].class_names[1] = "Straße \"\\ 道路";
  EXPECT_EQ(*parse_model_config(model_config_to_json(config)), config);
  config.moe = {};
  config.head = {.present = false};
  EXPECT_EQ(*parse_model_config(model_config_to_json(config)), config);
}

TEST(ModelConfigToJson, floats_areWrittenInTheirShortestForm) {
  const std::string json = model_config_to_json(*load_named_config("m3vit-small-nyud", std::array{kFolder}));
  EXPECT_THAT(json, HasSubstr("[0.485,0.456,0.406]"));
  EXPECT_THAT(json, HasSubstr("\"layernorm_eps\":1e-06"));
}

TEST(ParseModelConfig, missingUnknownOrDuplicateKey_isNamedWithItsPath) {
  expect_refused(std::array<BadEdit, 8>{{
      {"\"top_k\": 2,", "", "missing moe.top_k"},
      {"\"top_k\"", "\"topk\"", "missing moe.top_k; unknown moe.topk"},
      {"\"depth\": 4,", "", "missing depth"},
      {"\"width\": 48,", "", "missing input.width"},
      {"\"channels\": 16,", "\"channels\": 16, \"colour\": 1,", "unknown head.colour"},
      {"\"outputs\": 3,", "", "missing tasks[1].outputs"},
      {"\"depth\": 4,", "\"depth\": 4, \"depth\": 4,", "\"depth\" stands twice"},
      {"\"num_experts\": 4,\n    \"top_k\": 2,", "", "missing moe.num_experts, moe.top_k"},
  }});
}

TEST(ParseModelConfig, mistypedValue_namesKeyExpectedAndFound) {
  expect_refused(std::array<BadEdit, 16>{{
      {"\"top_k\": 2", "\"top_k\": 2.0", "moe.top_k: expected an integer of 32 bits, found the number 2"},
      {"\"top_k\": 2", "\"top_k\": \"2\"", "moe.top_k: expected an integer of 32 bits, found the string \"2\""},
      {"\"top_k\": 2", "\"top_k\": null", "moe.top_k: expected an integer of 32 bits, found null"},
      {"\"depth\": 4", "\"depth\": 4294967300", "depth: expected an integer of 32 bits, found the integer 4294967300"},
      {"\"name\": \"tiny\"", "\"name\": 7", "name: expected a string, found the integer 7"},
      {"\"gate_input_ahead\": false", "\"gate_input_ahead\": 0", "moe.gate_input_ahead: expected true or false"},
      {"[0.4, 0.5, 0.6]", "[0.4, 0.5]", "input.mean: expected an array of 3 numbers, found an array of 2 values"},
      {"[0.4, 0.5, 0.6]", "[0.4, null, 0.6]", "input.mean[1]: expected a number within float32, found null"},
      {"[0.4, 0.5, 0.6]", "[0.4, 1e39, 0.6]",
       "input.mean[1]: expected a number within float32, found the number 1e+39"},
      {"[4, 6]", "6", "pos_embed_grid: expected an array, found the integer 6"},
      {"[1, 3]", "[1, \"3\"]", "moe.blocks[1]: expected an integer"},
      {"\"resize\": \"bicubic\"", "\"resize\": \"cubic\"",
       "input.resize: expected one of \"bilinear\", \"bicubic\", \"bilinear_antialias\", \"bicubic_antialias\", found "
       "the string \"cubic\""},
      {"\"per_task\"", "\"per_job\"", "moe.router: expected one of"},
      {"\"gelu_erf\"", "\"gelu_tanh\"", "activation: expected one of \"gelu_erf\""},
      {"\"name\": \"normals\"", "\"name\": \"normal\"", "tasks[1].name: expected one of"},
      {"\"car\"", "3", "tasks[0].class_names[4]: expected a string"},
  }});
}

TEST(ParseModelConfig, noObject_isMalformed) {
  for (const std::string_view text : {"[]", "null", "3", "\"tiny\"", "{", ""}) {
    EXPECT_EQ(parse_model_config(text).status().code(), StatusCode::kMalformed) << text;
  }
  EXPECT_THAT(error_of("[1]"), HasSubstr("the document: expected an object, found an array of 1 values"));
  EXPECT_THAT(error_of(edited(tiny_text(), "\"tasks\": [", "\"tasks\": [3, ")),
              HasSubstr("tasks[0]: expected an object"));
}

TEST(ParseModelConfig, deepOrHugeText_isRefused) {
  EXPECT_EQ(parse_model_config(std::string(1000000, '[')).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(parse_model_config(tiny_text() + std::string(1 << 20, ' ')).status().code(), StatusCode::kTooLarge);
}

TEST(ValidateConfig, sizeOutOfBounds_isRefusedWithKeyAndBounds) {
  expect_refused(std::array<BadEdit, 28>{{
      {"\"height\": 32", "\"height\": 36", "input.height: expected a multiple of patch_size (8), found 36"},
      {"\"width\": 48", "\"width\": 0", "input.width: expected 1 to 16384, found 0"},
      {"\"width\": 48", "\"width\": 16392", "input.width: expected 1 to 16384, found 16392"},
      {"\"patch_size\": 8", "\"patch_size\": 0", "patch_size: expected 1 to 128, found 0"},
      {"\"patch_size\": 8", "\"patch_size\": -8", "patch_size: expected 1 to 128, found -8"},
      {"\"embed_dim\": 32", "\"embed_dim\": 8193", "embed_dim: expected 1 to 8192, found 8193"},
      {"\"depth\": 4", "\"depth\": 513", "depth: expected 1 to 512, found 513"},
      {"\"num_heads\": 4", "\"num_heads\": 5", "num_heads: expected a divisor of embed_dim (32), found 5"},
      {"\"num_heads\": 4", "\"num_heads\": 0", "num_heads: expected 1 to 32, found 0"},
      {"\"mlp_dim\": 128", "\"mlp_dim\": 0", "mlp_dim: expected a size or null, found the integer 0"},
      {"\"mlp_dim\": 128", "\"mlp_dim\": 65537", "mlp_dim: expected 1 to 65536, found 65537"},
      {"\"layernorm_eps\": 1e-06", "\"layernorm_eps\": 0", "layernorm_eps: expected 1e-12 to 1, found 0"},
      {"\"layernorm_eps\": 1e-06", "\"layernorm_eps\": -1e-6", "layernorm_eps: expected 1e-12 to 1, found -1e-06"},
      {"\"batchnorm_eps\": 1e-05", "\"batchnorm_eps\": 2", "batchnorm_eps: expected 1e-12 to 1, found 2"},
      {"[4, 6]", "[4, 0]", "pos_embed_grid[1]: expected 1 to 16384, found 0"},
      {"[4, 6]", "[16384, 16384]", "patches of pos_embed_grid: expected 1 to 1048576, found 268435456"},
      {"[0.2, 0.3, 0.25]", "[0.2, 0, 0.25]", "input.deviation[1]: expected 1e-06 to 1000000, found 0"},
      {"\"num_stages\": 2", "\"num_stages\": 0", "head.num_stages: expected 1 to 8, found 0"},
      {"\"channels\": 16", "\"channels\": 4097", "head.channels: expected 1 to 4096, found 4097"},
      {"\"first_kernel\": 3", "\"first_kernel\": 5", "head.first_kernel: expected 1, 3 or null, found 5"},
      {"\"upsample\": 2", "\"upsample\": 4", "head.upsample: expected 1 to 2, found 4"},
      {"\"upsample\": 2", "\"upsample\": \"shuffle\"",
       "expected 1, 2 or \"shuffle2\" to \"shuffle16\", found \"shuffle\""},
      {"\"upsample\": 2", "\"upsample\": \"shuffle4x\"", "to \"shuffle16\", found \"shuffle4x\""},
      {"\"upsample\": 2", "\"upsample\": \"4\"", "to \"shuffle16\", found \"4\""},
      {"\"upsample\": 2", "\"upsample\": \"shuffle1\"", "head.upsample: shuffle: expected 2 to 16, found 1"},
      {"\"upsample\": 2", "\"upsample\": \"shuffle17\"", "head.upsample: shuffle: expected 2 to 16, found 17"},
      {"\"upsample\": 2", "\"upsample\": null", "head.upsample: expected an integer"},
      {"\"name\": \"tiny\"", "\"name\": \"../tiny\"", "name: expected 1 to 64 letters, digits and ._+-"},
  }});
}

TEST(ValidateConfig, moeThatCannotBe_isRefused) {
  expect_refused(std::array<BadEdit, 14>{{
      {"\"top_k\": 2", "\"top_k\": 5", "moe.top_k: expected 1 to 4, found 5"},
      {"\"top_k\": 2", "\"top_k\": 0", "moe.top_k: expected 1 to 4, found 0"},
      {"\"num_experts\": 4", "\"num_experts\": 1025", "moe.num_experts: expected 1 to 1024, found 1025"},
      {"\"expert_dim\": 24", "\"expert_dim\": -1", "moe.expert_dim: expected 1 to 65536, found -1"},
      {"[1, 3]", "[]", "moe.blocks: expected at least one block"},
      {"[1, 3]", "[1, 4]", "moe.blocks: expected strictly ascending indices from 0 to 3, found 4 after 1"},
      {"[1, 3]", "[3, 1]", "found 1 after 3"},
      {"[1, 3]", "[1, 1]", "found 1 after 1"},
      {"[1, 3]", "[-1, 1]", "found -1 after nothing"},
      {"\"task_dim\": 0", "\"task_dim\": 6", "moe.task_dim: expected 0 with moe.router \"per_task\", found 6"},
      {"\"per_task\"", "\"task_conditioned\"", "moe.task_dim: expected 1 to 8192, found 0"},
      {"\"prune_threshold\": null", "\"prune_threshold\": 1.5", "moe.prune_threshold: expected 0 to 1, found 1.5"},
      {"\"prune_threshold\": null", "\"prune_threshold\": -0.1", "moe.prune_threshold: expected 0 to 1, found -0.1"},
      {"\"experts_per_task\": 0", "\"experts_per_task\": 2", "expected 0 with moe.router \"per_task\", found 2"},
  }});
}

TEST(ValidateConfig, taskThatCannotBe_isRefused) {
  expect_refused(std::array<BadEdit, 9>{{
      {"\"name\": \"depth\"", "\"name\": \"semseg\"", "tasks[2].name: expected each task once, found \"semseg\" again"},
      {"\"outputs\": 3", "\"outputs\": 4", "tasks[1].outputs: expected 3 for normals, found 4"},
      {"\"outputs\": 1,", "\"outputs\": 2,", "tasks[2].outputs: expected 1 for depth, found 2"},
      {"\"outputs\": 5", "\"outputs\": 0", "tasks[0].outputs: expected 1 to 255 for semseg, found 0"},
      {"\"outputs\": 5", "\"outputs\": 256", "tasks[0].outputs: expected 1 to 255 for semseg, found 256"},
      {"\"outputs\": 5", "\"outputs\": 6", "tasks[0].class_names: expected none or 6 (outputs), found 5"},
      {"\"car\"", "\"\"", "tasks[0].class_names[4]: expected 1 to 64 bytes of printable UTF-8"},
      {"\"car\"", "\"c\\u0007r\"", "tasks[0].class_names[4]: expected 1 to 64 bytes of printable UTF-8"},
      {"\"unit\": \"m\"", "\"unit\": \"hundreds of furlongs\"", "tasks[2].unit: expected at most 16 bytes"},
  }});
}

TEST(ValidateConfig, classNamesAndUnitsWhereNoneBelong_areRefused) {
  ModelConfig config = *parse_model_config(tiny_text());
  config.tasks[1].unit = "m";
  EXPECT_THAT(validate_config(config).message(), HasSubstr("tasks[1].unit: expected \"\" for normals, found \"m\""));
  config.tasks[1].unit = "";
  config.tasks[1].class_names = {"x", "y", "z"};
  EXPECT_THAT(validate_config(config).message(), HasSubstr("tasks[1].class_names: expected none, found 3"));
  config.tasks.clear();
  EXPECT_THAT(validate_config(config).message(), HasSubstr("number of tasks: expected 1 to 6, found 0"));
}

TEST(ValidateConfig, brokenUtf8InAName_isRefused) {
  ModelConfig config = *parse_model_config(tiny_text());
  for (const std::string_view bad : {"\xFF", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3",
                                     "a\x7F", "\xC2\x85", "\xF0\x80\x80\x80", "\xE9z"}) {
    config.tasks[0].class_names[0] = bad;
    EXPECT_FALSE(validate_config(config).ok()) << testing::PrintToString(bad);
  }
  for (const std::string_view good : {"é", "道", "🚗", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    config.tasks[0].class_names[0] = good;
    EXPECT_TRUE(validate_config(config).ok()) << good;
  }
}

TEST(ValidateConfig, logarithmOfAUnit_isReadCheckedAndComesBack) {
  ModelConfig config = *parse_model_config(tiny_text());
  config.tasks[2].logarithm = true;
  EXPECT_THAT(model_config_to_json(config), HasSubstr("\"unit\":\"ln m\""));
  const auto read = parse_model_config(model_config_to_json(config));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, config);
  EXPECT_EQ(read->tasks[2].unit, "m");
  config.tasks[2].unit = "";
  EXPECT_THAT(validate_config(config).message(), HasSubstr("tasks[2].unit: expected a unit after \"ln \", found none"));
  config = *parse_model_config(tiny_text());
  config.tasks[1].unit = "m";
  config.tasks[1].logarithm = true;
  EXPECT_FALSE(validate_config(config).ok());
}

TEST(ValidateConfig, shuffledHead_hasItsLimitsAndComesBackFromJson) {
  ModelConfig config = *parse_model_config(tiny_text());
  config.head.upsampling = Upsampling::kPixelShuffle;
  config.head.upsample = 4;
  EXPECT_TRUE(validate_config(config).ok());
  EXPECT_EQ(config.head.stage_outputs(), 16 * 16);
  EXPECT_THAT(model_config_to_json(config), HasSubstr("\"upsample\":\"shuffle4\""));
  EXPECT_EQ(*parse_model_config(model_config_to_json(config)), config);
  config.head.channels = 257;
  EXPECT_THAT(validate_config(config).message(), HasSubstr("expected 1 to 4096, found 4112"));
  config.head.channels = 1;
  config.head.num_stages = 7;
  EXPECT_THAT(validate_config(config).message(), HasSubstr("7 stages of x4 make a map of 98304"));
}

TEST(ValidateConfig, headThatGrowsPastTheLargestImage_isRefused) {
  ModelConfig config = *parse_model_config(tiny_text());
  config.input.height = 512 * 8;
  config.head.num_stages = 5;
  EXPECT_TRUE(validate_config(config).ok());
  config.head.num_stages = 6;
  EXPECT_THAT(validate_config(config).message(), HasSubstr("head.num_stages: 6 stages of x2 make a map of 32768"));
}

class ExpertGroups : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = *parse_model_config(tiny_text());
    config_.moe.router = RouterKind::kShared;
    config_.moe.num_experts = 16;
    config_.moe.experts_per_task = 8;
    config_.tasks.erase(config_.tasks.begin() + 1);
  }
  ModelConfig config_;
};

TEST_F(ExpertGroups, twoTasks_splitTheExperts) {
  EXPECT_TRUE(validate_config(config_).ok()) << validate_config(config_).message();
  EXPECT_EQ(config_.expert_group_start(0), 0);
  EXPECT_EQ(config_.expert_group_start(1), 8);
  config_.moe.experts_per_task = 5;
  EXPECT_EQ(config_.expert_group_start(1), 11);
}

TEST_F(ExpertGroups, startsAccumulate_andRunningPastTheEndNamesTheTask) {
  config_.tasks.push_back({.kind = TaskKind::kNormals, .outputs = 3});
  config_.moe.num_experts = 15;
  config_.moe.experts_per_task = 8;
  EXPECT_EQ(config_.expert_group_start(1), 3);   // int(1 * 7 / 2)
  EXPECT_EQ(config_.expert_group_start(2), 10);  // 3 + int(2 * 7 / 2)
  EXPECT_THAT(validate_config(config_).message(),
              HasSubstr("the group of task normals starts at expert 10 and needs 8, but there are only 15"));
}

TEST_F(ExpertGroups, topK_isBoundedByTheGroup) {
  config_.moe.top_k = 9;
  EXPECT_THAT(validate_config(config_).message(), HasSubstr("moe.top_k: expected 1 to 8, found 9"));
}

TEST_F(ExpertGroups, oneTaskOrTopKFirstOrTooMany_areRefused) {
  ModelConfig other = config_;
  other.tasks.pop_back();
  EXPECT_THAT(validate_config(other).message(), HasSubstr("expected 0 with a single task, found 8"));
  other = config_;
  other.moe.rule = RouterRule::kTopKThenSoftmax;
  EXPECT_THAT(validate_config(other).message(), HasSubstr("expected 0 with moe.router_rule \"topk_softmax\", found 8"));
  other = config_;
  other.moe.experts_per_task = 17;
  EXPECT_THAT(validate_config(other).message(), HasSubstr("moe.experts_per_task: expected 1 to 16, found 17"));
  other.moe.experts_per_task = -1;
  EXPECT_THAT(validate_config(other).message(), HasSubstr("moe.experts_per_task: expected 1 to 16, found -1"));
}

TEST(ValidateCompleteConfig, unreadWidth_isRefusedOnlyWhereItIsUsed) {
  ModelConfig config = *parse_model_config(tiny_text());
  EXPECT_TRUE(validate_complete_config(config).ok());
  config.mlp_dim = 0;
  EXPECT_TRUE(validate_config(config).ok());
  EXPECT_THAT(validate_complete_config(config).message(), HasSubstr("mlp_dim: expected a width, found null"));
  config.moe.blocks = {0, 1, 2, 3};
  EXPECT_TRUE(validate_complete_config(config).ok());
  config.moe.expert_dim = 0;
  EXPECT_THAT(validate_complete_config(config).message(), HasSubstr("moe.expert_dim: expected a width, found null"));
  config.moe = {};
  config.mlp_dim = 8;
  config.head.first_kernel = 0;
  EXPECT_THAT(validate_complete_config(config).message(), HasSubstr("head.first_kernel: expected a width"));
  config.head = {.present = false};
  EXPECT_TRUE(validate_complete_config(config).ok());
}

TEST(ValidateCompleteConfig, networkOfAbsurdSize_isTooLarge) {
  ModelConfig config = *parse_model_config(tiny_text());
  config.embed_dim = 8192;
  config.depth = 512;
  config.mlp_dim = 65536;
  config.moe.num_experts = 1024;
  config.moe.expert_dim = 65536;
  EXPECT_TRUE(validate_config(config).ok());
  EXPECT_EQ(validate_complete_config(config).code(), StatusCode::kTooLarge);
}

TEST(ModelConfig, derivedValues_followFromTheSizes) {
  ModelConfig config = *parse_model_config(tiny_text());
  EXPECT_EQ(config.grid_height(), 4);
  EXPECT_EQ(config.grid_width(), 6);
  EXPECT_EQ(config.num_tokens(), 25);
  EXPECT_EQ(config.head_dim(), 8);
  EXPECT_EQ(config.first_moe_block(), 1);
  EXPECT_TRUE(config.is_moe_block(3));
  EXPECT_FALSE(config.is_moe_block(2));
  EXPECT_EQ(config.task_list(), "semseg, normals, depth");
  EXPECT_EQ(config.task_index(TaskKind::kDepth), 2);
  EXPECT_EQ(config.task_index(TaskKind::kEdge), std::nullopt);
  EXPECT_EQ(config.expert_group_start(2), 0);
}

TEST(ModelConfig, tasksShareTheBackbone_unlessARouterTellsThemApart) {
  ModelConfig config = *parse_model_config(tiny_text());
  EXPECT_FALSE(config.tasks_share_backbone());
  config.moe.router = RouterKind::kShared;
  EXPECT_TRUE(config.tasks_share_backbone());
  config.moe.experts_per_task = 2;
  EXPECT_FALSE(config.tasks_share_backbone());
  config.moe.blocks.clear();
  EXPECT_TRUE(config.tasks_share_backbone());
}

/// Full paths of the keys below `value` that hold no object: "moe.top_k", "tasks[i].name".
void collect_keys(const JsonValue& value, const std::string& path, std::vector<std::string>& keys) {
  if (const auto* array = std::get_if<JsonValue::Array>(&value.value)) {
    for (const JsonValue& item : *array) collect_keys(item, path + "[i]", keys);
  } else if (const auto* object = std::get_if<JsonValue::Object>(&value.value)) {
    for (const auto& [name, member] : *object) {
      const std::string key = path.empty() ? name : path + "." + name;
      if (!std::holds_alternative<JsonValue::Object>(member.value)) keys.push_back(key);
      collect_keys(member, key, keys);
    }
  }
}

TEST(ModelFormatDocument, listsEveryKey) {
  const auto document = read_text_file(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "docs/model-format.md", 1 << 20);
  ASSERT_TRUE(document.ok()) << document.status().message();
  std::vector<std::string> keys;
  collect_keys(*parse_json(tiny_text()), "", keys);
  EXPECT_GE(keys.size(), 38u);
  for (const std::string& key : keys) EXPECT_THAT(*document, HasSubstr("`" + key + "`"));
}

TEST(TaskNames, readBack) {
  for (const TaskKind kind : kAllTaskKinds) EXPECT_EQ(task_from_name(task_name(kind)), kind);
  EXPECT_EQ(task_from_name("Depth"), std::nullopt);
}

}  // namespace
}  // namespace edgemoe
