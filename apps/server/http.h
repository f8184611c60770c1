// HTTP/1.1 for the service, over cpp-httplib, with what that lacks: bounds on headers, bodies, time and connections.
#ifndef EDGEMOE_SERVER_HTTP_H_
#define EDGEMOE_SERVER_HTTP_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgemoe/status.h"
#include "server/memory_budget.h"

namespace edgemoe::server {

struct HttpRequest {
  std::string method;                          // GET (HEAD comes as GET) or POST
  std::string path;                            // decoded, without the query
  std::map<std::string, std::string> query;    // decoded; of a repeated name the first
  std::map<std::string, std::string> headers;  // names in lower case; of a repeated name the first
  std::string body;
  MemoryHold* memory = nullptr;  // lasts until the answer is written; null: memory is not bounded

  /// Empty where there is none.
  std::string_view header(const std::string& lower_case_name) const;
  std::string_view parameter(const std::string& name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct HttpLimits {
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 64 * 1024 * 1024;
  std::size_t max_bodies_bytes = 512 * 1024 * 1024;  // of all requests, what they hold, and answers at one time
  int max_connections = 64;                          // served at one time, each by a thread
  int max_waiting = 64;                              // accepted beyond that; more are answered 503
  std::chrono::milliseconds header_time{10'000};     // for a request's headers to come in whole
  std::chrono::milliseconds body_time{30'000};       // for its body
  std::chrono::milliseconds write_time{30'000};      // for the client to take the answer
  std::chrono::milliseconds idle_time{5'000};        // a connection without a request
};

/// Why a request did not come to the handler, or its answer not to the client.
enum class Refusal {
  kOverload,    // neither a thread nor a place in line: 503
  kSilent,      // a new connection that asked for nothing
  kMalformed,   // no HTTP: 400, 414
  kMethod,      // 405
  kPath,        // too long: 414
  kLength,      // of the body: not given, given twice or no number: 400, 411
  kEncoding,    // of the body: one that is not served, or not what it says: 400, 415
  kTooLarge,    // the body: 413
  kHeaderSize,  // the headers
  kHeaderTime,  // they did not come in time
  kBodyTime,    // the body did not
  kIncomplete,  // the client went before all was there
  kMemory,      // bodies, pictures and answers together have no more room: 503
  kAnswerTime,  // the client did not take the answer in time
  kFailure,     // the handler threw: 500
};
constexpr std::size_t kNumRefusals = 15;
/// "overload", "header_time": for metrics.
std::string_view refusal_name(Refusal refusal);

/// Answers requests. Called by many threads at a time; must not throw.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Called before a body is read: an answer here ends the request at once.
  virtual std::unique_ptr<HttpResponse> refuse(const HttpRequest& head) = 0;
  virtual HttpResponse handle(const HttpRequest& request) = 0;
  /// The answer to what never became a request: a body that is too large, a broken header, …
  virtual HttpResponse fault(int status, std::string_view message) = 0;
  /// Called once for each, also where there is no answer.
  virtual void count(Refusal refusal) = 0;
};

/// Listens on one address and hands requests to a handler.
class HttpListener {
 public:
  virtual ~HttpListener() = default;
  virtual int port() const = 0;
  /// False once no connection is taken any more: after shutdown(), or since the system refused to go on.
  virtual bool listening() const = 0;
  /// Takes no more connections, lets the requests at work be answered, and returns when that is done. Answers from here
  /// on say that they are the connection's last.
  virtual void shutdown() = 0;
};

/// Starts to listen; port 0: any free one. The handler must outlive the listener. kIo where the address cannot be had.
Result<std::unique_ptr<HttpListener>> listen_http(const std::string& host, int port, const HttpLimits& limits,
                                                  HttpHandler& handler);

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_HTTP_H_
