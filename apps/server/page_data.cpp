// What the page asks for: what there is, the next live frame, maps of a picture that was dropped on it, other settings.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "server/bundle.h"
#include "server/context.h"

namespace edgemoe::server {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::chrono::milliseconds kLongPoll(2'000);
constexpr int kMaxThreads = 256;

double milliseconds(std::int64_t ns) { return std::round(static_cast<double>(ns) * 1e-3) / 1e3; }

HttpResponse json_response(const Json& json) {
  HttpResponse response;
  response.body = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  return response;
}

Json describe_model(const std::string& name, const ModelInfo& model) {
  Json tasks = Json::array();
  for (const TaskInfo& task : model.tasks) {
    tasks.push_back({{"name", task.name},
                     {"unit", task.unit},
                     {"classes", task.class_names},
                     {"outputs", task.outputs},
                     {"colors", task.class_colors}});
  }
  return {{"name", name},
          {"tasks", tasks},
          {"trained", model.trained},
          {"num_experts", model.num_experts},
          {"top_k", model.top_k},
          {"num_blocks", model.num_blocks},
          {"moe_blocks", model.moe_blocks},
          {"input", {model.input_height, model.input_width}},
          {"patch_size", model.patch_size},
          {"number_type", model.number_type},
          {"instruction_set", model.instruction_set},
          {"num_threads", model.num_threads}};
}

HttpResponse state(const Context& context) {
  Json models = Json::array();
  const std::vector<ModelInfo> infos = context.room.infos();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    models.push_back(describe_model(context.room.models()[i].name, infos[i]));
  }
  return json_response({{"version", context.version},
                        {"models", models},
                        {"source", context.feed == nullptr ? "" : context.feed->description()},
                        {"max_pixels", context.max_pixels},
                        {"settings_allowed", context.settings_allowed},
                        {"max_threads", std::max(1U, std::thread::hardware_concurrency())}});
}

Json describe_times(const RunTimes& times) {
  return {{"resize", milliseconds(times.resize_ns)},
          {"backbone", milliseconds(times.backbone_ns)},
          {"head", milliseconds(times.head_ns)},
          {"maps", milliseconds(times.maps_ns)}};
}

Json describe_engine(const ModelInfo& model) {
  return {{"number_type", model.number_type},
          {"instruction_set", model.instruction_set},
          {"num_threads", model.num_threads}};
}

/// The members of an object, without its braces.
std::string members(const Json& object) {
  const std::string text = object.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

/// Those of the names that the model has.
std::vector<std::string> known_tasks(const ModelInfo& model, std::string_view names) {
  std::vector<std::string> tasks = split_names(names);
  std::erase_if(tasks, [&](const std::string& name) {
    return std::none_of(model.tasks.begin(), model.tasks.end(),
                        [&](const TaskInfo& task) { return task.name == name; });
  });
  return tasks;
}

/// What is wrong with the source, for whoever looks at the page. The whole fault names places of the server's disk and
/// is for who started it.
std::string_view public_words(StatusCode fault) {
  switch (fault) {
    case StatusCode::kNotFound:
      return "the source is not there";
    case StatusCode::kMalformed:
    case StatusCode::kUnsupported:
      return "the source cannot be decoded";
    case StatusCode::kTooLarge:
      return "the source's frames are too large";
    case StatusCode::kIo:
      return "the source gives no frames";
    default:
      return "the source's frames cannot be run";
  }
}

Json describe_live(const Context& context, const LiveStatistics& live) {
  return {{"fps", live.frames_per_second}, {"p50", live.run_ms[0]},   {"p90", live.run_ms[1]},
          {"p99", live.run_ms[2]},         {"shown", live.shown},     {"dropped", live.dropped},
          {"damaged", live.damaged},       {"viewers", live.viewers}, {"pending", context.room.num_pending()}};
}

HttpResponse next_frame(Context& context, const HttpRequest& request) {
  if (context.feed == nullptr) return error_response(404, "there is no live source; start with --source");
  const std::size_t index = requested_model(context, request);
  if (index == context.room.models().size()) return error_response(404, "model: there is none of this name");
  const ModelInfo model = context.room.infos()[index];
  std::vector<std::string> tasks = known_tasks(model, request.parameter("tasks"));
  if (tasks.empty()) tasks.push_back(model.tasks.front().name);
  const std::string viewer(request.parameter("viewer").substr(0, 32));
  std::uint64_t after = 0;
  for (const char digit : request.parameter("after").substr(0, 18)) {
    if (digit < '0' || digit > '9') return error_response(400, "after: expected the number of a frame");
    after = after * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  const LiveFeed::Next next = context.feed->next(viewer, {index, tasks}, after, kLongPoll);
  const std::shared_ptr<const LiveFrame>& frame = next.frame;
  const LiveStatistics live = context.feed->statistics(index);
  if (frame == nullptr) {
    if (!live.fault.ok()) return error_response(503, fmt::format("{}; trying again", public_words(live.fault.code())));
    HttpResponse nothing;
    nothing.status = 204;
    return nothing;
  }
  const std::string& jpeg = frame->source->jpeg();
  Json times = describe_times(frame->report.times);
  times["read"] = milliseconds(frame->source->read_ns);
  times["encode"] = milliseconds(frame->source->encode_ns());
  times["run"] = milliseconds(frame->run_ns);
  const Json header = {{"id", frame->id},
                       {"asked_after", next.asked_after},
                       {"name", frame->source->name},
                       {"width", frame->source->picture.width},
                       {"height", frame->source->picture.height},
                       {"times", times},
                       {"engine", describe_engine(model)},
                       {"live", describe_live(context, live)}};
  HttpResponse response;
  response.content_type = "application/octet-stream";
  response.body = pack({.report = &frame->report,
                        .tasks = tasks,
                        .num_experts = model.num_experts,
                        .picture = jpeg,
                        .header = members(header)});
  return response;
}

HttpResponse dropped_picture(Context& context, const HttpRequest& request) {
  const std::size_t index = requested_model(context, request);
  if (index == context.room.models().size()) return error_response(404, "model: there is none of this name");
  const ModelInfo model = context.room.infos()[index];
  std::vector<std::string> tasks = known_tasks(model, request.parameter("tasks"));
  if (tasks.empty()) tasks.push_back(model.tasks.front().name);
  const auto begin = std::chrono::steady_clock::now();
  const DecodedBody body = decode_body(context, request);
  if (body.failure.status != 200) return body.failure;
  const Picture& picture = body.picture;
  const std::int64_t read_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
  RunOutcome run = run_picture(context, index, picture,
                               {.tasks = tasks, .max_map_side = 2 * LiveFeed::kMaxMapSide, .routing = true});
  if (run.failure.status != 200) return run.failure;
  const RunTimes& spent = run.report.times;
  Json times = describe_times(spent);
  times["read"] = milliseconds(read_ns);
  times["queue"] = milliseconds(run.waited_ns);
  times["run"] = milliseconds(spent.resize_ns + spent.backbone_ns + spent.head_ns + spent.maps_ns);
  const Json header = {
      {"width", picture.width}, {"height", picture.height}, {"times", times}, {"engine", describe_engine(model)}};
  HttpResponse response;
  response.content_type = "application/octet-stream";
  response.body =
      pack({.report = &run.report, .tasks = tasks, .num_experts = model.num_experts, .header = members(header)});
  return response;
}

HttpResponse change_settings(Context& context, const HttpRequest& request) {
  if (!context.settings_allowed) {
    return error_response(403, "settings are not changed over the network; start with --allow-settings");
  }
  if (!request.header("content-type").starts_with("application/json")) {
    return error_response(415, "settings: expected application/json");
  }
  constexpr std::size_t kMaxSettings = 1024;
  if (request.body.size() > kMaxSettings) return error_response(413, "settings: expected at most 1024 bytes");
  const Json json = Json::parse(request.body, nullptr, false);
  if (!json.is_object()) return error_response(400, "settings: expected a JSON object");
  EngineSetting setting = context.room.setting();
  for (const auto& [name, value] : json.items()) {
    if (name == "number_type" && value.is_string() && (value == "float" || value == "int8")) {
      setting.number_type = value.get<std::string>();
    } else if (name == "threads" && value.is_number_integer() && value >= 1 && value <= kMaxThreads) {
      setting.num_threads = value.get<int>();
    } else {
      return error_response(400,
                            "settings: expected \"number_type\": \"float\" or \"int8\", and \"threads\": 1 to 256");
    }
  }
  const Answer<EngineSetting> answer = context.room.change(setting);
  if (answer.turn != Turn::kDone) return turn_response(answer.turn);
  if (!answer.result.ok()) return error_response(answer.result.status());
  return state(context);
}

}  // namespace

HttpResponse serve_page_data(Context& context, const HttpRequest& request, std::string_view path) {
  const bool post = request.method == "POST";
  if (path == "state" && !post) return state(context);
  if (path == "next" && !post) return next_frame(context, request);
  if (path == "picture" && post) return dropped_picture(context, request);
  if (path == "settings" && post) return change_settings(context, request);
  return error_response(404, "no such address; docs/serve.md lists them");
}

}  // namespace edgemoe::server
