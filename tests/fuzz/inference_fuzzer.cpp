// Any bytes as a request of the inference protocol, through its routes and a model: an answer of those that
// docs/serve.md lists, whole and in JSON where it says so.
//
// First line: method and path, second line: the header's length (empty: none), then the body.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file.h"
#include "base/testing.h"
#include "model/config.h"
#include "model/model_file.h"
#include "server/context.h"

namespace edgemoe::server {
namespace {

/// The smallest model, served as "tiny". Its file is gone when it is loaded.
std::unique_ptr<EngineRoom> open_room() {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "tiny.safetensors";
  const auto text = read_text_file(EDGEMOE_SOURCE_DIR "/configs/models/tiny.json", std::uint64_t{1} << 20);
  EDGEMOE_CHECK(text.ok());
  const auto config = parse_model_config(*text);
  EDGEMOE_CHECK(config.ok() && write_seeded_model(file, *config, 1).ok());
  auto room = EngineRoom::open({.models = {{"tiny", file}}, .setting = {.number_type = "float", .num_threads = 1}});
  EDGEMOE_CHECK(room.ok());
  return std::move(room).value();
}

struct Service {
  std::unique_ptr<EngineRoom> room = open_room();
  Metrics metrics;
  std::atomic<bool> stopping = false;
  Context context{.room = *room, .metrics = metrics, .version = "fuzz", .max_pixels = 4096, .stopping = stopping};
};

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

HttpRequest parse(std::string_view input) {
  HttpRequest request;
  std::string_view line = take_line(input);
  request.method = line.starts_with("POST ") ? "POST" : "GET";
  request.path = line.substr(std::min(line.size(), line.find(' ') + 1));
  if (line = take_line(input); !line.empty()) request.headers["inference-header-content-length"] = line;
  request.body = input;
  return request;
}

void check(const HttpRequest& request, const HttpResponse& response) {
  switch (response.status) {
    case 200:
    case 400:
    case 404:
    case 405:
    case 413:
    case 415:
      break;
    default:
      EDGEMOE_CHECK(false && "a status that no request may lead to");
  }
  std::string_view json = response.body;
  for (const auto& [name, value] : response.headers) {
    if (name != "Inference-Header-Content-Length") continue;
    const std::size_t length = std::stoul(value);
    EDGEMOE_CHECK(length > 0 && length <= json.size());
    json = json.substr(0, length);
  }
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  EDGEMOE_CHECK(!parsed.is_discarded());
  if (response.status != 200) {
    EDGEMOE_CHECK(parsed.is_object() && parsed.contains("error"));
  } else if (request.path.ends_with("/infer")) {
    EDGEMOE_CHECK(parsed["model_name"] == "tiny" && !parsed["outputs"].empty());
  }
}

}  // namespace
}  // namespace edgemoe::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace edgemoe::server;
  static Service& service = *new Service;  // as long as the process: its thread waits for work
  const HttpRequest request = parse({reinterpret_cast<const char*>(data), size});
  constexpr std::string_view kRoot = "/v2";
  const std::string_view path = request.path;
  check(request, serve_protocol(service.context, request, path.substr(path.starts_with(kRoot) ? kRoot.size() : 0)));
  return 0;
}
