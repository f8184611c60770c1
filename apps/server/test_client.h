// A client for the tests that sends what it is told to, well formed or not.
#ifndef EDGEMOE_SERVER_TEST_CLIENT_H_
#define EDGEMOE_SERVER_TEST_CLIENT_H_

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace edgemoe::server::test {

/// A connection to a port of this machine.
class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  /// False when the other end has gone.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// What comes until `end` has come, or the other end closes.
  std::string read_until(std::string_view end) {
    std::string text;
    char byte = 0;
    while (!text.ends_with(end) && ::recv(socket_, &byte, 1, 0) == 1) text += byte;
    return text;
  }
  /// What comes until the other end closes, or nothing comes for `patience_ms`: a guard against waiting for ever.
  std::string read_all(int patience_ms = 300'000) {
    std::string text;
    char buffer[65536];
    for (;;) {
      pollfd entry = {socket_, POLLIN, 0};
      if (::poll(&entry, 1, patience_ms) <= 0) break;
      const ssize_t got = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  int socket_;
  bool connected_ = false;
};

struct Reply {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;
};

inline Reply parse_reply(const std::string& text) {
  Reply reply;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || !text.starts_with("HTTP/1.1 ")) return reply;
  reply.status = std::stoi(text.substr(9, 3));
  reply.head = text.substr(0, end + 2);
  reply.body = text.substr(end + 4);
  return reply;
}

/// Waits until nobody listens at the port any more.
inline void wait_until_deaf(int port) {
  while (Client(port).connected()) ::usleep(1000);
}

/// One request on a connection of its own.
inline Reply send_raw(int port, std::string_view request) {
  Client client(port);
  client.send(request);
  return parse_reply(client.read_all());
}

inline Reply get(int port, std::string_view path, std::string_view headers = "") {
  return send_raw(port,
                  fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{}\r\n", path, headers));
}

inline Reply post(int port, std::string_view path, std::string_view body, std::string_view headers = "") {
  return send_raw(port, fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n"
                                    "{}\r\n{}",
                                    path, body.size(), headers, body));
}

}  // namespace edgemoe::server::test

#endif  // EDGEMOE_SERVER_TEST_CLIENT_H_
