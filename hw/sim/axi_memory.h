// Memory behind an AXI4 bus: bytes, a latency, a bandwidth that reads and writes share, and, on demand, random stalls,
// errors and silence. Bursts are served in their order.
#ifndef EDGEMOE_SIM_AXI_MEMORY_H_
#define EDGEMOE_SIM_AXI_MEMORY_H_

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/random.h"
#include "sim/axi.h"

namespace edgemoe::sim {

class AxiMemory {
 public:
  struct Timing {
    int latency_cycles = 40;       ///< from a read's address to its first beat, at least 1; writes: to the confirmation
    double bytes_per_cycle = 1e9;  ///< on average, reads and writes together; beats come whole
    int stall_percent = 0;         ///< of cycles in which a channel is held back at random, each by itself
    bool writes_want_data = false;     ///< takes an address of a write only when its data stand there
    bool writes_want_address = false;  ///< takes data only after their address
  };
  /// What goes wrong, when so many beats have been read or bursts been written; −1: never.
  struct Faults {
    std::int64_t silent_after_beats = -1;  ///< nothing is sent any more
    std::int64_t error_on_beat = -1;       ///< answered with kSlaveError
    std::int64_t early_last_on_beat = -1;  ///< LAST is set, and the burst's other beats come too
    std::int64_t truncated_on_beat = -1;   ///< LAST is set, and nothing of the burst follows
    std::int64_t too_long_on_beat =
        -1;  ///< its burst has kExtraBeats more than were asked for, LAST on the last of them
    std::int64_t write_error_on_burst = -1;
    bool refuse_addresses = false;  ///< ARREADY stays low
    bool refuse_writes = false;     ///< AWREADY and WREADY stay low
    bool never_confirm = false;
  };

  static constexpr int kExtraBeats = 3;

  /// `bytes` lie at `base`; accesses to other addresses get kDecodeError, and zeros.
  AxiMemory(int bus_bytes, std::uint64_t base, std::size_t bytes, const Timing& timing, std::uint64_t seed = 1);

  std::uint64_t base() const { return base_; }
  std::span<std::uint8_t> bytes() { return bytes_; }
  void set_timing(const Timing& timing) { timing_ = timing; }
  void set_faults(const Faults& faults) { faults_ = faults; }

  /// Sets what the memory puts on the bus in the cycle that begins: READYs of addresses and write data, R and B. For
  /// `writes_want_data` it looks at the VALIDs of the master, which must be there.
  void drive(AxiBus& bus);
  /// The rising edge that ends the cycle: what was taken is taken.
  void clock(const AxiBus& bus);
  /// AXI's reset: what is outstanding is forgotten, bytes stay.
  void reset();

 private:
  struct Read {
    std::uint64_t address;
    int beats;
    std::int64_t ready_cycle;
  };
  struct Write {
    std::uint64_t address;
    int beats;
  };

  bool stalls() {
    return timing_.stall_percent > 0 && random_.below(100) < static_cast<unsigned>(timing_.stall_percent);
  }
  bool inside(std::uint64_t address) const;
  void put_beat(AxiBeat& beat);
  void store_beat(const AxiBeat& beat);

  int bus_bytes_;
  std::uint64_t base_;
  std::vector<std::uint8_t> bytes_;
  Timing timing_;
  Faults faults_;
  Random random_;
  std::int64_t cycle_ = 0;
  double credit_ = 0.0;  // bytes that the bandwidth allows now
  std::int64_t beats_read_ = 0;
  std::int64_t bursts_written_ = 0;
  std::deque<Read> reads_;
  bool offered_ = false;  // R stands and was not taken
  AxiBeat offer_;
  std::deque<Write> writes_;        // addresses whose data are not all there
  std::deque<AxiBeat> early_data_;  // data before their address
  int write_beat_ = 0;
  bool write_failed_ = false;
  std::deque<std::int64_t> confirmations_;  // cycles from which they may be given
  std::deque<int> responses_;
  bool confirming_ = false;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_AXI_MEMORY_H_
