// Attention of docs/numerics.md, section 3.5: one head, one query at a time. The scores of a query are kept until their
// maximum is known; exponentials are taken and summed where they meet V.
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
  int key_exponent;  // the least of the keys'
  int tokens;
  int head_dim;
};

/// Fills `head` from q, k and v of one head: s16 with rows `stride` apart.
template <typename Design>
void load_head(const std::int16_t* key, const std::int16_t* value, int stride, int tokens, int head_dim,
               int key_fraction, int value_fraction, HeadMemory<Design>& head) {
  head.tokens = tokens;
  head.head_dim = head_dim;
  RowScale scales[Design::kMaxTokens];
  KeyExponent least;
  for (int j = 0; j < tokens; ++j) {
    scales[j] = quantize_row(key + j * stride, head_dim, key_fraction, head.key[j]);
    least.see(scales[j]);
  }
  head.key_exponent = least.value;
  const ScoreScale score = make_score_scale(head_dim);
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

/// One query, s16, to its output, s16 with the values' fraction.
template <typename Design>
void attend(const std::int16_t* query, int query_fraction, int value_fraction, const HeadMemory<Design>& head,
            std::int16_t* out) {
  const ScoreScale score_scale = make_score_scale(head.head_dim);
  std::int8_t row[Design::kMaxHeadDim];
  const RowScale scale = quantize_row(query, head.head_dim, query_fraction, row);
  const int shift = score_scale.shift(scale.exponent, head.key_exponent);
  std::int16_t scores[Design::kMaxTokens];
  std::int32_t running_max = -32768;
  for (int j = 0; j < head.tokens; ++j) {
    const std::int32_t channel =
        scale_channel(dot_product(row, head.key[j], head.head_dim), score_scale.pre_shift, head.key_mantissa[j]);
    scores[j] = static_cast<std::int16_t>(saturating_shift<16>(multiply_q15(channel, scale.mantissa), shift));
    running_max = scores[j] > running_max ? scores[j] : running_max;
  }
  std::uint32_t sum = 0;
  std::int32_t products[Design::kMaxHeadDim] = {};
  for (int j = 0; j < head.tokens; ++j) {
    const std::uint16_t exponential = exp2_negative(static_cast<std::uint32_t>(running_max - scores[j]));
    const std::int32_t probability = (exponential + 128) >> 8;
    sum += exponential;
    for (int d = 0; d < head.head_dim; ++d) {
      EDGEMOE_HLS(unroll)
      products[d] += probability * head.value[j][d];
    }
  }
  const SoftmaxScale softmax = make_softmax_scale(sum);
  for (int d = 0; d < head.head_dim; ++d) {
    EDGEMOE_HLS(pipeline II = 1)
    const std::int32_t channel = scale_channel(products[d], softmax.pre_shift, head.value_scale.mantissa);
    out[d] = static_cast<std::int16_t>(saturating_shift<16>(multiply_q15(channel, softmax.reciprocal),
                                                            head.value_scale.exponent - 2 - value_fraction));
  }
}

}  // namespace edgemoe::hls

#endif  // EDGEMOE_HLS_ATTENTION_H_
