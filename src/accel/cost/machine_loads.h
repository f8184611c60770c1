// The loads of a machine, burst by burst: commands and data through one port of a memory with a latency and a rate, as
// far ahead as rings, tags and bursts under way have room.
//
// It is asked when something is there and goes on only as far as it must for the answer; who asks tells first what has
// happened until then: commands and tags taken, room given back, routings done. What it does not know of has not
// happened.
#ifndef EDGEMOE_ACCEL_COST_MACHINE_LOADS_H_
#define EDGEMOE_ACCEL_COST_MACHINE_LOADS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "accel/cost/machine.h"
#include "accel/cost/machine_program.h"

namespace edgemoe {

class MachineLoads {
 public:
  MachineLoads(const MachineProgram& program, const Machine& machine);

  /// Command of the compute list: when it is there, when it was taken.
  double command_there(std::size_t phase);
  void command_taken(double cycle) { command_takes_.push_back(cycle); }
  /// The next tag, one a load of weights: when it is there; then the loads that it stands for.
  struct Tag {
    double cycle = 0;
    std::size_t weights = 0;  // the load's place in the list
  };
  Tag next_tag();
  void tag_taken(double cycle) { tag_takes_.push_back(cycle); }
  bool skipped(std::size_t load) const { return states_[load].skipped; }
  /// When so many beats of a load are on chip.
  double beats_there(std::size_t load, double beats);
  double whole(std::size_t load) { return beats_there(load, static_cast<double>(loads_[load].beats)); }
  /// Gives back a load of weights and that of the constants before it.
  void release(std::size_t weights, double cycle);
  void routing_done(int mixture, double cycle);

  double load_cycles() const { return load_cycles_; }  // in which the memory was at work
  double weight_beats() const { return weight_beats_; }
  double constant_beats() const { return constant_beats_; }  // all but weights and pictures
  double picture_beats() const { return picture_beats_; }
  /// All of these, by what they are for; a command counts for its phase or load.
  const std::array<double, kAllPhases.size()>& phase_beats() const { return phase_beats_; }

 private:
  struct LoadState {
    bool begun = false;
    bool skipped = false;
    double begin = 0;
    std::int64_t issued = 0;
    std::vector<double> arrivals;  // the end of each burst
  };
  /// What a ring has given back, in the order in which it was.
  struct Room {
    double capacity = 0;
    double issued = 0;
    std::vector<double> released_beats;  // in all, until
    std::vector<double> cycles;
    std::size_t at = 0;

    double free_at(double beats);
    void give_back(double beats, double cycle);
  };

  bool step();
  bool begin_load();
  double load_request(double& beats);
  double issue(double cycle, double beats, Phase label);
  Room* ring_of(const MachineLoad& load);

  const std::vector<MachineLoad>& loads_;
  const MachineProgram& program_;
  const bool prefetch_;
  const double rate_;     // beats a cycle
  const double latency_;  // from a request to its first beat on chip
  const double burst_beats_;
  const double command_beats_;
  const std::size_t outstanding_;

  std::vector<double> command_arrivals_, command_takes_;
  std::vector<double> list_arrivals_, list_takes_;  // of the load list
  std::vector<double> tag_cycles_, tag_takes_;
  std::vector<std::size_t> tag_loads_;
  std::size_t next_tag_ = 0;
  std::vector<LoadState> states_;
  std::size_t current_ = 0;         // the load that asks
  double unit_free_ = 0;            // the load unit has done with the load before
  std::vector<std::size_t> begun_;  // loads that were not skipped
  Room weights_, channels_;
  std::vector<double> routings_;
  double port_free_ = 0;
  double data_end_ = 0;
  std::vector<double> burst_ends_;
  double load_cycles_ = 0;
  double weight_beats_ = 0;
  double constant_beats_ = 0;
  double picture_beats_ = 0;
  std::array<double, kAllPhases.size()> phase_beats_ = {};
};

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_MACHINE_LOADS_H_
