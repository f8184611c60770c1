#include "kernels/router/router.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace edgemoe {
namespace {

/// Whether logit a of a lower index loses to logit b of a higher one. NaN is below everything, −∞ included; between two
/// NaN, as between any equals, the lower index stays.
bool ranks_below(float a, float b) { return std::isnan(a) ? !std::isnan(b) : a < b; }

/// Indices of the top_k largest of `logits`, falling, by insertion: the row is scanned once.
void top_k_of(std::span<const float> logits, std::span<std::uint32_t> top) {
  std::size_t filled = 0;
  for (std::size_t e = 0; e < logits.size(); ++e) {
    std::size_t place = filled;
    while (place > 0 && ranks_below(logits[top[place - 1]], logits[e])) --place;
    if (place == top.size()) continue;
    filled = std::min(filled + 1, top.size());
    for (std::size_t i = filled - 1; i > place; --i) top[i] = top[i - 1];
    top[place] = static_cast<std::uint32_t>(e);
  }
}

/// Weights of the chosen; the denominator runs over all logits or over the chosen only, in ascending order.
void weigh(std::span<const float> logits, const TopKRule& rule, std::span<const std::uint32_t> top, float* weights) {
  const float maximum = logits[top[0]];
  float sum = 0;
  if (rule.softmax_after_topk) {
    for (const std::uint32_t e : top) sum += std::exp(logits[e] - maximum);
  } else {
    for (const float logit : logits) sum += std::exp(logit - maximum);
  }
  for (std::size_t j = 0; j < top.size(); ++j) {
    const float weight = std::exp(logits[top[j]] - maximum) / sum;
    weights[j] = rule.prune_threshold && !(weight > *rule.prune_threshold) ? 0.0F : weight;
  }
}

}  // namespace

void select_experts(MatrixView<const float> logits, const TopKRule& rule, std::uint32_t* indices, float* weights) {
  EDGEMOE_CHECK(rule.top_k >= 1 && rule.top_k <= logits.cols);
  for (std::size_t row = 0; row < logits.rows; ++row) {
    const std::span<const float> values(logits.row(row), logits.cols);
    const std::span<std::uint32_t> top(indices + row * rule.top_k, rule.top_k);
    top_k_of(values, top);
    weigh(values, rule, top, weights + row * rule.top_k);
    for (std::uint32_t& index : top) index += rule.index_offset;
  }
}

void build_expert_queues(std::span<const std::uint32_t> indices, std::span<const float> weights, std::size_t top_k,
                         std::size_t num_experts, const ExpertQueues& queues) {
  EDGEMOE_CHECK(top_k >= 1 && indices.size() % top_k == 0 && weights.size() == indices.size());
  EDGEMOE_CHECK(queues.begin.size() == num_experts + 1);
  EDGEMOE_CHECK(queues.tokens.size() == indices.size() && queues.token_weights.size() == indices.size());
  // begin[e + 1] counts, then holds where queue e goes on, and ends where it ends: no second array is needed.
  std::fill(queues.begin.begin(), queues.begin.end(), 0U);
  for (const std::uint32_t expert : indices) {
    EDGEMOE_CHECK(expert < num_experts);
    ++queues.begin[expert + 1];
  }
  std::uint32_t next = 0;
  for (std::size_t e = 0; e < num_experts; ++e) {
    const std::uint32_t count = queues.begin[e + 1];
    queues.begin[e + 1] = next;
    next += count;
  }
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::uint32_t place = queues.begin[indices[i] + 1]++;
    queues.tokens[place] = static_cast<std::uint32_t>(i / top_k);
    queues.token_weights[place] = weights[i];
  }
}

}  // namespace edgemoe
