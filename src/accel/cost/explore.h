// The design space of a board: every array shape and ring, what each costs a frame, and which none beats.
#ifndef EDGEMOE_ACCEL_COST_EXPLORE_H_
#define EDGEMOE_ACCEL_COST_EXPLORE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "accel/cost/board.h"
#include "accel/cost/frame_cost.h"
#include "accel/cost/machine.h"
#include "accel/cost/resources.h"
#include "model/config.h"

namespace edgemoe {

struct ExploreSpace {
  std::vector<int> tokens = {2, 4, 6, 8, 12, 16};
  std::vector<int> outputs = {8, 16, 32, 64};  // and lanes of norm, quantiser and softmax
  std::vector<int> chains = {1, 2};
  std::vector<int> weight_words = {256, 512, 1024, 2048, 4096, 8192};
  std::vector<NumberFormat> formats = {{8, 8}};

  std::size_t size() const {
    return tokens.size() * outputs.size() * chains.size() * weight_words.size() * formats.size();
  }
};

/// What a design may take. Shares are of each kind of the board's resources: a part that is filled to the last cannot
/// be routed.
struct Budget {
  double dsp_share = 0.9;
  double bram_share = 0.9;
  double lut_share = 0.7;
  std::optional<double> milliseconds;
  std::optional<double> millijoules;  // the middle of the range
};

struct Candidate {
  DesignPoint design;
  std::string file;  // its text
  NumberFormat format;
  double milliseconds = 0;
  double cycles = 0;
  double utilisation = 0;
  bool memory_bound = false;
  Range millijoules;
  Resources used;
  double share = 0;     // the largest of the part
  bool pareto = false;  // no other is as good in latency, energy (middle) and share, and better in one
};

/// Designs that were left out for one reason.
struct Pruned {
  std::string reason;
  std::size_t count = 0;
  std::string nearest;  // the one that missed by the least: its name and numbers
  double miss = 0;      // by how much, as a factor
};

struct Exploration {
  std::vector<Candidate> candidates;  // that fit, the fastest first
  std::vector<Pruned> pruned;
  std::size_t searched = 0;
};

/// Told after every few designs how many of how many are done; false ends the search with what there is.
using ExploreProgress = std::function<bool(std::size_t done, std::size_t total)>;

/// What is searched for.
struct ExploreProblem {
  ModelConfig network;
  FrameSpec spec;
  ExpertQueues queues;
  Board board;
  std::string base;  // text of a design point: what is not searched stays as it is there
};

/// Sizes that the network fixes (limits, memories) are the least powers of two that hold it; all else is searched or
/// the base's. What the RTL or the compiler refuses is left out. kInvalidArgument for an empty space, one of more than
/// 200,000 designs or a size out of bounds, kNotFound when nothing fits, with the reasons; the base's own faults.
Result<Exploration> explore(const ExploreProblem& problem, const ExploreSpace& space, const Budget& budget,
                            const ExploreProgress& progress);

/// Whether the whole space with the usual shares of the part has a design for the problem; stops at the first.
bool explorer_finds_design(const ExploreProblem& problem);

/// One row a candidate, a header first.
std::string exploration_csv(const Exploration& exploration);

/// Latency against energy, the Pareto front by share of the part, the ends named.
std::string exploration_svg(const Exploration& exploration, const std::string& title);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_EXPLORE_H_
