// edgemoe convert: a checkpoint to a model file.
#include <fmt/core.h>

#include <cctype>
#include <map>
#include <memory>

#include "checkpoint/convert.h"
#include "cli/command.h"
#include "model/named_config.h"
#include "model/safetensors.h"

namespace edgemoe::cli {
namespace {

struct ConvertCommandOptions {
  std::vector<std::filesystem::path> inputs;
  std::string config;
  std::filesystem::path output;
  std::string dtype = "f32";
  std::string checksum;
  bool strict = false;
  bool no_heads = false;
  bool allow_non_finite = false;
  bool dry_run = false;
  bool json = false;
};

/// What a model file of edgemoe says of its origin (untrained, seed) goes along.
std::map<std::string, std::string, std::less<>> inherited_metadata(const std::vector<std::filesystem::path>& inputs) {
  std::map<std::string, std::string, std::less<>> metadata;
  for (const std::filesystem::path& input : inputs) {
    const Result<SafetensorsFile> file = SafetensorsFile::open(input);
    if (!file.ok()) continue;
    for (const char* key : {"edgemoe.trained", "edgemoe.seed"}) {
      const auto found = file->index().metadata.find(key);
      if (found != file->index().metadata.end()) metadata.insert(*found);
    }
  }
  return metadata;
}

DTypePolicy dtype_policy(std::string_view name) {
  if (name == "keep") return DTypePolicy::kKeep;
  return name == "f16" ? DTypePolicy::kFloat16 : DTypePolicy::kFloat32;
}

ExitCode convert(const ConvertCommandOptions& options) {
  if (options.output.empty() && !options.dry_run) {
    return fail(invalid_argument("convert: give -o FILE, or --dry-run to see what would match"));
  }
  if (options.dry_run && !options.checksum.empty()) {
    return fail(
        invalid_argument("convert: --checksum is of the values, which --dry-run does not read; give one of them"));
  }
  std::string checksum = options.checksum;
  for (char& digit : checksum) digit = static_cast<char>(std::tolower(static_cast<unsigned char>(digit)));
  if (!checksum.empty() &&
      (checksum.size() != 16 || checksum.find_first_not_of("0123456789abcdef") != std::string::npos)) {
    return fail(invalid_argument("--checksum: expected 16 hexadecimal digits as a report has them, found \"{}\"",
                                 options.checksum));
  }
  std::vector<std::filesystem::path> read = config_files(options.config);
  read.insert(read.end(), options.inputs.begin(), options.inputs.end());
  if (const Status status = check_output(options.output, read); !status.ok()) return fail(status);
  Result<ModelConfig> config = load_named_config(options.config, config_folders());
  if (!config.ok()) return fail(config.status());
  ProgressLine progress("tensors");
  const ConvertOptions conversion{
      .inputs = options.inputs,
      .config = std::move(config).value(),
      .output = options.output,
      .dtype = dtype_policy(options.dtype),
      .strictness = options.strict ? Strictness::kStrict : Strictness::kLenient,
      .non_finite = options.allow_non_finite ? NonFinitePolicy::kAllow : NonFinitePolicy::kRefuse,
      .heads = options.no_heads ? HeadChoice::kNone : HeadChoice::kAsConfigured,
      .expected_checksum = checksum,
      .metadata = inherited_metadata(options.inputs),
      .progress = [&](std::size_t done, std::size_t total) { progress.update(done, total); }};
  const Result<ConvertReport> report =
      options.dry_run ? inspect_checkpoint(conversion) : convert_checkpoint(conversion);
  progress.clear();
  if (!report.ok()) return fail(report.status());
  fmt::print("{}\n", options.json ? report->to_json() : report->to_text());
  return report->missing.empty() ? kDone : kFailed;
}

}  // namespace

Command add_convert_command(CLI::App& tool) {
  auto options = std::make_shared<ConvertCommandOptions>();
  CLI::App* app = tool.add_subcommand("convert", "Turn a checkpoint into a model file");
  app->add_option("CHECKPOINT", options->inputs,
                  "PyTorch .pth or .pth.tar, a directory of rank files, safetensors, or folders of float32 files")
      ->required();
  app->add_option("--config", options->config, "Named configuration (edgemoe doctor lists them) or a .json file")
      ->required();
  app->add_option("-o,--output", options->output, "Model file to write");
  app->add_option("--dtype", options->dtype,
                  "Type of the written weights: f32 (exact), keep as stored, or f16 (matrices rounded: half the size)")
      ->check(CLI::IsMember({"f32", "keep", "f16"}))
      ->capture_default_str();
  app->add_option("--checksum", options->checksum, "Fail unless the weights have this checksum (an earlier report's)");
  app->add_flag("--strict", options->strict, "Refuse unknown tensors and a position embedding of another grid");
  app->add_flag("--no-heads", options->no_heads, "Convert the backbone alone");
  app->add_flag("--allow-non-finite", options->allow_non_finite,
                "Accept NaN, infinity and negative variances among the weights");
  app->add_flag("--dry-run", options->dry_run,
                "Say what would match: names, shapes, grids; read no values, write nothing");
  app->add_flag("--json", options->json, "Print the report as JSON");
  app->footer(
      "Nothing in a checkpoint is executed, and no Python is needed. docs/checkpoints.md has the details.\n"
      "Examples:\n"
      "  edgemoe convert model_best.pth.tar --config m3vit-small-nyud -o model.safetensors\n"
      "  edgemoe convert weights/ experts/ --config edgemoe-cityscapes --no-heads -o backbone.safetensors");
  return {app, [options] { return convert(*options); }};
}

}  // namespace edgemoe::cli
