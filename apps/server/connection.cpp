#include "server/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace edgemoe::server {
namespace {

constexpr std::chrono::milliseconds kStopLooks(50);  // how often a wait looks whether the server stops

void describe(const sockaddr_storage& address, std::string& ip, int& port) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &address, sizeof(v4));
    if (::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text)) != nullptr) ip = text;
    port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6 = {};
    std::memcpy(&v6, &address, sizeof(v6));
    if (::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text)) != nullptr) ip = text;
    port = ntohs(v6.sin6_port);
  }
}

template <typename Query>
void ask(Query query, int socket, std::string& ip, int& port) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (query(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0) describe(address, ip, port);
}

}  // namespace

bool Connection::poll_until(short events, Clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd entry = {socket_, events, 0};
    const int found = ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (found > 0) return true;
    if (found < 0 && errno != EINTR) return false;
    if (left <= 0) return false;
  }
}

bool Connection::wait_for_request(std::chrono::milliseconds wait, const std::atomic<bool>& stop) {
  const Clock::time_point deadline = Clock::now() + wait;
  while (taken_ == buffered_) {
    const Clock::time_point now = Clock::now();
    // What has arrived before the stop is answered: looked for once more, without waiting.
    const bool last_look = stop || now >= deadline;
    if (poll_until(POLLIN, last_look ? now : std::min(deadline, now + kStopLooks))) return true;
    if (last_look) return false;
  }
  return true;
}

void Connection::allow_read(std::size_t bytes, std::chrono::milliseconds time) {
  readable_bytes_ = bytes;
  read_deadline_ = Clock::now() + time;
  write_deadline_.reset();
  read_end_ = ReadEnd::kOpen;
  has_read_ = false;
}

ssize_t Connection::read(char* out, std::size_t size) {
  if (size == 0) return 0;
  if (readable_bytes_ == 0) {
    read_end_ = ReadEnd::kTooMuch;
    return -1;
  }
  if (taken_ == buffered_) {
    // The poll also tells a deadline that has passed while single bytes trickled in.
    if (Clock::now() >= read_deadline_ || !poll_until(POLLIN, read_deadline_)) {
      read_end_ = ReadEnd::kTimedOut;
      return -1;
    }
    ssize_t got = 0;
    do {
      got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
      read_end_ = ReadEnd::kClosed;
      return got;
    }
    taken_ = 0;
    buffered_ = static_cast<std::size_t>(got);
  }
  const std::size_t count = std::min({size, buffered_ - taken_, readable_bytes_});
  std::memcpy(out, buffer_.data() + taken_, count);
  taken_ += count;
  readable_bytes_ -= count;
  has_read_ = true;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* data, std::size_t size) {
  if (write_timed_out_) return -1;
  if (!write_deadline_) write_deadline_ = Clock::now() + write_time_;
  std::size_t sent = 0;
  while (sent < size) {
    if (!poll_until(POLLOUT, *write_deadline_)) {
      write_timed_out_ = true;
      return -1;
    }
    const ssize_t count = ::send(socket_, data + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (count <= 0) return -1;
    sent += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(size);
}

bool Connection::readable() const { return taken_ < buffered_ || poll_until(POLLIN, read_deadline_); }
bool Connection::writable() const {
  return !write_timed_out_ && poll_until(POLLOUT, write_deadline_.value_or(Clock::now() + write_time_));
}
void Connection::peer(std::string& ip, int& port) const { ask(::getpeername, socket_, ip, port); }
void Connection::local(std::string& ip, int& port) const { ask(::getsockname, socket_, ip, port); }

}  // namespace edgemoe::server
