#include "kernels/isa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace edgemoe {
namespace {

TEST(IsaTest, supported_beginsWithPortableAndEndsWithBest) {
  const std::vector<Isa> isas = supported_isas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(isas.front(), Isa::kPortable);
  EXPECT_EQ(isas.back(), best_isa());
}

TEST(IsaTest, aarch64_alwaysHasNeonAndNoOtherMachineHas) {
#if defined(__aarch64__)
  EXPECT_THAT(supported_isas(), ::testing::AnyOf(::testing::ElementsAre(Isa::kPortable, Isa::kNeon),
                                                 ::testing::ElementsAre(Isa::kPortable, Isa::kNeon, Isa::kDotProd)));
#else
  EXPECT_THAT(supported_isas(), ::testing::Each(::testing::Not(::testing::AnyOf(Isa::kNeon, Isa::kDotProd))));
#endif
}

TEST(IsaTest, name_leadsBackToTheIsa) {
  for (const Isa isa :
       {Isa::kPortable, Isa::kNeon, Isa::kDotProd, Isa::kAvx2, Isa::kAvxVnni, Isa::kAvx512, Isa::kAvx512Vnni}) {
    EXPECT_EQ(isa_from_name(isa_name(isa)), isa);
  }
  EXPECT_EQ(isa_name(Isa::kAvx512), "avx512");
  EXPECT_EQ(isa_from_name("AVX512"), std::nullopt);
  EXPECT_EQ(isa_from_name(""), std::nullopt);
}

}  // namespace
}  // namespace edgemoe
