// The router of docs/numerics.md, section 3.8, one token at a time.
#ifndef EDGEMOE_HLS_ROUTER_H_
#define EDGEMOE_HLS_ROUTER_H_

#include <cstdint>

#include "hls/pragma.h"
#include "numeric/fixed_point.h"
#include "numeric/router_weight.h"

namespace edgemoe::hls {

struct RouterLayer {
  const std::int16_t* weight;    // [experts, inputs]
  const std::int64_t* constant;  // [experts]
  int experts;
  int inputs;
  int top_k;
  RouterScale scale;
  bool softmax_after_topk;
  std::int32_t prune_above;  // weights up to it become 0; −1: none do
};

/// The block's raw input as the router sees it: 16 bits and the shift that made them.
inline int normalize_router_input(const std::int32_t* row, int count, std::int16_t* out) {
  std::uint64_t largest = 0;
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    const std::int64_t x = row[i];
    const auto magnitude = static_cast<std::uint64_t>(x < 0 ? -x : x);
    largest = magnitude > largest ? magnitude : largest;
  }
  const int shift = bit_length(largest) - 15;
  for (int i = 0; i < count; ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    out[i] = static_cast<std::int16_t>(saturating_shift<16>(row[i], shift));
  }
  return shift;
}

/// The k largest logits, falling; of equal ones the lower index. `indices` is [top_k].
inline void choose_experts(const std::int64_t* logits, int experts, int top_k, std::uint32_t* indices) {
  for (int k = 0; k < top_k; ++k) {
    int best = -1;
    for (int e = 0; e < experts; ++e) {
      // Only what comes behind the last choice: a lower logit, or an equal one of a higher index.
      if (k > 0) {
        const int last = static_cast<int>(indices[k - 1]);
        if (logits[e] > logits[last] || (logits[e] == logits[last] && e <= last)) continue;
      }
      if (best < 0 || logits[e] > logits[best]) best = e;
    }
    indices[k] = static_cast<std::uint32_t>(best);
  }
}

/// Softmax weights of the chosen experts. `shift`: what normalize_router_input() returned, else 0; `prune_above`:
/// weights up to it become 0, −1 for none.
inline void weigh_experts(const std::int64_t* logits, int experts, int top_k, const std::uint32_t* indices,
                          RouterScale scale, int shift, bool softmax_after_topk, std::int32_t prune_above,
                          std::uint16_t* weights) {
  const std::int64_t largest = logits[indices[0]];
  std::uint32_t sum = 0;
  for (int i = 0; i < (softmax_after_topk ? top_k : experts); ++i) {
    EDGEMOE_HLS(pipeline II = 1)
    const std::int64_t logit = softmax_after_topk ? logits[indices[i]] : logits[i];
    sum += scale.exponential(largest - logit, shift);
  }
  const std::uint32_t reciprocal = router_reciprocal(sum);
  for (int k = 0; k < top_k; ++k) {
    const std::uint16_t weight = router_weight(scale.exponential(largest - logits[indices[k]], shift), reciprocal);
    weights[k] = weight > prune_above ? weight : 0;
  }
}

/// `shift`: what normalize_router_input() returned, else 0. indices and weights are [top_k], by falling logit.
template <typename Design>
void route(const std::int16_t* row, int shift, const RouterLayer& router, std::uint32_t* indices,
           std::uint16_t* weights) {
  std::int64_t logits[Design::kMaxExperts];
  for (int e = 0; e < router.experts; ++e) {
    std::int64_t sum = 0;
    for (int i = 0; i < router.inputs; ++i) {
      EDGEMOE_HLS(pipeline II = 1)
      sum += row[i] * router.weight[e * router.inputs + i];
    }
    logits[e] = sum + shifted_constant(router.constant[e], shift);
  }
  choose_experts(logits, router.experts, router.top_k, indices);
  weigh_experts(logits, router.experts, router.top_k, indices, router.scale, shift, router.softmax_after_topk,
                router.prune_above, weights);
}

}  // namespace edgemoe::hls

#endif  // EDGEMOE_HLS_ROUTER_H_
