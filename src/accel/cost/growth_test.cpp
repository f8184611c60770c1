#include "accel/cost/growth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/cost/published.h"
#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace cost_testing;

class Growth : public ::testing::Test {
 protected:
  GrowthCurve curve(GrowthAxis axis) const { return grow(axis, network_, {}, machine_, board_); }

  /// The point of one value; empty where the curve has none.
  static GrowthPoint at(const GrowthCurve& curve, double value) {
    for (const GrowthPoint& point : curve.points) {
      if (point.value == value) return point;
    }
    ADD_FAILURE() << growth_axis_name(curve.axis) << " has no " << value;
    return {};
  }

  const ModelConfig network_ = edge_moe_network();
  const Board board_ = named_board("zcu102");
  const Machine machine_ = machine_of(named_design("zcu102"), {8, 8}, board_, {});
};

TEST_F(Growth, Curves_GrowAsTheWorkDoes) {
  for (const GrowthAxis axis : kAllGrowthAxes) {
    const GrowthCurve found = curve(axis);
    ASSERT_GE(found.points.size(), 5U) << growth_axis_name(axis);
    for (std::size_t i = 1; i < found.points.size(); ++i) {
      const GrowthPoint& point = found.points[i];
      const GrowthPoint& before = found.points[i - 1];
      EXPECT_GT(point.value, before.value);
      if (axis == GrowthAxis::kBandwidth) {
        EXPECT_LE(point.cost.cycles, before.cost.cycles) << growth_axis_name(axis) << ' ' << point.value;
      } else if (axis != GrowthAxis::kExperts) {  // more experts: emptier rows, but not in every draw
        EXPECT_GE(point.cost.cycles, before.cost.cycles) << growth_axis_name(axis) << ' ' << point.value;
      }
    }
  }
  // Memory-bound where loading takes longer than computing, and the balance point is between.
  const GrowthCurve rates = curve(GrowthAxis::kBandwidth);
  ASSERT_TRUE(rates.turns_at.has_value());
  const double balance = balanced_bytes_per_cycle(rates.points.back().cost);
  EXPECT_LE(balance, *rates.turns_at);
  EXPECT_TRUE(rates.points.front().cost.memory_bound());
  EXPECT_FALSE(rates.points.back().cost.memory_bound());
}

// 289 tokens: 938.5 of 912 BRAM36 with memories as they are built, although the bytes would be few enough.
TEST_F(Growth, Tokens_FitAsMemoriesAreBuilt) {
  const GrowthCurve tokens = curve(GrowthAxis::kTokens);
  const GrowthPoint own = at(tokens, 129);
  EXPECT_EQ(own.fits, true);
  EXPECT_THAT(own.refused, IsEmpty());
  EXPECT_EQ(own.bram36, 780.5);
  const GrowthPoint more = at(tokens, 289);
  EXPECT_EQ(more.fits, false);
  EXPECT_EQ(more.bram36, 938.5);
  EXPECT_LT(more.cost.activation_bytes + machine_.memory.ring_bytes, board_.part.bram36 * 4096);
  EXPECT_THAT(more.refused, Contains(Field(&MachineGap::key, "limits.max_tokens")));
  EXPECT_THAT(more.not_built, IsEmpty());
  Board large = board_;
  large.part.bram36 = 939;
  EXPECT_EQ(at(grow(GrowthAxis::kTokens, network_, {}, machine_, large), 289).fits, true);
}

TEST_F(Growth, BeyondTheDesignsLimits_IsMarkedWithTheKey) {
  const GrowthCurve experts = curve(GrowthAxis::kExperts);
  EXPECT_THAT(at(experts, 16).refused, IsEmpty());
  // A router's constants of 32 experts fill a word, of 64 there is none.
  EXPECT_THAT(at(experts, 32).refused, Contains(Field(&MachineGap::key, "limits.max_experts")));
  EXPECT_THAT(at(experts, 32).not_built, IsEmpty());
  EXPECT_THAT(at(experts, 64).not_built, Contains(Field(&MachineGap::key, "array.outputs")));
  const GrowthCurve top_k = curve(GrowthAxis::kTopK);
  EXPECT_THAT(at(top_k, 4).refused, Not(Contains(Field(&MachineGap::key, "limits.max_top_k"))));
  EXPECT_THAT(at(top_k, 6).refused, Contains(Field(&MachineGap::key, "limits.max_top_k")));
  EXPECT_THAT(at(curve(GrowthAxis::kTasks), 1).refused, IsEmpty());
  EXPECT_THAT(at(curve(GrowthAxis::kTasks), 2).not_built, Contains(Field(&MachineGap::key, "streams")));
}

TEST_F(Growth, PublishedMachines_FitNowhereOrNobodyKnows) {
  const Result<PublishedMachine> coqmoe =
      load_published_machine(config_folder("machines") / "coqmoe.json", config_folder("boards"));
  ASSERT_TRUE(coqmoe.ok()) << coqmoe.status().message();
  const GrowthCurve tokens = grow(GrowthAxis::kTokens, network_, {}, coqmoe->machine, board_);
  EXPECT_EQ(at(tokens, 129).fits, std::nullopt);
  EXPECT_EQ(at(tokens, 129).bram36, std::nullopt);
  Board none = board_;
  none.part.bram36 = 0;
  EXPECT_EQ(at(grow(GrowthAxis::kTokens, network_, {}, coqmoe->machine, none), 129).fits, false);
}

}  // namespace
}  // namespace edgemoe
