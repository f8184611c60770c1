#include "eval/routing.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/check.h"

namespace edgemoe {

double ExpertHistogram::share(std::size_t expert) const {
  const auto all = std::accumulate(picks.begin(), picks.end(), std::uint64_t{0});
  return all == 0 ? 0.0 : static_cast<double>(picks[expert]) / static_cast<double>(all);
}

double ExpertHistogram::min_share() const {
  return share(static_cast<std::size_t>(std::min_element(picks.begin(), picks.end()) - picks.begin()));
}

double ExpertHistogram::max_share() const {
  return share(static_cast<std::size_t>(std::max_element(picks.begin(), picks.end()) - picks.begin()));
}

std::size_t ExpertHistogram::num_below(double share_of_picks) const {
  std::size_t below = 0;
  for (std::size_t e = 0; e < picks.size(); ++e) below += share(e) < share_of_picks ? 1U : 0U;
  return below;
}

double total_variation(const ExpertHistogram& a, const ExpertHistogram& b) {
  EDGEMOE_CHECK(a.picks.size() == b.picks.size());
  double sum = 0;
  for (std::size_t e = 0; e < a.picks.size(); ++e) sum += std::abs(a.share(e) - b.share(e));
  return sum / 2;
}

RoutingCounter::RoutingCounter(const ModelConfig& config)
    : num_experts_(static_cast<std::size_t>(config.moe.num_experts)) {
  for (const int block : config.moe.blocks) taps_.emplace_back(block_tap(block, kTapRouterIndices), block);
}

void RoutingCounter::on_tap(int /*image*/, std::string_view scope, std::string_view tap, const TensorView& values) {
  const auto router = std::find_if(taps_.begin(), taps_.end(), [&](const auto& one) { return one.first == tap; });
  if (router == taps_.end()) return;
  auto histogram = std::find_if(histograms_.begin(), histograms_.end(), [&](const ExpertHistogram& one) {
    return one.block == router->second && one.scope == scope;
  });
  if (histogram == histograms_.end()) {
    const auto after = std::find_if(histograms_.begin(), histograms_.end(),
                                    [&](const ExpertHistogram& one) { return one.block > router->second; });
    histogram =
        histograms_.insert(after, {router->second, std::string(scope), std::vector<std::uint64_t>(num_experts_)});
  }
  for (std::size_t at = 0; at < values.bytes.size(); at += sizeof(std::int32_t)) {
    std::int32_t expert = 0;
    std::memcpy(&expert, values.bytes.data() + at, sizeof(expert));
    ++histogram->picks[static_cast<std::size_t>(expert)];
  }
}

}  // namespace edgemoe
