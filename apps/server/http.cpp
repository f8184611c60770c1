#include "server/http.h"

#include <fmt/core.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <optional>
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

/// One request, from its first byte until its answer is written.
struct Exchange {
  Connection& connection;
  MemoryHold memory;  // of body, pictures and answer
  std::optional<Refusal> refusal = {};
  bool head_checked = false;
  bool in_body = false;
  bool close = false;  // the connection is not to be used for another: a body was left unread, or worse
};

/// That of this thread: httplib hands nothing through.
thread_local Exchange* exchange = nullptr;
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

/// Why reading has ended, or `otherwise` where it has not.
Refusal refusal_of_end(const Exchange& now, Refusal otherwise) {
  switch (now.connection.read_end()) {
    case ReadEnd::kTimedOut:
      return now.in_body ? Refusal::kBodyTime : Refusal::kHeaderTime;
    case ReadEnd::kTooMuch:
      return now.in_body ? Refusal::kTooLarge : Refusal::kHeaderSize;
    case ReadEnd::kClosed:
      return Refusal::kIncomplete;
    case ReadEnd::kOpen:
      break;
  }
  return otherwise;
}

HttpRequest to_request(const httplib::Request& from) {
  HttpRequest request;
  request.memory = &exchange->memory;
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

bool is_chunked(const httplib::Request& request) {
  std::string coding = request.get_header_value("Transfer-Encoding");
  for (char& letter : coding) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return coding == "chunked" && request.get_header_value_count("Transfer-Encoding") == 1;
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
        budget_(limits.max_bodies_bytes),
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
      if (!response.body.empty()) return;
      // httplib's own fault: where the next request would begin is not known.
      answer(handler_.fault(response.status, ""), response);
      exchange->refusal = refusal_of_end(*exchange, Refusal::kMalformed);
      exchange->close = true;
    });
    set_post_routing_handler([this](const httplib::Request& /*request*/, httplib::Response& response) {
      if (stopping_) exchange->close = true;
      if (!exchange->close) return;
      response.headers.erase("Connection");
      response.headers.erase("Keep-Alive");
      response.set_header("Connection", "close");
    });
    set_exception_handler(
        [this](const httplib::Request& /*request*/, httplib::Response& response, const std::exception_ptr& /*fault*/) {
          exchange->refusal = Refusal::kFailure;
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
    ::listen(svr_sock_, kBacklog);  // httplib's own 5, which stays where this fails, is less than a browser opens
    listening_ = true;
    accepting_ = std::thread([this] {
      listen_after_bind();
      listening_ = false;
    });
    while (!is_running() && listening_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (listening_) return {};
    accepting_.join();
    return Status(StatusCode::kIo, fmt::format("cannot take connections on {}:{}", host, port_));
  }

  bool listening() const override { return listening_; }

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
      handler_.count(Refusal::kOverload);
      connection.allow_write(std::chrono::milliseconds(0));  // nobody waits for a client here
      connection.write(kOverloaded.data(), kOverloaded.size());
      ::shutdown(socket, SHUT_RDWR);
      ::close(socket);
      return false;
    }
    for (int served = 0; served < kMaxRequestsOfAConnection; ++served) {
      // A connection without a request holds a thread; when others wait for one it goes sooner.
      const auto idle =
          pool_.num_waiting() > 0 ? std::min(limits_.idle_time, std::chrono::milliseconds(100)) : limits_.idle_time;
      if (!connection.wait_for_request(served == 0 ? limits_.header_time : idle, stopping_)) {
        if (served == 0 && !stopping_) handler_.count(Refusal::kSilent);
        break;
      }
      connection.allow_read(limits_.max_header_bytes, limits_.header_time);
      Exchange now{connection, MemoryHold(budget_)};
      exchange = &now;
      bool closed = false;
      const auto begin_body = [&](httplib::Request& request) {
        request.ranges.clear();  // answers are whole: a list of overlapping ranges would multiply them
        // Chunks and compressed bodies have some bytes of their own.
        now.in_body = true;
        connection.allow_read(limits_.max_body_bytes + limits_.max_body_bytes / 8 + 64 * 1024, limits_.body_time);
      };
      const bool last = stopping_ || served + 1 == kMaxRequestsOfAConnection;
      const bool answered = process_request(stream, last, closed, begin_body);
      exchange = nullptr;
      count_refusal(now, answered);
      if (!answered || closed || last || now.close) break;
    }
    close_gently(socket);
    return true;
  }

  void count_refusal(const Exchange& now, bool answered) {
    if (now.refusal) {
      handler_.count(*now.refusal);
    } else if (now.connection.write_timed_out()) {
      handler_.count(Refusal::kAnswerTime);
    } else if (!answered && (now.in_body || now.connection.has_read()) && now.connection.read_end() != ReadEnd::kOpen) {
      handler_.count(refusal_of_end(now, Refusal::kIncomplete));
    }
  }

  bool refuse(httplib::Response& response, Refusal refusal, int status, std::string_view message) {
    answer(handler_.fault(status, message), response);
    exchange->refusal = refusal;
    exchange->close = true;
    return false;
  }

  /// False when the request is answered already.
  bool check_head(const httplib::Request& request, httplib::Response& response) {
    if (exchange->head_checked) return true;  // before its body was asked for: then it is taken
    if (request.method != "GET" && request.method != "HEAD" && request.method != "POST") {
      response.set_header("Allow", "GET, HEAD, POST");
      return refuse(response, Refusal::kMethod, 405, fmt::format("no method but GET, HEAD and POST is served here"));
    }
    if (request.path.size() > kMaxPath) return refuse(response, Refusal::kPath, 414, "the path is too long");
    const bool has_length = request.has_header("Content-Length");
    const bool has_coding = request.has_header("Transfer-Encoding");
    const std::string length = request.get_header_value("Content-Length");
    if ((has_length && has_coding) || request.get_header_value_count("Content-Length") > 1 ||
        length.find_first_not_of("0123456789") != std::string::npos) {
      return refuse(response, Refusal::kLength, 400, "the length of the body is given twice or is no number");
    }
    if (request.method != "POST") {
      if (!has_coding && (!has_length || length == "0")) return true;
      return refuse(response, Refusal::kLength, 400, "a GET has no body");
    }
    if (length.size() > 18 || (has_length && std::stoull("0" + length) > limits_.max_body_bytes)) {
      return refuse(response, Refusal::kTooLarge, 413, too_large());
    }
    // Of any other coding httplib would read until the client closes.
    if (!has_length && !is_chunked(request)) {
      return refuse(response, Refusal::kLength, 411, "a POST needs a Content-Length, or Transfer-Encoding: chunked");
    }
    // httplib takes what it does not know as it is.
    const std::string encoding = request.get_header_value("Content-Encoding");
    if (!encoding.empty() && encoding != "identity" && encoding != "gzip" && encoding != "deflate" &&
        encoding != "br") {
      return refuse(response, Refusal::kEncoding, 415, "the body's Content-Encoding is none of gzip, deflate, br");
    }
    if (request.is_multipart_form_data()) {
      return refuse(response, Refusal::kEncoding, 415,
                    "no multipart forms: send the file itself (curl --data-binary @picture.jpg)");
    }
    if (const auto refusal = handler_.refuse(to_request(request))) {
      answer(std::move(*refusal), response);
      exchange->close = true;
      return false;
    }
    exchange->head_checked = true;
    return true;
  }

  void take_body(const httplib::Request& head, httplib::Response& response, const httplib::ContentReader& reader) {
    HttpRequest request = to_request(head);
    int fault = 0;
    const bool complete = reader([&](const char* data, std::size_t size) {
      if (request.body.size() + size > limits_.max_body_bytes) fault = 413;
      if (fault == 0 && !exchange->memory.take(size)) fault = 503;
      if (fault != 0) return false;
      request.body.append(data, size);
      return true;
    });
    if (complete && fault == 0) {
      give(handler_.handle(request), response);
    } else if (fault == 503) {
      refuse_for_now(response);
    } else if (fault == 413 || response.status == 413) {
      refuse(response, Refusal::kTooLarge, 413, too_large());
    } else {
      refuse(response, refusal_of_end(*exchange, Refusal::kEncoding), 400,
             "the body did not arrive whole, or in time, or is not what its Content-Encoding says");
    }
  }

  void give(HttpResponse from, httplib::Response& to) {
    if (!exchange->memory.take(from.body.size())) return refuse_for_now(to);
    answer(std::move(from), to);
  }

  void refuse_for_now(httplib::Response& response) {
    response.set_header("Retry-After", "1");
    refuse(response, Refusal::kMemory, 503,
           "more is being sent and received than there is memory for; try again later");
  }

  std::string too_large() const {
    return fmt::format("the body is too large: at most {} bytes are taken", limits_.max_body_bytes);
  }

  const HttpLimits limits_;
  HttpHandler& handler_;
  MemoryBudget budget_;
  WorkerPool pool_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> listening_ = false;
  int port_ = -1;
  std::thread accepting_;
};

}  // namespace

std::string_view refusal_name(Refusal refusal) {
  constexpr std::array<std::string_view, kNumRefusals> kNames = {
      "overload",    "silent",      "malformed", "method",     "path",   "length",      "encoding", "too_large",
      "header_size", "header_time", "body_time", "incomplete", "memory", "answer_time", "failure"};
  return kNames[static_cast<std::size_t>(refusal)];
}

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
