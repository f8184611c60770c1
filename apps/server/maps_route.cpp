// POST /v1/maps: a picture file in, a summary or one map out; for people with curl.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "server/context.h"

namespace edgemoe::server {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds(std::int64_t ns) { return std::round(static_cast<double>(ns) * 1e-3) / 1e3; }

Json summarize(const Map& map) {
  Json json = {{"task", map.task}, {"width", map.width}, {"height", map.height}};
  if (!map.labels.empty()) {
    std::array<std::size_t, 256> pixels = {};
    for (const std::uint8_t label : map.labels) ++pixels[label];
    json["classes"] = Json::array();
    for (std::size_t c = 0; c < map.num_classes; ++c) {
      if (pixels[c] == 0) continue;
      Json entry = {{"class", c}, {"pixels", pixels[c]}};
      if (c < map.class_names.size()) entry["name"] = map.class_names[c];
      json["classes"].push_back(std::move(entry));
    }
    return json;
  }
  if (map.channels == 1) {
    float low = INFINITY;
    float high = -INFINITY;
    std::size_t non_finite = 0;
    for (const float value : map.values) {
      if (!std::isfinite(value)) ++non_finite;
      low = std::isfinite(value) ? std::min(low, value) : low;
      high = std::isfinite(value) ? std::max(high, value) : high;
    }
    if (low <= high) json["range"] = {low, high};
    if (non_finite > 0) json["non_finite"] = non_finite;
    if (!map.unit.empty()) json["unit"] = map.unit;
  }
  return json;
}

/// NumPy's format 1.0.
std::string npy(const Map& map) {
  const bool labels = !map.labels.empty();
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}{}), }}",
                                   labels ? "|u1" : "<f4", map.height, map.width, map.channels == 3 ? ", 3" : "");
  constexpr std::size_t kPrefix = 10;
  header.append(63 - (kPrefix + header.size()) % 64, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  if (labels) return file.append(map.labels.begin(), map.labels.end());
  return file.append(reinterpret_cast<const char*>(map.values.data()), map.values.size() * sizeof(float));
}

HttpResponse file_response(Result<std::vector<std::byte>> file, const char* content_type) {
  if (!file.ok()) return error_response(file.status());
  HttpResponse response;
  response.content_type = content_type;
  response.body.assign(reinterpret_cast<const char*>(file->data()), file->size());
  return response;
}

HttpResponse picture_response(Result<Picture> picture) {
  if (!picture.ok()) return error_response(picture.status());
  return file_response(encode_picture(picture->view(), FileFormat::kPng), "image/png");
}

HttpResponse summary(const Context& context, std::size_t model, const Picture& picture, const RunOutcome& run) {
  const ModelInfo info = context.room.infos()[model];
  Json maps = Json::array();
  for (const Map& map : run.report.maps) maps.push_back(summarize(map));
  const RunTimes& times = run.report.times;
  Json json = {{"model", context.room.models()[model].name},
               {"number_type", info.number_type},
               {"width", picture.width},
               {"height", picture.height},
               {"maps", maps},
               {"milliseconds",
                {{"queue", milliseconds(run.waited_ns)},
                 {"resize", milliseconds(times.resize_ns)},
                 {"backbone", milliseconds(times.backbone_ns)},
                 {"head", milliseconds(times.head_ns)},
                 {"maps", milliseconds(times.maps_ns)}}}};
  HttpResponse response;
  response.body = json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace

HttpResponse serve_maps(Context& context, const HttpRequest& request) {
  if (request.method != "POST") {
    return error_response(405, "POST a picture: curl --data-binary @street.jpg 'ADDRESS/v1/maps?tasks=depth'");
  }
  const std::string_view format = request.parameter("format").empty() ? "json" : request.parameter("format");
  constexpr std::array<std::string_view, 4> kFormats = {"json", "png", "overlay", "npy"};
  if (std::find(kFormats.begin(), kFormats.end(), format) == kFormats.end()) {
    return error_response(400, "format: expected json, png, overlay or npy");
  }
  const std::vector<std::string> tasks = split_names(request.parameter("tasks"));
  if (tasks.empty() && request.query.contains("tasks")) {
    return error_response(400, "tasks: expected names, with commas between them; leave it out for all");
  }
  if (format != "json" && tasks.size() != 1) {
    return error_response(400, fmt::format("format={} holds one map: expected one name in tasks=", format));
  }
  const std::size_t model = requested_model(context, request);
  if (model == context.room.models().size()) return error_response(404, "model: there is none of this name");
  const DecodedBody body = decode_body(context, request);
  if (body.failure.status != 200) return body.failure;
  const Picture& picture = body.picture;
  RunOutcome run = run_picture(context, model, picture, {.tasks = tasks});
  if (run.failure.status != 200) return run.failure;
  const Map& map = run.report.maps.front();
  if (format == "png") return picture_response(draw_map(map));
  if (format == "overlay") return picture_response(draw_overlay(picture.view(), map));
  if (format == "npy") {
    HttpResponse response;
    response.content_type = "application/octet-stream";
    response.body = npy(map);
    return response;
  }
  return summary(context, model, picture, run);
}

}  // namespace edgemoe::server
