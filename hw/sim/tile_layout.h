// Where the fields of tile_pkg::tile_t stand in a port.
#ifndef EDGEMOE_SIM_TILE_LAYOUT_H_
#define EDGEMOE_SIM_TILE_LAYOUT_H_

#include <cstdint>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "sim/bench.h"

namespace edgemoe::sim {

/// Read where they are declared.
class TileLayout {
 public:
  TileLayout() {
    std::ifstream file(std::string(EDGEMOE_SOURCE_DIR) + "/hw/rtl/tile_pkg.sv");
    const std::regex field(R"(^    (?:mode_e|logic)(?: signed)?(?: \[(\d+):0\])? (\w+);)");
    std::vector<std::pair<std::string, int>> fields;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
      if (line.find("typedef struct packed") != std::string::npos) inside = true;
      if (line.find("} tile_t;") != std::string::npos) break;
      std::smatch match;
      if (!inside || !std::regex_search(line, match, field)) continue;
      const int width = line.find("mode_e") != std::string::npos ? 2 : match[1].matched ? std::stoi(match[1]) + 1 : 1;
      fields.emplace_back(match[2], width);
    }
    int lsb = 0;
    for (auto it = fields.rbegin(); it != fields.rend(); ++it) {
      places_[it->first] = {lsb, it->second};
      lsb += it->second;
    }
  }
  template <typename Port>
  void set(Port& port, const std::string& name, std::int64_t value) const {
    const auto [lsb, width] = places_.at(name);
    set_bits(port, static_cast<std::size_t>(lsb), width, static_cast<std::uint32_t>(value));
  }
  template <typename Port>
  std::uint32_t get(const Port& port, const std::string& name) const {
    const auto [lsb, width] = places_.at(name);
    return get_bits(port, static_cast<std::size_t>(lsb), width);
  }

 private:
  std::map<std::string, std::pair<int, int>> places_;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_TILE_LAYOUT_H_
