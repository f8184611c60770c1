// The interpreter's attention: units of a group and a head, each scores, softmax and P · V.
#include <algorithm>

#include "accel/interpreter_phases.h"
#include "hls/linear.h"
#include "numeric/attention_scale.h"
#include "numeric/exp2_table.h"

namespace edgemoe::interpreter {
namespace {

/// Units whose probabilities are kept at a time.
constexpr int kUnits = 4;

}  // namespace

Status PhaseRunner::check_attention(const ComputeCommand& phase) const {
  const int groups = groups_of(phase.rows);
  const int keys = (phase.key_tiles - 1) * outputs_ + phase.last_keys;
  const bool whole = phase.key_tiles > 0 && phase.last_keys > 0 && phase.last_keys <= outputs_;
  if (!whole || keys != phase.rows || phase.value_steps * step_ < phase.rows) {
    return malformed("{} queries, {} keys, {} steps of values", phase.rows, keys, phase.value_steps);
  }
  if (phase.heads > design_.limits.max_heads || phase.row_tiles * outputs_ > design_.limits.max_width) {
    return malformed("{} heads of {} elements do not fit", phase.heads, phase.row_tiles * outputs_);
  }
  EDGEMOE_RETURN_IF_ERROR(check_made(phase, groups));
  EDGEMOE_RETURN_IF_ERROR(check_words("keys and values", phase.key_base, phase.heads * phase.key_tiles * phase.steps,
                                      memory_.keys_values.words()));
  EDGEMOE_RETURN_IF_ERROR(check_words("keys and values", phase.value_base,
                                      phase.heads * phase.row_tiles * phase.value_steps, memory_.keys_values.words()));
  EDGEMOE_RETURN_IF_ERROR(
      check_words("row scales", phase.input_scales, groups * phase.heads, design_.memory.scale_words));
  return check_words("probabilities", 0, kUnits * phase.key_tiles * design_.ways(), memory_.probabilities.words());
}

Status PhaseRunner::attention(const ComputeCommand& phase) {
  EDGEMOE_RETURN_IF_ERROR(check_attention(phase));
  begin_making(phase.makes);
  const int head_width = phase.row_tiles * outputs_;
  for (int group = 0; group < groups_of(phase.rows); ++group) {
    const int rows = rows_in(group, phase.rows);
    EDGEMOE_RETURN_IF_ERROR(
        check_input(phase.waits, phase.input_base + group * phase.input_pitch, phase.heads * phase.steps));
    // All heads of a token are one row.
    std::vector<std::int16_t> out(extent(rows * phase.heads * head_width));
    for (int head = 0; head < phase.heads; ++head) EDGEMOE_RETURN_IF_ERROR(attend_head(phase, group, head, rows, out));
    ComputeCommand rows_of_group = phase;
    rows_of_group.heads = 1;
    rows_of_group.row_tiles = phase.heads * phase.row_tiles;
    EDGEMOE_RETURN_IF_ERROR(store_rows(rows_of_group, group, rows, out));
  }
  return {};
}

Status PhaseRunner::attend_head(const ComputeCommand& phase, int group, int head, int rows,
                                std::vector<std::int16_t>& out) {
  const int unit_words = phase.key_tiles * design_.ways();
  const int unit = (group * phase.heads + head) % kUnits * unit_words;
  const int query = phase.input_base + group * phase.input_pitch + head * phase.steps;
  const int keys = phase.key_tiles * outputs_;
  const std::int16_t* const mantissas = memory_.key_mantissas.data() + extent(head * design_.limits.max_tokens);
  std::vector<std::int16_t> scores(extent(rows * keys));
  for (int tile = 0; tile < phase.key_tiles; ++tile) {
    Sums sums(extent(lanes_ * outputs_));
    for (int step = 0; step < phase.steps; ++step) {
      const int word = phase.key_base + (head * phase.key_tiles + tile) * phase.steps + step;
      multiply(memory_.activations.word(query + step), memory_.keys_values.word(word), sums);
    }
    const int kept = tile + 1 < phase.key_tiles ? outputs_ : phase.last_keys;
    for (int lane = 0; lane < rows; ++lane) {
      const int scale_word = phase.input_scales + group * phase.heads + head;
      const RowScale scale = memory_.scales[extent(scale_word * lanes_ + lane)];
      const int shift = scale.exponent + memory_.key_exponents[extent(head)] + phase.score_shift;
      for (int o = 0; o < kept; ++o) {
        const int key = tile * outputs_ + o;
        const std::int32_t channel =
            hls::scale_channel(sums[extent(lane * outputs_ + o)], phase.score_pre_shift, mantissas[key]);
        scores[extent(lane * keys + key)] =
            static_cast<std::int16_t>(saturating_shift<16>(multiply_q15(channel, scale.mantissa), shift));
      }
    }
  }
  // Probabilities as p − 128: 0 where there is no key.
  std::vector<SoftmaxScale> softmax;
  for (int lane = 0; lane < rows; ++lane) {
    const std::int16_t* const row = scores.data() + extent(lane * keys);
    const std::int32_t most = *std::max_element(row, row + phase.rows);
    std::uint32_t sum = 0;
    for (int key = 0; key < keys; ++key) {
      const std::uint32_t exponential =
          key < phase.rows ? exp2_negative(static_cast<std::uint32_t>(most - row[key])) : 0;
      sum += exponential;
      memory_.probabilities.at(unit, key, lane) =
          static_cast<std::int8_t>(static_cast<int>((exponential + 128) >> 8) - 128);
    }
    softmax.push_back(make_softmax_scale(sum));
  }
  const RowScale value_scale = memory_.value_scales[extent(head)];
  for (int tile = 0; tile < phase.row_tiles; ++tile) {
    Sums sums(extent(lanes_ * outputs_));
    const std::int32_t* const value_sums =
        memory_.value_sums.data() + extent(head * design_.limits.max_width + tile * outputs_);
    for (int i = 0; i < lanes_ * outputs_; ++i) sums[extent(i)] = 128 * value_sums[i % outputs_];
    for (int step = 0; step < phase.value_steps; ++step) {
      const int word = phase.value_base + (head * phase.row_tiles + tile) * phase.value_steps + step;
      multiply(memory_.probabilities.word(unit + step), memory_.keys_values.word(word), sums);
    }
    for (int lane = 0; lane < rows; ++lane) {
      const SoftmaxScale scale = softmax[extent(lane)];
      for (int o = 0; o < outputs_; ++o) {
        const std::int32_t channel =
            hls::scale_channel(sums[extent(lane * outputs_ + o)], scale.pre_shift, value_scale.mantissa);
        const int at = (lane * phase.heads + head) * phase.row_tiles * outputs_ + tile * outputs_ + o;
        out[extent(at)] = static_cast<std::int16_t>(
            saturating_shift<16>(multiply_q15(channel, scale.reciprocal), value_scale.exponent - 2 - phase.fraction));
      }
    }
  }
  return {};
}

}  // namespace edgemoe::interpreter
