// Sums as the array makes them of digits and gate bytes against hls::route: every queue, in order.
#include <Vrouter_unit.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/routing_testing.h"

namespace edgemoe::sim {
namespace {

const DesignPoint& design() { return bench_design(); }

class Router {
 public:
  Router(PowerUp power_up, bool gaps) : bench_(power_up), random_(182), gaps_(gaps) {
    bench_->start_i = bench_->constants_write_i = bench_->reserve_i = bench_->sum_i = 0;
    bench_->run_start_i = 0;
    bench_.reset();
    bench_->run_start_i = 1;
    bench_.tick();
    bench_->run_start_i = 0;
  }

  void run(const Routing& routing) {
    start(routing);
    const int groups = divided_up(routing.tokens, design().array.tokens);
    int reserved = 0;
    for (int group = 0; group < groups; ++group) {
      while (reserved <= group ||
             (reserved < groups && reserved < group + 2 && bench_->free_o && random_.below(2) == 0)) {
        bench_->reserve_i = bench_->free_o;
        reserved += bench_->free_o;
        bench_.tick();
        bench_->reserve_i = 0;
      }
      send_group(routing, group);
    }
    for (int cycle = 0; cycle < 20'000 && !bench_->done_o; ++cycle) bench_.tick();
    EXPECT_TRUE(bench_->done_o);
    EXPECT_EQ(bench_->routings_o, ++routings_);
    EXPECT_EQ(check_queues(bench_, routing), routing.tokens * routing.top_k);
  }

 private:
  void start(const Routing& routing) {
    set_port(bench_->tokens_i, routing.tokens);
    set_port(bench_->first_expert_i, routing.first_expert);
    set_port(bench_->experts_i, routing.experts);
    set_port(bench_->top_k_i, routing.top_k);
    bench_->kappa_i = static_cast<std::uint16_t>(routing.scale.kappa);
    bench_->right_i = static_cast<std::uint8_t>(routing.scale.sigma);
    bench_->softmax_after_topk_i = routing.softmax_after_topk;
    bench_->prune_above_i = static_cast<std::uint32_t>(routing.prune_above) & 0x1ffff;
    bench_->constants_write_i = 1;
    for (int e = 0; e < design().array.outputs; ++e) {
      const std::int64_t constant = e < routing.experts ? routing.constant[static_cast<std::size_t>(e)] : 77;
      set_bits(bench_->constants_i, static_cast<std::size_t>(e) * 64, 32, static_cast<std::uint32_t>(constant));
      set_bits(bench_->constants_i, static_cast<std::size_t>(e) * 64 + 32, 32,
               static_cast<std::uint32_t>(constant >> 32));
    }
    bench_->start_i = 1;
    bench_.tick();
    bench_->constants_write_i = bench_->start_i = 0;
    bench_.settle();
    EXPECT_FALSE(bench_->done_o);
  }

  void send_group(const Routing& routing, int group) {
    const int first = group * design().array.tokens;
    const int rows = std::min(design().array.tokens, routing.tokens - first);
    for (int tile = 0; tile < routing.tiles(); ++tile) {
      for (int d = 0; d < 3; ++d) {
        for (int row = 0; row < design().array.tokens; ++row) {
          bench_->sum_i = row < rows;  // a tile takes as long with fewer tokens
          if (row < rows) put(routing, first + row, row, tile, d);
          const bool last = tile + 1 == routing.tiles() && d == 2;
          bench_->sum_last_i = last;
          bench_->sum_group_last_i = last && row + 1 == rows;
          bench_.tick();
        }
        bench_->sum_i = 0;
        while (gaps_ && random_.below(3) == 0) bench_.tick();
      }
    }
  }

  void put(const Routing& routing, int token, int row, int tile, int d) {
    set_port(bench_->sum_token_i, row);
    set_port(bench_->sum_digit_i, d);
    set_port(bench_->sum_tile_i, tile);
    for (int o = 0; o < design().array.outputs; ++o) {
      set_bits(bench_->sums_i, static_cast<std::size_t>(o) * 32, 32,
               static_cast<std::uint32_t>(routing.sum(token, tile, d, o)));
    }
  }

  Bench<Vrouter_unit> bench_;
  Random random_;
  bool gaps_;
  int routings_ = 0;
};

TEST(RouterUnit, RoutingsOfAnySize_FillTheQueuesAsTheReference) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(181);
      Router router(power_up, gaps);
      for (int i = 0; i < 60; ++i) {
        router.run(make_routing(random));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
