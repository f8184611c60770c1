#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <variant>

#include "model/config.h"
#include "model/json_reader.h"

namespace edgemoe {
namespace {

using nlohmann::ordered_json;

constexpr std::array kAllInputResizes = {InputResize::kBilinear, InputResize::kBicubic, InputResize::kBilinearAntialias,
                                         InputResize::kBicubicAntialias};
constexpr std::array kAllRouterKinds = {RouterKind::kPerTask, RouterKind::kTaskConditioned, RouterKind::kShared};
constexpr std::array kAllRouterRules = {RouterRule::kSoftmaxThenTopK, RouterRule::kTopKThenSoftmax};

constexpr std::string_view kShuffle = "shuffle";
constexpr std::string_view kLogarithmOf = "ln ";  // before a unit

/// The one activation that M3ViT uses: x · Φ(x) by the error function.
enum class Activation { kGeluErf };
constexpr std::array kAllActivations = {Activation::kGeluErf};
std::string_view activation_name(Activation /*only*/) { return "gelu_erf"; }

InputConfig read_input(const JsonValue& value, Status& status) {
  JsonObjectReader reader(value, "input", {"height", "width", "mean", "deviation", "resize"}, status);
  return {.height = reader.integer("height"),
          .width = reader.integer("width"),
          .mean = reader.fixed_numbers<3>("mean"),
          .deviation = reader.fixed_numbers<3>("deviation"),
          .resize = reader.choice("resize", kAllInputResizes, input_resize_name)};
}

MoeConfig read_moe(const JsonValue& value, Status& status) {
  if (value.is_null()) return {};
  JsonObjectReader reader(value, "moe",
                          {"blocks", "num_experts", "top_k", "expert_dim", "router", "router_rule", "task_dim",
                           "gate_input_ahead", "experts_per_task", "prune_threshold"},
                          status);
  MoeConfig moe = {.blocks = reader.integers("blocks"),
                   .num_experts = reader.integer("num_experts"),
                   .top_k = reader.integer("top_k"),
                   .expert_dim = reader.width("expert_dim"),
                   .router = reader.choice("router", kAllRouterKinds, router_kind_name),
                   .rule = reader.choice("router_rule", kAllRouterRules, router_rule_name),
                   .task_dim = reader.integer("task_dim"),
                   .gate_input_ahead = reader.boolean("gate_input_ahead"),
                   .experts_per_task = reader.integer("experts_per_task"),
                   .prune_threshold = reader.number_or_null("prune_threshold")};
  if (status.ok() && moe.blocks.empty()) {
    status = malformed("moe.blocks: expected at least one block, found none (a plain ViT has \"moe\": null)");
  }
  return moe;
}

/// 2: ×2 bilinear; "shuffle4": ×4 by pixel shuffle.
void read_upsample(JsonObjectReader& reader, HeadConfig& head, Status& status) {
  const auto* text = std::get_if<std::string>(&reader.member("upsample").value);
  if (text == nullptr) {
    head.upsample = reader.integer("upsample");
    return;
  }
  head.upsampling = Upsampling::kPixelShuffle;
  const char* const end = text->data() + text->size();
  const char* const factor = text->data() + std::min(kShuffle.size(), text->size());
  const auto [last, fault] = std::from_chars(factor, end, head.upsample);
  if (text->starts_with(kShuffle) && fault == std::errc() && last == end) return;
  status = malformed("head.upsample: expected 1, 2 or \"shuffle2\" to \"shuffle16\", found \"{}\"", *text);
}

HeadConfig read_head(const JsonValue& value, Status& status) {
  if (value.is_null()) return {.present = false};
  JsonObjectReader reader(value, "head", {"num_stages", "channels", "first_kernel", "upsample"}, status);
  HeadConfig head{.present = true,
                  .num_stages = reader.integer("num_stages"),
                  .channels = reader.integer("channels"),
                  .first_kernel = reader.width("first_kernel")};
  read_upsample(reader, head, status);
  return head;
}

TaskConfig read_task(const JsonValue& value, std::string path, Status& status) {
  JsonObjectReader reader(value, std::move(path), {"name", "outputs", "unit", "class_names"}, status);
  TaskConfig task{.kind = reader.choice("name", kAllTaskKinds, task_name),
                  .outputs = reader.integer("outputs"),
                  .unit = reader.text("unit")};
  task.class_names = reader.texts("class_names");
  task.logarithm = task.unit.starts_with(kLogarithmOf);
  if (task.logarithm) task.unit.erase(0, kLogarithmOf.size());
  return task;
}

ModelConfig read_model(const JsonValue& value, Status& status) {
  JsonObjectReader reader(value, "",
                          {"name", "input", "patch_size", "embed_dim", "depth", "num_heads", "mlp_dim", "layernorm_eps",
                           "batchnorm_eps", "activation", "pos_embed_grid", "moe", "head", "tasks"},
                          status);
  ModelConfig config;
  config.name = reader.text("name");
  config.patch_size = reader.integer("patch_size");
  config.embed_dim = reader.integer("embed_dim");
  config.depth = reader.integer("depth");
  config.num_heads = reader.integer("num_heads");
  config.mlp_dim = reader.width("mlp_dim");
  config.layernorm_eps = reader.number("layernorm_eps");
  config.batchnorm_eps = reader.number("batchnorm_eps");
  reader.choice("activation", kAllActivations, activation_name);
  const auto grid = reader.fixed_integers<2>("pos_embed_grid");
  config.pos_embed_height = grid[0];
  config.pos_embed_width = grid[1];
  if (!status.ok()) return config;
  config.input = read_input(reader.member("input"), status);
  config.moe = read_moe(reader.member("moe"), status);
  config.head = read_head(reader.member("head"), status);
  for (const JsonValue& task : reader.array("tasks")) {
    config.tasks.push_back(read_task(task, fmt::format("tasks[{}]", config.tasks.size()), status));
  }
  return config;
}

/// The double whose decimal form is the shortest that reads back as `value`: 0.485, not 0.48500001430511475.
double shortest(float value) {
  std::array<char, 32> text = {};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double wide = 0;
  std::from_chars(text.data(), end, wide);
  return static_cast<float>(wide) == value ? wide : static_cast<double>(value);
}

ordered_json floats_to_json(const std::array<float, 3>& values) {
  return {shortest(values[0]), shortest(values[1]), shortest(values[2])};
}

ordered_json width_to_json(int width) { return width == 0 ? ordered_json(nullptr) : ordered_json(width); }

ordered_json moe_to_json(const MoeConfig& moe) {
  if (moe.blocks.empty()) return nullptr;
  return {{"blocks", moe.blocks},
          {"num_experts", moe.num_experts},
          {"top_k", moe.top_k},
          {"expert_dim", width_to_json(moe.expert_dim)},
          {"router", router_kind_name(moe.router)},
          {"router_rule", router_rule_name(moe.rule)},
          {"task_dim", moe.task_dim},
          {"gate_input_ahead", moe.gate_input_ahead},
          {"experts_per_task", moe.experts_per_task},
          {"prune_threshold", moe.prune_threshold ? ordered_json(shortest(*moe.prune_threshold)) : nullptr}};
}

ordered_json head_to_json(const HeadConfig& head) {
  if (!head.present) return nullptr;
  return {{"num_stages", head.num_stages},
          {"channels", head.channels},
          {"first_kernel", width_to_json(head.first_kernel)},
          {"upsample", head.upsampling == Upsampling::kPixelShuffle
                           ? ordered_json(fmt::format("{}{}", kShuffle, head.upsample))
                           : ordered_json(head.upsample)}};
}

}  // namespace

Result<ModelConfig> parse_model_config(std::string_view json_text) {
  EDGEMOE_ASSIGN_OR_RETURN(const JsonValue document, parse_json(json_text));
  Status status;
  ModelConfig config = read_model(document, status);
  EDGEMOE_RETURN_IF_ERROR(status);
  EDGEMOE_RETURN_IF_ERROR(validate_config(config));
  return config;
}

std::string model_config_to_json(const ModelConfig& config) {
  ordered_json tasks = ordered_json::array();
  for (const TaskConfig& task : config.tasks) {
    tasks.push_back({{"name", task_name(task.kind)},
                     {"outputs", task.outputs},
                     {"unit", (task.logarithm ? std::string(kLogarithmOf) : "") + task.unit},
                     {"class_names", task.class_names}});
  }
  const InputConfig& input = config.input;
  const ordered_json json = {{"name", config.name},
                             {"input",
                              {{"height", input.height},
                               {"width", input.width},
                               {"mean", floats_to_json(input.mean)},
                               {"deviation", floats_to_json(input.deviation)},
                               {"resize", input_resize_name(input.resize)}}},
                             {"patch_size", config.patch_size},
                             {"embed_dim", config.embed_dim},
                             {"depth", config.depth},
                             {"num_heads", config.num_heads},
                             {"mlp_dim", width_to_json(config.mlp_dim)},
                             {"layernorm_eps", shortest(config.layernorm_eps)},
                             {"batchnorm_eps", shortest(config.batchnorm_eps)},
                             {"activation", activation_name(Activation::kGeluErf)},
                             {"pos_embed_grid", std::array{config.pos_embed_height, config.pos_embed_width}},
                             {"moe", moe_to_json(config.moe)},
                             {"head", head_to_json(config.head)},
                             {"tasks", std::move(tasks)}};
  // A configuration that validate_config accepts has only valid UTF-8; in any other, bad bytes become U+FFFD.
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace edgemoe
