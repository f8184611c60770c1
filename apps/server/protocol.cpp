// The Open Inference Protocol (KServe v2) over HTTP, and of Triton's extensions what its client asks for: binary
// tensors, model configuration, statistics, repository index.
#include <fmt/core.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "server/context.h"
#include "server/tensors.h"

namespace edgemoe::server {
namespace {

using Json = nlohmann::ordered_json;

HttpResponse json_response(const Json& json) {
  HttpResponse response;
  response.body = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  return response;
}

HttpResponse server_metadata(const Context& context) {
  return json_response(
      {{"name", "edgemoe"},
       {"version", context.version},
       {"extensions", {"binary_tensor_data", "model_configuration", "model_repository", "statistics"}}});
}

Json model_metadata(std::string_view name, const ModelInfo& model) {
  Json outputs = Json::array();
  for (const TaskInfo& task : model.tasks) {
    const TensorType type = output_type(task.name);
    outputs.push_back({{"name", task.name}, {"datatype", type.datatype}, {"shape", type.shape}});
  }
  return {{"name", name},
          {"versions", {"1"}},
          {"platform", "edgemoe_" + model.number_type},
          {"inputs",
           {{{"name", "image"}, {"datatype", "UINT8"}, {"shape", {-1, -1, 3}}},
            {{"name", "encoded_image"}, {"datatype", "BYTES"}, {"shape", {1}}}}},
          {"outputs", outputs}};
}

/// As Triton's client reads it; both inputs are optional since a request has one of them.
Json model_configuration(std::string_view name, const ModelInfo& model) {
  Json outputs = Json::array();
  for (const TaskInfo& task : model.tasks) {
    const TensorType type = output_type(task.name);
    outputs.push_back({{"name", task.name}, {"data_type", std::string("TYPE_") + type.datatype}, {"dims", type.shape}});
  }
  return {{"name", name},
          {"platform", "edgemoe_" + model.number_type},
          {"backend", "edgemoe"},
          {"max_batch_size", 0},
          {"input",
           {{{"name", "image"}, {"data_type", "TYPE_UINT8"}, {"dims", {-1, -1, 3}}, {"optional", true}},
            {{"name", "encoded_image"}, {"data_type", "TYPE_STRING"}, {"dims", {1}}, {"optional", true}}}},
          {"output", outputs}};
}

Json model_statistics(const Context& context, std::string_view name) {
  const Metrics::Runs runs = context.metrics.runs(name);
  const auto duration = [&](std::int64_t ns) { return Json{{"count", runs.count}, {"ns", ns}}; };
  const std::int64_t infer_ns = runs.times.backbone_ns + runs.times.head_ns;
  return {{"name", name},
          {"version", "1"},
          {"inference_count", runs.count},
          {"execution_count", runs.count},
          {"inference_stats",
           {{"success", duration(runs.waited_ns + runs.times.resize_ns + infer_ns + runs.times.maps_ns)},
            {"queue", duration(runs.waited_ns)},
            {"compute_input", duration(runs.times.resize_ns)},
            {"compute_infer", duration(infer_ns)},
            {"compute_output", duration(runs.times.maps_ns)}}}};
}

HttpResponse infer(Context& context, std::size_t model, const HttpRequest& request) {
  const ModelInfo info = context.room.infos()[model];
  const std::string& name = context.room.models()[model].name;
  const Result<InferenceRequest> parsed = [&] {
    const std::lock_guard lock(context.json);
    return parse_inference(request.body, request.header("inference-header-content-length"), info,
                           {.max_pixels = context.max_pixels, .memory = request.memory});
  }();
  if (!parsed.ok() && request.memory != nullptr && request.memory->refused()) return no_memory_response();
  if (!parsed.ok()) return error_response(parsed.status());
  Answer<std::vector<RunReport>> answer =
      context.room.run({.model = model, .pictures = parsed->pictures, .options = {.tasks = parsed->tasks}});
  if (answer.turn != Turn::kDone) return turn_response(answer.turn);
  if (!answer.result.ok()) return error_response(answer.result.status());
  for (const RunReport& report : *answer.result) context.metrics.count_run(name, report.times, answer.waited_ns);
  InferenceAnswer written = write_inference(*parsed, name, *answer.result);
  HttpResponse response;
  response.body = std::move(written.body);
  if (written.header_bytes > 0) {
    response.content_type = "application/octet-stream";
    response.headers.emplace_back("Inference-Header-Content-Length", std::to_string(written.header_bytes));
  }
  return response;
}

/// What stands before the next '/', taken off the path.
std::string_view take_part(std::string_view& path) {
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), part.size() + 1));
  return part;
}

HttpResponse serve_model(Context& context, const HttpRequest& request, std::string_view path) {
  const std::string name(take_part(path));
  if (name == "stats" && path.empty()) {
    Json all = Json::array();
    for (const ServedModel& model : context.room.models()) all.push_back(model_statistics(context, model.name));
    return json_response({{"model_stats", all}});
  }
  const std::size_t model = context.room.find(name);
  if (model == context.room.models().size()) {
    return error_response(404, fmt::format("no model \"{}\"; GET /v2/models/stats and POST /v2/repository/index list "
                                           "those that there are",
                                           name));
  }
  std::string_view what = take_part(path);
  if (what == "versions") {
    if (const std::string_view version = take_part(path); version != "1") {
      return error_response(404, fmt::format("model \"{}\" has no version \"{}\", only \"1\"", name, version));
    }
    what = take_part(path);
  }
  const bool post = request.method == "POST";
  if (path.empty() && what == "infer") {
    return post ? infer(context, model, request) : error_response(405, "infer is asked for by POST");
  }
  if (!path.empty() || post) return error_response(404, "no such address; docs/serve.md lists them");
  const ModelInfo info = context.room.infos()[model];
  if (what.empty()) return json_response(model_metadata(name, info));
  if (what == "ready") return json_response({{"name", name}, {"ready", !context.stopping}});
  if (what == "config") return json_response(model_configuration(name, info));
  if (what == "stats") return json_response({{"model_stats", {model_statistics(context, name)}}});
  return error_response(404, "no such address; docs/serve.md lists them");
}

}  // namespace

HttpResponse serve_protocol(Context& context, const HttpRequest& request, std::string_view path) {
  const bool post = request.method == "POST";
  if (path.empty() || path == "/") {
    return post ? error_response(405, "the server's metadata is asked for by GET") : server_metadata(context);
  }
  if (path == "/health/live" && !post) return json_response({{"live", true}});
  if (path == "/health/ready" && !post) {
    HttpResponse response = json_response({{"ready", !context.stopping}});
    if (context.stopping) response.status = 503;
    return response;
  }
  if (path == "/repository/index" && post) {
    Json index = Json::array();
    for (const ServedModel& model : context.room.models()) {
      index.push_back({{"name", model.name}, {"version", "1"}, {"state", "READY"}});
    }
    return json_response(index);
  }
  constexpr std::string_view kModels = "/models/";
  if (path.starts_with(kModels)) return serve_model(context, request, path.substr(kModels.size()));
  return error_response(404, "no such address; docs/serve.md lists them");
}

}  // namespace edgemoe::server
