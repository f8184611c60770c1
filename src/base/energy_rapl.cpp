#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/energy_meter.h"

namespace edgemoe {
namespace {

/// The first line of a small file of the system, or nothing.
std::optional<std::string> first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

std::optional<std::uint64_t> number_in(const std::filesystem::path& path) {
  const std::optional<std::string> line = first_line(path);
  std::uint64_t value = 0;
  if (!line || std::from_chars(line->data(), line->data() + line->size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

class RaplCounter final : public EnergyCounter {
 public:
  RaplCounter(std::string name, std::filesystem::path file, std::uint64_t first, std::uint64_t range)
      : name_(std::move(name)), file_(std::move(file)), last_(first), range_(range) {}

  const std::string& name() const override { return name_; }
  const char* source() const override { return "RAPL"; }
  Result<double> read_joules() override {
    const std::optional<std::uint64_t> now = number_in(file_);
    if (!now) return io_error("{}: cannot be read", file_.string());
    // A counter that stands lower than before has wrapped, once.
    sum_ += *now >= last_ ? *now - last_ : *now + (range_ - last_);
    last_ = *now;
    return static_cast<double>(sum_) * 1e-6;
  }

 private:
  const std::string name_;
  const std::filesystem::path file_;
  std::uint64_t last_;         // microjoules
  const std::uint64_t range_;  // at which it starts anew
  std::uint64_t sum_ = 0;
};

}  // namespace

Result<EnergyCounters> open_rapl(const std::filesystem::path& root) {
  std::error_code error;
  std::vector<std::filesystem::path> zones;
  for (std::filesystem::directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    const std::string zone = entry->path().filename().string();
    // intel-rapl:0 is a package, intel-rapl:0:1 a part of one.
    if (zone.starts_with("intel-rapl:") && std::count(zone.begin(), zone.end(), ':') == 1) {
      zones.push_back(entry->path());
    }
  }
  std::sort(zones.begin(), zones.end());
  EnergyCounters counters;
  std::string unreadable;
  std::string garbled;
  for (const std::filesystem::path& zone : zones) {
    const std::string name = first_line(zone / "name").value_or(zone.filename().string());
    if (!name.starts_with("package")) continue;  // "psys" is the whole platform, packages in it
    const std::filesystem::path file = zone / "energy_uj";
    const std::optional<std::uint64_t> first = number_in(file);
    const std::optional<std::uint64_t> range = number_in(zone / "max_energy_range_uj");
    if (first && range && *range >= *first) {
      counters.push_back(std::make_unique<RaplCounter>(name, file, *first, *range));
    } else if (!first_line(file) || !first_line(zone / "max_energy_range_uj")) {
      unreadable = file.string();
    } else {
      garbled = file.string();
    }
  }
  if (!unreadable.empty()) {
    return io_error("{}: cannot be read; it needs root rights, or 'chmod a+r' by root", unreadable);
  }
  if (!garbled.empty()) {
    return malformed("{}: expected microjoules up to those of max_energy_range_uj beside it, found \"{}\" and \"{}\"",
                     garbled, first_line(garbled).value_or(""),
                     first_line(std::filesystem::path(garbled).parent_path() / "max_energy_range_uj").value_or(""));
  }
  if (counters.empty()) {
    return not_found(
        "no processor package with RAPL in {}; virtual machines have none, Linux has it in the modules "
        "intel_rapl_common and intel_rapl_msr",
        root.string());
  }
  return counters;
}

}  // namespace edgemoe
