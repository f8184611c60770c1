// Router phases from their command and their words of the channel ring to queues, against hls::route.
#include <Vrouter_phase.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "accel/program.h"
#include "sim/routing_testing.h"
#include "sim/tile_layout.h"

namespace edgemoe::sim {
namespace {

const DesignPoint& design() { return bench_design(); }

class Phases {
 public:
  Phases(PowerUp power_up, bool gaps) : bench_(power_up), random_(442), gaps_(gaps) {
    bench_->start_i = bench_->reserve_i = bench_->valid_i = 0;
    bench_->run_start_i = 0;
    bench_.reset();
    bench_->run_start_i = 1;
    step();
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
        step();
        bench_->reserve_i = 0;
        EXPECT_EQ(bench_->done_o, 0);  // nor is the routing of before taken for this one
      }
      send_group(routing, group);
    }
    for (int cycle = 0; cycle < 20'000 && !bench_->done_o; ++cycle) step();
    EXPECT_EQ(bench_->done_o, 1);
    EXPECT_EQ(bench_->routings_o, ++routings_ & 0xff);
    EXPECT_EQ(check_queues(bench_, routing), routing.tokens * routing.top_k);
  }

 private:
  /// The word of the experts' constants, then the one whose first 64 bits are the scalars.
  void start(const Routing& routing) {
    ComputeCommand command;
    command.kind = PhaseKind::kRouter;
    command.rows = routing.tokens;
    const Result<CommandBytes> bytes = encode(command);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    for (std::size_t i = 0; i < kCommandBytes; ++i) set_bits(bench_->phase_i, 8 * i, 8, (*bytes)[i]);
    const Result<std::uint64_t> scalars = encode(RouterScalars{.kappa = routing.scale.kappa,
                                                               .right = routing.scale.sigma,
                                                               .first_expert = routing.first_expert,
                                                               .experts = routing.experts,
                                                               .top_k = routing.top_k,
                                                               .softmax_after_topk = routing.softmax_after_topk,
                                                               .prune_above = routing.prune_above});
    ASSERT_TRUE(scalars.ok()) << scalars.status().message();
    for (int e = 0; e < design().array.outputs; ++e) {
      const std::int64_t constant = e < routing.experts ? routing.constant[static_cast<std::size_t>(e)] : 77;
      words_[0][static_cast<std::size_t>(e)] = static_cast<std::uint64_t>(constant);
      words_[1][static_cast<std::size_t>(e)] = e == 0 ? *scalars : random_.next_u64();
    }
    // The ring ends, and begins anew, between the two.
    const int ring = design().memory.channel_words;
    base_ = random_.below(3) == 0 ? ring - 1 : static_cast<int>(random_.below(static_cast<unsigned>(ring)));
    set_port(bench_->channel_base_i, base_);
    bench_->start_i = 1;
    step();
    bench_->start_i = 0;
    for (std::size_t i = 0; i < kCommandBytes; ++i) set_bits(bench_->phase_i, 8 * i, 8, 0xa5);  // not looked at again
    set_port(bench_->channel_base_i, 0);
    EXPECT_EQ(bench_->free_o, 0);
  }

  /// The ring: a word is there two cycles after its address, something else where none was asked for.
  void step() {
    bench_.settle();
    const int at = bench_->channel_read_o != 0 ? static_cast<int>(bench_->channel_raddr_o) : -1;
    bench_.tick();
    const int second = (base_ + 1) % design().memory.channel_words;
    for (int o = 0; o < design().array.outputs; ++o) {
      const auto i = static_cast<std::size_t>(o);
      const std::uint64_t bits = asked_ == base_ ? words_[0][i] : asked_ == second ? words_[1][i] : random_.next_u64();
      set_bits(bench_->channel_rdata_i, 64 * i, 32, static_cast<std::uint32_t>(bits));
      set_bits(bench_->channel_rdata_i, 64 * i + 32, 32, static_cast<std::uint32_t>(bits >> 32));
    }
    asked_ = at;
    bench_.settle();
  }

  void send_group(const Routing& routing, int group) {
    const int first = group * design().array.tokens;
    const int rows = std::min(design().array.tokens, routing.tokens - first);
    for (int tile = 0; tile < routing.tiles(); ++tile) {
      for (int d = 0; d < 3; ++d) {
        for (int row = 0; row < design().array.tokens; ++row) {
          bench_->valid_i = row < rows;  // a tile takes as long with fewer tokens
          tile_.set(bench_->tile_i, "digit", d);
          tile_.set(bench_->tile_i, "column", tile);
          tile_.set(bench_->tile_i, "last_column", tile + 1 == routing.tiles() && d == 2);
          tile_.set(bench_->tile_i, "tokens", rows);
          set_port(bench_->token_i, row);
          for (int o = 0; row < rows && o < design().array.outputs; ++o) {
            set_bits(bench_->sums_i, static_cast<std::size_t>(o) * 32, 32,
                     static_cast<std::uint32_t>(routing.sum(first + row, tile, d, o)));
          }
          step();
        }
        bench_->valid_i = 0;
        while (gaps_ && random_.below(3) == 0) step();
      }
    }
  }

  Bench<Vrouter_phase> bench_;
  Random random_;
  bool gaps_;
  const TileLayout tile_;
  std::array<std::array<std::uint64_t, 64>, 2> words_ = {};
  int base_ = 0;
  int asked_ = -1;  // in the cycle before
  int routings_ = 0;
};

TEST(RouterPhase, RoutingsOfAnySize_FillTheQueuesAsTheReference) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(441);
      Phases phases(power_up, gaps);
      for (int i = 0; i < 40; ++i) {
        phases.run(make_routing(random));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim
