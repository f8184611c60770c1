#include "checkpoint/report.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace edgemoe {
namespace {

constexpr std::size_t kNamesShown = 8;

void add_names(std::string& text, std::string_view title, const std::vector<std::string>& names) {
  if (!names.empty()) text += fmt::format("{} ({}): {}\n", title, names.size(), sample(names, kNamesShown));
}

void add_counts(std::string& text, std::string_view title, const std::map<std::string, std::size_t>& counts) {
  if (counts.empty()) return;
  text += fmt::format("{}:", title);
  for (const auto& [name, count] : counts) text += fmt::format(" {} ({} tensors)", printable(name), count);
  text += '\n';
}

}  // namespace

std::string ConvertReport::to_text() const {
  std::string text;
  for (const Input& input : inputs)
    text += fmt::format("read {}: {}, {} tensors\n", input.path, input.format, input.tensors);
  text += fmt::format("{}: {} of {} tensors matched", model, matched, expected);
  text += parameters > 0 ? fmt::format(", {} parameters\n", parameters) : "\n";
  add_counts(text, "stripped", stripped);
  add_counts(text, "stored as", types);
  std::vector<std::string> names;
  for (const Renamed& entry : renamed) names.push_back(entry.from + " -> " + entry.to);
  add_names(text, "renamed", names);
  add_names(text, "transposed", transposed);
  for (const Resampled& entry : resampled) {
    text += fmt::format("resampled: {} from {}x{} to {}x{}\n", entry.name, entry.from_height, entry.from_width,
                        entry.to_height, entry.to_width);
  }
  for (const Width& width : widths) {
    text += width.configured == 0 ? fmt::format("read from the weights: {} = {}\n", width.key, width.found)
                                  : fmt::format("read from the weights: {} = {} (the configuration says {})\n",
                                                width.key, width.found, width.configured);
  }
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const Ignored& entry : ignored) by_reason[entry.reason].push_back(entry.name);
  for (const auto& [reason, ignored_names] : by_reason) add_names(text, "not used, " + reason, ignored_names);
  add_names(text, "left over, unknown", left_over);
  add_names(text, "missing", missing);
  for (const std::string& note : notes) text += "note: " + note + '\n';
  if (!checksum.empty()) text += "weights checksum: " + checksum + '\n';
  if (!output.empty()) text += "written: " + output + '\n';
  return text;
}

std::string ConvertReport::to_json() const {
  using nlohmann::json;
  json root = {{"model", model},
               {"output", output},
               {"expected", expected},
               {"matched", matched},
               {"parameters", parameters > 0 ? json(parameters) : json()},
               {"checksum", checksum.empty() ? json() : json(checksum)},
               {"stripped", stripped},
               {"types", types},
               {"transposed", transposed},
               {"left_over", left_over},
               {"missing", missing},
               {"notes", notes}};
  for (const char* key : {"inputs", "renamed", "resampled", "widths", "ignored"}) root[key] = json::array();
  for (const Input& input : inputs) {
    root["inputs"].push_back({{"path", input.path}, {"format", input.format}, {"tensors", input.tensors}});
  }
  for (const Renamed& entry : renamed) root["renamed"].push_back({{"from", entry.from}, {"to", entry.to}});
  for (const Resampled& entry : resampled) {
    root["resampled"].push_back({{"name", entry.name},
                                 {"from", {entry.from_height, entry.from_width}},
                                 {"to", {entry.to_height, entry.to_width}}});
  }
  for (const Width& width : widths) {
    root["widths"].push_back({{"key", width.key}, {"configured", width.configured}, {"found", width.found}});
  }
  for (const Ignored& entry : ignored) root["ignored"].push_back({{"name", entry.name}, {"reason", entry.reason}});
  // Names come from other people's files and may be no UTF-8.
  return root.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace edgemoe
