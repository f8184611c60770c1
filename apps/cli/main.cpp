// The edgemoe command-line tool.
#include <cstdio>
#include <exception>
#include <new>
#include <vector>

#include "cli/command.h"

namespace edgemoe::cli {
namespace {

/// Runs it, and makes an error of what would end the process: no memory left, output that cannot be written.
ExitCode run_command(const Command& command) {
  try {
    const ExitCode code = command.run();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    return fail(Status(StatusCode::kIo, "standard output: cannot write"));
  } catch (const std::bad_alloc&) {
    return fail(
        Status(StatusCode::kTooLarge, "not enough memory for this; try a smaller picture, batch or input size"));
  } catch (const std::exception& error) {
    return fail(Status(StatusCode::kInternal, error.what()));
  }
}

}  // namespace
}  // namespace edgemoe::cli

int main(int argc, char** argv) {
  using namespace edgemoe::cli;
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
      add_run_command(tool),    add_convert_command(tool), add_new_command(tool),   add_inspect_command(tool),
      add_verify_command(tool), add_compare_command(tool), add_doctor_command(tool)};
  try {
    tool.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return tool.exit(error) == 0 ? kDone : kUsage;
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return run_command(command);
  }
  return kUsage;
}
