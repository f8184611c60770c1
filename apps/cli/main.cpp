// The edgemoe command-line tool.
#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/command.h"

namespace edgemoe::cli {
namespace {

/// Runs it; output that cannot be written is an error too.
ExitCode run_command(const Command& command) {
  const ExitCode code = command.run();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return fail(Status(StatusCode::kIo, "standard output: cannot write"));
}

/// The first argument where a command is due and it is none.
std::optional<std::string> unknown_command(const CLI::App& tool, int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-') return std::nullopt;
  const std::string name = argv[1];
  for (const CLI::App* command : tool.get_subcommands({})) {
    if (command->get_name() == name) return std::nullopt;
  }
  return name;
}

std::string command_names(const CLI::App& tool) {
  std::string names;
  for (const CLI::App* command : tool.get_subcommands({})) {
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  return names;
}

ExitCode run_tool(int argc, char** argv) {
  CLI::App tool(
      "edgemoe: multi-task vision transformers with mixture of experts (M3ViT) at the edge.\n"
      "One picture in, one map per task out.",
      "edgemoe");
  tool.require_subcommand(1);
  tool.set_version_flag("--version", EDGEMOE_VERSION);
  tool.footer(
      "A first run:\n"
      "  edgemoe new edgemoe-cityscapes-light --seed 1 -o model.safetensors   # seeded, untrained\n"
      "  edgemoe run street.jpg --model model.safetensors -o maps\n"
      "With a PyTorch checkpoint of your own:\n"
      "  edgemoe convert checkpoint.pth --config m3vit-small-nyud -o model.safetensors\n"
      "  edgemoe run photo.jpg --model model.safetensors -o maps\n"
      "Exit codes: 0 done, 1 failed, 2 usage. 'edgemoe COMMAND --help' has more.");
  const std::vector<Command> commands = {
      add_run_command(tool),     add_convert_command(tool), add_new_command(tool),      add_quantize_command(tool),
      add_inspect_command(tool), add_verify_command(tool),  add_compare_command(tool),  add_doctor_command(tool),
      add_eval_command(tool),    add_serve_command(tool),   add_estimate_command(tool), add_ablate_command(tool),
      add_explore_command(tool), add_growth_command(tool),  add_energy_command(tool),   add_simulate_command(tool)};
  try {
    tool.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::optional<std::string> command = unknown_command(tool, argc, argv)) {
      return fail(invalid_argument("there is no command \"{}\". Commands: {}; 'edgemoe --help' has more", *command,
                                   command_names(tool)));
    }
    return tool.exit(error) == 0 ? kDone : kUsage;
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return run_command(command);
  }
  return kUsage;
}

}  // namespace
}  // namespace edgemoe::cli

int main(int argc, char** argv) {
  using namespace edgemoe;
  // What would end the process becomes an error: no memory left, and whatever a library throws.
  try {
    return cli::run_tool(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("edgemoe: not enough memory for this; try a smaller picture, batch or input size\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "edgemoe: %s\n", error.what());
  }
  return cli::kFailed;
}
