#include "accel/cost/explore.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>
#include <optional>
#include <tuple>

#include "accel/cost/energy.h"
#include "accel/cost/fit.h"
#include "accel/machine_layout.h"

namespace edgemoe {
namespace {

constexpr std::size_t kMostDesigns = 200000;
constexpr int kMostSize = 1 << 16;
constexpr std::size_t kProgressEvery = 64;
constexpr std::string_view kLatency = "latency";
constexpr std::string_view kEnergy = "energy";
constexpr double kNoFactor = std::numeric_limits<double>::infinity();  // not a matter of size

int power_of_two(int value, int least) {
  return static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(value, least))));
}

int divide_up(int a, int b) { return (a + b - 1) / b; }

/// A design point's words of the weight ring are words of bytes: of wider weights the same memory holds fewer.
int ring_words(int weight_words, const NumberFormat& format) { return weight_words * 8 / format.weight_bits; }

std::string name_of(const DesignPoint& design, const NumberFormat& format) {
  const std::string shape = fmt::format("t{}o{}c{}-r{}", design.array.tokens, design.array.outputs, design.array.chains,
                                        design.memory.weight_words);
  return format == NumberFormat{8, 8} ? shape : shape + "-" + format.name();
}

class Explorer {
 public:
  Explorer(const ExploreProblem& problem, const DesignPoint& base, const Budget& budget)
      : config_(problem.network),
        spec_(problem.spec),
        queues_(problem.queues),
        board_(problem.board),
        base_text_(problem.base),
        base_(base),
        budget_(budget) {}

  void visit(const DesignPoint::Array& array, int weight_words, const NumberFormat& format) {
    ++result_.searched;
    const std::optional<MachineNeeds> needs = needs_of(array);
    const int held_words = ring_words(weight_words, format);
    Candidate candidate = {.design = make_design(array, needs, weight_words, held_words), .format = format};
    DesignPoint& design = candidate.design;
    design.name = name_of(design, format);
    const Result<std::string> file = rewrite_design_point(base_text_, design);
    const Status readable = file.ok() ? parse_design_point(*file).status() : file.status();
    if (!readable.ok()) {
      prune("sizes that the RTL does not take", kNoFactor, design.name, readable.message());
      return;
    }
    candidate.file = *file;
    if (!within({"the ring does not hold the weights of a phase", 1.0 * needs->memory.weight_words, 1.0 * held_words,
                 "words"},
                design.name)) {
      return;
    }
    DesignPoint as_held = design;
    as_held.memory.weight_words = held_words;
    const Result<MachineLayout> layout = lay_out_machine(config_, as_held);
    if (!layout.ok()) {
      prune("networks that the machine does not compute", kNoFactor, design.name, layout.status().message());
      return;
    }
    candidate.used = sum(estimate_resources(design, format, config_, spec_, board_.ultra_ram));
    const Resources& used = candidate.used;
    const DesignPoint::Part& part = board_.part;
    const Need needs_of_part[] = {{"DSP", used.dsp, part.dsp * budget_.dsp_share, "DSP48E2"},
                                  {"block RAM", used.bram36, part.bram36 * budget_.bram_share, "BRAM36"},
                                  {"LUTs", used.lut, part.lut * budget_.lut_share, "LUTs"},
                                  {"flip-flops", used.ff, part.ff * budget_.lut_share, "flip-flops"}};
    // What is missed by the most is the reason.
    if (!within(*std::max_element(std::begin(needs_of_part), std::end(needs_of_part),
                                  [](const Need& a, const Need& b) { return a.miss() < b.miss(); }),
                design.name)) {
      return;
    }
    const FrameCost cost = estimate_frame(config_, spec_, queues_, machine_of(design, format, board_, {}));
    candidate.milliseconds = cost.milliseconds;
    candidate.cycles = cost.cycles;
    candidate.utilisation = cost.utilisation;
    candidate.memory_bound = cost.memory_bound();
    candidate.millijoules = estimate_energy(cost, used, design.clock_mhz, board_.static_watts).total();
    candidate.share = part_share(used, part, board_.ultra_ram);
    if (budget_.milliseconds && !within({kLatency, candidate.milliseconds, *budget_.milliseconds, "ms"}, design.name)) {
      return;
    }
    if (budget_.millijoules &&
        !within({kEnergy, candidate.millijoules.middle(), *budget_.millijoules, "mJ"}, design.name)) {
      return;
    }
    result_.candidates.push_back(std::move(candidate));
  }

  Exploration finish() {
    std::vector<Candidate>& all = result_.candidates;
    std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
      return std::tuple(a.milliseconds, a.millijoules.middle(), a.share, a.design.name) <
             std::tuple(b.milliseconds, b.millijoules.middle(), b.share, b.design.name);
    });
    // Sorted by latency: only those before can beat one. Of equal ones the first stays.
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].pareto = true;
      for (std::size_t j = 0; j < i && all[i].pareto; ++j) {
        all[i].pareto =
            !all[j].pareto || all[j].millijoules.middle() > all[i].millijoules.middle() || all[j].share > all[i].share;
      }
    }
    std::sort(result_.pruned.begin(), result_.pruned.end(),
              [](const Pruned& a, const Pruned& b) { return a.count > b.count; });
    return std::move(result_);
  }

 private:
  /// Of an array that the RTL has a word for: others have no layout.
  std::optional<MachineNeeds> needs_of(const DesignPoint::Array& array) const {
    DesignPoint design = base_;
    design.array = array;
    using Array = DesignPoint::Array;
    if (array.tokens > Array::kMostTokens || array.outputs > Array::kMostOutputs || array.chains > Array::kMostChains ||
        array.outputs % design.step() != 0) {
      return std::nullopt;
    }
    return find_machine_needs(config_, design);
  }

  /// `held_words`: what the ring's words hold of weights as wide as the format's.
  DesignPoint make_design(const DesignPoint::Array& array, const std::optional<MachineNeeds>& needs, int weight_words,
                          int held_words) const {
    DesignPoint design = base_;
    design.part = board_.part;
    design.clock_mhz = board_.clock_mhz;
    design.array = array;
    design.lanes = {.row_quantizer = array.outputs, .layer_norm = array.outputs, .softmax = array.outputs};
    design.memory.weight_words = weight_words;
    if (!needs) return design;
    // The least that the RTL takes: a row memory holds two words, a queue of groups two, a group of experts two.
    const int least_row = 2 * array.outputs;
    design.memory = {.activation_words = 16,
                     .scale_words = 4,
                     .probability_words = 16,
                     .gather_words = 4,
                     .key_value_words = 4,
                     .weight_words = weight_words,
                     .channel_words = 4,
                     .norm_words = 4,
                     .token_words = 4};
    // So many that they do not keep the ring of weights from filling: a word a column tile, which is dim_steps words of
    // weights at least.
    const int tile_words = divide_up(config_.embed_dim, array.outputs) * design.ways();
    design.memory.channel_words = power_of_two(held_words / tile_words, 4);
    design.limits = {.max_tokens = power_of_two(array.tokens + 1, least_row),
                     .max_width = std::max(4, least_row),
                     .max_heads = 2,
                     .max_experts = 2,
                     .max_top_k = 1};
    design = grow_to_hold(*needs, {8, 8}, design).design;
    design.memory.weight_words = weight_words;
    return design;
  }

  struct Need {
    std::string_view what;
    double needed;
    double limit;
    std::string_view unit;

    /// A factor; of what there is nothing of, all that is needed.
    double miss() const { return limit > 0 ? needed / limit : 1 + needed; }
  };

  bool within(const Need& need, const std::string& name) {
    if (need.needed <= need.limit) return true;
    prune(need.what, need.miss(), name, fmt::format("{:.6g} of {:.6g} {}", need.needed, need.limit, need.unit));
    return false;
  }

  void prune(std::string_view reason, double miss, const std::string& name, const std::string& numbers) {
    auto entry = std::find_if(result_.pruned.begin(), result_.pruned.end(),
                              [&](const Pruned& pruned) { return pruned.reason == reason; });
    if (entry == result_.pruned.end()) {
      result_.pruned.push_back({.reason = std::string(reason)});
      entry = result_.pruned.end() - 1;
    }
    if (entry->count++ == 0 || miss < entry->miss) {
      entry->miss = miss;
      entry->nearest = fmt::format("{}: {}", name, numbers);
    }
  }

  const ModelConfig& config_;
  const FrameSpec& spec_;
  const ExpertQueues& queues_;
  const Board& board_;
  const std::string& base_text_;
  const DesignPoint& base_;
  const Budget& budget_;
  Exploration result_;
};

/// Visits until `visit(array, weight_words, format)` returns false; whether it never did.
template <typename Visit>
bool for_each_design(const ExploreSpace& space, const Visit& visit) {
  for (const NumberFormat& format : space.formats) {
    for (const int tokens : space.tokens) {
      for (const int outputs : space.outputs) {
        for (const int chains : space.chains) {
          for (const int weight_words : space.weight_words) {
            if (!visit({.tokens = tokens, .outputs = outputs, .chains = chains}, weight_words, format)) return false;
          }
        }
      }
    }
  }
  return true;
}

}  // namespace

Result<Exploration> explore(const ExploreProblem& problem, const ExploreSpace& space, const Budget& budget,
                            const ExploreProgress& progress) {
  const std::size_t total = space.size();
  if (total == 0 || total > kMostDesigns) {
    return invalid_argument("design space: expected 1 to {} designs, found {}; give shorter lists", kMostDesigns,
                            total);
  }
  for (const std::vector<int>* list : {&space.tokens, &space.outputs, &space.chains, &space.weight_words}) {
    for (const int size : *list) {
      if (size >= 1 && size <= kMostSize) continue;
      return invalid_argument("design space: expected sizes from 1 to {}, found {}", kMostSize, size);
    }
  }
  EDGEMOE_ASSIGN_OR_RETURN(const DesignPoint base, parse_design_point(problem.base));
  Explorer explorer(problem, base, budget);
  std::size_t done = 0;
  const bool whole =
      for_each_design(space, [&](const DesignPoint::Array& array, int words, const NumberFormat& format) {
        explorer.visit(array, words, format);
        return ++done % kProgressEvery != 0 || !progress || progress(done, total);
      });
  if (!whole) return explorer.finish();
  Exploration result = explorer.finish();
  if (!result.candidates.empty()) return result;
  // Those that the board has room for first, then the least miss.
  const auto over_budget = [](const Pruned& one) { return one.reason == kLatency || one.reason == kEnergy; };
  std::sort(result.pruned.begin(), result.pruned.end(), [&](const Pruned& a, const Pruned& b) {
    return std::tuple(!over_budget(a), a.miss) < std::tuple(!over_budget(b), b.miss);
  });
  std::string reasons;
  for (const Pruned& pruned : result.pruned) {
    reasons += fmt::format("; {}: {} designs, nearest {}", pruned.reason, pruned.count, pruned.nearest);
  }
  const bool some_fit = std::any_of(result.pruned.begin(), result.pruned.end(), over_budget);
  return not_found("none of {} designs fits {}{}{}", total, problem.board.name, some_fit ? " and the budget" : "",
                   reasons);
}

bool explorer_finds_design(const ExploreProblem& problem) {
  // One design after the other: what does not fit is left before it is timed.
  return !for_each_design({}, [&](const DesignPoint::Array& array, int weight_words, const NumberFormat& format) {
    const ExploreSpace one = {.tokens = {array.tokens},
                              .outputs = {array.outputs},
                              .chains = {array.chains},
                              .weight_words = {weight_words},
                              .formats = {format}};
    return !explore(problem, one, {}, {}).ok();
  });
}

std::string exploration_csv(const Exploration& exploration) {
  std::string out =
      "name,format,tokens,outputs,chains,weight_words,ring_bytes,products_per_cycle,milliseconds,cycles,"
      "utilisation,memory_bound,millijoules_low,millijoules_high,dsp,bram36,uram,lut,ff,share_of_part,pareto\n";
  for (const Candidate& one : exploration.candidates) {
    const DesignPoint& design = one.design;
    out += fmt::format(
        "{},{},{},{},{},{},{:.0f},{},{:.4f},{:.0f},{:.4f},{},{:.3f},{:.3f},{:.0f},{:.1f},{:.0f},{:.0f},{:.0f},"
        "{:.4f},{}\n",
        design.name, one.format.name(), design.array.tokens, design.array.outputs, design.array.chains,
        design.memory.weight_words, ring_bytes(design), design.products_per_cycle(), one.milliseconds, one.cycles,
        one.utilisation, one.memory_bound ? "yes" : "no", one.millijoules.low, one.millijoules.high, one.used.dsp,
        one.used.bram36, one.used.uram, one.used.lut, one.used.ff, one.share, one.pareto ? "yes" : "no");
  }
  return out;
}

}  // namespace edgemoe
