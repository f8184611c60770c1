#include "server/context.h"

#include <nlohmann/json.hpp>
#include <span>

namespace edgemoe::server {

HttpResponse error_response(int status, std::string_view message) {
  const nlohmann::json body = {{"error", message}};
  HttpResponse response;
  response.status = status;
  response.body = body.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

HttpResponse error_response(const Status& status) {
  switch (status.code()) {
    case StatusCode::kNotFound:
      return error_response(404, status.message());
    case StatusCode::kTooLarge:
      return error_response(413, status.message());
    case StatusCode::kUnsupported:
      return error_response(415, status.message());
    case StatusCode::kIo:
    case StatusCode::kInternal:
      return error_response(500, status.message());
    default:
      return error_response(400, status.message());
  }
}

HttpResponse no_memory_response() {
  HttpResponse response =
      error_response(503, "more is being sent, decoded and answered than there is memory for; try again later");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse turn_response(Turn turn) {
  HttpResponse response = turn == Turn::kBusy ? error_response(429, "the line is full; try again later")
                          : turn == Turn::kStopping
                              ? error_response(503, "the service is stopping")
                              : error_response(503, "its turn did not come in time; try again later");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> split;
  while (!names.empty() && split.size() < 32) {
    const std::size_t end = names.find(',');
    if (end != 0) split.emplace_back(names.substr(0, end));
    names = end == std::string_view::npos ? std::string_view() : names.substr(end + 1);
  }
  return split;
}

DecodedBody decode_body(const Context& context, const HttpRequest& request) {
  DecodedBody body;
  Result<Picture> picture = decode_within(std::as_bytes(std::span(request.body)), context.max_pixels, request.memory);
  if (picture.ok()) {
    body.picture = std::move(picture).value();
  } else {
    const bool full = request.memory != nullptr && request.memory->refused();
    body.failure = full ? no_memory_response() : error_response(picture.status());
  }
  return body;
}

RunOutcome run_picture(Context& context, std::size_t model, const Picture& picture, const RunOptions& options) {
  RunOutcome outcome;
  Answer<std::vector<RunReport>> answer =
      context.room.run({.model = model, .pictures = {picture.view()}, .options = options});
  if (answer.turn != Turn::kDone) {
    outcome.failure = turn_response(answer.turn);
  } else if (!answer.result.ok()) {
    outcome.failure = error_response(answer.result.status());
  } else {
    outcome.report = std::move(answer.result->front());
    outcome.waited_ns = answer.waited_ns;
    context.metrics.count_run(context.room.models()[model].name, outcome.report.times, answer.waited_ns);
  }
  return outcome;
}

std::size_t requested_model(const Context& context, const HttpRequest& request) {
  const std::string_view name = request.parameter("model");
  return name.empty() ? 0 : context.room.find(name);
}

}  // namespace edgemoe::server
