// What every route works with.
#ifndef EDGEMOE_SERVER_CONTEXT_H_
#define EDGEMOE_SERVER_CONTEXT_H_

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine_room.h"
#include "server/http.h"
#include "server/live.h"
#include "server/metrics.h"

namespace edgemoe::server {

struct Context {
  EngineRoom& room;
  LiveFeed* feed = nullptr;  // null: no source
  Metrics& metrics;
  std::string version;
  std::size_t max_pixels = 0;     // of the pictures of one request
  bool settings_allowed = false;  // from the page
  std::atomic<bool>& stopping;
  std::mutex json = {};  // held while the JSON of a request is read: it takes many times its bytes
};

/// {"error": "…"} with the status that fits.
HttpResponse error_response(int status, std::string_view message);
HttpResponse error_response(const Status& status);
/// 503 with Retry-After: there is no memory for it now.
HttpResponse no_memory_response();
/// For an answer that is none: 429 (busy), 503 (stopping, timed out), with Retry-After.
HttpResponse turn_response(Turn turn);

/// The names in "semseg,depth".
std::vector<std::string> split_names(std::string_view names);

// The routes. `path` is what follows the route's own part.
HttpResponse serve_protocol(Context& context, const HttpRequest& request, std::string_view path);   // /v2…
HttpResponse serve_maps(Context& context, const HttpRequest& request);                              // POST /v1/maps
HttpResponse serve_page_data(Context& context, const HttpRequest& request, std::string_view path);  // /live/…

/// The picture in the body of a request, its memory held before it is decoded; the answer's status is not 200 where
/// there is none.
struct DecodedBody {
  HttpResponse failure;
  Picture picture;
};
DecodedBody decode_body(const Context& context, const HttpRequest& request);

/// Runs one picture; the answer's status is not 200 where there is no report.
struct RunOutcome {
  HttpResponse failure;
  RunReport report;
  std::int64_t waited_ns = 0;
};
RunOutcome run_picture(Context& context, std::size_t model, const Picture& picture, const RunOptions& options);

/// Index of the model that "model=" names, the first without one; models().size() for none.
std::size_t requested_model(const Context& context, const HttpRequest& request);

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_CONTEXT_H_
