// The interpreter's router: digits, logits, queues, and the gathering of their rows.
#include <algorithm>

#include "accel/interpreter_phases.h"
#include "hls/linear.h"
#include "hls/router.h"

namespace edgemoe::interpreter {

Status PhaseRunner::store_digits(const ComputeCommand& phase, int token, const std::vector<std::int16_t>& normed) {
  const int steps = phase.row_tiles * design_.ways();
  const int lane = token % lanes_;
  const int first = phase.digits_base + token / lanes_ * kRouterDigits * steps;
  EDGEMOE_RETURN_IF_ERROR(check_words("probabilities", first, kRouterDigits * steps, memory_.probabilities.words()));
  const int stored = token * phase.row_tiles;
  EDGEMOE_RETURN_IF_ERROR(check_words("rows to be gathered", stored, phase.row_tiles, design_.memory.gather_words));
  constexpr int kHalf = 1 << (kRouterDigitBits - 1);
  for (std::size_t i = 0; i < normed.size(); ++i) {
    int rest = normed[i];
    for (int digit = 0; digit < kRouterDigits; ++digit) {
      const bool top = digit + 1 == kRouterDigits;
      const int value = top ? rest : ((rest + kHalf) & (2 * kHalf - 1)) - kHalf;
      memory_.probabilities.at(first + digit * steps, static_cast<int>(i), lane) = static_cast<std::int8_t>(value);
      rest = (rest - value) >> kRouterDigitBits;
    }
  }
  memory_.gather_scales[extent(token)] =
      hls::quantize_row(normed.data(), static_cast<int>(normed.size()), phase.norm_fraction,
                        memory_.gather.data() + extent(stored * outputs_));
  return {};
}

Status PhaseRunner::router(const ComputeCommand& phase) {
  EDGEMOE_ASSIGN_OR_RETURN(const WeightTag tag, loader_.take());
  const int groups = groups_of(phase.rows);
  EDGEMOE_RETURN_IF_ERROR(check_made(phase, groups));
  if (tag.rows != phase.column_tiles * phase.steps || tag.words != 2) {
    return malformed("a router needs {} rows of weights and 2 words of channels, loaded are {} and {}",
                     phase.column_tiles * phase.steps, tag.rows, tag.words);
  }
  EDGEMOE_RETURN_IF_ERROR(check_words("probabilities", phase.input_base,
                                      std::int64_t{groups - 1} * phase.input_pitch + kRouterDigits * phase.steps,
                                      memory_.probabilities.words()));
  const RouterScalars scalars = decode_router(channel(tag, 1, 0));
  if (scalars.experts < 1 || 2 * scalars.experts > phase.column_tiles * outputs_ || scalars.experts > outputs_ ||
      scalars.top_k < 1 || scalars.top_k > scalars.experts ||
      scalars.first_expert + scalars.experts > static_cast<int>(memory_.queues.size())) {
    return malformed("{} of {} experts from {}: there are {} outputs and {} queues", scalars.top_k, scalars.experts,
                     scalars.first_expert, outputs_, memory_.queues.size());
  }
  for (std::vector<QueuedToken>& queue : memory_.queues) queue.clear();
  for (int group = 0; group < groups; ++group) {
    std::vector<std::int64_t> logits(extent(lanes_ * scalars.experts));
    for (int tile = 0; tile < phase.column_tiles; ++tile) add_logits(phase, tag, group, tile, scalars.experts, logits);
    for (int lane = 0; lane < rows_in(group, phase.rows); ++lane) {
      std::int64_t* const row = logits.data() + extent(lane * scalars.experts);
      for (int e = 0; e < scalars.experts; ++e) row[e] += static_cast<std::int64_t>(channel(tag, 0, e));
      route_token(scalars, {row, extent(scalars.experts)}, group * lanes_ + lane);
    }
  }
  ++memory_.routings_done;
  loader_.release(tag);
  return {};
}

void PhaseRunner::add_logits(const ComputeCommand& phase, const WeightTag& tag, int group, int tile, int experts,
                             std::span<std::int64_t> logits) {
  const int first_expert = tile * outputs_ / 2;
  for (int digit = 0; digit < kRouterDigits; ++digit) {
    Sums sums(extent(lanes_ * outputs_));
    const int first = phase.input_base + group * phase.input_pitch + digit * phase.steps;
    for (int step = 0; step < phase.steps; ++step) {
      const int row = (tag.first_row + tile * phase.steps + step) % memory_.weights.words();
      multiply(memory_.probabilities.word(first + step), memory_.weights.word(row), sums);
    }
    const std::int64_t place = std::int64_t{1} << (digit * kRouterDigitBits);
    for (int lane = 0; lane < lanes_; ++lane) {
      for (int e = first_expert; e < std::min(experts, first_expert + outputs_ / 2); ++e) {
        const std::size_t low = extent(lane * outputs_ + 2 * (e - first_expert));
        logits[extent(lane * experts + e)] += place * (sums[low] + 256 * std::int64_t{sums[low + 1]});
      }
    }
  }
}

void PhaseRunner::route_token(const RouterScalars& scalars, std::span<const std::int64_t> logits, int token) {
  std::vector<std::uint32_t> chosen(extent(scalars.top_k));
  std::vector<std::uint16_t> weights(extent(scalars.top_k));
  hls::choose_experts(logits.data(), scalars.experts, scalars.top_k, chosen.data());
  hls::weigh_experts(logits.data(), scalars.experts, scalars.top_k, chosen.data(), {scalars.kappa, scalars.right}, 0,
                     scalars.softmax_after_topk, scalars.prune_above, weights.data());
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    memory_.queues[extent(scalars.first_expert) + chosen[k]].push_back({token, weights[k]});
  }
}

Status PhaseRunner::gather(const ComputeCommand& phase) {
  if (memory_.routings_done == 0) return malformed("dead-lock: gathers for no router");
  begin_making(phase.makes);
  int group = 0;
  for (std::size_t expert = 0; expert < memory_.queues.size(); ++expert) {
    const std::vector<QueuedToken>& queue = memory_.queues[expert];
    memory_.first_group[expert] = group;
    for (std::size_t i = 0; i < queue.size(); ++i) {
      const int lane = static_cast<int>(i) % lanes_;
      const int place = group + static_cast<int>(i) / lanes_;
      const std::int64_t to = phase.output_base + std::int64_t{place} * phase.output_pitch;
      EDGEMOE_RETURN_IF_ERROR(check_words("activations", to, phase.steps, memory_.activations.words()));
      const int first = static_cast<int>(to);
      EDGEMOE_RETURN_IF_ERROR(check_words("row scales", phase.output_scales + place, 1, design_.memory.scale_words));
      const int token = queue[i].token;
      const int beats = phase.steps / design_.ways();
      EDGEMOE_RETURN_IF_ERROR(check_words("rows to be gathered", token * beats, beats, design_.memory.gather_words));
      for (int k = 0; k < beats * outputs_; ++k) {
        memory_.activations.at(first, k, lane) = memory_.gather[extent(token * beats * outputs_ + k)];
      }
      memory_.scales[extent((phase.output_scales + place) * lanes_ + lane)] = memory_.gather_scales[extent(token)];
      std::fill_n(memory_.owner.begin() + first, phase.steps, phase.makes);
    }
    group += groups_of(static_cast<int>(queue.size()));
  }
  memory_.made[static_cast<int>(phase.makes)] = group;
  return {};
}

}  // namespace edgemoe::interpreter
