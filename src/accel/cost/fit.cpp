#include "accel/cost/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace edgemoe {
namespace {

constexpr NumberFormat kRtlFormat = {8, 8};
constexpr std::int64_t kMostWords = 1 << 30;  // as machine_layout has it

int power_of_two(int value) { return static_cast<int>(std::bit_ceil(static_cast<unsigned>(value))); }

}  // namespace

std::vector<MachineGap> find_frame_gaps(const ModelConfig& config, const FrameSpec& spec, const NumberFormat& format,
                                        const DesignPoint& design) {
  std::vector<MachineGap> gaps = find_machine_gaps(config, design);
  const int streams = std::max(spec.first_streams(), spec.last_streams(config));
  if (streams > 1) {
    gaps.push_back({.key = "streams",
                    .needed = streams,
                    .there = 1,
                    .message = fmt::format("the RTL computes one picture for one task at a time, {} are asked for "
                                           "together",
                                           streams)});
  }
  if (format != kRtlFormat) {
    gaps.push_back(
        {.key = "format",
         .message = fmt::format("the RTL computes {} alone, {} is asked for", kRtlFormat.name(), format.name())});
  }
  return gaps;
}

GrownDesign grow_to_hold(const MachineNeeds& needs, const NumberFormat& format, const DesignPoint& design) {
  GrownDesign out = {.design = design, .sizes = {}};
  const auto grow = [&](std::string_view key, int& size, int least) {
    if (size >= least) return;
    size = least;
    out.sizes.emplace_back(key, least);
  };
  DesignPoint::Memory& memory = out.design.memory;
  const DesignPoint::Memory& words = needs.memory;
  grow("memory.activation_words", memory.activation_words, power_of_two(words.activation_words));
  grow("memory.scale_words", memory.scale_words, power_of_two(words.scale_words));
  grow("memory.probability_words", memory.probability_words, power_of_two(words.probability_words));
  grow("memory.gather_words", memory.gather_words, power_of_two(words.gather_words));
  grow("memory.key_value_words", memory.key_value_words, power_of_two(words.key_value_words));
  const std::int64_t ring_words = (std::int64_t{words.weight_words} * format.weight_bits + 7) / 8;
  grow("memory.weight_words", memory.weight_words,
       power_of_two(static_cast<int>(std::min<std::int64_t>(ring_words, kMostWords))));
  grow("memory.channel_words", memory.channel_words, power_of_two(words.channel_words));
  grow("memory.norm_words", memory.norm_words, power_of_two(words.norm_words));
  grow("memory.token_words", memory.token_words, power_of_two(words.token_words));
  DesignPoint::Limits& limits = out.design.limits;
  grow("limits.max_tokens", limits.max_tokens, power_of_two(needs.limits.max_tokens));
  grow("limits.max_width", limits.max_width, power_of_two(needs.limits.max_width));
  grow("limits.max_heads", limits.max_heads, power_of_two(needs.limits.max_heads));
  grow("limits.max_experts", limits.max_experts, power_of_two(needs.limits.max_experts));
  grow("limits.max_top_k", limits.max_top_k, needs.limits.max_top_k);
  return out;
}

}  // namespace edgemoe
