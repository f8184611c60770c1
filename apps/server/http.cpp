#include "server/http.h"

#include <fmt/core.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <thread>

#include "server/connection.h"
#include "server/worker_pool.h"

namespace edgemoe::server {
namespace {

constexpr std::size_t kMaxPath = 1024;
constexpr int kBacklog = 256;  // connections that the system keeps until they are accepted
constexpr int kMaxRequestsOfAConnection = 10'000;
constexpr std::string_view kOverloaded =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: application/json\r\n"
    "Content-Length: 59\r\n\r\n{\"error\":\"too many connections at a time; try again later\"}";

static_assert(kOverloaded.size() - kOverloaded.find('{') == 59);

/// A Connection as httplib takes it.
class ConnectionStream final : public httplib::Stream {
 public:
  explicit ConnectionStream(int socket) : connection(socket) {}
  bool is_readable() const override { return connection.readable(); }
  bool is_writable() const override { return connection.writable(); }
  ssize_t read(char* out, std::size_t size) override { return connection.read(out, size); }
  ssize_t write(const char* data, std::size_t size) override { return connection.write(data, size); }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { connection.peer(ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { connection.local(ip, port); }
  socket_t socket() const override { return connection.socket(); }

  Connection connection;
};

/// The connection that this thread serves is not to be used for another request. A body was left unread, or worse.
thread_local bool close_after_answer = false;
/// Bytes of body and answer that the request at work on this thread holds of the common budget.
thread_local std::size_t held_bytes = 0;
/// This thread is the one that accepts, and there is no room for what it has accepted.
thread_local bool overloaded = false;

/// httplib's queue of connections; what there is no room for is answered at once, by the accepting thread.
class ConnectionQueue final : public httplib::TaskQueue {
 public:
  explicit ConnectionQueue(WorkerPool& pool) : pool_(pool) {}
  void enqueue(std::function<void()> job) override {
    if (pool_.submit(job)) return;
    overloaded = true;
    job();
    overloaded = false;
  }
  void shutdown() override { pool_.shutdown(); }

 private:
  WorkerPool& pool_;
};

/// Lets the other end read the answer before the socket goes: what lies unread at a close would reset the connection.
void close_gently(int socket) {
  ::shutdown(socket, SHUT_WR);
  Connection rest(socket);
  rest.allow_read(256 * 1024, std::chrono::milliseconds(200));
  char ignored[4096];
  while (rest.read(ignored, sizeof(ignored)) > 0) {
  }
  ::close(socket);
}

HttpRequest to_request(const httplib::Request& from) {
  HttpRequest request;
  request.method = from.method == "HEAD" ? "GET" : from.method;
  request.path = from.path;
  for (const auto& [name, value] : from.params) request.query.emplace(name, value);
  for (const auto& [name, value] : from.headers) {
    std::string lower = name;
    for (char& letter : lower) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    request.headers.emplace(std::move(lower), value);
  }
  return request;
}

void answer(HttpResponse from, httplib::Response& to) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  to.body = std::move(from.body);
  to.set_header("Content-Type", from.content_type);
}

class Listener final : public httplib::Server, public HttpListener {
 public:
  Listener(const HttpLimits& limits, HttpHandler& handler)
      : limits_(limits),
        handler_(handler),
        pool_(static_cast<std::size_t>(limits.max_connections), static_cast<std::size_t>(limits.max_waiting)) {
    new_task_queue = [this] { return new ConnectionQueue(pool_); };
    // Not httplib's SO_REUSEPORT: two services must not share one port unawares.
    set_socket_options([](socket_t socket) {
      const int on = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    });
    set_tcp_nodelay(true);
    set_keep_alive_max_count(kMaxRequestsOfAConnection);
    set_payload_max_length(limits.max_body_bytes);
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return check_head(request, response) ? HandlerResponse::Unhandled : HandlerResponse::Handled;
    });
    set_expect_100_continue_handler([this](const httplib::Request& request, httplib::Response& response) {
      return check_head(request, response) ? 100 : response.status;
    });
    Get("[^]*", [this](const httplib::Request& request, httplib::Response& response) {
      give(handler_.handle(to_request(request)), response);
    });
    Post("[^]*", [this](const httplib::Request& request, httplib::Response& response,
                        const httplib::ContentReader& reader) { take_body(request, response, reader); });
    set_error_handler([this](const httplib::Request& /*request*/, httplib::Response& response) {
      if (response.body.empty()) answer(handler_.fault(response.status, ""), response);
    });
    set_exception_handler(
        [this](const httplib::Request& /*request*/, httplib::Response& response, const std::exception_ptr& /*fault*/) {
          answer(handler_.fault(500, "the request could not be served; is there enough memory?"), response);
        });
  }

  ~Listener() override { Listener::shutdown(); }

  Status start(const std::string& host, int port) {
    errno = 0;
    port_ = port == 0 ? bind_to_any_port(host) : bind_to_port(host, port) ? port : -1;
    if (port_ < 0) {
      return Status(StatusCode::kIo,
                    fmt::format("cannot listen on {}:{} ({}); is another service there? Choose another "
                                "--port, or 0 for any that is free",
                                host, port, errno == 0 ? "no such address" : std::strerror(errno)));
    }
    ::listen(svr_sock_, kBacklog);  // httplib's own 5 is less than a browser opens
    accepting_ = std::thread([this] { listen_after_bind(); });
    while (!is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {};
  }

  int port() const override { return port_; }

  void shutdown() override {
    if (!accepting_.joinable()) return;
    stopping_ = true;
    stop();
    accepting_.join();
  }

 private:
  /// One connection, request after request.
  bool process_and_close_socket(socket_t socket) override {
    ConnectionStream stream(socket);
    Connection& connection = stream.connection;
    connection.allow_write(limits_.write_time);
    if (overloaded) {
      connection.allow_write(std::chrono::milliseconds(0));  // nobody waits for a client here
      connection.write(kOverloaded.data(), kOverloaded.size());
      ::shutdown(socket, SHUT_RDWR);
      ::close(socket);
      return false;
    }
    close_after_answer = false;
    for (int served = 0; served < kMaxRequestsOfAConnection && !close_after_answer; ++served) {
      // A connection without a request holds a thread; when others wait for one it goes sooner.
      const auto idle =
          pool_.num_waiting() > 0 ? std::min(limits_.idle_time, std::chrono::milliseconds(100)) : limits_.idle_time;
      if (!connection.wait_for_request(served == 0 ? limits_.header_time : idle, stopping_)) break;
      connection.allow_read(limits_.max_header_bytes, limits_.header_time);
      bool closed = false;
      const auto begin_body = [&](httplib::Request& request) {
        request.ranges.clear();  // answers are whole: a list of overlapping ranges would multiply them
        // Chunks and compressed bodies have some bytes of their own.
        connection.allow_read(limits_.max_body_bytes + limits_.max_body_bytes / 8 + 64 * 1024, limits_.body_time);
      };
      const bool last = stopping_ || served + 1 == kMaxRequestsOfAConnection;
      const bool answered = process_request(stream, last, closed, begin_body);
      held_by_all_ -= held_bytes;
      held_bytes = 0;
      if (!answered || closed || last) break;
    }
    close_gently(socket);
    return true;
  }

  bool refuse(httplib::Response& response, int status, std::string_view message) {
    answer(handler_.fault(status, message), response);
    close_after_answer = true;
    response.set_header("Connection", "close");
    return false;
  }

  /// False when the request is answered already.
  bool check_head(const httplib::Request& request, httplib::Response& response) {
    if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") {
      response.set_header("Allow", "GET, HEAD, POST");
      return refuse(response, 405, fmt::format("no method but GET, HEAD and POST is served here"));
    }
    if (request.path.size() > kMaxPath) return refuse(response, 414, "the path is too long");
    const bool has_length = request.has_header("Content-Length");
    const bool is_chunked = request.has_header("Transfer-Encoding");
    const std::string length = request.get_header_value("Content-Length");
    if ((has_length && is_chunked) || request.get_header_value_count("Content-Length") > 1 ||
        length.find_first_not_of("0123456789") != std::string::npos) {
      return refuse(response, 400, "the length of the body is given twice or is no number");
    }
    if (request.method != "POST") {
      return (has_length && length != "0") || is_chunked ? refuse(response, 400, "a GET has no body") : true;
    }
    if (length.size() > 18 || (has_length && std::stoull("0" + length) > limits_.max_body_bytes)) {
      return refuse(response, 413, too_large());
    }
    if (!has_length && !is_chunked) return refuse(response, 411, "a POST needs a Content-Length or chunks");
    // httplib takes what it does not know as it is.
    const std::string encoding = request.get_header_value("Content-Encoding");
    if (!encoding.empty() && encoding != "identity" && encoding != "gzip" && encoding != "deflate" &&
        encoding != "br") {
      return refuse(response, 415, "the body's Content-Encoding is none of gzip, deflate, br");
    }
    if (request.is_multipart_form_data()) {
      return refuse(response, 415, "no multipart forms: send the file itself (curl --data-binary @picture.jpg)");
    }
    if (const auto refusal = handler_.refuse(to_request(request))) {
      answer(std::move(*refusal), response);
      close_after_answer = true;
      response.set_header("Connection", "close");
      return false;
    }
    return true;
  }

  void take_body(const httplib::Request& head, httplib::Response& response, const httplib::ContentReader& reader) {
    HttpRequest request = to_request(head);
    int fault = 0;
    const bool complete = reader([&](const char* data, std::size_t size) {
      if (request.body.size() + size > limits_.max_body_bytes) fault = 413;
      if (fault == 0 && !hold(size)) fault = 503;
      if (fault != 0) return false;
      request.body.append(data, size);
      return true;
    });
    if (complete && fault == 0) {
      give(handler_.handle(request), response);
    } else if (fault == 503) {
      refuse_for_now(response);
    } else if (fault == 413 || response.status == 413) {
      refuse(response, 413, too_large());
    } else {
      refuse(response, 400, "the body did not arrive whole, or in time, or is not what its Content-Encoding says");
    }
  }

  /// Takes `size` bytes of the budget, until the answer is written.
  bool hold(std::size_t size) {
    if (held_by_all_.fetch_add(size) + size > limits_.max_bodies_bytes) {
      held_by_all_ -= size;
      return false;
    }
    held_bytes += size;
    return true;
  }

  void give(HttpResponse from, httplib::Response& to) {
    if (!hold(from.body.size())) return refuse_for_now(to);
    answer(std::move(from), to);
  }

  void refuse_for_now(httplib::Response& response) {
    response.set_header("Retry-After", "1");
    refuse(response, 503, "more is being sent and received than there is memory for; try again later");
  }

  std::string too_large() const {
    return fmt::format("the body is too large: at most {} bytes are taken", limits_.max_body_bytes);
  }

  const HttpLimits limits_;
  HttpHandler& handler_;
  WorkerPool pool_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> held_by_all_ = 0;
  int port_ = -1;
  std::thread accepting_;
};

}  // namespace

std::string_view HttpRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view() : found->second;
}

std::string_view HttpRequest::parameter(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string_view() : found->second;
}

Result<std::unique_ptr<HttpListener>> listen_http(const std::string& host, int port, const HttpLimits& limits,
                                                  HttpHandler& handler) {
  auto listener = std::make_unique<Listener>(limits, handler);
  if (Status status = listener->start(host, port); !status.ok()) return status;
  return std::unique_ptr<HttpListener>(std::move(listener));
}

}  // namespace edgemoe::server
