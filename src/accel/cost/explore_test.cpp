#include "accel/cost/explore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "accel/cost/chart.h"
#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace cost_testing;

Result<Exploration> try_explore(const std::string& board, const Budget& budget = {}, const ExploreSpace& space = {},
                                const ExploreProgress& progress = {}) {
  const ModelConfig network = edge_moe_network();
  const ExploreProblem problem = {.network = network,
                                  .spec = {},
                                  .queues = make_queues(network, 1, kTypicalQueueSpread),
                                  .board = named_board(board),
                                  .base = *read_text_file(config_folder("accelerators") / "zcu102.json", 1 << 20)};
  return explore(problem, space, budget, progress);
}

Exploration explore_board(const std::string& board, const Budget& budget = {}, const ExploreSpace& space = {},
                          const ExploreProgress& progress = {}) {
  Result<Exploration> found = try_explore(board, budget, space, progress);
  EXPECT_TRUE(found.ok()) << found.status().message();
  return found.ok() ? *found : Exploration{};
}

TEST(Explore, EverythingSearched_IsACandidateOrPrunedWithAReason) {
  for (const char* board : {"zcu102", "zcu104"}) {
    const Exploration found = explore_board(board);
    std::size_t counted = found.candidates.size();
    for (const Pruned& pruned : found.pruned) {
      counted += pruned.count;
      EXPECT_FALSE(pruned.nearest.empty()) << pruned.reason;
    }
    EXPECT_EQ(counted, found.searched);
    EXPECT_EQ(found.searched, ExploreSpace{}.size());
  }
}

TEST(Explore, TheFront_IsWhatNoOtherBeats) {
  const Exploration found = explore_board("zcu102");
  const auto beats = [](const Candidate& a, const Candidate& b) {
    const double a_mj = a.millijoules.middle();
    const double b_mj = b.millijoules.middle();
    const bool as_good = a.milliseconds <= b.milliseconds && a_mj <= b_mj && a.share <= b.share;
    return as_good && (a.milliseconds < b.milliseconds || a_mj < b_mj || a.share < b.share);
  };
  std::size_t front = 0;
  for (const Candidate& one : found.candidates) {
    const bool beaten = std::any_of(found.candidates.begin(), found.candidates.end(),
                                    [&](const Candidate& other) { return beats(other, one); });
    if (one.pareto) {
      EXPECT_FALSE(beaten) << one.design.name;
      ++front;
    }
  }
  EXPECT_GE(front, 3U);
  EXPECT_LT(front, found.candidates.size());
  ASSERT_FALSE(found.candidates.empty());
  EXPECT_TRUE(found.candidates.front().pareto);
}

TEST(Explore, EveryCandidate_FitsItsBoardAndIsADesignPointThatTheRtlGeneratorTakes) {
  const Exploration found = explore_board("zcu104");
  const Board board = named_board("zcu104");
  ASSERT_FALSE(found.candidates.empty());
  for (const Candidate& one : found.candidates) {
    EXPECT_LE(one.used.dsp, 0.9 * board.part.dsp) << one.design.name;
    EXPECT_LE(one.used.bram36, 0.9 * board.part.bram36) << one.design.name;
  }
  const DesignPoint& best = found.candidates.front().design;
  const Result<DesignPoint> again = parse_design_point(found.candidates.front().file);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->part.name, "xczu7ev");
  EXPECT_THAT(make_rtl_package(*again), HasSubstr(fmt::format("ArrayOutputs = {};", best.array.outputs)));
}

TEST(Explore, EveryCandidatesFile_IsItsDesignAndKeepsTheBasesBus) {
  const ModelConfig network = edge_moe_network();
  std::string base = *read_text_file(config_folder("accelerators") / "zcu102.json", 1 << 20);
  const std::string bus = R"("address_bits": 40, "burst_beats": 16, "outstanding_bursts": 16, "prefetch": true)";
  const std::string other = R"("address_bits": 36, "burst_beats": 8, "outstanding_bursts": 32, "prefetch": false)";
  const std::size_t at = base.find(bus);
  ASSERT_NE(at, std::string::npos);
  base.replace(at, bus.size(), other);
  const Result<Exploration> found =
      explore({network, {}, make_queues(network, 1, kTypicalQueueSpread), named_board("zcu104"), base}, {}, {}, {});
  ASSERT_TRUE(found.ok()) << found.status().message();
  const DesignPoint::Bus expected = {.address_bits = 36, .burst_beats = 8, .outstanding_bursts = 32, .prefetch = false};
  ASSERT_FALSE(found->candidates.empty());
  for (const Candidate& one : found->candidates) {
    const Result<DesignPoint> again = parse_design_point(one.file);
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(*again, one.design) << one.design.name;
    EXPECT_EQ(one.design.bus, expected) << one.design.name;
  }
}

TEST(Explore, RingsOfWiderWeights_HoldAPhaseOfThem) {
  for (const NumberFormat& format : {NumberFormat{8, 8}, NumberFormat{16, 16}}) {
    const ExploreSpace space = {.tokens = {4},
                                .outputs = {16, 32},
                                .chains = {1, 2},
                                .weight_words = {256, 512, 1024, 2048},
                                .formats = {format}};
    const Exploration found = explore_board("zcu102", {.dsp_share = 1, .bram_share = 1, .lut_share = 1}, space);
    const double phase_bytes = 192 * 768 * format.weight_bytes();
    double least = 1e9;
    for (const Candidate& one : found.candidates) {
      EXPECT_GE(ring_bytes(one.design), phase_bytes) << one.design.name;
      least = std::min(least, ring_bytes(one.design));
    }
    EXPECT_LT(least, 2 * phase_bytes) << format.name();  // nor is a ring refused that does
  }
}

TEST(Explore, Budgets_AreKeptAndWhatCannotBeIsRefusedWithReasons) {
  const Exploration found = explore_board("zcu102", {.milliseconds = 2.0});
  for (const Candidate& one : found.candidates) EXPECT_LE(one.milliseconds, 2.0);
  const Result<Exploration> none = try_explore("zcu102", {.milliseconds = 1e-3});
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.status().message(), HasSubstr("latency"));
  // A ring of two experts of this network and all else: more than the smallest board's block RAM.
  EXPECT_THAT(try_explore("ultra96").status().message(), HasSubstr("block RAM"));
  ExploreSpace space;
  space.tokens.clear();
  EXPECT_EQ(try_explore("zcu102", {}, space).status().code(), StatusCode::kInvalidArgument);
  for (const int size : {0, -1, 1 << 20}) {
    space.tokens = {4, size};
    EXPECT_EQ(try_explore("zcu102", {}, space).status().code(), StatusCode::kInvalidArgument) << size;
  }
  space = {.tokens = {3}, .outputs = {32}, .chains = {2}, .weight_words = {4096}};
  EXPECT_THAT(try_explore("zcu102", {}, space).status().message(), HasSubstr("array.tokens"));
}

TEST(Explore, Progress_IsToldAndMayEndTheSearch) {
  std::size_t last = 0;
  const Exploration found = explore_board("zcu102", {}, {}, [&](std::size_t done, std::size_t) {
    last = done;
    return done < 128;
  });
  EXPECT_EQ(last, 128U);
  EXPECT_EQ(found.searched, 128U);
}

/// Small networks on large arrays, and networks without a router: what the network needs is less than the RTL takes.
TEST(Explore, NetworksSmallerThanTheArray_GetTheLimitsThatTheRtlNeeds) {
  ModelConfig tiny = *parse_model_config(*read_text_file(config_folder("models") / "tiny.json", 1 << 20));
  ModelConfig dense = tiny;
  dense.moe = {};
  ASSERT_TRUE(validate_complete_config(dense).ok());
  const ExploreSpace space = {.tokens = {2, 24, 32, 64}, .outputs = {8, 16}, .chains = {1, 2}, .weight_words = {512}};
  for (const ModelConfig& network : {tiny, dense}) {
    const Result<Exploration> found =
        explore({.network = network,
                 .spec = {},
                 .queues = make_queues(network, 1, kTypicalQueueSpread),
                 .board = named_board("zcu102"),
                 .base = *read_text_file(config_folder("accelerators") / "zcu102.json", 1 << 20)},
                space, {.dsp_share = 9, .bram_share = 9, .lut_share = 9}, {});
    ASSERT_TRUE(found.ok()) << found.status().message();
    // One refusal: two chains want 16 outputs.
    EXPECT_EQ(found->candidates.size(), 3 * space.tokens.size());
    for (const Candidate& one : found->candidates) {
      EXPECT_TRUE(parse_design_point(one.file).ok()) << one.design.name;
      EXPECT_GT(one.design.limits.max_tokens, one.design.array.tokens) << one.design.name;
      EXPECT_LE(one.design.limits.max_experts, one.design.array.outputs) << one.design.name;
    }
  }
}

TEST(Explore, TableAndPlot_HoldEveryCandidate) {
  const Exploration found = explore_board("zcu104");
  const std::string csv = exploration_csv(found);
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')), found.candidates.size() + 1);
  const std::size_t columns =
      static_cast<std::size_t>(std::count(csv.begin(), std::find(csv.begin(), csv.end(), '\n'), ','));
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), ',')), columns * (found.candidates.size() + 1));
  EXPECT_THAT(exploration_svg(found, "a < b & c"), HasSubstr("a &lt; b &amp; c"));
}

TEST(Chart, WhatAnAxisCannotShow_IsLeftOut) {
  const Chart chart = {.title = "t",
                       .x_scale = Chart::Scale::kLog,
                       .y_scale = Chart::Scale::kLog,
                       .series = {{.name = "s", .points = {{0, 1}, {1, -1}, {1, 1.0 / 0.0}, {2, 3}}}}};
  const std::string svg = render_svg({&chart, 1}, 2);
  EXPECT_THAT(svg, HasSubstr("</svg>"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf\"")));
  const Chart empty = {.title = "empty"};
  EXPECT_THAT(render_svg({&empty, 1}, 1), Not(HasSubstr("nan")));
}

TEST(Explore, FindsADesign_WhereThereIsOne) {
  const auto problem = [](const ModelConfig& network, const char* board) {
    return ExploreProblem{.network = network,
                          .spec = {},
                          .queues = make_queues(network, 1, kTypicalQueueSpread),
                          .board = named_board(board),
                          .base = *read_text_file(config_folder("accelerators") / "zcu102.json", 1 << 20)};
  };
  EXPECT_TRUE(explorer_finds_design(problem(edge_moe_network(), "zcu102")));
  EXPECT_FALSE(explorer_finds_design(problem(edge_moe_network(), "ultra96")));
  EXPECT_FALSE(explorer_finds_design(problem(named_network("m3vit-small-nyud"), "zcu102")));
}

}  // namespace
}  // namespace edgemoe
