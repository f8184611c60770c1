// What a design point takes of its part, from Yosys' counts of its units at one size (docs/rtl.md, hw/synth/report).
#ifndef EDGEMOE_ACCEL_COST_RESOURCES_H_
#define EDGEMOE_ACCEL_COST_RESOURCES_H_

#include <string>
#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/workload.h"
#include "accel/design_point.h"
#include "model/config.h"

namespace edgemoe {

struct Resources {
  double dsp = 0;
  double bram36 = 0;
  double lut = 0;
  double ff = 0;

  Resources operator+(const Resources& other) const {
    return {dsp + other.dsp, bram36 + other.bram36, lut + other.lut, ff + other.ff};
  }
  Resources operator*(double factor) const { return {dsp * factor, bram36 * factor, lut * factor, ff * factor}; }
};

struct ResourcePart {
  std::string name;
  Resources used;
  std::string basis;  // "synthesised unit, scaled", "arithmetic", "assumed"
};

/// Modelled, unit by unit: DSPs and block RAM by arithmetic on the sizes, LUTs and flip-flops from units that Yosys
/// synthesised at 32 lanes, in proportion to the lanes; what is not built yet is assumed and says so. Formats wider
/// than 8 bits, which the RTL does not have, take DSPs and memory by their widths, LUTs and flip-flops in proportion.
std::vector<ResourcePart> estimate_resources(const DesignPoint& design, const NumberFormat& format,
                                             const ModelConfig& config, const FrameSpec& spec = {});

Resources sum(const std::vector<ResourcePart>& parts);

/// Block RAMs (halves count) of a memory with one port to write and one to read.
double bram36_of(double width_bits, double words);

/// The largest share that any kind takes of the part, 1: all of it.
double part_share(const Resources& used, const DesignPoint::Part& part);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_RESOURCES_H_
