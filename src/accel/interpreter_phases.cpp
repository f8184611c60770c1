#include "accel/interpreter_phases.h"

#include <algorithm>
#include <cstdlib>

#include "hls/layer_norm.h"
#include "hls/linear.h"
#include "numeric/attention_scale.h"
#include "quant/integer_layers.h"

namespace edgemoe::interpreter {
namespace {

/// The scale of rows that have none: 1.
constexpr RowScale kUnitScale = {32512, 8};

/// Enough for hls::layer_norm of every design point.
struct NormDesign {
  static constexpr int kMaxInputs = kMaxNormWidth;
};

}  // namespace

Status PhaseRunner::run(const ComputeCommand& phase) {
  const bool rows_of_tiles = phase.kind != PhaseKind::kRouter && phase.kind != PhaseKind::kGather;
  const int width = phase.row_tiles * outputs_;
  if (phase.rows > design_.limits.max_tokens || (rows_of_tiles && (width < 1 || width > design_.limits.max_width))) {
    return malformed("{} rows of {} elements: there is room for {} of 1 to {}", phase.rows, width,
                     design_.limits.max_tokens, design_.limits.max_width);
  }
  if (std::max(phase.fraction, phase.norm_fraction) > kLargestFraction) {
    return malformed("{} and {} fraction bits, {} are the most", phase.fraction, phase.norm_fraction, kLargestFraction);
  }
  switch (phase.kind) {
    case PhaseKind::kLinear:
      return linear(phase);
    case PhaseKind::kAttention:
      return attention(phase);
    case PhaseKind::kNorm:
      return norm_all(phase);
    case PhaseKind::kRouter:
      return router(phase);
    case PhaseKind::kGather:
      return gather(phase);
    default:
      return malformed("kFinish is the last phase");
  }
}

void PhaseRunner::multiply(const std::int8_t* activations, const std::int8_t* weights, Sums& sums) {
  for (int input = 0; input < step_; ++input) {
    const std::int8_t* const row = weights + input * outputs_;
    for (int lane = 0; lane < lanes_; ++lane) {
      const std::int32_t a = activations[input * lanes_ + lane];
      std::int32_t* const sum = sums.data() + extent(lane * outputs_);
      for (int o = 0; o < outputs_; ++o) sum[o] += a * row[o];
    }
  }
  ++array_steps_;
}

std::uint64_t PhaseRunner::channel(const WeightTag& tag, int word, int output) const {
  const int at = (tag.first_word + word) % design_.memory.channel_words;
  return memory_.channels[extent(at * outputs_ + output)];
}

Status PhaseRunner::check_input(Region waits, std::int64_t first, int count) const {
  EDGEMOE_RETURN_IF_ERROR(check_words("activations", first, count, memory_.activations.words()));
  for (int word = static_cast<int>(first); word < first + count; ++word) {
    if (memory_.owner[extent(word)] == waits) continue;
    return malformed("waits for region {} and reads word {} of activations, which belongs to region {}",
                     static_cast<int>(waits), word, static_cast<int>(memory_.owner[extent(word)]));
  }
  return {};
}

Status PhaseRunner::check_made(const ComputeCommand& phase, int groups) const {
  const int made = memory_.made[static_cast<int>(phase.waits)];
  if (phase.waits == Region::kNone || made >= groups) return {};
  return malformed("dead-lock: waits for group {} of region {}, of which {} are made", groups,
                   static_cast<int>(phase.waits), made);
}

RowScale PhaseRunner::quantize_row(std::span<const std::int16_t> row, int fraction, OperandMemory& to, int first,
                                   int lane) const {
  std::vector<std::int8_t> values(row.size());
  const int count = static_cast<int>(row.size());
  const RowScale scale = hls::quantize_row(row.data(), count, fraction, values.data());
  for (int k = 0; k < count; ++k) to.at(first, k, lane) = values[extent(k)];
  return scale;
}

Status PhaseRunner::linear(const ComputeCommand& phase) {
  LinearRun run = {.rows = phase.rows};
  if (phase.expert != kNoExpert) {
    if (phase.expert >= static_cast<int>(memory_.queues.size())) {
      return malformed("expert {}, there are {}", phase.expert, memory_.queues.size());
    }
    run.rows = static_cast<int>(memory_.queues[extent(phase.expert)].size());
    if (phase.waits == Region::kGathered) run.first_group = memory_.first_group[extent(phase.expert)];
  }
  EDGEMOE_ASSIGN_OR_RETURN(run.tag, loader_.take());
  begin_making(phase.makes);
  if (run.rows > 0) {
    EDGEMOE_RETURN_IF_ERROR(check_linear(phase, run));
    for (int group = 0; group < groups_of(run.rows); ++group) {
      EDGEMOE_RETURN_IF_ERROR(linear_group(phase, group, run));
    }
    if (phase.destination == Destination::kKeys) EDGEMOE_RETURN_IF_ERROR(scale_keys(phase, run.rows));
    if (phase.destination == Destination::kValues) EDGEMOE_RETURN_IF_ERROR(store_values(phase, run));
  }
  loader_.release(run.tag);
  return {};
}

Status PhaseRunner::check_linear(const ComputeCommand& phase, const LinearRun& run) const {
  if (run.tag.rows != phase.column_tiles * phase.steps || run.tag.words != phase.column_tiles) {
    return malformed("needs {} rows of weights and {} words of channels, loaded are {} and {}",
                     phase.column_tiles * phase.steps, phase.column_tiles, run.tag.rows, run.tag.words);
  }
  const bool wide = phase.destination == Destination::kResidual || phase.destination == Destination::kWeighted;
  if (wide == phase.narrow)
    return malformed("outputs of {} bits to destination {}", phase.narrow ? 16 : 32,
                     static_cast<int>(phase.destination));
  if (wide && phase.row_tiles != phase.column_tiles)
    return malformed("a token of {} column tiles, {} are computed", phase.row_tiles, phase.column_tiles);
  const int rows_of_token = wide ? 1 : phase.destination == Destination::kValues ? 1 : phase.heads;
  if (!wide && rows_of_token * phase.row_tiles != phase.column_tiles) {
    return malformed("{} rows of {} column tiles a token, {} are computed", rows_of_token, phase.row_tiles,
                     phase.column_tiles);
  }
  if (phase.destination == Destination::kWeighted && phase.expert == kNoExpert)
    return malformed("weights of no expert");
  EDGEMOE_RETURN_IF_ERROR(check_made(phase, run.first_group + groups_of(run.rows)));
  const std::int64_t last = std::int64_t{run.first_group} + groups_of(run.rows);
  if (phase.unit_rows) return {};
  return check_words("row scales", phase.input_scales, last, design_.memory.scale_words);
}

Status PhaseRunner::linear_group(const ComputeCommand& phase, int group, LinearRun& run) {
  const int rows = rows_in(group, run.rows);
  const int place = run.first_group + group;
  const std::int64_t input = phase.input_base + std::int64_t{place} * phase.input_pitch;
  EDGEMOE_RETURN_IF_ERROR(check_input(phase.waits, input, phase.steps));
  const int first = static_cast<int>(input);
  const int width = phase.column_tiles * outputs_;
  std::vector<std::int16_t> values(extent(lanes_ * width));
  for (int tile = 0; tile < phase.column_tiles; ++tile) {
    Sums sums(extent(lanes_ * outputs_));
    for (int step = 0; step < phase.steps; ++step) {
      const int row = (run.tag.first_row + tile * phase.steps + step) % memory_.weights.words();
      multiply(memory_.activations.word(first + step), memory_.weights.word(row), sums);
    }
    for (int lane = 0; lane < rows; ++lane) {
      const RowScale scale =
          phase.unit_rows ? kUnitScale : memory_.scales[extent((phase.input_scales + place) * lanes_ + lane)];
      const std::int32_t* const sum = sums.data() + extent(lane * outputs_);
      if (phase.narrow) {
        narrow_tile(phase, run, tile, sum, scale, values.data() + extent(lane * width + tile * outputs_));
      } else {
        EDGEMOE_RETURN_IF_ERROR(wide_tile(phase, run, group, lane, tile, sum, scale));
      }
    }
  }
  if (phase.narrow) values.resize(extent(rows * width));
  switch (phase.destination) {
    case Destination::kRows:
      return store_rows(phase, group, rows, values);
    case Destination::kKeys:
      return store_keys(phase, group, rows, values);
    case Destination::kValues:
      run.values.insert(run.values.end(), values.begin(), values.end());
      return {};
    default:
      if (!phase.norm) return {};
      return norm_group(phase, group, rows);
  }
}

void PhaseRunner::narrow_tile(const ComputeCommand& phase, const LinearRun& run, int tile, const std::int32_t* sums,
                              RowScale row, std::int16_t* out) const {
  const int shift = row.exponent - phase.exponent_base;
  for (int o = 0; o < outputs_; ++o) {
    const ChannelConstants constants = decode_channel(channel(run.tag, tile, o));
    const std::int32_t scaled = hls::scale_channel(sums[o], constants.pre_shift, constants.mantissa);
    const std::int64_t value = saturating_shift<16>(multiply_q15(scaled, row.mantissa), shift);
    out[o] = static_cast<std::int16_t>(saturate<16>(value + constants.bias));
    if (phase.gelu) out[o] = gelu(out[o], phase.fraction);
  }
}

Status PhaseRunner::wide_tile(const ComputeCommand& phase, const LinearRun& run, int group, int lane, int tile,
                              const std::int32_t* sums, RowScale row) {
  const int place = group * lanes_ + lane;
  const bool weighted = phase.destination == Destination::kWeighted;
  const QueuedToken token =
      weighted ? memory_.queues[extent(phase.expert)][extent(place)] : QueuedToken{place + phase.first_token, 0};
  const int word = token.token * phase.row_tiles + tile;
  EDGEMOE_RETURN_IF_ERROR(check_words("the residual stream", word, 1, design_.memory.token_words));
  const int shift = row.exponent - phase.exponent_base;
  for (int o = 0; o < outputs_; ++o) {
    const ChannelConstants constants = decode_channel(channel(run.tag, tile, o));
    const std::int64_t scaled = hls::scale_channel(sums[o], constants.pre_shift, constants.mantissa);
    const auto value =
        static_cast<std::int32_t>(saturate<32>(saturating_shift<32>(scaled * row.mantissa, shift) + constants.bias));
    std::int32_t& sum = memory_.tokens[extent(word * outputs_ + o)];
    sum = hls::residual_sum(sum, weighted ? hls::weighed(value, token.weight) : value);
  }
  return {};
}

Status PhaseRunner::store_rows(const ComputeCommand& phase, int group, int rows,
                               const std::vector<std::int16_t>& values) {
  const int first = phase.output_base + group * phase.output_pitch;
  const int beats = phase.heads * phase.row_tiles;
  const int words = beats * design_.ways();
  EDGEMOE_RETURN_IF_ERROR(check_words("activations", first, words, memory_.activations.words()));
  const int scales = phase.output_scales + group * phase.heads;
  EDGEMOE_RETURN_IF_ERROR(check_words("row scales", scales, phase.heads, design_.memory.scale_words));
  const int width = phase.row_tiles * outputs_;
  for (int lane = 0; lane < rows; ++lane) {
    for (int head = 0; head < phase.heads; ++head) {
      const std::span<const std::int16_t> row(values.data() + extent((lane * phase.heads + head) * width),
                                              extent(width));
      memory_.scales[extent((scales + head) * lanes_ + lane)] =
          quantize_row(row, phase.fraction, memory_.activations, first + head * phase.row_tiles * design_.ways(), lane);
    }
  }
  std::fill_n(memory_.owner.begin() + first, words, phase.makes);
  make_group(phase.makes);
  return {};
}

Status PhaseRunner::norm_all(const ComputeCommand& phase) {
  begin_making(phase.makes);
  for (int group = 0; group < groups_of(phase.rows); ++group) {
    EDGEMOE_RETURN_IF_ERROR(norm_group(phase, group, rows_in(group, phase.rows)));
  }
  return {};
}

Status PhaseRunner::norm_group(const ComputeCommand& phase, int group, int rows) {
  const int width = phase.row_tiles * outputs_;
  EDGEMOE_RETURN_IF_ERROR(check_words("the norms", phase.norm_base, phase.row_tiles, design_.memory.norm_words));
  EDGEMOE_RETURN_IF_ERROR(check_words("the residual stream", group * lanes_ * phase.row_tiles, rows * phase.row_tiles,
                                      design_.memory.token_words));
  std::vector<std::int16_t> gains(extent(width));
  std::vector<std::int16_t> biases(extent(width));
  for (int i = 0; i < width; ++i) {
    const std::uint32_t word = memory_.norms[extent(phase.norm_base * outputs_ + i)];
    gains[extent(i)] = static_cast<std::int16_t>(word);
    biases[extent(i)] = static_cast<std::int16_t>(word >> 16);
  }
  // The shift stands for 15 + f + G.
  const hls::NormLayer layer = {gains.data(), biases.data(), phase.norm_shift - 15 - phase.norm_fraction,
                                phase.norm_fraction, phase.norm_eps};
  std::vector<std::int16_t> normed;
  for (int lane = 0; lane < rows; ++lane) {
    const int token = group * lanes_ + lane;
    std::vector<std::int16_t> row(extent(width));
    hls::layer_norm<NormDesign>(memory_.tokens.data() + extent(token * width), width, layer, row.data());
    if (phase.digits) EDGEMOE_RETURN_IF_ERROR(store_digits(phase, token, row));
    normed.insert(normed.end(), row.begin(), row.end());
  }
  if (phase.digits) {
    make_group(phase.makes);
    return {};
  }
  ComputeCommand rows_of_group = phase;
  rows_of_group.fraction = phase.norm_fraction;
  rows_of_group.heads = 1;
  return store_rows(rows_of_group, group, rows, normed);
}

Status PhaseRunner::store_keys(const ComputeCommand& phase, int group, int rows,
                               const std::vector<std::int16_t>& values) {
  const int width = phase.row_tiles * outputs_;
  const int steps = phase.row_tiles * design_.ways();
  if (phase.heads > design_.limits.max_heads || (group + 1) * lanes_ > design_.limits.max_tokens) {
    return malformed("keys of {} heads and {} tokens, there is room for {} and {}", phase.heads, (group + 1) * lanes_,
                     design_.limits.max_heads, design_.limits.max_tokens);
  }
  for (int lane = 0; lane < rows; ++lane) {
    const int key = group * lanes_ + lane;
    for (int head = 0; head < phase.heads; ++head) {
      const int first = phase.key_base + (head * phase.key_tiles + key / outputs_) * steps;
      EDGEMOE_RETURN_IF_ERROR(check_words("keys and values", first, steps, memory_.keys_values.words()));
      const std::span<const std::int16_t> row(values.data() + extent((lane * phase.heads + head) * width),
                                              extent(width));
      const RowScale scale = quantize_row(row, phase.fraction, memory_.keys_values, first, key % outputs_);
      memory_.key_scales[extent(head * design_.limits.max_tokens + key)] = scale;
    }
  }
  return {};
}

Status PhaseRunner::scale_keys(const ComputeCommand& phase, int rows) {
  const ScoreScale score = {static_cast<std::int16_t>(phase.key_mantissa), 0, 0};
  for (int head = 0; head < phase.heads; ++head) {
    const std::size_t first = extent(head * design_.limits.max_tokens);
    KeyExponent least;
    for (int key = 0; key < rows; ++key) least.see(memory_.key_scales[first + extent(key)]);
    memory_.key_exponents[extent(head)] = least.value;
    for (int key = 0; key < rows; ++key) {
      memory_.key_mantissas[first + extent(key)] =
          score.key_mantissa(memory_.key_scales[first + extent(key)], least.value);
    }
  }
  return {};
}

Status PhaseRunner::store_values(const ComputeCommand& phase, const LinearRun& run) {
  const int width = phase.row_tiles * outputs_;
  const int words = phase.row_tiles * phase.value_steps;
  EDGEMOE_RETURN_IF_ERROR(check_words("keys and values", phase.value_base, words, memory_.keys_values.words()));
  if (phase.head >= design_.limits.max_heads || run.rows > phase.value_steps * step_ ||
      width > design_.limits.max_width) {
    return malformed("values of head {}, {} rows of {}, do not fit", phase.head, run.rows, width);
  }
  std::int32_t largest = 0;
  for (const std::int16_t value : run.values) largest = std::max(largest, std::abs(std::int32_t{value}));
  const RowQuantizer quantizer = make_row_quantizer(largest, phase.fraction);
  memory_.value_scales[extent(phase.head)] = quantizer.scale;
  std::int32_t* const sums = memory_.value_sums.data() + extent(phase.head * design_.limits.max_width);
  for (int element = 0; element < width; ++element) {
    const int first = phase.value_base + element / outputs_ * phase.value_steps;
    sums[element] = 0;
    // What lies behind the last token in its step is no token.
    for (int token = 0; token < phase.value_steps * step_; ++token) {
      const std::int8_t value =
          token < run.rows ? quantize(run.values[extent(token * width + element)], quantizer) : std::int8_t{0};
      memory_.keys_values.at(first, token, element % outputs_) = value;
      sums[element] += value;
    }
  }
  return {};
}

}  // namespace edgemoe::interpreter
