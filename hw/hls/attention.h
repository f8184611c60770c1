// Attention of docs/numerics.md, section 3.5: one head, one query at a time. The scores of a query are kept until their
// maximum is known; exponentials are taken and summed where they meet V. hls/attention_unit.h does the same for many
// queries at once.
#ifndef EDGEMOE_HLS_ATTENTION_H_
#define EDGEMOE_HLS_ATTENTION_H_

#include <cstdint>

#include "hls/linear.h"
#include "hls/pragma.h"
#include "numeric/attention_scale.h"
#include "numeric/exp2_table.h"
#include "numeric/fixed_point.h"

namespace edgemoe::hls {

/// Keys and values of one head: int8, [tokens, head_dim].
template <typename Design>
struct HeadMemory {
  std::int8_t key[Design::kMaxTokens][Design::kMaxHeadDim];
  std::int16_t key_mantissa[Design::kMaxTokens];  // the channel's mantissa of a score
  std::int8_t value[Design::kMaxTokens][Design::kMaxHeadDim];
  RowScale value_scale;
  ScoreScale score;
  int key_exponent;  // the least of the keys'
  int tokens;
  int head_dim;
};

/// Fills `head` from k and v of one head: s16 with rows `stride` apart. `score` belongs to `head_dim`.
template <typename Design>
void load_head(const std::int16_t* key, const std::int16_t* value, int stride, int tokens, int head_dim,
               int key_fraction, int value_fraction, const ScoreScale& score, HeadMemory<Design>& head) {
  head.score = score;
  head.tokens = tokens;
  head.head_dim = head_dim;
  RowScale scales[Design::kMaxTokens];
  KeyExponent least;
  for (int j = 0; j < tokens; ++j) {
    scales[j] = quantize_row(key + j * stride, head_dim, key_fraction, head.key[j]);
    least.see(scales[j]);
  }
  head.key_exponent = least.value;
  for (int j = 0; j < tokens; ++j) head.key_mantissa[j] = score.key_mantissa(scales[j], least.value);

  std::int32_t largest = 0;
  for (int j = 0; j < tokens; ++j) {
    for (int d = 0; d < head_dim; ++d) {
      EDGEMOE_HLS(pipeline II = 1)
      const std::int32_t v = value[j * stride + d];
      largest = (v < 0 ? -v : v) > largest ? (v < 0 ? -v : v) : largest;
    }
  }
  const RowQuantizer quantizer = make_row_quantizer(largest, value_fraction);
  head.value_scale = quantizer.scale;
  for (int j = 0; j < tokens; ++j) {
    for (int d = 0; d < head_dim; ++d) {
      EDGEMOE_HLS(pipeline II = 1)
      head.value[j][d] = quantize(value[j * stride + d], quantizer);
    }
  }
}

template <typename Design>
void load_head(const std::int16_t* key, const std::int16_t* value, int stride, int tokens, int head_dim,
               int key_fraction, int value_fraction, HeadMemory<Design>& head) {
  load_head(key, value, stride, tokens, head_dim, key_fraction, value_fraction, make_score_scale(head_dim), head);
}

/// A query in int8, and what its scores are scaled by.
template <typename Design>
struct Query {
  std::int8_t value[Design::kMaxHeadDim];
  std::int16_t mantissa;
  std::int16_t shift;
};

template <typename Design>
Query<Design> load_query(const std::int16_t* query, int head_dim, int fraction, const ScoreScale& score,
                         int key_exponent) {
  Query<Design> out = {};
  const RowScale scale = quantize_row(query, head_dim, fraction, out.value);
  out.mantissa = scale.mantissa;
  out.shift = static_cast<std::int16_t>(score.shift(scale.exponent, key_exponent));
  return out;
}

template <typename Design>
std::int16_t score_key(const Query<Design>& query, const std::int8_t* key, std::int16_t key_mantissa, int head_dim,
                       int pre_shift) {
  const std::int32_t channel = scale_channel(dot_product(query.value, key, head_dim), pre_shift, key_mantissa);
  return static_cast<std::int16_t>(saturating_shift<16>(multiply_q15(channel, query.mantissa), query.shift));
}

/// Sums of a query over the keys: exponentials, and probabilities times V. Starts as zeros.
template <typename Design>
struct WeighedValues {
  std::uint32_t sum;
  std::int32_t product[Design::kMaxHeadDim];
};

/// `distance`: the largest score less the key's.
template <typename Design>
void weigh_value(std::int32_t distance, const std::int8_t* value, int head_dim, WeighedValues<Design>& sums) {
  const std::uint16_t exponential = exp2_negative(static_cast<std::uint32_t>(distance));
  const std::int32_t probability = (exponential + 128) >> 8;
  sums.sum += exponential;
  for (int d = 0; d < head_dim; ++d) {
    EDGEMOE_HLS(unroll)
    sums.product[d] += probability * value[d];
  }
}

/// The query's output, s16 with the values' fraction.
template <typename Design>
void divide_by_sum(const WeighedValues<Design>& sums, RowScale value_scale, int value_fraction, int head_dim,
                   std::int16_t* out) {
  const SoftmaxScale softmax = make_softmax_scale(sums.sum);
  for (int d = 0; d < head_dim; ++d) {
    EDGEMOE_HLS(pipeline II = 1)
    const std::int32_t channel = scale_channel(sums.product[d], softmax.pre_shift, value_scale.mantissa);
    out[d] = static_cast<std::int16_t>(
        saturating_shift<16>(multiply_q15(channel, softmax.reciprocal), value_scale.exponent - 2 - value_fraction));
  }
}

/// One query, s16, to its output, s16 with the values' fraction.
template <typename Design>
void attend(const std::int16_t* query, int query_fraction, int value_fraction, const HeadMemory<Design>& head,
            std::int16_t* out) {
  const Query<Design> row = load_query<Design>(query, head.head_dim, query_fraction, head.score, head.key_exponent);
  std::int16_t scores[Design::kMaxTokens];
  std::int32_t running_max = -32768;
  for (int j = 0; j < head.tokens; ++j) {
    scores[j] = score_key(row, head.key[j], head.key_mantissa[j], head.head_dim, head.score.pre_shift);
    running_max = scores[j] > running_max ? scores[j] : running_max;
  }
  WeighedValues<Design> sums = {};
  for (int j = 0; j < head.tokens; ++j) weigh_value(running_max - scores[j], head.value[j], head.head_dim, sums);
  divide_by_sum(sums, head.value_scale, value_fraction, head.head_dim, out);
}

}  // namespace edgemoe::hls

#endif  // EDGEMOE_HLS_ATTENTION_H_
