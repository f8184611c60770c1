#include "cli/run_inputs.h"

#include <algorithm>
#include <system_error>

#include "image/decode.h"

namespace edgemoe::cli {
namespace {

bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code ignored;
  return std::filesystem::equivalent(a, b, ignored);
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

/// Whether `name` is one of the files of a picture's maps: "<stem>_<map>.png", "<stem>_<map>_color.png", …
bool is_map_name(std::string_view name, std::string_view stem, const std::vector<std::string>& maps) {
  return std::any_of(maps.begin(), maps.end(), [&](const std::string& map) {
    const std::string start = fmt::format("{}_{}", stem, map);
    return name.size() > start.size() && name.starts_with(start) &&
           (name[start.size()] == '.' || name[start.size()] == '_');
  });
}

}  // namespace

std::string unique_stem(const std::filesystem::path& path, std::map<std::string, int>& used) {
  std::string stem = path.stem().string();
  if (used.contains(stem)) stem = path.filename().string();
  const int times = used[stem]++;
  if (times == 0) return stem;
  return unique_stem(stem + "-" + std::to_string(times + 1), used);
}

Result<std::vector<RunInput>> expand_inputs(const RunOptions& options) {
  std::vector<RunInput> inputs;
  std::map<std::string, int> stems;
  const auto add = [&](const std::filesystem::path& path) { inputs.push_back({path, unique_stem(path, stems)}); };
  for (const std::string& input : options.inputs) {
    std::error_code error;
    if (!std::filesystem::is_directory(input, error)) {
      add(input);
      continue;
    }
    if (!options.output.empty() && same_file(options.output, input)) {
      return invalid_argument(
          "-o {}: pictures are read from this folder, and the next run would take the maps for pictures; give the maps "
          "another folder",
          options.output.string());
    }
    EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::filesystem::path> listed, list_pictures(input));
    std::for_each(listed.begin(), listed.end(), add);
  }
  return inputs;
}

Status check_written_files(const RunOptions& options, const std::vector<RunInput>& inputs,
                           const std::vector<std::string>& maps) {
  std::vector<std::filesystem::path> read = {options.model};
  for (const RunInput& input : inputs) read.push_back(input.path);
  EDGEMOE_RETURN_IF_ERROR(check_output(options.dump_taps, read));
  if (options.output.empty()) return {};
  const std::filesystem::path summary = options.output / "summary.json";
  EDGEMOE_RETURN_IF_ERROR(check_output(summary, read));
  if (!options.dump_taps.empty() && same_place(options.dump_taps, summary)) {
    return invalid_argument("--dump-taps {}: the run's summary has this name; give the taps another",
                            options.dump_taps.string());
  }
  if (!options.dump_taps.empty()) read.push_back(options.dump_taps);
  for (const std::filesystem::path& file : read) {
    if (!same_place(folder_of(file), options.output)) continue;
    const std::string name = file.filename().string();
    for (const RunInput& input : inputs) {
      if (!is_map_name(name, input.stem, maps)) continue;
      return invalid_argument("{}: a map of {} would be called so; give -o another folder", file.string(),
                              input.path.string());
    }
  }
  return {};
}

}  // namespace edgemoe::cli
