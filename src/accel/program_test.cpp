#include "accel/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Every field at an end of its range: numbers differ, so that none can stand in another's place.
struct Extremes {
  bool largest;
  int fields = 0;
  int bits_used = 0;

  template <typename T>
  void operator()(std::string_view, int bits, T& member) {
    const int width = bits < 0 ? -bits : bits;
    const std::uint64_t most = (std::uint64_t{1} << (bits < 0 ? width - 1 : width)) - 1;
    if constexpr (std::is_enum_v<T>) {
      member = static_cast<T>(largest ? 1 : 0);
    } else if constexpr (std::is_same_v<T, bool>) {
      member = largest;
    } else if (largest) {
      member = static_cast<T>(most - static_cast<std::uint64_t>(fields));
    } else {
      member = bits < 0 ? static_cast<T>(-static_cast<std::int64_t>(most) - 1) : T{};
    }
    ++fields;
    bits_used += width;
  }
};

TEST(Program, EveryFieldOfACommand_ComesBackAndNoneOverlap) {
  for (const bool largest : {false, true}) {
    Extremes extremes = {largest};
    LoadCommand load;
    visit_load_fields(load, extremes);
    EXPECT_LE(extremes.bits_used, 8 * kCommandBytes);
    const Result<CommandBytes> load_bytes = encode(load);
    ASSERT_TRUE(load_bytes.ok()) << load_bytes.status().message();
    EXPECT_EQ(*decode_load(*load_bytes), load);

    extremes = {largest};
    ComputeCommand compute;
    visit_compute_fields(compute, extremes);
    EXPECT_LE(extremes.bits_used, 8 * kCommandBytes);
    EXPECT_GT(extremes.fields, 30);
    const Result<CommandBytes> compute_bytes = encode(compute);
    ASSERT_TRUE(compute_bytes.ok()) << compute_bytes.status().message();
    EXPECT_EQ(*decode_compute(*compute_bytes), compute);
  }
}

TEST(Program, ChannelWords_KeepTheirSigns) {
  const ChannelConstants channel = {INT32_MIN, -32767, 31};
  const ChannelConstants found = decode_channel(encode(channel).value());
  EXPECT_EQ(found.bias, channel.bias);
  EXPECT_EQ(found.mantissa, channel.mantissa);
  EXPECT_EQ(found.pre_shift, channel.pre_shift);
  EXPECT_EQ(encode(ChannelConstants{1, 2, 3}).value(), 0x3'0002'0000'0001U);

  const RouterScalars scalars = {32767, -128, 255, 256, 16, true, -1};
  const RouterScalars back = decode_router(encode(scalars).value());
  EXPECT_EQ(back.kappa, 32767);
  EXPECT_EQ(back.right, -128);
  EXPECT_EQ(back.first_expert, 255);
  EXPECT_EQ(back.experts, 256);
  EXPECT_EQ(back.top_k, 16);
  EXPECT_TRUE(back.softmax_after_topk);
  EXPECT_EQ(back.prune_above, -1);
}

TEST(Program, NumbersBeyondTheirField_AreRefusedByName) {
  EXPECT_THAT(encode(ComputeCommand{.steps = 65536}).status().message(),
              AllOf(HasSubstr("steps"), HasSubstr("65535"), HasSubstr("found 65536")));
  EXPECT_THAT(encode(ComputeCommand{.exponent_base = 128}).status().message(), HasSubstr("exponent_base"));
  EXPECT_THAT(encode(LoadCommand{.routing = -1}).status().message(), HasSubstr("routing"));
  EXPECT_FALSE(encode(ChannelConstants{.pre_shift = 32}).ok());
  EXPECT_FALSE(encode(RouterScalars{.right = 128}).ok());
}

TEST(Program, KindsThatAreNone_AreRefusedByName) {
  CommandBytes bytes = {};
  bytes[0] = kNumLoadKinds;
  EXPECT_THAT(decode_load(bytes).status().message(), AllOf(HasSubstr("kind"), HasSubstr("found 6")));
  EXPECT_THAT(decode_compute(bytes).status().message(), AllOf(HasSubstr("kind"), HasSubstr("found 6")));
  bytes[0] = 0xF0;
  EXPECT_THAT(decode_compute(bytes).status().message(), HasSubstr("destination"));
}

}  // namespace
}  // namespace edgemoe
