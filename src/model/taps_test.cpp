#include "model/taps.h"

#include <gtest/gtest.h>

namespace edgemoe {
namespace {

TEST(TapNames, blockAndHead_carryTheirPrefix) {
  EXPECT_EQ(block_tap(3, kTapRouterLogits), "block3.router.logits");
  EXPECT_EQ(block_tap(11, kTapBlockOut), "block11.out");
  EXPECT_EQ(head_tap(kTapHeadLogits), "head.logits");
}

}  // namespace
}  // namespace edgemoe
