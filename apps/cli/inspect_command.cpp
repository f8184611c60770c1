// edgemoe inspect: what is in a model file.
#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "model/model_file.h"

namespace edgemoe::cli {
namespace {

struct InspectOptions {
  std::filesystem::path model;
  bool tensors = false;
  bool json = false;
};

std::string describe_moe(const ModelConfig& config) {
  const MoeConfig& moe = config.moe;
  if (moe.blocks.empty()) return "none (a plain ViT)";
  std::string text =
      fmt::format("{} blocks of {} experts, top {}, hidden {}, router {}, rule {}", moe.blocks.size(), moe.num_experts,
                  moe.top_k, moe.expert_dim, router_kind_name(moe.router), router_rule_name(moe.rule));
  if (moe.gate_input_ahead) text += ", gate sees the block's input";
  if (moe.experts_per_task > 0) text += fmt::format(", {} experts a task", moe.experts_per_task);
  if (moe.prune_threshold) text += fmt::format(", weights up to {} pruned", *moe.prune_threshold);
  return text;
}

void print_text(const ModelFile& model, bool tensors) {
  const ModelConfig& config = model.config();
  fmt::print("model      {}\n", for_terminal(config.name));
  for (const auto& [key, value] : model.metadata()) {
    if (key != "edgemoe.config") fmt::print("           {}\n", for_terminal(fmt::format("{} = {}", key, value)));
  }
  fmt::print("input      {}x{} RGB, {}, mean [{}, {}, {}], deviation [{}, {}, {}]\n", config.input.height,
             config.input.width, input_resize_name(config.input.resize), config.input.mean[0], config.input.mean[1],
             config.input.mean[2], config.input.deviation[0], config.input.deviation[1], config.input.deviation[2]);
  fmt::print("tokens     {} ({}x{} patches of {} and the class token), width {}\n", config.num_tokens(),
             config.grid_height(), config.grid_width(), config.patch_size, config.embed_dim);
  fmt::print("blocks     {}, {} heads, MLP {}\n", config.depth, config.num_heads, config.mlp_dim);
  fmt::print("experts    {}\n", describe_moe(config));
  if (config.head.present) {
    const bool shuffled = config.head.upsampling == Upsampling::kPixelShuffle;
    fmt::print("heads      {} stages of {} channels, x{} each{}, first kernel {}\n", config.head.num_stages,
               config.head.channels, config.head.upsample, shuffled ? " by pixel shuffle" : "",
               config.head.first_kernel);
  } else {
    fmt::print("heads      none (a backbone: taps only)\n");
  }
  for (const TaskConfig& task : config.tasks) {
    fmt::print("task       {}: {} outputs{}{}\n", task_name(task.kind), task.outputs, task.unit.empty() ? "" : ", in ",
               task.unit);
  }
  std::size_t values = 0;
  std::size_t bytes = 0;
  for (const std::string& name : model.tensor_names()) {
    const TensorView& view = model.tensor(name);
    values += static_cast<std::size_t>(view.shape.num_elements());
    bytes += view.bytes.size();
    if (tensors) fmt::print("           {:<55} {:<18} {}\n", name, view.shape.to_string(), dtype_name(view.dtype));
  }
  const bool integers = model.numbers() == StoredNumbers::kIntegers;
  fmt::print("weights    {} values, {} bytes{}\n", values, bytes,
             integers ? ", integers (--type int8, reference)" : "");
  if (!model.unused().empty()) {
    fmt::print("unused     {} tensors that the network has no place for, first {}\n", model.unused().size(),
               printable(model.unused().front()));
  }
}

void print_json(const ModelFile& model) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const std::string& name : model.tensor_names()) {
    const TensorView& view = model.tensor(name);
    tensors.push_back({{"name", name},
                       {"shape", std::vector<std::int64_t>(view.shape.dims().begin(), view.shape.dims().end())},
                       {"type", dtype_name(view.dtype)}});
  }
  nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
  for (const auto& [key, value] : model.metadata()) {
    if (key != "edgemoe.config") metadata[key] = value;
  }
  const nlohmann::ordered_json root = {{"config", nlohmann::ordered_json::parse(model_config_to_json(model.config()))},
                                       {"numbers", model.numbers() == StoredNumbers::kIntegers ? "integers" : "floats"},
                                       {"metadata", metadata},
                                       {"tensors", tensors},
                                       {"unused", model.unused()}};
  fmt::print("{}\n", root.dump(2));
}

}  // namespace

Command add_inspect_command(CLI::App& tool) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* app = tool.add_subcommand("inspect", "Show what is in a model file");
  app->add_option("MODEL", options->model, "Model file, or the name of a model that came with edgemoe")->required();
  app->add_flag("--tensors", options->tensors, "List every tensor with its shape and type");
  app->add_flag("--json", options->json, "Configuration, metadata and tensors as JSON");
  app->footer("Example:\n  edgemoe inspect model.safetensors --tensors");
  return {app, [options]() -> ExitCode {
            if (const Status status = find_model(options->model); !status.ok()) return fail(status);
            const Result<ModelFile> model = ModelFile::open(options->model);
            if (!model.ok()) return fail(model.status());
            if (options->json) {
              print_json(*model);
            } else {
              print_text(*model, options->tensors);
            }
            return kDone;
          }};
}

}  // namespace edgemoe::cli
