#include "accel/machine_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/program.h"

namespace edgemoe {
namespace {

/// Attention keeps the probabilities of so many groups and heads.
constexpr int kProbabilityUnits = 4;

/// More than any memory has: of networks far too large only that matters.
constexpr std::int64_t kMostWords = 1 << 30;
int clipped(std::int64_t words) { return static_cast<int>(std::min(words, kMostWords)); }

/// Hands out words of one memory, in turn.
class Places {
 public:
  int take(std::int64_t words) {
    const int at = next_;
    next_ = clipped(next_ + words);
    most_ = std::max(most_, next_);
    return at;
  }
  int mark() const { return next_; }
  /// What was taken since `mark` may be taken again: it is not in use at the same time.
  void back_to(int mark) { next_ = mark; }
  int most() const { return most_; }

 private:
  int next_ = 0;
  int most_ = 0;
};

class LayoutMaker {
 public:
  LayoutMaker(const ModelConfig& config, const DesignPoint& design) : config_(config), design_(design) {}

  MachineNeeds find_needs() {
    find_sizes();
    find_regions();
    return needs();
  }

  std::vector<MachineGap> find_gaps() {
    find_sizes();
    find_regions();
    check_kinds();
    check_room();
    return std::move(gaps_);
  }

  const MachineLayout& layout() const { return layout_; }

 private:
  void find_sizes() {
    const int outputs = design_.array.outputs;
    const int tokens = config_.num_tokens();
    MachineLayout& l = layout_;
    l.beat_steps = design_.ways();
    l.groups = tiles_of(tokens, design_.array.tokens);
    l.patch_groups = tiles_of(tokens - 1, design_.array.tokens);
    l.patch_steps = tiles_of(config_.patch_size * config_.patch_size * 3, design_.step());
    l.dim_tiles = tiles_of(config_.embed_dim, outputs);
    l.dim_steps = l.dim_tiles * l.beat_steps;
    l.head_tiles = tiles_of(config_.head_dim(), outputs);
    l.head_steps = l.head_tiles * l.beat_steps;
    l.key_tiles = tiles_of(tokens, outputs);
    l.last_keys = tokens - (l.key_tiles - 1) * outputs;
    l.value_steps = tiles_of(tokens, design_.step());
    if (has_dense()) l.mlp_tiles = tiles_of(config_.mlp_dim, outputs);
    if (!has_moe()) return;
    l.expert_tiles = tiles_of(config_.moe.expert_dim, outputs);
    const int routed = config_.moe.experts_per_task > 0 ? config_.moe.experts_per_task : config_.moe.num_experts;
    l.gate_tiles = tiles_of(2 * routed, outputs);
  }

  bool has_moe() const { return !config_.moe.blocks.empty(); }
  bool has_dense() const { return static_cast<int>(config_.moe.blocks.size()) < config_.depth; }

  /// Groups of all experts' rows together: each expert begins one.
  int gathered_groups() const {
    const int tokens = config_.num_tokens();
    const int lanes = design_.array.tokens;
    const int rows = tokens * config_.moe.top_k + config_.moe.num_experts * (lanes - 1);
    return std::min(rows / lanes, config_.moe.num_experts * layout_.groups);
  }

  RowRegion take(int groups, int pitch, int rows_of_token = 1) {
    return {words_.take(std::int64_t{groups} * pitch), pitch, scales_.take(std::int64_t{groups} * rows_of_token)};
  }

  // Every phase reads its rows before the next one begins, so what two phases do not hand on may lie in one place.
  void find_regions() {
    MachineLayout& l = layout_;
    const int heads_pitch = config_.num_heads * l.head_steps;
    l.normed = take(l.groups, l.dim_steps);
    const int words = words_.mark();
    const int scales = scales_.mark();
    const auto again = [&] {
      words_.back_to(words);
      scales_.back_to(scales);
    };
    l.patches = take(l.patch_groups, l.patch_steps);
    again();
    l.queries = take(l.groups, heads_pitch, config_.num_heads);
    l.heads = take(l.groups, heads_pitch);
    again();
    if (has_dense()) l.hidden = take(l.groups, l.mlp_tiles * l.beat_steps);
    again();
    if (has_moe()) {
      for (RowRegion& hidden : l.expert_hidden) hidden = take(l.groups, l.expert_tiles * l.beat_steps);
      l.gathered = take(gathered_groups(), l.dim_steps);
    }
    l.key_base = keys_.take(std::int64_t{config_.num_heads} * l.key_tiles * l.head_steps);
    l.value_base = keys_.take(std::int64_t{config_.num_heads} * l.head_tiles * l.value_steps);
  }

  void check_kinds() {
    const int outputs = design_.array.outputs;
    if (config_.embed_dim % outputs != 0) {
      miss({.key = "embed_dim"}, "embed_dim must be a multiple of array.outputs, {}, and is {}", outputs,
           config_.embed_dim);
    }
    if (!has_moe()) return;
    if (config_.moe.gate_input_ahead) {
      miss({.key = "moe.gate_input_ahead"}, "routers that read a block's raw input are not built");
    }
    const int experts = config_.moe.num_experts;
    if (experts > outputs) {
      miss({.key = "array.outputs", .needed = experts, .there = outputs},
           "the constants of {} experts need array.outputs of as many, there are {}", experts, outputs);
    }
  }

  MachineNeeds needs() const {
    const MachineLayout& l = layout_;
    MachineNeeds needs;
    DesignPoint::Limits& limits = needs.limits;
    // A value queue of 4 · max_tokens beats holds two heads.
    limits.max_tokens =
        std::max(config_.num_tokens(), clipped((std::int64_t{config_.num_tokens()} * l.head_tiles + 1) / 2));
    limits.max_width =
        design_.array.outputs * std::max({l.dim_tiles, config_.num_heads * l.head_tiles, l.mlp_tiles, l.expert_tiles});
    limits.max_heads = config_.num_heads;
    DesignPoint::Memory& memory = needs.memory;
    memory.activation_words = words_.most();
    memory.scale_words = scales_.most();
    memory.probability_words = kProbabilityUnits * l.key_tiles * l.beat_steps;
    memory.key_value_words = keys_.most();
    memory.norm_words = 2 * config_.depth * l.dim_tiles;
    memory.token_words = clipped(std::int64_t{config_.num_tokens()} * l.dim_tiles);
    if (has_moe()) {
      limits.max_experts = config_.moe.num_experts;
      limits.max_top_k = config_.moe.top_k;
      memory.gather_words = memory.token_words;
      memory.probability_words =
          std::max(memory.probability_words, clipped(std::int64_t{l.groups} * kRouterDigits * l.dim_steps));
    }
    // The ring holds a phase's weights until its last group; phases take theirs in the order of loading, so one that
    // finds room is enough.
    const int heads_tiles = config_.num_heads * l.head_tiles;
    const int heads_steps = heads_tiles * l.beat_steps;
    const auto rows_of_mlp = [&](int tiles) {
      return std::max(tiles * l.dim_steps, l.dim_tiles * tiles * l.beat_steps);
    };
    memory.weight_words = std::max({l.dim_tiles * l.patch_steps, heads_tiles * l.dim_steps, l.dim_tiles * heads_steps,
                                    rows_of_mlp(l.mlp_tiles), rows_of_mlp(l.expert_tiles), l.gate_tiles * l.dim_steps});
    // A router has two.
    memory.channel_words = std::max({l.dim_tiles, heads_tiles, l.mlp_tiles, l.expert_tiles, 2});
    return needs;
  }

  void check_room() {
    const MachineNeeds needed = needs();
    const DesignPoint::Memory& memory = design_.memory;
    const DesignPoint::Limits& limits = design_.limits;
    need("limits.max_tokens", config_.num_tokens(), limits.max_tokens);
    need("limits.max_width", needed.limits.max_width, limits.max_width);
    need("limits.max_heads", needed.limits.max_heads, limits.max_heads);
    const int value_beats = config_.num_tokens() * layout_.head_tiles;
    if (value_beats > 2 * limits.max_tokens) {
      miss({.key = "limits.max_tokens", .needed = needed.limits.max_tokens, .there = limits.max_tokens},
           "limits.max_tokens is {}, heads of {} elements need half of {}", limits.max_tokens, config_.head_dim(),
           value_beats);
    }
    need("limits.max_experts", needed.limits.max_experts, limits.max_experts);
    need("limits.max_top_k", needed.limits.max_top_k, limits.max_top_k);
    need("memory.gather_words", needed.memory.gather_words, memory.gather_words);
    need("memory.activation_words", needed.memory.activation_words, memory.activation_words);
    need("memory.scale_words", needed.memory.scale_words, memory.scale_words);
    need("memory.probability_words", needed.memory.probability_words, memory.probability_words);
    need("memory.key_value_words", needed.memory.key_value_words, memory.key_value_words);
    need("memory.norm_words", needed.memory.norm_words, memory.norm_words);
    need("memory.token_words", needed.memory.token_words, memory.token_words);
    need("memory.weight_words", needed.memory.weight_words, memory.weight_words);
    need("memory.channel_words", needed.memory.channel_words, memory.channel_words);
  }

  void need(std::string_view key, int needed, int there) {
    if (needed <= there) return;
    miss({.key = std::string(key), .needed = needed, .there = there}, "{} is {}, {} are needed, {} more", key, there,
         needed, needed - there);
  }

  template <typename... Args>
  void miss(MachineGap gap, fmt::format_string<Args...> format, Args&&... args) {
    gap.message = fmt::format(format, std::forward<Args>(args)...);
    gaps_.push_back(std::move(gap));
  }

  const ModelConfig& config_;
  const DesignPoint& design_;
  MachineLayout layout_;
  Places words_;
  Places scales_;
  Places keys_;
  std::vector<MachineGap> gaps_;
};

}  // namespace

MachineNeeds find_machine_needs(const ModelConfig& config, const DesignPoint& design) {
  return LayoutMaker(config, design).find_needs();
}

std::vector<MachineGap> find_machine_gaps(const ModelConfig& config, const DesignPoint& design) {
  return LayoutMaker(config, design).find_gaps();
}

Result<MachineLayout> lay_out_machine(const ModelConfig& config, const DesignPoint& design) {
  EDGEMOE_RETURN_IF_ERROR(validate_complete_config(config));
  LayoutMaker maker(config, design);
  const std::vector<MachineGap> gaps = maker.find_gaps();
  if (gaps.empty()) return maker.layout();
  std::vector<std::string_view> messages;
  for (const MachineGap& gap : gaps) messages.push_back(gap.message);
  return unsupported("network {} does not fit design point {}: {}", config.name, design.name,
                     fmt::join(messages, "; "));
}

}  // namespace edgemoe
