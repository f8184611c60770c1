#include "sim/axi_memory.h"

#include <algorithm>

#include "base/check.h"

namespace edgemoe::sim {

AxiMemory::AxiMemory(int bus_bytes, std::uint64_t base, std::size_t bytes, const Timing& timing, std::uint64_t seed)
    : bus_bytes_(bus_bytes), base_(base), bytes_(bytes), timing_(timing), random_(seed) {
  EDGEMOE_CHECK(bus_bytes >= 1 && bus_bytes <= kMostBusBytes);
}

bool AxiMemory::inside(std::uint64_t address) const {
  return address >= base_ && address - base_ <= bytes_.size() &&
         bytes_.size() - (address - base_) >= static_cast<std::size_t>(bus_bytes_);
}

void AxiMemory::drive(AxiBus& bus) {
  bus.ar.ready = !faults_.refuse_addresses && !stalls();

  // A beat that stands stays until it is taken.
  const bool silent = faults_.silent_after_beats >= 0 && beats_read_ >= faults_.silent_after_beats;
  if (!offered_ && !silent && !reads_.empty() && reads_.front().ready_cycle <= cycle_ && credit_ >= bus_bytes_ &&
      !stalls()) {
    offered_ = true;
    put_beat(offer_);
  }
  const bool ready = bus.r.ready;
  bus.r = offered_ ? offer_ : AxiBeat{};
  bus.r.valid = offered_;
  bus.r.ready = ready;

  const bool accepts = !faults_.refuse_writes && credit_ >= bus_bytes_ && early_data_.size() < 64;
  bus.aw.ready = accepts && !stalls() && (!timing_.writes_want_data || bus.w.valid || !early_data_.empty());
  bus.w.ready = accepts && !stalls() && (!timing_.writes_want_address || !writes_.empty());

  if (!confirming_ && !confirmations_.empty() && confirmations_.front() <= cycle_ && !faults_.never_confirm &&
      !stalls()) {
    confirming_ = true;
  }
  bus.b.valid = confirming_;
  bus.b.response = confirming_ ? responses_.front() : 0;
}

void AxiMemory::put_beat(AxiBeat& beat) {
  Read& read = reads_.front();
  if (beats_read_ == faults_.truncated_on_beat) read.beats = 1;
  if (beats_read_ == faults_.too_long_on_beat) read.beats += kExtraBeats;
  beat = {};
  if (inside(read.address)) {
    const auto at = bytes_.begin() + static_cast<std::ptrdiff_t>(read.address - base_);
    std::copy_n(at, bus_bytes_, beat.data.begin());
  } else {
    beat.response = kDecodeError;
  }
  if (beats_read_ == faults_.error_on_beat) beat.response = kSlaveError;
  beat.last = read.beats == 1 || beats_read_ == faults_.early_last_on_beat;
}

void AxiMemory::store_beat(const AxiBeat& beat) {
  Write& write = writes_.front();
  if (inside(write.address)) {
    for (int i = 0; i < bus_bytes_; ++i) {
      const auto at = static_cast<std::size_t>(write.address - base_) + static_cast<std::size_t>(i);
      if ((beat.strobe >> i & 1) != 0) bytes_[at] = beat.data[static_cast<std::size_t>(i)];
    }
  } else {
    write_failed_ = true;
  }
  write.address += static_cast<std::uint64_t>(bus_bytes_);
  // The address's length counts: a wrong LAST is the checker's affair.
  if (++write_beat_ < write.beats) return;
  const bool fails = bursts_written_ == faults_.write_error_on_burst;
  responses_.push_back(fails ? kSlaveError : write_failed_ ? kDecodeError : kOkay);
  confirmations_.push_back(cycle_ + timing_.latency_cycles);
  writes_.pop_front();
  write_beat_ = 0;
  write_failed_ = false;
  ++bursts_written_;
}

void AxiMemory::clock(const AxiBus& bus) {
  // What is not used within a few beats is lost. What is used now comes off first: capped before, the bandwidth would
  // be less.
  if (bus.r.taken()) credit_ -= bus_bytes_;
  if (bus.w.taken()) credit_ -= bus_bytes_;
  credit_ =
      std::min(credit_ + timing_.bytes_per_cycle, std::max(timing_.bytes_per_cycle, 1.0 * bus_bytes_) + bus_bytes_);
  if (bus.r.taken()) {
    offered_ = false;
    ++beats_read_;
    reads_.front().address += static_cast<std::uint64_t>(bus_bytes_);
    if (--reads_.front().beats == 0) reads_.pop_front();
  }
  if (bus.ar.taken()) reads_.push_back({bus.ar.address, bus.ar.length + 1, cycle_ + timing_.latency_cycles});
  if (bus.aw.taken()) writes_.push_back({bus.aw.address, bus.aw.length + 1});
  if (bus.w.taken()) early_data_.push_back(bus.w);
  while (!writes_.empty() && !early_data_.empty()) {
    store_beat(early_data_.front());
    early_data_.pop_front();
  }
  if (bus.b.taken()) {
    confirming_ = false;
    confirmations_.pop_front();
    responses_.pop_front();
  }
  ++cycle_;
}

void AxiMemory::reset() {
  reads_.clear();
  writes_.clear();
  early_data_.clear();
  confirmations_.clear();
  responses_.clear();
  offered_ = confirming_ = write_failed_ = false;
  write_beat_ = 0;
}

}  // namespace edgemoe::sim
