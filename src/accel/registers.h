// The accelerator's registers on AXI4-Lite: the one place that says where they stand; the SystemVerilog package gets
// them from here (rtl_package.cpp). All are words of 32 bits; accesses to parts of a word, to other addresses, and
// writes to settings during a run are refused (SLVERR) and do nothing.
//
// A run: write the settings, write kStart to `Control`; `Status` holds kBusy until it holds kDone or kError. After an
// error the machine ends what it had begun on the bus and resets itself; the next run needs nothing else. What a run
// has loaded before stays, so all settings may be kept from run to run.
#ifndef EDGEMOE_ACCEL_REGISTERS_H_
#define EDGEMOE_ACCEL_REGISTERS_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace edgemoe {

enum class Register : std::uint32_t {
  kIdentity = 0x00,       ///< reads kAcceleratorIdentity
  kDesign = 0x04,         ///< reads array.tokens [7:0], outputs [23:8], chains [31:24] of the design point
  kControl = 0x08,        ///< write: ControlBits
  kStatus = 0x0c,         ///< read: StatusBits
  kError = 0x10,          ///< read: cause [7:0] (RunError), bus stage [15:8] (0 or BusWait + 1), core stage [23:16]
  kTask = 0x14,           ///< whose experts' router is used
  kTimeout = 0x18,        ///< cycles in which nothing moves, that end a run with RunError::kTimeout; 0: none do
  kInterrupt = 0x1c,      ///< bit 0: the interrupt line follows kDone or kError
  kImageBase = 0x20,      ///< byte address of the program's image, a multiple of 64
  kImageBaseHigh = 0x24,  ///< and its upper half
  kInputBase = 0x28,      ///< of the picture, a multiple of the bus's bytes
  kInputBaseHigh = 0x2c,
  kOutputBase = 0x30,  ///< where the tokens go, a multiple of the bus's bytes
  kOutputBaseHigh = 0x34,
  kLoadList = 0x38,   ///< in beats of the bus from the image's base; a multiple of 64 bytes
  kLoadCount = 0x3c,  ///< commands in it, up to 65535
  kComputeList = 0x40,
  kComputeCount = 0x44,
  kPhases = 0x48,  ///< read: phases that are issued, of the run that is on or the latest: all their tiles are with the
                   ///< array, results may be on their way
  kCycles = 0x50,  ///< read: of the latest run
  kCyclesHigh = 0x54,
  kReadBeats = 0x58,  ///< read: of the latest run, commands included
  kWriteBeats = 0x5c,
  kWaits = 0x60,  ///< read: a word for each BusWait, then for each CoreWait: cycles of the latest run
};

enum ControlBits : std::uint32_t { kStart = 1, kAbort = 2, kClear = 4 };
enum StatusBits : std::uint32_t { kBusy = 1, kDone = 2, kError = 4, kStopping = 8 };

/// "EMOE" and the map's version.
inline constexpr std::uint32_t kAcceleratorIdentity = 0x454d0001;

/// Why a run ended early.
enum class RunError : std::uint8_t {
  kNone = 0,
  kReadResponse = 1,    ///< memory answered a read with an error
  kReadLength = 2,      ///< a burst was longer or shorter than asked for
  kWriteResponse = 3,   ///< memory answered a write with an error
  kLoadCommand = 4,     ///< the load list holds what is no command
  kComputeCommand = 5,  ///< the compute list holds what is no command
  kTimeout = 6,
  kAborted = 7,  ///< by the host
};

/// What the bus side waits for; several at a time.
enum class BusWait : std::uint8_t {
  kReadAddress = 0,    ///< memory to take the address of a read
  kReadData = 1,       ///< data that were asked for
  kWriteAddress = 2,   ///< memory to take the address of a write
  kWriteData = 3,      ///< memory to take data
  kWriteResponse = 4,  ///< the confirmation of the last write
  kLoadPhase = 5,      ///< a load that must not come before a phase is issued
  kLoadRouting = 6,    ///< an expert's load: the router
  kLoadTag = 7,        ///< a load: the sequencer is as many loads behind as it may be
  kLoadRoom = 8,       ///< room in a ring
};
inline constexpr int kNumBusWaits = 9;

/// What the core waits for. A cycle counts for at most one of them.
enum class CoreWait : std::uint8_t {
  kCommand = 0,  ///< the next command
  kWeights = 1,  ///< a phase's weights or constants
  kRows = 2,     ///< rows that another phase makes
  kRoom = 3,     ///< room behind the array
  kDrain = 4,    ///< a barrier: phases under way
  kRouting = 5,  ///< the router
  kResult = 6,   ///< the result to be written
};
inline constexpr int kNumCoreWaits = 7;

/// "read data", "room behind the array" …; "" for what is none.
std::string_view bus_wait_name(int wait);
std::string_view core_wait_name(int wait);

/// The value of `Error` in words: what went wrong and what was waited for.
std::string describe_run_error(std::uint32_t error);

/// The parameters of edgemoe_pkg that repeat this file.
std::string register_parameters();

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_REGISTERS_H_
