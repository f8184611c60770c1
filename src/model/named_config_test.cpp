#include "model/named_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/testing.h"

namespace edgemoe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NamedConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    text_ = *read_text_file(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/models/tiny.json", 1 << 20);
    folders_ = {folder_ / "first", folder_ / "missing", folder_ / "second"};
    std::filesystem::create_directory(folders_[0]);
    std::filesystem::create_directory(folders_[2]);
    put(folders_[0] / "b.json", 11);
    put(folders_[2] / "b.json", 12);
    put(folders_[2] / "a.json", 13);
    ASSERT_TRUE(write_file(folders_[2] / "notes.txt", std::string_view("x")).ok());
  }

  /// A configuration that is told from others by its expert_dim.
  void put(const std::filesystem::path& path, int expert_dim) {
    ModelConfig config = *parse_model_config(text_);
    config.moe.expert_dim = expert_dim;
    ASSERT_TRUE(write_file(path, model_config_to_json(config)).ok());
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  std::vector<std::filesystem::path> folders_;
  std::string text_;
};

TEST_F(NamedConfigTest, name_isFoundInTheFirstFolderThatHasIt) {
  EXPECT_EQ(load_named_config("b", folders_)->moe.expert_dim, 11);
  EXPECT_EQ(load_named_config("a", folders_)->moe.expert_dim, 13);
}

TEST_F(NamedConfigTest, pathWithExtension_isReadAsAFile) {
  put(folder_ / "own.json", 14);
  EXPECT_EQ(load_named_config((folder_ / "own.json").string(), folders_)->moe.expert_dim, 14);
  EXPECT_EQ(load_named_config("absent.json", folders_).status().code(), StatusCode::kNotFound);
}

TEST_F(NamedConfigTest, unknownName_listsTheKnownOnes) {
  const Status status = load_named_config("c", folders_).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("\"c\""), HasSubstr("there are a, b")));
  EXPECT_THAT(load_named_config("c", {}).status().message(), HasSubstr("there are none"));
  EXPECT_EQ(load_named_config("", folders_).status().code(), StatusCode::kInvalidArgument);
  // A path, not a way out of the folders.
  EXPECT_THAT(load_named_config("../second/a", folders_).status().message(), HasSubstr("../second/a: cannot open"));
}

TEST_F(NamedConfigTest, list_isSortedAndWithoutRepeats) {
  EXPECT_THAT(list_named_configs(folders_), ElementsAre("a", "b"));
}

TEST_F(NamedConfigTest, brokenFile_isNamedInTheError) {
  ASSERT_TRUE(write_file(folders_[0] / "bad.json", std::string_view("{\"name\": 3}")).ok());
  EXPECT_THAT(load_named_config("bad", folders_).status().message(), HasSubstr("bad.json: missing input"));
}

}  // namespace
}  // namespace edgemoe
