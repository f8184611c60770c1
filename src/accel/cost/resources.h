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
  double uram = 0;  // blocks of 4,096 words of 72 bits

  Resources operator+(const Resources& other) const {
    return {dsp + other.dsp, bram36 + other.bram36, lut + other.lut, ff + other.ff, uram + other.uram};
  }
  Resources operator*(double factor) const {
    return {dsp * factor, bram36 * factor, lut * factor, ff * factor, uram * factor};
  }
};

struct ResourcePart {
  std::string name;
  Resources used;
  std::string basis;  // "synthesised unit, scaled", "arithmetic", "assumed"
};

/// Modelled, unit by unit: DSPs and block RAM by arithmetic on the RTL's units and memories, LUTs and flip-flops from
/// what Yosys counts of the whole machine at `zcu102`, in proportion to lanes or on a line through 16 and 32 of them.
/// Formats wider than 8 bits, which the RTL does not have, take DSPs and memory by their widths, LUTs and flip-flops in
/// proportion. The weight ring goes into the part's `ultra_ram` blocks where they hold it.
std::vector<ResourcePart> estimate_resources(const DesignPoint& design, const NumberFormat& format,
                                             const ModelConfig& config, const FrameSpec& spec = {}, int ultra_ram = 0);

Resources sum(const std::vector<ResourcePart>& parts);

/// Block RAMs (halves count) of a memory with one port to write and one to read.
double bram36_of(double width_bits, double words);

/// The largest share that any kind takes of the part, 1: all of it.
double part_share(const Resources& used, const DesignPoint::Part& part, int ultra_ram = 0);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_RESOURCES_H_
