#include "server/service.h"

#include <fmt/core.h>

#include <chrono>

#include "server/page_files.h"

namespace edgemoe::server {
namespace {

/// A host without its port: "[::1]:8080" to "::1".
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

/// The page needs nothing from elsewhere, and nothing elsewhere may hold it in a frame.
void add_safe_headers(HttpResponse& response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
                                "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

HttpResponse page_file(const HttpRequest& request, const PageFile& file) {
  if (request.method != "GET") return error_response(405, "the page is asked for by GET");
  HttpResponse response;
  response.content_type = file.content_type;
  response.body = file.content;
  return response;
}

HttpResponse metrics(const Context& context, const HttpRequest& request) {
  MetricGauges gauges{.pending = context.room.num_pending()};
  if (request.memory != nullptr) gauges.held_bytes = request.memory->budget().held_bytes();
  if (context.feed != nullptr) {
    const LiveStatistics live = context.feed->statistics();
    gauges.live_frames = live.shown;
    gauges.live_dropped = live.dropped;
    gauges.live_damaged = live.damaged;
    gauges.live_faults = live.faults;
    gauges.live_source = true;
    gauges.live_source_up = live.fault.ok();
    gauges.viewers = live.viewers;
  }
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = context.metrics.text(gauges);
  return response;
}

}  // namespace

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

/// A page of another site may neither come under a name of its own (Host) nor post here (Origin).
bool Service::allowed(const HttpRequest& request) const {
  const std::string_view host = request.header("host");
  if (loopback_ && !is_loopback(host_name(host))) return false;
  const std::string_view origin = request.header("origin");
  return request.method != "POST" || origin.empty() || origin == fmt::format("http://{}", host) ||
         origin == fmt::format("https://{}", host);
}

std::unique_ptr<HttpResponse> Service::refuse(const HttpRequest& head) {
  HttpResponse response;
  if (!allowed(head)) {
    response = fault(403, "not for pages of other sites");
  } else if (context_.stopping) {
    response = turn_response(Turn::kStopping);
    add_safe_headers(response);
  } else {
    return nullptr;
  }
  context_.metrics.count_request("refused", response.status, 0);
  return std::make_unique<HttpResponse>(std::move(response));
}

HttpResponse Service::route(const HttpRequest& request, std::string_view& name) {
  const std::string_view path = request.path;
  if (!allowed(request)) return error_response(403, "not for pages of other sites");
  for (const PageFile& file : page_files()) {
    if (path == file.path) {
      name = "page";
      return page_file(request, file);
    }
  }
  constexpr std::string_view kLive = "/live/";
  if (path.starts_with(kLive)) {
    name = path == "/live/next" ? "live_next" : "live";
    return serve_page_data(context_, request, path.substr(kLive.size()));
  }
  if (path == "/v1/maps") {
    name = "maps";
    return serve_maps(context_, request);
  }
  if (path == "/v2" || path.starts_with("/v2/")) {
    name = path.ends_with("/infer") ? "infer" : "protocol";
    return serve_protocol(context_, request, path.substr(3));
  }
  if (path == "/metrics" && request.method == "GET") {
    name = "metrics";
    return metrics(context_, request);
  }
  return error_response(404, "no such address; docs/serve.md lists them");
}

HttpResponse Service::handle(const HttpRequest& request) {
  const auto begin = std::chrono::steady_clock::now();
  std::string_view name = "other";
  HttpResponse response = route(request, name);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  context_.metrics.count_request(name, response.status, spent.count());
  add_safe_headers(response);
  return response;
}

void Service::count(Refusal refusal) { context_.metrics.count_refusal(refusal); }

HttpResponse Service::fault(int status, std::string_view message) {
  HttpResponse response = error_response(status, message.empty() ? "the request is broken" : message);
  add_safe_headers(response);
  return response;
}

}  // namespace edgemoe::server
