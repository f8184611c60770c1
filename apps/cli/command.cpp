#include "cli/command.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/named_file.h"

namespace edgemoe::cli {
namespace {

/// Bytes of the printable UTF-8 character that `text` begins with; 0 where there is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return first < 0x20 || first == 0x7F ? 0 : 1;
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  // U+0080 to U+009F steer terminals too; overlong forms, surrogates and what lies past U+10FFFF are no characters.
  const bool steers = first == 0xC2 && byte(1) < 0xA0;
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool beyond = (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F);
  return steers || overlong || beyond ? 0 : length;
}

constexpr const char* kModelFolder = "EDGEMOE_MODEL_DIR";
constexpr const char* kModelExtension = ".safetensors";
constexpr const char* kClassMapFolder = "EDGEMOE_CLASS_MAP_DIR";

std::vector<std::filesystem::path> model_folders() { return shipped_folders(kModelFolder, "models"); }

/// Whether `path` would lie in the folder, at any depth.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::path above = std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  while (!error && above.has_relative_path()) {
    above = above.parent_path();
    if (std::filesystem::equivalent(above, folder, error)) return true;
    error.clear();  // what is not there yet is no folder of the input
  }
  return false;
}

}  // namespace

std::string for_terminal(std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text.substr(i));
    clean += length == 0 ? "?" : text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return clean;
}

std::string lines_for_terminal(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    clean += for_terminal(text.substr(0, end));
    if (end == std::string_view::npos) break;
    clean += '\n';
    text.remove_prefix(end + 1);
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
  std::string text = fmt::format("{}: {}", what_, done);
  if (total > 0) text += fmt::format(" of {}", total);
  if (rate > 0) text += fmt::format(", {:.1f} a second", rate);
  if (rate > 0 && total > 0) text += fmt::format(", {:.0f} s left", static_cast<double>(total - done) / rate);
  fmt::print(stderr, "{}{}{}", terminal ? "\r" : "", text, terminal ? "\x1b[K" : "\n");
  shown_ = terminal;
}

void ProgressLine::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

bool same_place(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return std::filesystem::weakly_canonical(a, error) == std::filesystem::weakly_canonical(b, error) && !error;
}

std::vector<std::filesystem::path> config_files(const std::string& name_or_path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(name_or_path, ignored)) return {};  // a name, perhaps that of a folder here
  return {name_or_path};
}

std::vector<std::filesystem::path> shipped_folders(const char* variable, const char* subfolder) {
  std::vector<std::filesystem::path> folders;
  if (const char* chosen = variable == nullptr ? nullptr : std::getenv(variable);
      chosen != nullptr && *chosen != '\0') {
    folders.emplace_back(chosen);
  }
  std::error_code error;
  const std::filesystem::path tool = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back(tool.parent_path().parent_path() / "share" / "edgemoe" / subfolder);
  folders.emplace_back(std::filesystem::path(EDGEMOE_SOURCE_DIR) / subfolder);
  return folders;
}

std::vector<std::filesystem::path> config_folders() { return shipped_folders("EDGEMOE_CONFIG_DIR", "configs/models"); }

std::vector<std::filesystem::path> design_folders() {
  return shipped_folders("EDGEMOE_DESIGN_DIR", "configs/accelerators");
}

std::vector<std::string> list_models() { return list_named({"model", kModelExtension, model_folders()}); }

Status find_model(std::filesystem::path& model) {
  EDGEMOE_ASSIGN_OR_RETURN(model, find_named({"model", kModelExtension, model_folders()}, model));
  return {};
}

Status find_class_map(std::filesystem::path& class_map) {
  if (class_map.empty()) return {};
  const std::vector<std::filesystem::path> folders = shipped_folders(kClassMapFolder, "configs/class-maps");
  EDGEMOE_ASSIGN_OR_RETURN(class_map, find_named({"class map", ".json", folders}, class_map));
  return {};
}

Status check_output(const std::filesystem::path& output, const std::vector<std::filesystem::path>& inputs) {
  for (const std::filesystem::path& input : inputs) {
    std::error_code ignored;
    const bool same = std::filesystem::equivalent(output, input, ignored);
    if (!output.empty() && std::filesystem::is_directory(input, ignored) && lies_in(output, input)) {
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

CLI::Validator number_in(double least, double most) {
  const auto check = [least, most](const std::string& text) -> std::string {
    double value = 0;
    if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) return {};
    return fmt::format("expected a number from {} to {}, found {}", least, most, text);
  };
  return {check, fmt::format("FLOAT in [{} - {}]", least, most)};
}

std::string describe_saturation(const std::vector<SaturatedTensor>& tensors) {
  constexpr std::size_t kNamesShown = 8;
  std::uint64_t total = 0;
  for (const SaturatedTensor& tensor : tensors) total += tensor.count;
  std::string text = fmt::format("{} numbers saturated: ", total);
  for (std::size_t i = 0; i < std::min(kNamesShown, tensors.size()); ++i) {
    text += fmt::format("{}{} in {}", i == 0 ? "" : ", ", tensors[i].count, tensors[i].name);
  }
  if (tensors.size() > kNamesShown) text += fmt::format(", more in {} other tensors", tensors.size() - kNamesShown);
  return text;
}

std::string model_origin(const ModelFile& model) {
  const auto trained = model.metadata().find("edgemoe.trained");
  if (trained == model.metadata().end() || trained->second != "no") return "";
  const auto seed = model.metadata().find("edgemoe.seed");
  return fmt::format(", UNTRAINED (random weights{}): its maps mean nothing",
                     seed == model.metadata().end() ? "" : " of seed " + seed->second);
}

}  // namespace edgemoe::cli
