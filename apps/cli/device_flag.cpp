#include "cli/device_flag.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/named_file.h"
#include "cli/command.h"

namespace edgemoe::cli {
namespace {

constexpr const char* kDefaultDesign = "zcu102";

/// Folders that simulators may lie in: that of the environment, that of the tool, that of programs which are not for
/// users.
std::vector<std::filesystem::path> simulator_folders() {
  std::vector<std::filesystem::path> folders;
  const char* const chosen = std::getenv("EDGEMOE_SIMULATOR_DIR");
  if (chosen != nullptr && *chosen != '\0') folders.emplace_back(chosen);
  std::error_code error;
  const std::filesystem::path tool = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    folders.push_back(tool.parent_path());
    folders.push_back(tool.parent_path().parent_path() / "libexec" / "edgemoe");
  }
  return folders;
}

Result<std::unique_ptr<Device>> open_simulator(DesignPoint design, const SimulatorMemory& memory) {
  const std::string program = "edgemoe-sim-" + design.name;
  std::vector<std::string> looked;
  for (const std::filesystem::path& folder : simulator_folders()) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(folder / program, ignored)) {
      return start_simulator(folder / program, std::move(design), memory);
    }
    looked.push_back(folder.string());
  }
  return invalid_argument(
      "there is no simulator of design point {}: {} is not in {}. Where Verilator is installed, "
      "'scripts/build-simulator FILE.json' makes it of the design point's file; "
      "interpreter:{} computes the same numbers without a clock",
      design.name, program, fmt::join(looked, ", "), design.name);
}

}  // namespace

std::vector<std::string> list_designs() {
  const std::vector<std::filesystem::path> folders = design_folders();
  return list_named({"design point", ".json", folders});
}

Result<DesignPoint> find_design(const std::string& name_or_path) {
  const std::vector<std::filesystem::path> folders = design_folders();
  EDGEMOE_ASSIGN_OR_RETURN(const std::filesystem::path path,
                           find_named({"design point", ".json", folders}, name_or_path));
  return load_design_point(path);
}

Result<std::unique_ptr<Device>> open_device(const std::string& name, const SimulatorMemory& memory) {
  const std::size_t colon = name.find(':');
  const std::string kind = name.substr(0, colon);
  if (kind != "interpreter" && kind != "sim") {
    return invalid_argument(
        "--device: expected sim:DESIGN, a simulation of the RTL, or interpreter:DESIGN, its programs without a clock; "
        "found {}. Design points: {}",
        name, fmt::join(list_designs(), ", "));
  }
  EDGEMOE_ASSIGN_OR_RETURN(DesignPoint design,
                           find_design(colon == std::string::npos ? kDefaultDesign : name.substr(colon + 1)));
  if (kind == "sim") return open_simulator(std::move(design), memory);
  return make_interpreter_device(std::move(design));
}

}  // namespace edgemoe::cli
