// Random compute lists for the sequencer: what may follow what as the compiler's lists have it, all else random.
#ifndef EDGEMOE_SIM_PHASE_PLAN_H_
#define EDGEMOE_SIM_PHASE_PLAN_H_

#include <array>
#include <initializer_list>
#include <vector>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/random.h"
#include "sim/phase_tiles.h"

namespace edgemoe::sim {

struct PlannedPhase {
  ComputeCommand command;
  PhasePlace place;
  bool has_tag = false;
  int num_queues = 0;       // kGather: experts, and
  int gathered_groups = 0;  // the groups of all their queues
};

class PhasePlanner {
 public:
  PhasePlanner(const DesignPoint& design, int lanes, Random& random)
      : design_(design), lanes_(lanes), random_(random) {}

  /// About `count` phases, the last of which is kFinish.
  std::vector<PlannedPhase> plan(int count) {
    begin();
    while (static_cast<int>(phases_.size()) < count) add_phases();
    return finish();
  }
  /// The same, all others linear.
  std::vector<PlannedPhase> plan_linear(int count) {
    begin();
    while (static_cast<int>(phases_.size()) < count) add_linear();
    return finish();
  }

 private:
  static constexpr int kMostGroups = 4;
  static constexpr int kMostSteps = 4;

  int pick(int count) { return static_cast<int>(random_.below(static_cast<unsigned>(count))); }
  bool coin() { return pick(2) == 0; }
  int rows() { return 1 + pick(kMostGroups * lanes_); }
  int groups_of(int rows) const { return (rows + lanes_ - 1) / lanes_; }
  int& groups_of(Region region) { return groups_[static_cast<std::size_t>(region)]; }

  void begin() {
    phases_.clear();
    groups_ = {};
    weight_rows_ = channel_words_ = 0;
  }
  std::vector<PlannedPhase> finish() {
    const ComputeCommand command = {.kind = PhaseKind::kFinish, .rows = rows(), .row_tiles = 1 + pick(3)};
    add(command, command.rows);
    return phases_;
  }

  void add_phases() {
    switch (pick(8)) {
      case 0:
        return add_norm();
      case 1:
        return add_attention();
      case 2:
        return add_mixture();
      default:
        return add_linear();
    }
  }

  /// Numbers that the sequencer only passes on, or adds to.
  ComputeCommand random_command(PhaseKind kind) {
    ComputeCommand command = {.kind = kind};
    for (int* address : {&command.input_base, &command.input_scales, &command.output_base, &command.output_scales,
                         &command.first_token, &command.key_base, &command.value_base}) {
      *address = pick(1 << 12);
    }
    command.input_pitch = pick(64);
    command.output_pitch = pick(64);
    command.fraction = pick(16);
    command.exponent_base = pick(256) - 128;
    command.head = pick(design_.limits.max_heads);
    command.steps = 1 + pick(kMostSteps);
    return command;
  }

  /// A phase that waits for `region` reads no more groups than are made, and once it is over they all are.
  void wait_for(Region region, ComputeCommand& command) {
    command.waits = region;
    if (region == Region::kNone) {
      command.rows = rows();
      return;
    }
    command.rows = groups_of(region) * lanes_ - pick(lanes_);
    groups_of(region) = 0;
  }
  /// Of those whose groups nobody has waited for, or none.
  Region some_made(std::initializer_list<Region> regions) {
    for (const Region region : regions) {
      if (groups_of(region) > 0 && coin()) return region;
    }
    return Region::kNone;
  }
  void make(Region region, int rows, ComputeCommand& command) {
    command.makes = region;
    groups_of(region) = groups_of(rows);
  }
  Region some_free(std::initializer_list<Region> regions, Region but) {
    for (const Region region : regions) {
      if (groups_of(region) == 0 && region != but && coin()) return region;
    }
    return Region::kNone;
  }

  /// The last counts of the rings at the phase's beginning; what it brings.
  void add(const ComputeCommand& command, int rows, int queue_group = 0, bool tag = false, int tag_rows = 0,
           int tag_words = 0) {
    PlannedPhase phase = {.command = command, .has_tag = tag};
    phase.place = {.rows = rows,
                   .queue_group = queue_group,
                   .tag_rows = tag_rows,
                   .tag_words = tag_words,
                   .weight_base = weight_rows_ % (2 * design_.memory.weight_words),
                   .channel_base = channel_words_ % (2 * design_.memory.channel_words)};
    weight_rows_ += tag_rows;
    channel_words_ += tag_words;
    phases_.push_back(phase);
  }

  void add_norm() {
    if (groups_of(Region::kNormed) > 0) return;
    ComputeCommand command = random_command(PhaseKind::kNorm);
    command.rows = rows();
    command.row_tiles = 1 + pick(3);
    make(Region::kNormed, command.rows, command);
    add(command, command.rows);
  }

  void add_linear() {
    ComputeCommand command = random_command(PhaseKind::kLinear);
    wait_for(some_made({Region::kNormed, Region::kHeads, Region::kHidden0, Region::kHidden1}), command);
    command.destination = static_cast<Destination>(pick(4));
    command.narrow = command.destination != Destination::kResidual;
    command.gelu = coin();
    command.unit_rows = coin();
    const bool rows = PhaseTiles::to_rows(command);
    command.heads = rows ? 1 + pick(3) : 0;
    command.row_tiles = 1 + pick(2);
    command.column_tiles = command.row_tiles * (rows ? command.heads : 1);
    if (command.destination == Destination::kRows) {
      const Region makes =
          some_free({Region::kQueries, Region::kHidden0, Region::kHidden1, Region::kHeads}, command.waits);
      if (makes != Region::kNone) make(makes, command.rows, command);
    } else if (command.destination == Destination::kResidual && coin() && groups_of(Region::kNormed) == 0 &&
               command.waits != Region::kNormed) {
      command.norm = true;
      make(Region::kNormed, command.rows, command);
    } else {
      command.columns_outer = !rows && coin();
    }
    add(command, command.rows, 0, true, command.steps * command.column_tiles, command.column_tiles);
  }

  void add_attention() {
    if (groups_of(Region::kHeads) > 0) return;
    ComputeCommand command = random_command(PhaseKind::kAttention);
    wait_for(some_made({Region::kQueries}), command);
    make(Region::kHeads, command.rows, command);
    command.heads = 1 + pick(3);
    command.key_tiles = 1 + pick(design_.limits.max_tokens / design_.array.outputs);
    command.row_tiles = 1 + pick(3);
    command.value_steps = 1 + pick(6);
    command.last_keys = 1 + pick(design_.array.outputs);
    command.score_pre_shift = pick(20);
    command.score_shift = -pick(100);
    add(command, command.rows);
  }

  /// Router, gathering, experts; some of them without tokens, whose constants and weights have come or not.
  void add_mixture() {
    if (groups_of(Region::kHidden0) > 0 || groups_of(Region::kHidden1) > 0) return;
    ComputeCommand router = random_command(PhaseKind::kRouter);
    wait_for(some_made({Region::kNormed}), router);
    router.column_tiles = 1 + pick(2);
    add(router, router.rows, 0, true, router.steps * router.column_tiles, 2);
    ComputeCommand gather = random_command(PhaseKind::kGather);
    gather.makes = Region::kGathered;
    const int experts = 1 + pick(4);
    std::vector<int> queues;
    for (int e = 0; e < experts; ++e) queues.push_back(pick(3) == 0 ? 0 : rows());
    add(gather, 0);
    phases_.back().num_queues = experts;
    for (const int queue : queues) phases_.back().gathered_groups += groups_of(queue);
    int first_group = 0;
    int previous_group = 0;
    for (int e = 0; e <= experts; ++e) {
      if (e < experts) add_expert(e, queues[static_cast<std::size_t>(e)], first_group, true);
      if (e > 0) add_expert(e - 1, queues[static_cast<std::size_t>(e) - 1], previous_group, false);
      previous_group = first_group;
      if (e < experts) first_group += groups_of(queues[static_cast<std::size_t>(e)]);
    }
  }

  void add_expert(int expert, int queue_rows, int queue_group, bool up) {
    const Region hidden = expert % 2 == 0 ? Region::kHidden0 : Region::kHidden1;
    ComputeCommand command = random_command(PhaseKind::kLinear);
    command.expert = expert;
    command.column_tiles = command.row_tiles = 1 + pick(3);
    command.narrow = command.gelu = up;
    command.heads = up ? 1 : 0;
    command.waits = up ? Region::kGathered : hidden;
    command.makes = up ? hidden : Region::kNone;
    command.destination = up ? Destination::kRows : Destination::kWeighted;
    const bool constants = queue_rows > 0 || coin();
    const bool weights = queue_rows > 0 || (constants && coin());
    add(command, queue_rows, queue_group, true, weights ? command.steps * command.column_tiles : 0,
        constants ? command.column_tiles : 0);
  }

  const DesignPoint& design_;
  int lanes_;
  Random& random_;
  std::vector<PlannedPhase> phases_;
  std::array<int, kNumRegions> groups_ = {};  // made, and not waited for
  int weight_rows_ = 0;
  int channel_words_ = 0;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_PHASE_PLAN_H_
