#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/testing.h"

namespace edgemoe {
namespace {

class FileTest : public ::testing::Test {
 protected:
  std::size_t entries() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++count;
    return count;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(FileTest, AtomicFile_committed_hasTheBytesAndNoTemporary) {
  const auto path = folder_ / "a.txt";
  ASSERT_TRUE(write_file(path, std::string_view("hello")).ok());
  const auto text = read_text_file(path, 100);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "hello");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, AtomicFile_droppedUncommitted_leavesTheOldContent) {
  const auto path = folder_ / "a.txt";
  ASSERT_TRUE(write_file(path, std::string_view("old")).ok());
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write(std::string_view("new")).ok());
  }
  EXPECT_EQ(*read_text_file(path, 100), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, AtomicFile_missingFolder_isNotFound) {
  EXPECT_EQ(AtomicFile::create(folder_ / "none" / "a").status().code(), StatusCode::kNotFound);
}

TEST_F(FileTest, AtomicFile_targetIsNoRegularFile_isRefused_andALinkIsFollowed) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(AtomicFile::create(folder_ / "fifo").status().code(), StatusCode::kIo);
  EXPECT_TRUE(std::filesystem::is_fifo(folder_ / "fifo"));
  EXPECT_EQ(AtomicFile::create("/dev/null").status().code(), StatusCode::kIo);
  ASSERT_TRUE(write_file(folder_ / "real", std::string_view("old")).ok());
  std::filesystem::create_symlink(folder_ / "real", folder_ / "link");
  ASSERT_TRUE(write_file(folder_ / "link", std::string_view("new")).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_EQ(*read_text_file(folder_ / "real", 100), "new");
}

TEST_F(FileTest, ReadFile_overTheLimit_isRefused) {
  const auto path = folder_ / "a.txt";
  ASSERT_TRUE(write_file(path, std::string_view("12345")).ok());
  EXPECT_EQ(read_file(path, 4).status().code(), StatusCode::kTooLarge);
  EXPECT_TRUE(read_file(path, 5).ok());
}

TEST_F(FileTest, MappedFile_readsTheBytes_andAnEmptyFileMapsToNone) {
  const auto path = folder_ / "a.txt";
  ASSERT_TRUE(write_file(path, std::string_view("abc")).ok());
  auto mapped = MappedFile::open(path);
  ASSERT_TRUE(mapped.ok());
  ASSERT_EQ(mapped->bytes().size(), 3u);
  EXPECT_EQ(mapped->bytes()[2], std::byte{'c'});
  ASSERT_TRUE(write_file(path, std::string_view()).ok());
  EXPECT_TRUE(MappedFile::open(path)->bytes().empty());
}

TEST_F(FileTest, MappedFile_folderFifoOrMissing_isAnErrorThatNamesThePath) {
  EXPECT_EQ(MappedFile::open(folder_).status().code(), StatusCode::kIo);
  EXPECT_EQ(MappedFile::open(folder_ / "none").status().code(), StatusCode::kNotFound);
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  const Status status = MappedFile::open(folder_ / "fifo").status();
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_NE(status.message().find("fifo"), std::string::npos);
}

}  // namespace
}  // namespace edgemoe
