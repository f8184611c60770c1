// Files that go by a name: models, configurations, class maps.
#ifndef EDGEMOE_BASE_NAMED_FILE_H_
#define EDGEMOE_BASE_NAMED_FILE_H_

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace edgemoe {

/// One kind of them: "<name><extension>" in any of the folders.
struct NamedFiles {
  std::string_view what;       // "model", for messages
  std::string_view extension;  // ".safetensors"
  std::span<const std::filesystem::path> folders;
};

/// The file that is meant: `name_or_path` itself where it ends in the extension or is a file, else the one of that name
/// in the first folder that has it. kInvalidArgument with the names that there are.
Result<std::filesystem::path> find_named(const NamedFiles& files, const std::filesystem::path& name_or_path);

/// All names, sorted.
std::vector<std::string> list_named(const NamedFiles& files);

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_NAMED_FILE_H_
