#include "accel/cost/explore.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "accel/cost/energy.h"

namespace edgemoe {
namespace {

constexpr std::size_t kMostDesigns = 200000;
constexpr int kMostSize = 1 << 16;
constexpr std::size_t kProgressEvery = 64;

int power_of_two(int value, int least) {
  return static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(value, least))));
}

int divide_up(int a, int b) { return (a + b - 1) / b; }

std::string name_of(const DesignPoint& design, const NumberFormat& format) {
  const std::string shape = fmt::format("t{}o{}c{}-l{}-r{}", design.array.tokens, design.array.outputs,
                                        design.array.chains, design.lanes.softmax, design.memory.weight_words);
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

  void visit(const DesignPoint::Array& array, int lanes, int weight_words, const NumberFormat& format) {
    Candidate candidate = {.design = make_design(array, lanes, weight_words), .format = format};
    DesignPoint& design = candidate.design;
    design.name = name_of(design, format);
    ++result_.searched;
    const Result<std::string> file = rewrite_design_point(base_text_, design);
    const Status readable = file.ok() ? parse_design_point(*file).status() : file.status();
    if (!readable.ok()) {
      prune("sizes that the RTL does not take", 1, design.name, readable.message());
      return;
    }
    candidate.file = *file;
    // fc1 of one token group runs beside fc2 of another, across experts too.
    const double needed =
        2.0 * std::max(2 * config_.moe.expert_dim, config_.embed_dim) * config_.embed_dim * format.weight_bytes();
    if (!within("the ring holds less than two experts", needed, ring_bytes(design), design.name, "bytes")) return;
    candidate.used = sum(estimate_resources(design, format, config_, spec_, board_.ultra_ram));
    const Resources& used = candidate.used;
    const DesignPoint::Part& part = board_.part;
    if (!within("DSP", used.dsp, part.dsp * budget_.dsp_share, design.name, "DSP48E2") ||
        !within("block RAM", used.bram36, part.bram36 * budget_.bram_share, design.name, "BRAM36") ||
        !within("LUTs", used.lut, part.lut * budget_.lut_share, design.name, "LUTs") ||
        !within("flip-flops", used.ff, part.ff * budget_.lut_share, design.name, "flip-flops")) {
      return;
    }
    const FrameCost cost = estimate_frame(config_, spec_, queues_, machine_of(design, format, board_, {}));
    candidate.milliseconds = cost.milliseconds;
    candidate.cycles = cost.cycles;
    candidate.utilisation = cost.utilisation;
    candidate.memory_bound = cost.memory_bound();
    candidate.millijoules = estimate_energy(cost, used, design.clock_mhz, board_.static_watts).total();
    candidate.share = part_share(used, part, board_.ultra_ram);
    if (budget_.milliseconds && !within("latency", candidate.milliseconds, *budget_.milliseconds, design.name, "ms")) {
      return;
    }
    if (budget_.millijoules &&
        !within("energy", candidate.millijoules.middle(), *budget_.millijoules, design.name, "mJ")) {
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
  DesignPoint make_design(const DesignPoint::Array& array, int lanes, int weight_words) const {
    const int width = std::max({config_.embed_dim, config_.mlp_dim, config_.moe.expert_dim});
    const int max_width = power_of_two(width, 4);
    // All tokens' rows, or two groups of hidden ones: in the order of token groups no more of those are alive.
    const int steps = divide_up(config_.embed_dim, array.chains * kDotChainLength);
    const int hidden_steps = divide_up(width, array.chains * kDotChainLength);
    const int words = std::max(divide_up(config_.num_tokens(), array.tokens) * steps, 2 * hidden_steps);
    DesignPoint design = base_;
    design.part = board_.part;
    design.clock_mhz = board_.clock_mhz;
    design.array = array;
    design.memory.activation_words = power_of_two(words, 16);
    design.memory.weight_words = weight_words;
    design.memory.channel_words = power_of_two(2 * max_width / array.outputs, 4);
    design.lanes = {.row_quantizer = lanes, .layer_norm = lanes, .softmax = lanes};
    design.limits.max_tokens = power_of_two(config_.num_tokens(), 4);
    design.limits.max_width = max_width;
    design.limits.max_experts = power_of_two(config_.moe.num_experts, 2);
    design.limits.max_top_k = std::max(config_.moe.top_k, 1);
    return design;
  }

  bool within(std::string_view what, double needed, double limit, const std::string& name, std::string_view unit) {
    if (needed <= limit) return true;
    prune(what, needed / limit, name, fmt::format("{:.6g} of {:.6g} {}", needed, limit, unit));
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

}  // namespace

Result<Exploration> explore(const ExploreProblem& problem, const ExploreSpace& space, const Budget& budget,
                            const ExploreProgress& progress) {
  const std::size_t total = space.size();
  if (total == 0 || total > kMostDesigns) {
    return invalid_argument("design space: expected 1 to {} designs, found {}; give shorter lists", kMostDesigns,
                            total);
  }
  for (const std::vector<int>* list :
       {&space.tokens, &space.outputs, &space.chains, &space.lanes, &space.weight_words}) {
    for (const int size : *list) {
      if (size >= 1 && size <= kMostSize) continue;
      return invalid_argument("design space: expected sizes from 1 to {}, found {}", kMostSize, size);
    }
  }
  EDGEMOE_ASSIGN_OR_RETURN(const DesignPoint base, parse_design_point(problem.base));
  Explorer explorer(problem, base, budget);
  std::size_t done = 0;
  for (const NumberFormat& format : space.formats) {
    for (const int tokens : space.tokens) {
      for (const int outputs : space.outputs) {
        for (const int chains : space.chains) {
          for (const int lanes : space.lanes) {
            for (const int weight_words : space.weight_words) {
              explorer.visit({.tokens = tokens, .outputs = outputs, .chains = chains}, lanes, weight_words, format);
              if (++done % kProgressEvery == 0 && progress && !progress(done, total)) {
                return explorer.finish();
              }
            }
          }
        }
      }
    }
  }
  Exploration result = explorer.finish();
  if (!result.candidates.empty()) return result;
  std::string reasons;
  for (const Pruned& pruned : result.pruned) {
    reasons += fmt::format("; {}: {} designs, nearest {}", pruned.reason, pruned.count, pruned.nearest);
  }
  return not_found("none of {} designs fits {}{}", total, problem.board.name, reasons);
}

std::string exploration_csv(const Exploration& exploration) {
  std::string out =
      "name,format,tokens,outputs,chains,lanes,weight_words,ring_bytes,products_per_cycle,milliseconds,cycles,"
      "utilisation,memory_bound,millijoules_low,millijoules_high,dsp,bram36,uram,lut,ff,share_of_part,pareto\n";
  for (const Candidate& one : exploration.candidates) {
    const DesignPoint& design = one.design;
    out += fmt::format(
        "{},{},{},{},{},{},{},{:.0f},{},{:.4f},{:.0f},{:.4f},{},{:.3f},{:.3f},{:.0f},{:.1f},{:.0f},{:.0f},{:.0f},"
        "{:.4f},{}\n",
        design.name, one.format.name(), design.array.tokens, design.array.outputs, design.array.chains,
        design.lanes.softmax, design.memory.weight_words, ring_bytes(design), design.products_per_cycle(),
        one.milliseconds, one.cycles, one.utilisation, one.memory_bound ? "yes" : "no", one.millijoules.low,
        one.millijoules.high, one.used.dsp, one.used.bram36, one.used.uram, one.used.lut, one.used.ff, one.share,
        one.pareto ? "yes" : "no");
  }
  return out;
}

}  // namespace edgemoe
