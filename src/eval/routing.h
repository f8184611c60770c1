// Which experts the tokens of each task went to.
#ifndef EDGEMOE_EVAL_ROUTING_H_
#define EDGEMOE_EVAL_ROUTING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/taps.h"

namespace edgemoe {

/// Picks of one block's router for one task: how often each expert was among a token's top k.
struct ExpertHistogram {
  int block = 0;
  std::string scope;                 // the task's name; kSharedScope when one backbone pass serves all tasks
  std::vector<std::uint64_t> picks;  // [num_experts]

  /// Share of all picks; 0 when there are none. The shares of a histogram add up to 1.
  double share(std::size_t expert) const;
  double min_share() const;
  double max_share() const;
  /// Experts with less than this share.
  std::size_t num_below(double share_of_picks) const;
};

/// Half the sum of the differences of shares: 0 for the same use of experts, 1 for no expert in common.
double total_variation(const ExpertHistogram& a, const ExpertHistogram& b);

/// Counts the indices that the routers publish. A pick whose weight is pruned or underflows to 0 counts too: it was
/// chosen.
class RoutingCounter final : public TapSink {
 public:
  explicit RoutingCounter(const ModelConfig& config);
  void on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) override;

  /// By block, then by the scopes' first appearance.
  const std::vector<ExpertHistogram>& histograms() const { return histograms_; }

 private:
  const std::size_t num_experts_;
  std::vector<std::pair<std::string, int>> taps_;  // names of the routers' taps and their blocks
  std::vector<ExpertHistogram> histograms_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_ROUTING_H_
