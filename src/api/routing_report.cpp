#include "api/routing_report.h"

#include <cstring>

namespace edgemoe {
namespace {

/// Rows of [num_tokens, top_k] but the first, the class token's.
template <typename T>
std::vector<T> patch_rows(const TensorView& values) {
  const auto tokens = static_cast<std::size_t>(values.shape[0]);
  const auto top_k = static_cast<std::size_t>(values.shape[1]);
  std::vector<T> rows((tokens - 1) * top_k);
  if (!rows.empty()) std::memcpy(rows.data(), values.bytes.data() + top_k * sizeof(T), rows.size() * sizeof(T));
  return rows;
}

}  // namespace

RoutingReport::RoutingReport(const ModelConfig& config) : config_(config) {
  for (const int block : config.moe.blocks) {
    taps_.push_back({block, block_tap(block, kTapRouterIndices), block_tap(block, kTapRouterWeights)});
  }
}

Routing& RoutingReport::routing_of(std::string_view scope, int block) {
  const std::string_view task = scope == kSharedScope ? std::string_view() : scope;
  for (Routing& routing : routings_) {
    if (routing.block == block && routing.task == task) return routing;
  }
  Routing routing;
  routing.task = task;
  routing.block = block;
  routing.grid_height = static_cast<std::size_t>(config_.grid_height());
  routing.grid_width = static_cast<std::size_t>(config_.grid_width());
  routing.top_k = static_cast<std::size_t>(config_.moe.top_k);
  routings_.push_back(std::move(routing));
  return routings_.back();
}

void RoutingReport::on_tap(int /*image*/, std::string_view scope, std::string_view tap, const TensorView& values) {
  for (const Names& names : taps_) {
    if (tap == names.indices) routing_of(scope, names.block).experts = patch_rows<std::int32_t>(values);
    if (tap == names.weights) routing_of(scope, names.block).weights = patch_rows<float>(values);
  }
}

}  // namespace edgemoe
