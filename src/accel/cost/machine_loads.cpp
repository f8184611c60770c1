#include "accel/cost/machine_loads.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace edgemoe {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();
constexpr std::size_t kCommandsAhead = 4;  // of each list
constexpr std::size_t kLoadsUnderWay = 4;
constexpr std::size_t kTags = 64;
constexpr int kCommandBytes = 64;
constexpr double kChannelBytes = 8;
/// From a request inside to the memory, and from its beat to who counts it, beside the memory's own latency.
constexpr double kPortCycles = 5;
constexpr double kReleaseCycles = kDotChainLength + 3;
constexpr double kChannelReleaseCycles = 4;

}  // namespace

double MachineLoads::Room::free_at(double beats) {
  const double needed = issued + beats - capacity;
  if (needed <= 0) return 0;
  while (at < released_beats.size() && released_beats[at] < needed) ++at;
  return at < cycles.size() ? cycles[at] : kUnknown;
}

void MachineLoads::Room::give_back(double beats, double cycle) {
  released_beats.push_back((released_beats.empty() ? 0 : released_beats.back()) + beats);
  cycles.push_back(cycle);
}

MachineLoads::MachineLoads(const MachineProgram& program, const Machine& machine)
    : loads_(program.loads),
      program_(program),
      prefetch_(machine.memory.prefetch),
      rate_(machine.memory.rate() / *machine.memory.bus_bytes),
      latency_(machine.memory.latency_cycles + kPortCycles),
      burst_beats_(machine.design->bus.burst_beats),
      command_beats_(std::max(1.0, kCommandBytes / *machine.memory.bus_bytes)),
      outstanding_(static_cast<std::size_t>(machine.design->bus.outstanding_bursts)),
      states_(program.loads.size()),
      routings_(program.queues.size(), kUnknown) {
  // A phase holds all of its weights; the ring of a design that is too small for one is taken as large enough for it.
  const double word_bytes = kChannelBytes * machine.design->array.outputs;
  weights_.capacity = machine.memory.ring_bytes / *machine.memory.bus_bytes;
  channels_.capacity = machine.design->memory.channel_words * word_bytes / *machine.memory.bus_bytes;
  for (const MachineLoad& load : loads_) {
    Room* ring = ring_of(load);
    if (ring != nullptr) ring->capacity = std::max(ring->capacity, static_cast<double>(load.beats));
  }
}

MachineLoads::Room* MachineLoads::ring_of(const MachineLoad& load) {
  if (load.ring == MachineLoad::Ring::kWeights) return &weights_;
  return load.ring == MachineLoad::Ring::kChannels ? &channels_ : nullptr;
}

/// Begins the current load where everything that it waits for is known; goes on to the next where it is skipped.
bool MachineLoads::begin_load() {
  if (current_ == loads_.size() || states_[current_].begun || current_ >= list_arrivals_.size()) return false;
  const MachineLoad& load = loads_[current_];
  LoadState& state = states_[current_];
  const double taken = std::max(unit_free_ + 1, list_arrivals_[current_]);
  double begin = taken + 1;
  if (begun_.size() >= kLoadsUnderWay) {
    const LoadState& before = states_[begun_[begun_.size() - kLoadsUnderWay]];
    if (before.issued < loads_[begun_[begun_.size() - kLoadsUnderWay]].beats) return false;
    begin = std::max(begin, before.arrivals.back());
  }
  const bool tagged = load.ring == MachineLoad::Ring::kWeights;
  if (tagged && tag_cycles_.size() >= kTags) {
    if (tag_takes_.size() <= tag_cycles_.size() - kTags) return false;
    begin = std::max(begin, tag_takes_[tag_cycles_.size() - kTags] + 1);
  }
  if (load.expert >= 0) {
    const auto mixture = static_cast<std::size_t>(load.mixture);
    if (!prefetch_) {
      if (routings_[mixture] == kUnknown) return false;
      begin = std::max(begin, routings_[mixture]);
    }
    state.skipped = routings_[mixture] <= begin && program_.queues[mixture][static_cast<std::size_t>(load.expert)] == 0;
  }
  state.begun = true;
  state.begin = begin;
  list_takes_.push_back(taken);
  if (tagged) {
    tag_cycles_.push_back(begin + 1);
    tag_loads_.push_back(current_);
  }
  if (state.skipped) {
    unit_free_ = begin;
    ++current_;
  } else {
    begun_.push_back(current_);
  }
  return true;
}

/// When the current load asks for its next burst.
double MachineLoads::load_request(double& beats) {
  if (current_ == loads_.size() || !states_[current_].begun) return kUnknown;
  const MachineLoad& load = loads_[current_];
  beats = std::min(burst_beats_, static_cast<double>(load.beats - states_[current_].issued));
  Room* ring = ring_of(load);
  return std::max(states_[current_].begin + 1, ring == nullptr ? 0 : ring->free_at(beats));
}

double MachineLoads::issue(double cycle, double beats, Phase label) {
  port_free_ = cycle + 1;
  data_end_ = std::max(data_end_, cycle + latency_) + beats / rate_;
  burst_ends_.push_back(data_end_);
  load_cycles_ += beats / rate_;
  phase_beats_[static_cast<std::size_t>(label)] += beats;
  return data_end_;
}

/// The next request through the port, of several at once the compute list's before the load list's before data.
bool MachineLoads::step() {
  if (begin_load()) return true;
  double slot = port_free_;
  if (burst_ends_.size() >= outstanding_) slot = std::max(slot, burst_ends_[burst_ends_.size() - outstanding_] - 1);
  const auto wanted = [&](const std::vector<double>& arrivals, const std::vector<double>& takes, std::size_t count) {
    const std::size_t next = arrivals.size();
    if (next == count) return kUnknown;
    if (next < kCommandsAhead) return slot;
    return takes.size() > next - kCommandsAhead ? std::max(slot, takes[next - kCommandsAhead] + 1) : kUnknown;
  };
  const double command = wanted(command_arrivals_, command_takes_, program_.phases.size());
  const double list = wanted(list_arrivals_, list_takes_, loads_.size());
  double beats = 0;
  const double data = std::max(slot, load_request(beats));
  if (command == kUnknown && list == kUnknown && data == kUnknown) return false;
  if (command <= list && command <= data) {
    constant_beats_ += command_beats_;
    command_arrivals_.push_back(issue(command, command_beats_, program_.phases[command_arrivals_.size()].label));
  } else if (list <= data) {
    constant_beats_ += command_beats_;
    list_arrivals_.push_back(issue(list, command_beats_, loads_[list_arrivals_.size()].label));
  } else {
    LoadState& state = states_[current_];
    const MachineLoad& load = loads_[current_];
    state.arrivals.push_back(issue(data, beats, load.label));
    state.issued += static_cast<std::int64_t>(beats);
    const bool weights = load.ring == MachineLoad::Ring::kWeights;
    (weights ? weight_beats_ : load.picture ? picture_beats_ : constant_beats_) += beats;
    if (Room* ring = ring_of(load); ring != nullptr) ring->issued += beats;
    if (state.issued == load.beats) {
      unit_free_ = data;
      ++current_;
    }
  }
  return true;
}

double MachineLoads::command_there(std::size_t phase) {
  while (command_arrivals_.size() <= phase && step()) {
  }
  EDGEMOE_CHECK(command_arrivals_.size() > phase);
  return command_arrivals_[phase];
}

MachineLoads::Tag MachineLoads::next_tag() {
  while (tag_cycles_.size() <= next_tag_ && step()) {
  }
  EDGEMOE_CHECK(tag_cycles_.size() > next_tag_);
  const Tag tag = {tag_cycles_[next_tag_], tag_loads_[next_tag_]};
  ++next_tag_;
  return tag;
}

double MachineLoads::beats_there(std::size_t load, double beats) {
  const LoadState& state = states_[load];
  if (state.skipped || beats <= 0) return 0;
  const auto burst = static_cast<std::size_t>(std::ceil(beats / burst_beats_) - 1);
  while (state.arrivals.size() <= burst && !state.skipped && step()) {
  }
  if (state.skipped) return 0;
  EDGEMOE_CHECK(state.arrivals.size() > burst);
  const double in_burst =
      std::min(burst_beats_, static_cast<double>(loads_[load].beats) - static_cast<double>(burst) * burst_beats_);
  return state.arrivals[burst] - (in_burst - (beats - static_cast<double>(burst) * burst_beats_)) / rate_;
}

void MachineLoads::release(std::size_t weights, double cycle) {
  if (!states_[weights].skipped) {
    weights_.give_back(static_cast<double>(loads_[weights].beats), cycle + kReleaseCycles);
  }
  // Its constants come before it, and may have come although it was skipped.
  if (weights > 0 && loads_[weights - 1].ring == MachineLoad::Ring::kChannels && !states_[weights - 1].skipped) {
    channels_.give_back(static_cast<double>(loads_[weights - 1].beats), cycle + kChannelReleaseCycles);
  }
}

void MachineLoads::routing_done(int mixture, double cycle) { routings_[static_cast<std::size_t>(mixture)] = cycle; }

}  // namespace edgemoe
