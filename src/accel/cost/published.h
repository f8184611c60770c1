// Published machines (configs/machines/*.json) and systems (configs/published.json): what was printed about them, and
// the machine that stands for each in the cost model, with what of it is assumed and what was fitted to the printed
// numbers.
#ifndef EDGEMOE_ACCEL_COST_PUBLISHED_H_
#define EDGEMOE_ACCEL_COST_PUBLISHED_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/resources.h"
#include "base/status.h"

namespace edgemoe {

struct PublishedMachine {
  /// Of the part, as printed.
  struct Used {
    int dsp = 0;
    int bram36 = 0;
    int lut = 0;
    int ff = 0;
  };

  std::string title;
  std::string source;
  std::string network;  // name of the configuration that the printed numbers are for
  std::string board;    // name of its file
  Machine machine;
  std::optional<Used> used;  // none: not in our sources
  double latency_ms = 0;     // a frame
  double power_watts = 0;
  /// After each idea is added, kIdeas' order, the machine without any of them first; empty or kIdeas.size() + 1
  /// numbers.
  std::vector<double> ablation_ms;
  std::vector<std::string> assumed;  // keys of the file that no source gives
  std::vector<std::string> fitted;   // keys whose values were chosen so that the printed latencies come out

  bool assumes(std::string_view key) const;
};

/// Printed, or assumed where assumes("used"); none: not in our sources.
std::optional<Resources> resources_of(const PublishedMachine& machine);

/// `board` gives the memory where the file does not. kMalformed for text that is no JSON, a missing or unknown key;
/// kInvalidArgument for a value that cannot be.
Result<PublishedMachine> parse_published_machine(std::string_view text, const Board& board);
/// The board is looked up in `boards` by its name in the file.
Result<PublishedMachine> load_published_machine(const std::filesystem::path& path, const std::filesystem::path& boards);

/// A row of a printed table: latency and power of any processor.
struct PublishedSystem {
  std::string name;
  std::string platform;
  std::string numbers;  // arithmetic
  double latency_ms = 0;
  double power_watts = 0;
  std::string status;  // "published", "published, secondary source"

  double millijoules() const { return latency_ms * power_watts; }
};

struct PublishedTable {
  std::string source;
  std::vector<PublishedSystem> systems;  // at least one: ratios are to the first
};

Result<PublishedTable> parse_published_table(std::string_view text);
Result<PublishedTable> load_published_table(const std::filesystem::path& path);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_PUBLISHED_H_
