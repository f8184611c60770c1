#include "cli/command.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/thread_pool.h"

namespace edgemoe::cli {

ExitCode fail(const Status& status) {
  fmt::print(stderr, "edgemoe: {}\n", status.message());
  return status.code() == StatusCode::kInvalidArgument ? kUsage : kFailed;
}

void print_note(std::string_view note) { fmt::print(stderr, "{}\n", note); }

void print_progress(std::string_view what, std::size_t done, std::size_t total) {
  static const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (!terminal) return;
  fmt::print(stderr, "\r{}: {} of {}{}", what, done, total, done == total ? "\n" : "");
}

std::vector<std::filesystem::path> config_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* chosen = std::getenv("EDGEMOE_CONFIG_DIR"); chosen != nullptr && *chosen != '\0') {
    folders.emplace_back(chosen);
  }
  std::error_code error;
  const std::filesystem::path tool = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back(tool.parent_path().parent_path() / "share" / "edgemoe" / "configs" / "models");
  folders.emplace_back(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs" / "models");
  return folders;
}

Status check_output(const std::filesystem::path& output, const std::vector<std::filesystem::path>& inputs) {
  for (const std::filesystem::path& input : inputs) {
    std::error_code ignored;
    if (!std::filesystem::equivalent(output, input, ignored)) continue;
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{}: is an input of this command; give the output another name", output.string()));
  }
  return {};
}

int default_threads() { return available_cpus(); }

}  // namespace edgemoe::cli
