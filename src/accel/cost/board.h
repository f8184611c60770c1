// A board: the part, its memory and what it draws, configs/boards/*.json. A new board is a new file, no code.
#ifndef EDGEMOE_ACCEL_COST_BOARD_H_
#define EDGEMOE_ACCEL_COST_BOARD_H_

#include <filesystem>
#include <string>
#include <string_view>

#include "accel/design_point.h"
#include "base/status.h"

namespace edgemoe {

/// From … to: what a published constant is known to.
struct Range {
  double low = 0;
  double high = 0;

  double middle() const { return (low + high) / 2; }
  bool contains(double value) const { return low <= value && value <= high; }
  Range operator+(const Range& other) const { return {low + other.low, high + other.high}; }
  Range operator*(double factor) const { return {low * factor, high * factor}; }

  bool operator==(const Range&) const = default;
};

struct Board {
  struct Memory {
    std::string name;
    double gigabytes_per_second = 0;  // peak, 10⁹ bytes
    double efficiency = 1;            // share of it that long bursts reach
    double latency_ns = 0;
  };

  std::string name;
  std::string source;
  DesignPoint::Part part;
  int ultra_ram = 0;  // blocks of 288 Kibit
  int clock_mhz = 0;  // assumed for designs that are made for it
  Memory memory;
  Range static_watts;  // processor side, memory in idle and leakage
};

/// kMalformed for text that is no JSON, a missing or unknown key; kInvalidArgument for a size that cannot be.
Result<Board> parse_board(std::string_view text);
Result<Board> load_board(const std::filesystem::path& path);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_BOARD_H_
