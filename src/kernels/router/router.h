// From router logits to experts: top-k with a fixed tie rule, weights, and the queues of tokens per expert.
#ifndef EDGEMOE_KERNELS_ROUTER_ROUTER_H_
#define EDGEMOE_KERNELS_ROUTER_ROUTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/tensor.h"

namespace edgemoe {

struct TopKRule {
  std::size_t top_k = 1;
  bool softmax_after_topk = false;       // false: softmax over all logits of the row, then top-k, not renormalised
  std::optional<float> prune_threshold;  // weights not strictly above become 0
  std::uint32_t index_offset = 0;        // added to every index (expert groups)
};

/// For each row of `logits` [M, experts] the top_k largest by logit, falling; of equal logits the lower index first; −0
/// equals +0. A NaN logit ranks below everything. Writes [M, top_k] each. Always top_k different experts. Weights are
/// computed in a fixed order (float32, exp by std::exp of (logit − row maximum)).
void select_experts(MatrixView<const float> logits, const TopKRule& rule, std::uint32_t* indices, float* weights);

/// Tokens queued by expert (counting sort, stable): queue e holds tokens[begin[e] … begin[e+1]) ascending, with the
/// weight each gives to e. begin has num_experts + 1 entries; tokens and token_weights M · top_k.
struct ExpertQueues {
  std::span<std::uint32_t> begin;
  std::span<std::uint32_t> tokens;
  std::span<float> token_weights;
};

void build_expert_queues(std::span<const std::uint32_t> indices, std::span<const float> weights, std::size_t top_k,
                         std::size_t num_experts, const ExpertQueues& queues);

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_ROUTER_ROUTER_H_
