#include "cli/cost_flags.h"

#include <fmt/core.h>

#include "base/file.h"
#include "base/named_file.h"
#include "cli/command.h"
#include "model/model_file.h"
#include "model/named_config.h"

namespace edgemoe::cli {
namespace {

constexpr int kMostTasks = 64;
constexpr int kMostBatch = 1024;
constexpr double kMostSpread = 10;
constexpr std::uint64_t kMaxDesignBytes = 1 << 20;
/// What is modelled group by group and head by head must not take long.
constexpr std::int64_t kMostPicks = 4'000'000;
constexpr std::int64_t kMostUnits = 100'000'000;

Result<std::filesystem::path> find_shipped(std::string_view what, const char* subfolder, const std::string& name) {
  const std::vector<std::filesystem::path> folders = shipped_folders(nullptr, subfolder);
  return find_named({what, ".json", folders}, name);
}

Status check_number(std::string_view option, double value, double least, double most) {
  if (value >= least && value <= most) return {};
  return Status(StatusCode::kInvalidArgument,
                fmt::format("{}: expected a number from {} to {}, found {}", option, least, most, value));
}

}  // namespace

void CostFlags::add_model(CLI::App& app) {
  app.add_option("--model", model, "Network: name of a configuration or model, or a file of either")
      ->capture_default_str();
}

void CostFlags::add_design(CLI::App& app) {
  app.add_option("--design", design, "Design point: name (configs/accelerators) or file")->capture_default_str();
  app.add_option("--format", format, "Bits of weights and activations, wNaM; the RTL computes w8a8 alone")
      ->capture_default_str();
}

void CostFlags::add_board(CLI::App& app) {
  app.add_option("--board", board, "Board, for its memory and power: name (configs/boards) or file")
      ->capture_default_str();
}

void CostFlags::add_frames(CLI::App& app) {
  app.add_option("--tasks", tasks, "Tasks of each picture, which part at the first router")->capture_default_str();
  app.add_option("--batch", batch, "Pictures that share each load of a weight")->capture_default_str();
  app.add_option("--spread", spread, "Unevenness of the experts' queues; 0: all even")->capture_default_str();
  app.add_option("--routing", routing, "Queues as counted by 'edgemoe eval --routing --json' instead");
}

Result<CostSetup> CostFlags::load() const {
  EDGEMOE_RETURN_IF_ERROR(check_number("--tasks", tasks, 1, kMostTasks));
  EDGEMOE_RETURN_IF_ERROR(check_number("--batch", batch, 1, kMostBatch));
  EDGEMOE_RETURN_IF_ERROR(check_number("--spread", spread, 0, kMostSpread));
  CostSetup setup;
  setup.spec = {.batch = batch, .tasks = tasks};
  EDGEMOE_ASSIGN_OR_RETURN(setup.network, load_network(model));
  EDGEMOE_ASSIGN_OR_RETURN(const std::filesystem::path design_file,
                           find_shipped("design point", "configs/accelerators", design));
  EDGEMOE_ASSIGN_OR_RETURN(setup.design, load_design_point(design_file));
  EDGEMOE_ASSIGN_OR_RETURN(setup.design_text, read_text_file(design_file, kMaxDesignBytes));
  EDGEMOE_ASSIGN_OR_RETURN(setup.board, load_named_board(board));
  EDGEMOE_ASSIGN_OR_RETURN(setup.format, parse_number_format(format));
  const int streams = setup.spec.last_streams(setup.network);
  const std::int64_t picks = std::int64_t{setup.network.num_tokens()} * std::max(1, setup.network.moe.top_k) * streams;
  if (picks > kMostPicks) {
    return Status(
        StatusCode::kInvalidArgument,
        fmt::format("{} tokens · experts a token · tasks · batch are more than the {} that are modelled; give "
                    "fewer tasks or a smaller batch",
                    picks, kMostPicks));
  }
  const std::int64_t rows = std::int64_t{setup.network.num_tokens()} * streams;
  const std::int64_t units = rows * setup.network.num_heads * setup.network.depth;
  if (units > kMostUnits) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{} tokens · heads · blocks · tasks · batch are more than the {} that are modelled; give "
                              "fewer tasks, a smaller batch or a smaller network",
                              units, kMostUnits));
  }
  if (routing.empty()) {
    setup.queues = make_queues(setup.network, streams, spread);
  } else {
    EDGEMOE_ASSIGN_OR_RETURN(setup.queues, load_queues(routing, setup.network, streams));
  }
  return setup;
}

Result<ModelConfig> load_network(const std::string& name_or_path) {
  std::filesystem::path file = name_or_path;
  Result<ModelConfig> config = load_named_config(name_or_path, config_folders());
  const bool unknown = !config.ok() && config.status().code() == StatusCode::kInvalidArgument;
  if (file.extension() == ".safetensors" || (unknown && find_model(file).ok())) {
    EDGEMOE_ASSIGN_OR_RETURN(const ModelFile model, ModelFile::open(file));
    return model.config();
  }
  if (!config.ok()) return config.status();
  EDGEMOE_RETURN_IF_ERROR(validate_complete_config(*config));
  return config;
}

Result<Board> load_named_board(const std::string& name_or_path) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::filesystem::path file, find_shipped("board", "configs/boards", name_or_path));
  return load_board(file);
}

Result<PublishedMachine> load_machine(const std::string& name_or_path) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::filesystem::path file, find_shipped("machine", "configs/machines", name_or_path));
  for (const std::filesystem::path& boards : shipped_folders(nullptr, "configs/boards")) {
    if (std::filesystem::is_directory(boards)) return load_published_machine(file, boards);
  }
  return Status(StatusCode::kNotFound, "configs/boards is not there: the installation is not whole");
}

std::vector<std::string> list_machines() {
  const std::vector<std::filesystem::path> folders = shipped_folders(nullptr, "configs/machines");
  return list_named({"machine", ".json", folders});
}

Result<PublishedTable> load_platforms() {
  EDGEMOE_ASSIGN_OR_RETURN(const std::filesystem::path file, find_shipped("table", "configs", "published"));
  return load_published_table(file);
}

Result<bool> is_published_network(const PublishedMachine& machine, const ModelConfig& network) {
  Result<ModelConfig> found = load_network(machine.network);
  if (!found.ok()) return found.status().with_context(machine.title);
  ModelConfig published = *found;
  // What costs nothing, or nothing that is modelled, may differ.
  published.name = network.name;
  published.input.mean = network.input.mean;
  published.input.deviation = network.input.deviation;
  published.input.resize = network.input.resize;
  published.layernorm_eps = network.layernorm_eps;
  published.batchnorm_eps = network.batchnorm_eps;
  published.pos_embed_height = network.pos_embed_height;
  published.pos_embed_width = network.pos_embed_width;
  published.head = network.head;
  published.tasks = network.tasks;
  return published == network;
}

Status refuse_beside(const CLI::App& app, const std::string& option, const std::vector<std::string>& others) {
  if (app.get_option(option)->count() == 0) return {};
  std::string given;
  for (const std::string& other : others) {
    if (app.get_option(other)->count() > 0) given += fmt::format("{}{}", given.empty() ? "" : ", ", other);
  }
  if (given.empty()) return {};
  return Status(StatusCode::kInvalidArgument,
                fmt::format("{}: would change nothing beside {}; leave one out", given, option));
}

std::string describe_network(const ModelConfig& network) {
  std::string text = fmt::format("{} tokens of {}, {} blocks", network.num_tokens(), network.embed_dim, network.depth);
  if (!network.moe.blocks.empty()) {
    text += fmt::format(", {} experts in {} of them, top {}", network.moe.num_experts, network.moe.blocks.size(),
                        network.moe.top_k);
  }
  return text;
}

Status write_report(const std::filesystem::path& path, const std::string& text) {
  EDGEMOE_RETURN_IF_ERROR(write_file(path, std::string_view(text)));
  print_note(fmt::format("written: {}", path.string()));
  return {};
}

}  // namespace edgemoe::cli
