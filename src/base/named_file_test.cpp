#include "base/named_file.h"

#include <gtest/gtest.h>

#include <array>

#include "base/file.h"
#include "base/testing.h"

namespace edgemoe {
namespace {

class NamedFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"first/b.x", "second/b.x", "second/a.x", "second/c.y", "plain"}) {
      std::filesystem::create_directories((folder_ / name).parent_path());
      ASSERT_TRUE(write_file(folder_ / name, std::string_view("x")).ok());
    }
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  const std::array<std::filesystem::path, 3> folders_ = {folder_ / "first", folder_ / "missing", folder_ / "second"};
  const NamedFiles files_ = {.what = "thing", .extension = ".x", .folders = folders_};
};

TEST_F(NamedFileTest, name_isFoundInTheFirstFolderThatHasIt) {
  EXPECT_EQ(find_named(files_, "b").value(), folder_ / "first/b.x");
  EXPECT_EQ(find_named(files_, "a").value(), folder_ / "second/a.x");
  EXPECT_EQ(list_named(files_), (std::vector<std::string>{"a", "b"}));
}

TEST_F(NamedFileTest, path_isTakenAsItIs) {
  EXPECT_EQ(find_named(files_, folder_ / "plain").value(), folder_ / "plain");
  EXPECT_EQ(find_named(files_, "absent.x").value(), "absent.x") << "whoever reads it says that it is missing";
  EXPECT_EQ(find_named(files_, "../second/a").value(), "../second/a");
  EXPECT_EQ(find_named(files_, folder_).value(), folder_);
}

TEST_F(NamedFileTest, whatIsNeither_listsTheNames) {
  for (const std::string name : {"c", "", "a.y"}) {
    const Status status = find_named(files_, name).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(status.message(), "no thing \"" + name + "\"; there are a, b, or give the path of a .x file");
  }
  const Status none = find_named({"thing", ".x", {}}, "a").status();
  EXPECT_NE(none.message().find("there are none"), std::string::npos) << none.message();
}

}  // namespace
}  // namespace edgemoe
