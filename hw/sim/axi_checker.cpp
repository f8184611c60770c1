#include "sim/axi_checker.h"

#include <fmt/core.h>

#include <algorithm>

namespace edgemoe::sim {
namespace {

bool same_payload(const AxiAddress& a, const AxiAddress& b) {
  return a.address == b.address && a.length == b.length && a.size == b.size && a.burst == b.burst;
}
bool same_payload(const AxiBeat& a, const AxiBeat& b) {
  return a.data == b.data && a.strobe == b.strobe && a.response == b.response && a.last == b.last;
}
bool same_payload(const AxiConfirmation& a, const AxiConfirmation& b) { return a.response == b.response; }
bool same_payload(const AxiLiteBus::Address& a, const AxiLiteBus::Address& b) { return a.address == b.address; }
bool same_payload(const AxiLiteBus::Data& a, const AxiLiteBus::Data& b) {
  return a.data == b.data && a.strobe == b.strobe && a.response == b.response;
}

std::uint64_t all_strobes(int bytes) { return ~std::uint64_t{0} >> (64 - bytes); }

/// What is wrong with a channel's VALID; "" if nothing.
template <typename Channel>
std::string valid_fault(std::string_view name, const Channel& before, const Channel& now, bool after_reset) {
  if (after_reset) return now.valid ? fmt::format("{}VALID stands behind an edge in reset", name) : "";
  if (!before.valid || before.ready) return "";
  if (!now.valid) return fmt::format("{}VALID dropped before {}READY", name, name);
  if (!same_payload(before, now)) return fmt::format("{}'s payload changed before {}READY", name, name);
  return "";
}

}  // namespace

void FaultList::add(std::int64_t cycle, std::string_view text) {
  ++count_;
  if (texts_.size() < kMostTexts) texts_.push_back(fmt::format("cycle {}: {}", cycle, text));
}

void AxiChecker::observe(const AxiBus& bus, bool in_reset) {
  // The first edge in reset is what takes a synchronous one's VALIDs away.
  if (in_reset) {
    if (resetting_) check_valids(bus);
    read_beats_.clear();
    write_addresses_.clear();
    write_data_.clear();
    read_beat_ = write_beat_ = unconfirmed_ = 0;
  } else {
    check_valids(bus);
    check_read(bus);
    check_write(bus);
  }
  after_reset_ = resetting_ = in_reset;
  before_ = bus;
  ++cycle_;
}

void AxiChecker::check_valids(const AxiBus& bus) {
  for (const std::string& text :
       {valid_fault("AR", before_.ar, bus.ar, after_reset_), valid_fault("R", before_.r, bus.r, after_reset_),
        valid_fault("AW", before_.aw, bus.aw, after_reset_), valid_fault("W", before_.w, bus.w, after_reset_),
        valid_fault("B", before_.b, bus.b, after_reset_)}) {
    if (!text.empty()) fault(text);
  }
}

void AxiChecker::check_burst(const AxiAddress& address, std::string_view channel) {
  const int beats = address.length + 1;
  const std::uint64_t bytes = static_cast<std::uint64_t>(beats) * static_cast<std::uint64_t>(agreement_.bus_bytes);
  if (address.burst != kBurstIncrement) fault(fmt::format("{}: expected a burst of type INCR", channel));
  if (1 << address.size != agreement_.bus_bytes) {
    fault(fmt::format("{}: a beat of {} bytes on a bus of {}", channel, 1 << address.size, agreement_.bus_bytes));
  }
  if (beats > agreement_.burst_beats) {
    fault(fmt::format("{}: a burst of {} beats, at most {} were agreed", channel, beats, agreement_.burst_beats));
  }
  if (address.address % static_cast<std::uint64_t>(agreement_.bus_bytes) != 0) {
    fault(fmt::format("{}: address {:#x} is not aligned", channel, address.address));
  }
  if (address.address / kPageBytes != (address.address + bytes - 1) / kPageBytes) {
    fault(fmt::format("{}: {} bytes at {:#x} cross a 4 KiB boundary", channel, bytes, address.address));
  }
}

void AxiChecker::check_read(const AxiBus& bus) {
  // A beat may not come in the cycle in which its address is taken.
  if (bus.r.valid && read_beats_.empty()) fault("R: data that nobody asked for");
  if (bus.r.taken() && !read_beats_.empty()) {
    ++seen_.read_beats;
    ++read_beat_;
    // What goes on behind its last beat was told there; LAST ends it.
    const bool wrong = bus.r.last ? read_beat_ < read_beats_.front() : read_beat_ == read_beats_.front();
    if (wrong) {
      fault(fmt::format("R: LAST is {} on beat {} of {}", bus.r.last ? 1 : 0, read_beat_, read_beats_.front()));
    }
    if (bus.r.last) {
      read_beats_.pop_front();
      read_beat_ = 0;
    }
  }
  if (bus.ar.taken()) {
    ++seen_.read_bursts;
    check_burst(bus.ar, "AR");
    read_beats_.push_back(bus.ar.length + 1);
    if (std::ssize(read_beats_) > agreement_.outstanding_reads) {
      fault(fmt::format("AR: more than {} bursts outstanding", agreement_.outstanding_reads));
    }
  }
}

void AxiChecker::check_write(const AxiBus& bus) {
  if (bus.b.valid && unconfirmed_ == 0) fault("B: a confirmation of nothing");
  if (bus.b.taken() && unconfirmed_ > 0) --unconfirmed_;
  if (bus.w.valid && bus.w.strobe != all_strobes(agreement_.bus_bytes)) {
    fault(fmt::format("W: strobes {:#x}, whole beats of {} bytes were agreed", bus.w.strobe, agreement_.bus_bytes));
  }
  if (bus.w.taken()) {
    if (write_beat_ == 0 && write_addresses_.empty() && !bus.aw.taken()) ++seen_.data_before_address;
    ++seen_.write_beats;
    ++write_beat_;
    if (bus.w.last) {
      write_data_.push_back(write_beat_);
      write_beat_ = 0;
    }
  }
  if (bus.aw.taken()) {
    ++seen_.write_bursts;
    check_burst(bus.aw, "AW");
    write_addresses_.push_back(bus.aw.length + 1);
  }
  while (!write_addresses_.empty() && !write_data_.empty()) {
    if (write_addresses_.front() != write_data_.front()) {
      fault(fmt::format("W: LAST on beat {} of {}", write_data_.front(), write_addresses_.front()));
    }
    write_addresses_.pop_front();
    write_data_.pop_front();
    ++unconfirmed_;
  }
  if (!write_addresses_.empty() && write_beat_ >= write_addresses_.front()) {
    fault(fmt::format("W: no LAST on beat {} of {}", write_beat_, write_addresses_.front()));
  }
  if (std::ssize(write_addresses_) + unconfirmed_ > agreement_.outstanding_writes) {
    fault(fmt::format("AW: more than {} bursts outstanding", agreement_.outstanding_writes));
  }
}

void AxiLiteChecker::observe(const AxiLiteBus& bus, bool in_reset) {
  if (!in_reset || resetting_) {
    for (const std::string& text :
         {valid_fault("AW", before_.aw, bus.aw, after_reset_), valid_fault("W", before_.w, bus.w, after_reset_),
          valid_fault("B", before_.b, bus.b, after_reset_), valid_fault("AR", before_.ar, bus.ar, after_reset_),
          valid_fault("R", before_.r, bus.r, after_reset_)}) {
      if (!text.empty()) fault(text);
    }
  }
  if (in_reset) {
    addresses_ = data_ = reading_ = 0;
  } else {
    if (bus.b.valid && (addresses_ == 0 || data_ == 0)) fault("B: an answer before address and data");
    if (bus.r.valid && reading_ == 0) fault("R: an answer that nobody asked for");
    if (bus.b.taken() && addresses_ > 0 && data_ > 0) {
      --addresses_;
      --data_;
      ++writes_;
    }
    if (bus.r.taken() && reading_ > 0) {
      --reading_;
      ++reads_;
    }
    addresses_ += bus.aw.taken();
    data_ += bus.w.taken();
    reading_ += bus.ar.taken();
  }
  after_reset_ = resetting_ = in_reset;
  before_ = bus;
  ++cycle_;
}

}  // namespace edgemoe::sim
