#include "model/named_config.h"

#include <set>

#include "base/file.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;
constexpr std::string_view kExtension = ".json";

Result<ModelConfig> read_config(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMaxConfigBytes));
  Result<ModelConfig> config = parse_model_config(text);
  if (!config.ok()) return config.status().with_context(path.string());
  return config;
}

}  // namespace

Result<ModelConfig> load_named_config(const std::string& name_or_path, std::span<const std::filesystem::path> folders) {
  const std::filesystem::path path = name_or_path;
  if (path.extension() == kExtension) return read_config(path);
  std::error_code ignored;
  for (const std::filesystem::path& folder : folders) {
    const std::filesystem::path candidate = folder / (name_or_path + std::string(kExtension));
    if (!path.has_parent_path() && std::filesystem::is_regular_file(candidate, ignored)) return read_config(candidate);
  }
  std::string known;
  for (const std::string& name : list_named_configs(folders)) known += (known.empty() ? "" : ", ") + name;
  return invalid_argument("no configuration \"{}\"; there are {}, or give the path of a .json file", name_or_path,
                          known.empty() ? "none" : known);
}

std::vector<std::string> list_named_configs(std::span<const std::filesystem::path> folders) {
  std::set<std::string> names;
  for (const std::filesystem::path& folder : folders) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().extension() == kExtension) names.insert(entry->path().stem().string());
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace edgemoe
