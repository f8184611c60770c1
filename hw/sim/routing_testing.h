// A router, its tokens and the queues that must come of them, for the benches of router_unit and router_phase.
#ifndef EDGEMOE_SIM_ROUTING_TESTING_H_
#define EDGEMOE_SIM_ROUTING_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "hls/design.h"
#include "hls/router.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {

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

  int tile_experts() const { return bench_design().array.outputs / 2; }
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

inline Routing make_routing(Random& random) {
  const DesignPoint::Limits& limits = bench_design().limits;
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

/// The unit's queues beside those that must be: how many entries were compared.
template <typename Model>
int check_queues(Bench<Model>& bench, const Routing& routing) {
  int entries = 0;
  const int count_bits = levels(bench_design().limits.max_tokens) + 1;
  for (int e = 0; e < bench_design().limits.max_experts; ++e) {
    const std::vector<Entry>& queue = routing.queues[static_cast<std::size_t>(e)];
    EXPECT_EQ(get_bits(bench->counts_o, static_cast<std::size_t>(e * count_bits), count_bits), queue.size());
    EXPECT_EQ(get_bits(bench->used_o, static_cast<std::size_t>(e), 1), !queue.empty());
    for (std::size_t place = 0; place < queue.size(); ++place) {
      set_port(bench->read_expert_i, e);
      set_port(bench->read_place_i, static_cast<int>(place));
      bench.tick();
      EXPECT_EQ(bench->token_o, queue[place].token) << "expert " << e << " place " << place;
      EXPECT_EQ(bench->weight_o, queue[place].weight) << "expert " << e << " place " << place;
      ++entries;
    }
  }
  return entries;
}

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_ROUTING_TESTING_H_
