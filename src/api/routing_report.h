// Gathers what the routers publish into the public form.
#ifndef EDGEMOE_API_ROUTING_REPORT_H_
#define EDGEMOE_API_ROUTING_REPORT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgemoe/edgemoe.h"
#include "model/config.h"
#include "model/taps.h"

namespace edgemoe {

/// The routing of one picture; class tokens are left out.
class RoutingReport final : public TapSink {
 public:
  explicit RoutingReport(const ModelConfig& config);
  void on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) override;
  bool routers_only() const override { return true; }

  /// By block, within a block as the tasks were asked for.
  std::vector<Routing> take() { return std::move(routings_); }

 private:
  Routing& routing_of(std::string_view scope, int block);

  const ModelConfig& config_;
  struct Names {
    int block;
    std::string indices;
    std::string weights;
  };
  std::vector<Names> taps_;
  std::vector<Routing> routings_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_API_ROUTING_REPORT_H_
