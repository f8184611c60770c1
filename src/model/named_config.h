// Configurations by name.
#ifndef EDGEMOE_MODEL_NAMED_CONFIG_H_
#define EDGEMOE_MODEL_NAMED_CONFIG_H_

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "model/config.h"

namespace edgemoe {

/// Reads a configuration: `name_or_path` is the path of a .json file, or the name of one in one of `folders` (first hit
/// wins). kInvalidArgument with the names that there are.
Result<ModelConfig> load_named_config(const std::string& name_or_path, std::span<const std::filesystem::path> folders);

/// Names of all configurations in `folders`, sorted.
std::vector<std::string> list_named_configs(std::span<const std::filesystem::path> folders);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_NAMED_CONFIG_H_
