#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace edgemoe {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return invalid_argument("{} is odd", x);
  return x / 2;
}

Result<int> quarter(int x) {
  EDGEMOE_ASSIGN_OR_RETURN(const int once, half(x));
  EDGEMOE_ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

TEST(StatusTest, macros_passValuesAndFaults) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).status().message(), "3 is odd");
  EXPECT_EQ(quarter(6).status().code(), StatusCode::kInvalidArgument);
}

TEST(StatusTest, withContext_isPutInFront_andLeavesSuccessAlone) {
  EXPECT_EQ(not_found("no such task").with_context("m.safetensors").message(), "m.safetensors: no such task");
  EXPECT_TRUE(Status().with_context("x").ok());
}

TEST(StatusTest, resultMadeFromASuccess_isAnInternalFault) {
  const Result<int> result = Status();
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kInternal);
}

TEST(StatusTest, result_holdsWhatOnlyMoves) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> owned = std::move(result).value();
  EXPECT_EQ(*owned, 3);
}

}  // namespace
}  // namespace edgemoe
