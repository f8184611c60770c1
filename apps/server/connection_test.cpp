#include "server/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>

namespace edgemoe::server {
namespace {

using std::chrono::milliseconds;

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0);
    connection_.emplace(ends_[0]);
  }
  ~ConnectionTest() override {
    for (const int end : ends_) ::close(end);
  }

  ssize_t write(const std::string& text) { return connection_->write(text.data(), text.size()); }

  /// Takes what has been written, as a client does that has woken up.
  void drain() {
    std::array<char, 65536> ignored;
    while (::recv(ends_[1], ignored.data(), ignored.size(), MSG_DONTWAIT) > 0) {
    }
  }

  std::array<int, 2> ends_ = {};
  std::optional<Connection> connection_;
  const std::string large_ = std::string(8 << 20, 'a');  // more than the sockets hold
};

TEST_F(ConnectionTest, timeToTakeAnAnswer_isOfAllItsParts) {
  connection_->allow_write(milliseconds(50));
  EXPECT_EQ(write("head"), 4);
  EXPECT_EQ(write(large_), -1);
  EXPECT_TRUE(connection_->write_timed_out());
  // The client reads again, but its time is over.
  drain();
  EXPECT_FALSE(connection_->writable());
  EXPECT_EQ(write("more"), -1);
}

TEST_F(ConnectionTest, timeToTakeAnAnswer_beginsAnewWithTheNextRequest) {
  connection_->allow_write(milliseconds(50));
  EXPECT_EQ(write("first"), 5);
  ::usleep(60'000);
  connection_->allow_read(100, milliseconds(50));
  EXPECT_TRUE(connection_->writable());
  EXPECT_EQ(write("second"), 6);
  EXPECT_FALSE(connection_->write_timed_out());
}

}  // namespace
}  // namespace edgemoe::server
