#include "accel/cost/machine_program.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/check.h"

namespace edgemoe {
namespace {

/// Bits of the router's operands on both sides: as bytes of weights and as digits of tokens where the array is
/// narrower.
constexpr int kRouterBits = 16;
constexpr int kRouterDigits = 3;  // to the base 64, of a token's 16 bits
constexpr int kChannelBytes = 8;
constexpr int kNormBytes = 4;
constexpr int kResidualBytes = 4;

int divide_up(int a, int b) { return (a + b - 1) / b; }

class ProgramMaker {
 public:
  ProgramMaker(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues, const Machine& machine)
      : config_(config),
        spec_(spec),
        machine_(machine),
        design_(*machine.design),
        outputs_(design_.array.outputs),
        beat_steps_(std::max(1, outputs_ / design_.step())),
        word_bytes_(machine.design->bus_bytes() * machine.format.weight_bytes()),
        bus_bytes_(*machine.memory.bus_bytes) {
    program_.queues = queues;
    program_.tokens = config.num_tokens();
    program_.streams = spec.last_streams(config);
    program_.dim_tiles = tiles(config.embed_dim);
    program_.experts = config.moe.experts_per_task > 0 ? config.moe.experts_per_task : config.moe.num_experts;
    program_.top_k = config.moe.top_k;
    program_.softmax_over_all = config.moe.rule == RouterRule::kSoftmaxThenTopK;
    head_tiles_ = tiles(config.head_dim());
  }

  MachineProgram make() {
    embedding();
    for (int block = 0; block < config_.depth; ++block) {
      const bool moe = config_.is_moe_block(block);
      attention(streams(block <= config_.first_moe_block()), moe);
      if (moe) {
        mixture(block);
      } else {
        dense(block, streams(block < config_.first_moe_block()));
      }
    }
    MachinePhase& finish = add({.kind = MachinePhase::Kind::kFinish, .label = program_.phases.back().label});
    finish.rows = rows(program_.streams);
    return std::move(program_);
  }

 private:
  int tiles(int elements) const { return divide_up(elements, outputs_); }
  int dim_steps() const { return tiles(config_.embed_dim) * beat_steps_; }
  int rows(int streams) const { return config_.num_tokens() * streams; }
  int streams(bool before_routers) const {
    return before_routers ? spec_.first_streams() : spec_.last_streams(config_);
  }
  int all_heads_tiles() const { return config_.num_heads * head_tiles_; }

  MachinePhase& add(const MachinePhase& phase) {
    program_.phases.push_back(phase);
    MachinePhase& added = program_.phases.back();
    added.lanes = design_.array.tokens;
    added.step_cycles = machine_.ideas.unified_unit ? 1 : machine_.naive.linear_units;
    return added;
  }

  void load(Phase label, double bytes, MachineLoad::Ring ring, int mixture = -1, int expert = -1) {
    program_.loads.push_back({.ring = ring,
                              .beats = std::max<std::int64_t>(1, std::llround(std::ceil(bytes / bus_bytes_))),
                              .label = label,
                              .mixture = mixture,
                              .expert = expert});
  }

  /// Channel constants and weights of a layer, whole tiles, then its phase.
  MachinePhase& linear(Phase label, int rows, int column_tiles, int steps, int mixture = -1, int expert = -1) {
    load(label, 1.0 * column_tiles * outputs_ * kChannelBytes, MachineLoad::Ring::kChannels, mixture, expert);
    load(label, 1.0 * column_tiles * steps * kDotChainLength * word_bytes_, MachineLoad::Ring::kWeights, mixture,
         expert);
    MachinePhase& phase = add({.label = label});
    phase.rows = rows;
    phase.column_tiles = column_tiles;
    phase.steps = steps;
    phase.mixture = mixture;
    phase.expert = expert;
    phase.row_tiles = column_tiles;
    return phase;
  }

  static void to_residual(MachinePhase& phase) { phase.results = MachinePhase::Results::kResidual; }

  void normalize_all(Phase label, int streams) {
    MachinePhase& phase = add({.kind = MachinePhase::Kind::kNorm, .label = label});
    phase.rows = rows(streams);
    phase.norm = true;
    phase.makes = MachineRows::kNormed;
  }

  void embedding() {
    const int streams = spec_.first_streams();
    const int patch_steps = divide_up(config_.patch_size * config_.patch_size * 3, design_.step());
    const int patches = (config_.num_tokens() - 1) * streams;
    const auto whole = [&](double bytes) { load(Phase::kPatchEmbedding, bytes, MachineLoad::Ring::kNone); };
    whole(2.0 * config_.depth * config_.embed_dim * kNormBytes);
    whole(1.0 * config_.num_tokens() * config_.embed_dim * kResidualBytes);
    whole(1.0 * divide_up(patches, design_.array.tokens) * patch_steps * design_.image_word_bytes());
    program_.loads.back().picture = true;
    MachinePhase& phase = linear(Phase::kPatchEmbedding, patches, tiles(config_.embed_dim), patch_steps);
    to_residual(phase);
    phase.columns_outer = true;
    normalize_all(Phase::kPatchEmbedding, streams);
  }

  void attention(int streams, bool before_router) {
    const int all = rows(streams);
    const auto projected = [&](int column_tiles) -> MachinePhase& {
      MachinePhase& phase = linear(Phase::kQkv, all, column_tiles, dim_steps());
      phase.reads = MachineRows::kNormed;
      phase.row_tiles = head_tiles_;
      return phase;
    };
    projected(all_heads_tiles()).results = MachinePhase::Results::kKeys;
    for (int head = 0; head < config_.num_heads; ++head)
      projected(head_tiles_).results = MachinePhase::Results::kValues;
    projected(all_heads_tiles()).makes = MachineRows::kQueries;

    MachinePhase& phase = add({.kind = MachinePhase::Kind::kAttention, .label = Phase::kScores});
    if (!machine_.ideas.attention_reordering) phase.lanes = 1;
    phase.lanes = std::min(phase.lanes, machine_.query_lanes);
    phase.rows = all;
    phase.streams = streams;
    phase.heads = config_.num_heads;
    phase.steps = head_tiles_ * beat_steps_;
    phase.row_tiles = head_tiles_;
    phase.key_tiles = tiles(config_.num_tokens());
    phase.value_steps = divide_up(config_.num_tokens(), design_.step());
    phase.reads = MachineRows::kQueries;
    phase.makes = MachineRows::kHeads;
    if (!machine_.ideas.single_pass_softmax) {
      phase.alone_cycles = 1.0 * config_.num_heads * all * config_.num_tokens() * machine_.naive.softmax_cycles /
                           machine_.naive.softmax_lanes;
    }

    MachinePhase& projection =
        linear(Phase::kProjection, all, tiles(config_.embed_dim), all_heads_tiles() * beat_steps_);
    to_residual(projection);
    projection.reads = MachineRows::kHeads;
    projection.makes = MachineRows::kNormed;
    projection.norm = true;
    projection.digits = before_router;
  }

  double naive_gelu(double elements) const {
    if (machine_.ideas.table_gelu) return 0;
    return elements * machine_.naive.gelu_cycles / machine_.naive.gelu_lanes;
  }

  void dense(int block, int streams) {
    const int all = rows(streams);
    const int hidden = tiles(config_.mlp_dim);
    MachinePhase& up = linear(Phase::kMlp, all, hidden, dim_steps());
    up.reads = MachineRows::kNormed;
    up.makes = MachineRows::kHidden0;
    up.alone_cycles = naive_gelu(1.0 * all * config_.mlp_dim);
    MachinePhase& down = linear(Phase::kMlp, all, tiles(config_.embed_dim), hidden * beat_steps_);
    to_residual(down);
    down.reads = MachineRows::kHidden0;
    if (block + 1 == config_.depth) return;
    down.norm = true;
    down.makes = MachineRows::kNormed;
  }

  void mixture(int block) {
    const int mixture = mixtures_++;
    const int all = rows(streams(false));
    const int weight_planes = divide_up(kRouterBits, machine_.format.weight_bits);
    const int digits = machine_.format.activation_bits >= kRouterBits ? 1 : kRouterDigits;
    // Two words of constants: the experts' and the rest.
    load(Phase::kRouter, 2.0 * outputs_ * kChannelBytes, MachineLoad::Ring::kChannels);
    const int gate_tiles = tiles(program_.experts * weight_planes);
    load(Phase::kRouter, 1.0 * gate_tiles * dim_steps() * kDotChainLength * word_bytes_, MachineLoad::Ring::kWeights);
    MachinePhase& router = add({.kind = MachinePhase::Kind::kRouter, .label = Phase::kRouter});
    router.rows = all;
    router.column_tiles = gate_tiles * digits;
    router.steps = dim_steps();
    router.reads = MachineRows::kNormed;
    router.mixture = mixture;
    MachinePhase& gather = add({.kind = MachinePhase::Kind::kGather, .label = Phase::kRouter});
    gather.rows = all;
    gather.makes = MachineRows::kGathered;
    gather.mixture = mixture;
    if (!machine_.ideas.expert_reordering) program_.queues[static_cast<std::size_t>(mixture)] = one_by_one(mixture);
    experts(mixture);
    if (block + 1 < config_.depth) normalize_all(Phase::kExperts, streams(false));
  }

  /// Each pick a queue by itself.
  std::vector<int> one_by_one(int mixture) const {
    const std::vector<int>& queue = program_.queues[static_cast<std::size_t>(mixture)];
    return std::vector<int>(static_cast<std::size_t>(std::accumulate(queue.begin(), queue.end(), 0)), 1);
  }

  void experts(int mixture) {
    const std::vector<int> queue = program_.queues[static_cast<std::size_t>(mixture)];
    const int count = static_cast<int>(queue.size());
    const int hidden = tiles(config_.moe.expert_dim);
    std::vector<int> first(queue.size() + 1, 0);
    std::partial_sum(queue.begin(), queue.end(), first.begin() + 1);
    const auto hidden_of = [](int e) { return e % 2 == 0 ? MachineRows::kHidden0 : MachineRows::kHidden1; };
    for (int e = 0; e <= count; ++e) {
      if (e < count) {
        const int length = queue[static_cast<std::size_t>(e)];
        MachinePhase& up = linear(Phase::kExperts, length, hidden, dim_steps(), mixture, e);
        up.reads = MachineRows::kGathered;
        up.first_row = first[static_cast<std::size_t>(e)];
        up.makes = hidden_of(e);
        up.alone_cycles = naive_gelu(1.0 * length * config_.moe.expert_dim);
      }
      if (e == 0) continue;
      MachinePhase& down = linear(Phase::kExperts, queue[static_cast<std::size_t>(e - 1)], tiles(config_.embed_dim),
                                  hidden * beat_steps_, mixture, e - 1);
      to_residual(down);
      down.reads = hidden_of(e - 1);
    }
  }

  const ModelConfig& config_;
  const FrameSpec& spec_;
  const Machine& machine_;
  const DesignPoint& design_;
  const int outputs_;
  const int beat_steps_;     // of a column tile
  const double word_bytes_;  // of a bank of weights
  const double bus_bytes_;
  int head_tiles_ = 0;
  int mixtures_ = 0;
  MachineProgram program_;
};

}  // namespace

MachineProgram make_machine_program(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                                    const Machine& machine) {
  EDGEMOE_CHECK(machine.design.has_value());
  EDGEMOE_CHECK(queues.size() == config.moe.blocks.size());
  // Rows, and rows that are gathered, are counted in 32 bits.
  const std::int64_t streams = std::max(spec.first_streams(), spec.last_streams(config));
  EDGEMOE_CHECK(config.num_tokens() * streams * std::max(1, config.moe.top_k) <= std::numeric_limits<int>::max());
  return ProgramMaker(config, spec, queues, machine).make();
}

}  // namespace edgemoe
