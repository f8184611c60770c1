#include "base/text.h"

#include <gtest/gtest.h>

#include <vector>

namespace edgemoe {
namespace {

TEST(Printable, controlsAndForeignBytes_becomeQuestionMarks) {
  EXPECT_EQ(printable("a b~"), "a b~");
  EXPECT_EQ(printable("\x1B[2J\n\x7F\xC3\xA9"), "?[2J????");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, longText_isCut) {
  EXPECT_EQ(printable(std::string(200, 'x')), std::string(200, 'x'));
  EXPECT_EQ(printable(std::string(201, 'x')), std::string(200, 'x') + "...");
}

TEST(Sample, moreThanTheLimit_areCounted) {
  const std::vector<std::string> names = {"a", "b\n", "c"};
  EXPECT_EQ(sample(names, 3), "a, b?, c");
  EXPECT_EQ(sample(names, 2), "a, b? and 1 more");
  EXPECT_EQ(sample({}, 2), "");
}

TEST(ParseSize, twoPositiveNumbers_andNothingElse) {
  EXPECT_EQ(parse_size("128x256", "--size").value(), std::pair(128, 256));
  for (const char* text : {"", "128", "128x", "x256", "0x1", "1x-1", "1x1x1", "1 x 1", "1X1", "99999999999x1"}) {
    const Result<std::pair<int, int>> size = parse_size(text, "--size");
    EXPECT_EQ(size.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(size.status().message().find("--size: expected two positive numbers"), std::string::npos) << text;
  }
}

TEST(ParseSeed, wholeNumbers_areTakenAndNothingElse) {
  EXPECT_EQ(parse_seed("0", "--seed").value(), 0U);
  EXPECT_EQ(parse_seed("18446744073709551615", "--seed").value(), 18446744073709551615U);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "18446744073709551616", "nan"}) {
    const Result<std::uint64_t> seed = parse_seed(text, "--seed");
    EXPECT_EQ(seed.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(seed.status().message().find("--seed: expected a whole number"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace edgemoe
