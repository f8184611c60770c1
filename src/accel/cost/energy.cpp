#include "accel/cost/energy.h"

#include <array>

namespace edgemoe {
namespace {

// Where a source says "recalled", the publication was not at hand when the number was written down: to be checked.
// What a Vivado power report of an UltraScale+ part (XCU50, without activity from a simulation, default toggle rate of
// 12.5 % after UG440) says of 475,034 LUTs, 665,852 registers, 412.5 block RAMs: 1.235 W in LUTs, 3.132 W in wires,
// 0.137 W in registers, 2.464 W in clocks, 1.532 W in block RAM, all taken at the kernels' 180 MHz.
constexpr std::string_view kPowerReportLut =
    "Vivado power report of an UltraScale+ part (XCU50, 180 MHz, github.com/cyansemi/csre-demo-v1, read): low: LUTs "
    "alone, 14 fJ; high: with all wires, 51 fJ";
constexpr std::string_view kPowerReportFlipFlop =
    "the same report (read): low: registers alone, 1.1 fJ; high: with all clocks, 22 fJ";
constexpr std::string_view kGreavesDsp =
    "high: half of the 23 pJ a multiply of Xilinx' spreadsheet for 28 nm (D. J. Greaves, Cambridge, lecture notes on "
    "SoC design), halved for 16 nm: assumed; low: recalled";
constexpr std::string_view kGreavesBram =
    "around twice 8.5 pJ, a read of a 36 Kibit block in Xilinx' spreadsheet for 28 nm, writes 10 % less (D. J. "
    "Greaves, Cambridge, lecture notes on SoC design), and 20.6 pJ of the power report (read); low: recalled";

constexpr EnergyConstant kDsp = {"DSP48E2", "pJ a cycle", {2.5, 12.0}, kGreavesDsp};
constexpr EnergyConstant kBram = {"RAMB36E2, both ports", "pJ a cycle", {5.0, 25.0}, kGreavesBram};
constexpr double kUramInBram = 2;  // a port as wide, eight times as deep: assumed
constexpr EnergyConstant kLut = {"LUT, with wires and clock", "pJ a cycle", {0.014, 0.05}, kPowerReportLut};
constexpr EnergyConstant kFlipFlop = {"flip-flop, with clock", "pJ a cycle", {0.001, 0.022}, kPowerReportFlipFlop};
constexpr EnergyConstant kDram = {
    "DRAM, device and interface",
    "pJ a bit",
    {10.0, 40.0},
    "high: M. Horowitz, ISSCC 2014, 1.3 to 2.6 nJ for 64 bits: 20 to 41 pJ (cited; read as others quote its table); "
    "low: between 6 pJ of a DDR4-2133 read without its interface ((IDD4R - IDD3N) * 1.2 V, currents of 8 Gbit x8 as "
    "in Ramulator 2) and 13 to 14 pJ of LPDDR4 (H. Ha, thesis, Stanford 2018, simulated): both read in "
    "github.com/Dongyunkam/DRAM_info"};
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
