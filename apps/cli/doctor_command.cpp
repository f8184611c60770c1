// edgemoe doctor: what this machine and this build have, and what each missing thing disables.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/thread_pool.h"
#include "cli/clips.h"
#include "cli/command.h"
#include "cli/device_flag.h"
#include "image/video.h"
#include "model/named_config.h"
#include "pipeline/pipeline.h"

namespace edgemoe::cli {
namespace {

/// An optional program and what is lost without it.
struct OptionalTool {
  const char* program;
  const char* package;
  const char* serves;
  const char* how = "Debian: apt install";
};

constexpr OptionalTool kOptionalTools[] = {
    {"clang++-14", "clang-14 libclang-rt-14-dev", "fuzzing (make fuzz)"},
    {"clang-format-14", "clang-format-14", "the format check (make format)"},
    {"clang-tidy-14", "clang-tidy-14", "the linter (make lint)"},
    {"aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu", "the ARM cross build (make arm)"},
    {"qemu-aarch64", "qemu-user", "running the ARM build's tests (make arm)"},
    {"ccache", "ccache", "faster rebuilds"},
    {"python3", "python3", "the benchmark against other programs, golden value scripts"},
    {"edgemoe-scenes", "libembree-dev", "rendered streets and rooms with ground truth (training/scenes/README.md)",
     "build it beside edgemoe with Debian's"},
};

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, colon)) / program;
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error)) return true;
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return false;
}

/// Our own other program lies beside this one, before it is installed too.
bool is_here(const OptionalTool& tool) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error && std::filesystem::is_regular_file(self.parent_path() / tool.program, error)) return true;
  return on_path(tool.program);
}

ExitCode diagnose(bool json) {
  const std::vector<std::string> isas = instruction_sets();
  const std::vector<std::string> configs = list_named_configs(config_folders());
  const std::vector<std::string> models = list_models();
  if (json) {
    nlohmann::ordered_json tools = nlohmann::ordered_json::array();
    for (const OptionalTool& tool : kOptionalTools) {
      tools.push_back({{"program", tool.program}, {"found", is_here(tool)}, {"serves", tool.serves}});
    }
    const nlohmann::ordered_json root = {
        {"version", EDGEMOE_VERSION}, {"threads", available_cpus()}, {"instruction_sets", isas},
        {"best", isas.back()},        {"video", video_supported()},  {"configurations", configs},
        {"models", models},           {"clips", list_clips()},       {"design_points", list_designs()},
        {"optional_tools", tools}};
    fmt::print("{}\n", root.dump(2));
    return configs.empty() ? kFailed : kDone;
  }
  fmt::print("edgemoe {}\n", EDGEMOE_VERSION);
  fmt::print("threads            {}\n", available_cpus());
  fmt::print("instruction sets   {} (best last)\n", fmt::format("{}", fmt::join(isas, ", ")));
  fmt::print("engines            float, int8, reference\n");
  fmt::print("video              {}\n",
             video_supported() ? "read and written with FFmpeg" : video_unsupported().message());
  if (configs.empty()) {
    fmt::print("configurations     none found: 'new' and 'convert' need a .json file; set EDGEMOE_CONFIG_DIR\n");
  } else {
    fmt::print("configurations     {}\n", fmt::format("{}", fmt::join(configs, ", ")));
  }
  if (models.empty()) {
    fmt::print("models             none found: give run and eval a file with --model, or set EDGEMOE_MODEL_DIR\n");
  } else {
    fmt::print("models             {}\n", fmt::format("{}", fmt::join(models, ", ")));
  }
  fmt::print("clips              {}\n",
             list_clips().empty() ? "none found" : fmt::format("{}", fmt::join(list_clips(), ", ")));
  fmt::print("design points      {}\n", fmt::format("{}", fmt::join(list_designs(), ", ")));
  fmt::print("optional tools (nothing here stops edgemoe run)\n");
  for (const OptionalTool& tool : kOptionalTools) {
    if (is_here(tool)) {
      fmt::print("  found    {:<22} {}\n", tool.program, tool.serves);
    } else {
      fmt::print("  missing  {:<22} without it: no {} ({} {})\n", tool.program, tool.serves, tool.how, tool.package);
    }
  }
  return configs.empty() ? kFailed : kDone;
}

}  // namespace

Command add_doctor_command(CLI::App& tool) {
  auto json = std::make_shared<bool>(false);
  CLI::App* app =
      tool.add_subcommand("doctor", "Say what this machine has and what each missing optional thing disables");
  app->add_flag("--json", *json, "The same as JSON");
  app->footer(
      "Exit code 1 when no named configuration is found.\nExamples:\n  edgemoe doctor\n  edgemoe doctor --json");
  return {app, [json] { return diagnose(*json); }};
}

}  // namespace edgemoe::cli
