// Every number of 16 bits at every fraction, against gelu().
#include <Vgelu.h>
#include <gtest/gtest.h>

#include "numeric/gelu_table.h"
#include "sim/bench.h"

namespace edgemoe::sim {
namespace {

constexpr int kLatency = 4;

TEST(Gelu, EveryNumberAtEveryFraction_EqualsTheReference) {
  Bench<Vgelu> bench;
  constexpr int kNumbers = 16 << 16;
  const auto value_of = [](int i) { return static_cast<std::int16_t>(i & 0xffff); };
  int compared = 0;
  for (int i = 0; i < kNumbers + kLatency - 1; ++i) {
    bench->value_i = static_cast<std::uint16_t>(value_of(i));
    bench->fraction_i = static_cast<std::uint8_t>(i >> 16 & 15);
    bench.tick();
    const int at = i + 1 - kLatency;
    if (at < 0) continue;
    ASSERT_EQ(static_cast<std::int16_t>(bench->value_o), gelu(value_of(at), at >> 16))
        << "x = " << value_of(at) << ", fraction " << (at >> 16);
    ++compared;
  }
  EXPECT_EQ(compared, kNumbers);
}

}  // namespace
}  // namespace edgemoe::sim
