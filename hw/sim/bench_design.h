// The design point that a bench's module was made for.
#ifndef EDGEMOE_SIM_BENCH_DESIGN_H_
#define EDGEMOE_SIM_BENCH_DESIGN_H_

#include <filesystem>
#include <string>

#include "accel/design_point.h"
#include "base/check.h"

namespace edgemoe::sim {

inline const DesignPoint& bench_design() {
  static const DesignPoint design = [] {
#ifdef EDGEMOE_BENCH_DESIGN_FILE
    const std::filesystem::path file = EDGEMOE_BENCH_DESIGN_FILE;
#else
    const std::filesystem::path folder = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/accelerators";
    const std::filesystem::path file = folder / (std::string(EDGEMOE_BENCH_DESIGN) + ".json");
#endif
    const Result<DesignPoint> loaded = load_design_point(file);
    EDGEMOE_CHECK(loaded.ok());
    return *loaded;
  }();
  return design;
}

/// Rounded up.
constexpr int divided_up(int a, int b) { return (a + b - 1) / b; }

/// log2 of a power of two.
constexpr int levels(int lanes) { return lanes <= 1 ? 0 : 1 + levels(lanes / 2); }

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_BENCH_DESIGN_H_
