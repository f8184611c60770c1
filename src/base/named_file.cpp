#include "base/named_file.h"

#include <set>
#include <system_error>

#include "base/text.h"

namespace edgemoe {

Result<std::filesystem::path> find_named(const NamedFiles& files, const std::filesystem::path& name_or_path) {
  std::error_code ignored;
  // What can be no name is a path, and whoever opens it says what is wrong with it. A folder does not hide a name.
  if (name_or_path.extension() == files.extension || name_or_path.has_parent_path() ||
      std::filesystem::is_regular_file(name_or_path, ignored)) {
    return name_or_path;
  }
  for (const std::filesystem::path& folder : files.folders) {
    std::filesystem::path candidate = folder / name_or_path;
    candidate += files.extension;
    if (std::filesystem::is_regular_file(candidate, ignored)) return candidate;
  }
  if (std::filesystem::exists(name_or_path, ignored)) return name_or_path;
  const std::vector<std::string> known = list_named(files);
  constexpr std::size_t kNamesInMessage = 40;
  return invalid_argument("no {} \"{}\"; there are {}, or give the path of a {} file", files.what,
                          name_or_path.string(), known.empty() ? "none" : sample(known, kNamesInMessage),
                          files.extension);
}

std::vector<std::string> list_named(const NamedFiles& files) {
  std::set<std::string> names;
  for (const std::filesystem::path& folder : files.folders) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().extension() == files.extension) names.insert(entry->path().stem().string());
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace edgemoe
