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

}  // namespace
}  // namespace edgemoe
