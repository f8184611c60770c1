// A client's connection with bounds on what it may send and how long everything may take.
#ifndef EDGEMOE_SERVER_CONNECTION_H_
#define EDGEMOE_SERVER_CONNECTION_H_

#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace edgemoe::server {

/// How far reading has come.
enum class ReadEnd {
  kOpen,      // there may be more
  kClosed,    // the other end has closed, or is gone
  kTimedOut,  // the time allowed is over
  kTooMuch,   // the bytes allowed are read
};

/// Reads and writes a socket that it does not own. Not for several threads.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Connection(int socket) : socket_(socket) {}

  /// True once there is something to read (or the other end has gone), false after `wait` or when `stop` becomes true.
  bool wait_for_request(std::chrono::milliseconds wait, const std::atomic<bool>& stop);
  /// From here on read() gives at most `bytes` and nothing after `time`; what is written next is a new answer.
  void allow_read(std::size_t bytes, std::chrono::milliseconds time);
  /// For the other end to take an answer, from its first byte on.
  void allow_write(std::chrono::milliseconds time) { write_time_ = time; }

  /// Bytes read, 0 at the end of the stream, −1 for a fault or past a bound.
  ssize_t read(char* out, std::size_t size);
  /// All of it or −1; all calls of an answer must be done within the time allowed.
  ssize_t write(const char* data, std::size_t size);
  /// Since allow_read(): why read() gives nothing, and whether it has given anything.
  ReadEnd read_end() const { return read_end_; }
  bool has_read() const { return has_read_; }
  /// Whether the other end has left an answer lying.
  bool write_timed_out() const { return write_timed_out_; }
  bool readable() const;
  bool writable() const;
  int socket() const { return socket_; }
  /// Address and port of one end; empty and 0 where the system does not know.
  void peer(std::string& ip, int& port) const;
  void local(std::string& ip, int& port) const;

 private:
  bool poll_until(short events, Clock::time_point deadline) const;

  const int socket_;
  std::array<char, 16 * 1024> buffer_ = {};
  std::size_t buffered_ = 0;
  std::size_t taken_ = 0;
  std::size_t readable_bytes_ = 0;
  Clock::time_point read_deadline_ = Clock::now();
  std::chrono::milliseconds write_time_{0};
  std::optional<Clock::time_point> write_deadline_;  // of an answer that has begun
  ReadEnd read_end_ = ReadEnd::kOpen;
  bool has_read_ = false;
  bool write_timed_out_ = false;
};

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_CONNECTION_H_
