// Sums as the array makes them of digits and gate bytes against hls::route: every queue, in order.
#include <Vrouter_unit.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hls/design.h"
#include "hls/router.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

const DesignPoint& design() { return bench_design(); }

struct Entry {
  int token;
  int weight;
  bool operator==(const Entry&) const = default;
};

/// A router, its tokens, and the queues that must come of them.
struct Routing {
  int tokens;
  int experts;
  int first_expert;
  int inputs;
  int top_k;
  RouterScale scale;
  bool softmax_after_topk;
  std::int32_t prune_above;
  std::vector<std::int16_t> weight;    // [experts, inputs]
  std::vector<std::int64_t> constant;  // [experts]
  std::vector<std::int16_t> rows;      // [tokens, inputs]
  std::vector<std::vector<Entry>> queues;

  int tile_experts() const { return design().array.outputs / 2; }
  int tiles() const { return divided_up(experts, tile_experts()); }

  /// Digit `d` of a number; gate byte 0 or 1 of a weight.
  static int digit(int y, int d) {
    for (int i = 0; i < d; ++i) y = (y + 32) >> 6;
    return d == 2 ? y : ((y + 32) & 63) - 32;
  }
  static int gate_byte(int w, int byte) { return byte == 0 ? ((w + 128) & 255) - 128 : (w + 128) >> 8; }

  /// What the array puts out for a token: output 2i + byte of a tile.
  std::int32_t sum(int token, int tile, int d, int output) const {
    const int expert = tile * tile_experts() + output / 2;
    if (expert >= experts) return 12345;  // anything
    std::int32_t sum = 0;
    for (int i = 0; i < inputs; ++i) {
      sum += digit(rows[static_cast<std::size_t>(token * inputs + i)], d) *
             gate_byte(weight[static_cast<std::size_t>(expert * inputs + i)], output % 2);
    }
    return sum;
  }
};

Routing make_routing(Random& random) {
  const DesignPoint::Limits& limits = design().limits;
  Routing routing = {.tokens = random.below(4) == 0 ? limits.max_tokens / 2 : 1 + static_cast<int>(random.below(11)),
                     .experts = 1 + static_cast<int>(random.below(static_cast<unsigned>(limits.max_experts))),
                     .first_expert = 0,
                     .inputs = 1 + static_cast<int>(random.below(24))};
  routing.first_expert =
      static_cast<int>(random.below(static_cast<unsigned>(limits.max_experts - routing.experts + 1)));
  routing.top_k =
      1 + static_cast<int>(random.below(static_cast<unsigned>(std::min(routing.experts, limits.max_top_k))));
  const auto kind = random.below(4);  // 0: all logits equal
  const std::int64_t most_weight = kind == 0 ? 0 : 32639 >> random.below(14);
  for (int i = 0; i < routing.experts * routing.inputs; ++i) {
    routing.weight.push_back(static_cast<std::int16_t>(draw(random, -most_weight, most_weight)));
  }
  for (int e = 0; e < routing.experts; ++e) {
    routing.constant.push_back(
        kind < 2 ? 0 : draw(random, -(std::int64_t{1} << 40), std::int64_t{1} << 40) >> random.below(30));
  }
  for (int i = 0; i < routing.tokens * routing.inputs; ++i) {
    routing.rows.push_back(static_cast<std::int16_t>(draw(random, -32768, 32767)));
  }
  // Where the exponentials differ.
  routing.scale = {.kappa = static_cast<std::int32_t>(draw(random, 1 << 14, 32767)),
                   .sigma = static_cast<int>(draw(random, 14, 34))};
  routing.softmax_after_topk = random.below(3) == 0;
  routing.prune_above = random.below(2) == 0 ? -1 : static_cast<std::int32_t>(draw(random, -1, 65535));
  routing.queues.resize(static_cast<std::size_t>(limits.max_experts));
  const hls::RouterLayer layer = {.weight = routing.weight.data(),
                                  .constant = routing.constant.data(),
                                  .experts = routing.experts,
                                  .inputs = routing.inputs,
                                  .top_k = routing.top_k,
                                  .scale = routing.scale,
                                  .softmax_after_topk = routing.softmax_after_topk,
                                  .prune_above = routing.prune_above};
  std::vector<std::uint32_t> chosen(static_cast<std::size_t>(routing.top_k));
  std::vector<std::uint16_t> weights(chosen.size());
  for (int token = 0; token < routing.tokens; ++token) {
    hls::route<hls::ReferenceDesign>(routing.rows.data() + token * routing.inputs, 0, layer, chosen.data(),
                                     weights.data());
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      routing.queues[static_cast<std::size_t>(routing.first_expert) + chosen[k]].push_back({token, weights[k]});
    }
  }
  return routing;
}

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
    check_queues(routing);
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

  void check_queues(const Routing& routing) {
    int entries = 0;
    const int count_bits = levels(design().limits.max_tokens) + 1;
    for (int e = 0; e < design().limits.max_experts; ++e) {
      const std::vector<Entry>& queue = routing.queues[static_cast<std::size_t>(e)];
      EXPECT_EQ(get_bits(bench_->counts_o, static_cast<std::size_t>(e * count_bits), count_bits), queue.size());
      EXPECT_EQ(get_bits(bench_->used_o, static_cast<std::size_t>(e), 1), !queue.empty());
      for (std::size_t place = 0; place < queue.size(); ++place) {
        set_port(bench_->read_expert_i, e);
        set_port(bench_->read_place_i, static_cast<int>(place));
        bench_.tick();
        EXPECT_EQ(bench_->token_o, queue[place].token) << "expert " << e << " place " << place;
        EXPECT_EQ(bench_->weight_o, queue[place].weight) << "expert " << e << " place " << place;
        ++entries;
      }
    }
    EXPECT_EQ(entries, routing.tokens * routing.top_k);
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
