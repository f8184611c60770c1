#include "accel/cost/energy.h"

#include <array>

namespace edgemoe {
namespace {

// Where a source says "recalled", the publication was not at hand when the number was written down: to be checked.
constexpr std::string_view kPowerEstimator =
    "AMD power estimator for UltraScale+ (UG440), -2 parts, default toggle rates; recalled, to be checked";
constexpr std::string_view kGreavesDsp =
    "high: half of the 23 pJ a multiply of Xilinx' spreadsheet for 28 nm (D. J. Greaves, Cambridge, lecture notes on "
    "SoC "
    "design), halved for 16 nm: assumed; low: recalled";
constexpr std::string_view kGreavesBram =
    "around twice 8.5 pJ, a read of a 36 Kibit block in Xilinx' spreadsheet for 28 nm, writes 10 % less (D. J. "
    "Greaves, "
    "Cambridge, lecture notes on SoC design); low: recalled";

constexpr EnergyConstant kDsp = {"DSP48E2", "pJ a cycle", {2.5, 12.0}, kGreavesDsp};
constexpr EnergyConstant kBram = {"RAMB36E2, both ports", "pJ a cycle", {5.0, 25.0}, kGreavesBram};
constexpr double kUramInBram = 2;  // a port as wide, eight times as deep: assumed
constexpr EnergyConstant kLut = {"LUT, with wires and clock", "pJ a cycle", {0.012, 0.05}, kPowerEstimator};
constexpr EnergyConstant kFlipFlop = {"flip-flop, with clock", "pJ a cycle", {0.003, 0.012}, kPowerEstimator};
constexpr EnergyConstant kDram = {
    "DRAM, device and interface",
    "pJ a bit",
    {10.0, 40.0},
    "high: M. Horowitz, ISSCC 2014 (1.3 to 2.6 nJ for 64 bits); low: DDR4 after O'Connor et al., MICRO 2017; "
    "figures recalled, not read again"};
constexpr EnergyConstant kIdle = {"unit without work",
                                  "share of a busy one's",
                                  {0.2, 1.0},
                                  "low: assumed (clock without data); high: tools' default, all units busy"};

constexpr std::array kConstants = {kDsp, kBram, kLut, kFlipFlop, kDram, kIdle};

}  // namespace

std::span<const EnergyConstant> energy_constants() { return kConstants; }

EnergyCost estimate_energy(const FrameCost& frame, const Resources& used, double clock_mhz, const Range& static_watts) {
  constexpr double kPicoToMilli = 1e-9;
  const double cycles = frame.milliseconds * clock_mhz * 1e3;
  const auto busy = [&](double idle) { return idle + (1 - idle) * frame.utilisation; };
  const Range activity = {busy(kIdle.value.low), busy(kIdle.value.high)};
  const auto clocked = [&](double units, const Range& picojoules) {
    const double all = units * cycles * kPicoToMilli;
    return Range{all * picojoules.low * activity.low, all * picojoules.high * activity.high};
  };
  return {.static_mj = static_watts * frame.milliseconds,
          .dsp_mj = clocked(used.dsp, kDsp.value),
          .bram_mj = clocked(used.bram36 + kUramInBram * used.uram, kBram.value),
          .fabric_mj = clocked(used.lut, kLut.value) + clocked(used.ff, kFlipFlop.value),
          .dram_mj = kDram.value * (frame.off_chip.total() * 8 * kPicoToMilli)};
}

}  // namespace edgemoe
