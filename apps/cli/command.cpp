#include "cli/command.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace edgemoe::cli {

std::string for_terminal(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\n') || code == 0x7F) c = '?';
  }
  return clean;
}

ExitCode fail(const Status& status) {
  fmt::print(stderr, "edgemoe: {}\n", for_terminal(status.message()));
  return status.code() == StatusCode::kInvalidArgument ? kUsage : kFailed;
}

void print_note(std::string_view note) { fmt::print(stderr, "{}\n", for_terminal(note)); }

void ProgressLine::update(std::size_t done, std::size_t total) {
  static const bool terminal = ::isatty(STDERR_FILENO) == 1;
  constexpr std::chrono::seconds kEvery(10);
  const Clock::time_point now = Clock::now();
  if (!terminal && now - last_line_ < kEvery) return;
  last_line_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  std::string text = fmt::format("{}: {} of {}", what_, done, total);
  if (rate > 0) text += fmt::format(", {:.1f} a second, {:.0f} s left", rate, static_cast<double>(total - done) / rate);
  fmt::print(stderr, "{}{}{}", terminal ? "\r" : "", text, terminal ? "\x1b[K" : "\n");
  shown_ = terminal;
}

void ProgressLine::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
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
    const bool same = std::filesystem::equivalent(output, input, ignored);
    const bool inside =
        std::filesystem::is_directory(input, ignored) &&
        std::filesystem::equivalent(output.has_parent_path() ? output.parent_path() : ".", input, ignored);
    if (inside) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("{}: lies in {}, which this command reads; give the output another place",
                                output.string(), input.string()));
    }
    if (!same) continue;
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{}: is an input of this command; give the output another name", output.string()));
  }
  return {};
}

}  // namespace edgemoe::cli
