#include "base/pipe_input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <istream>
#include <string>
#include <thread>

#include "base/testing.h"

namespace edgemoe {
namespace {

class PipeInputTest : public ::testing::Test {
 protected:
  PipeInputTest() { EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0); }
  /// Whatever comes until the pipe ends.
  static std::string read_all(PipeInput& input) {
    std::istream stream(&input);
    std::string text;
    char buffer[16];
    do {
      stream.clear();
      stream.read(buffer, sizeof(buffer));
      text.append(buffer, static_cast<std::size_t>(stream.gcount()));
    } while (stream.gcount() > 0);
    return text;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "pipe";
};

TEST_F(PipeInputTest, WithoutAWriter_waitsUntilItIsStopped) {
  int asked = 0;
  PipeInput input([&asked] { return ++asked > 3; });
  ASSERT_TRUE(input.open(path_));
  EXPECT_EQ(read_all(input), "");
  EXPECT_EQ(asked, 4);
}

TEST_F(PipeInputTest, WithAWriterThatIsSilent_waitsUntilItIsStopped) {
  int asked = 0;
  PipeInput input([&asked] { return ++asked > 3; });
  ASSERT_TRUE(input.open(path_));
  const int writer = ::open(path_.c_str(), O_WRONLY);
  EXPECT_EQ(read_all(input), "");
  EXPECT_EQ(asked, 4);
  ::close(writer);
}

TEST_F(PipeInputTest, WhatIsWritten_isReadToItsEnd) {
  PipeInput input(nullptr);
  ASSERT_TRUE(input.open(path_));
  const std::string text(100'000, 'x');  // more than a pipe holds
  std::thread writer([&] {
    const int out = ::open(path_.c_str(), O_WRONLY);
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t count = ::write(out, text.data() + done, text.size() - done);
      ASSERT_GT(count, 0);
      done += static_cast<std::size_t>(count);
    }
    ::close(out);
  });
  EXPECT_EQ(read_all(input).size(), text.size());
  writer.join();
}

TEST_F(PipeInputTest, WhatIsNotThere_isNotOpened) {
  PipeInput input(nullptr);
  EXPECT_FALSE(input.open(folder_.path() / "missing"));
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace edgemoe
