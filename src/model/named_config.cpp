#include "model/named_config.h"

#include "base/file.h"
#include "base/named_file.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1 << 20;

NamedFiles named_configs(std::span<const std::filesystem::path> folders) {
  return {.what = "configuration", .extension = ".json", .folders = folders};
}

Result<ModelConfig> read_config(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMaxConfigBytes));
  Result<ModelConfig> config = parse_model_config(text);
  if (!config.ok()) return config.status().with_context(path.string());
  return config;
}

}  // namespace

Result<ModelConfig> load_named_config(const std::string& name_or_path, std::span<const std::filesystem::path> folders) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::filesystem::path path, find_named(named_configs(folders), name_or_path));
  return read_config(path);
}

std::vector<std::string> list_named_configs(std::span<const std::filesystem::path> folders) {
  return list_named(named_configs(folders));
}

}  // namespace edgemoe
