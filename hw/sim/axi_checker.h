// Watches AXI buses cycle by cycle and says which rules were broken, by whom and when. The rules: a VALID stays, with
// the same payload, until READY, and none stands in a cycle that follows an edge in reset; bursts are INCR, of whole
// beats, aligned, within 4 KiB and within the agreed length; read data come for bursts that were asked for, in their
// order, LAST on the last beat alone; write data are whole beats, as many a burst as its address says, whichever of the
// two comes first, LAST likewise; a confirmation comes after address and last beat; no more bursts are outstanding than
// agreed.
#ifndef EDGEMOE_SIM_AXI_CHECKER_H_
#define EDGEMOE_SIM_AXI_CHECKER_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/axi.h"

namespace edgemoe::sim {

/// Faults found so far, the first few in words.
class FaultList {
 public:
  void add(std::int64_t cycle, std::string_view text);
  std::int64_t count() const { return count_; }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  static constexpr std::size_t kMostTexts = 20;
  std::int64_t count_ = 0;
  std::vector<std::string> texts_;
};

class AxiChecker {
 public:
  struct Agreement {
    int bus_bytes = 8;
    int burst_beats = 16;
    int outstanding_reads = 16;
    int outstanding_writes = 8;
  };
  /// What was seen: a check that has seen nothing proves nothing.
  struct Seen {
    std::int64_t read_bursts = 0;
    std::int64_t read_beats = 0;
    std::int64_t write_bursts = 0;
    std::int64_t write_beats = 0;
    std::int64_t data_before_address = 0;  // write bursts whose first beat was taken before their address
  };

  explicit AxiChecker(const Agreement& agreement) : agreement_(agreement) {}

  /// The signals at a rising edge; with `in_reset`, reset is active at it.
  void observe(const AxiBus& bus, bool in_reset);
  const FaultList& faults() const { return faults_; }
  const Seen& seen() const { return seen_; }

 private:
  void fault(std::string_view text) { faults_.add(cycle_, text); }
  void check_valids(const AxiBus& bus);
  void check_burst(const AxiAddress& address, std::string_view channel);
  void check_read(const AxiBus& bus);
  void check_write(const AxiBus& bus);

  Agreement agreement_;
  FaultList faults_;
  Seen seen_;
  std::int64_t cycle_ = 0;
  bool after_reset_ = true;     // or before anything
  bool resetting_ = false;      // the edge before was in reset
  AxiBus before_;               // signals of the cycle before
  std::deque<int> read_beats_;  // of the bursts that are to come
  int read_beat_ = 0;
  std::deque<int> write_addresses_;  // beats of bursts whose address was taken, and whose data were not all
  std::deque<int> write_data_;       // beats of bursts whose data were all taken, and whose address was not
  int write_beat_ = 0;
  int unconfirmed_ = 0;  // both taken
};

/// AXI4-Lite: VALIDs stay; every write and every read is answered once, not before it was taken.
class AxiLiteChecker {
 public:
  void observe(const AxiLiteBus& bus, bool in_reset);
  const FaultList& faults() const { return faults_; }
  std::int64_t writes() const { return writes_; }
  std::int64_t reads() const { return reads_; }

 private:
  void fault(std::string_view text) { faults_.add(cycle_, text); }

  FaultList faults_;
  std::int64_t cycle_ = 0;
  bool after_reset_ = true;  // or before anything
  bool resetting_ = false;   // the edge before was in reset
  AxiLiteBus before_;
  int addresses_ = 0;
  int data_ = 0;
  int reading_ = 0;
  std::int64_t writes_ = 0;
  std::int64_t reads_ = 0;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_AXI_CHECKER_H_
