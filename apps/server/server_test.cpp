// The whole service on a small model with random weights.
#include "server/server.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/random.h"
#include "edgemoe/edgemoe.h"
#include "pipeline/test_model.h"
#include "server/test_client.h"

namespace edgemoe::server {
namespace {

using Json = nlohmann::json;
using test::get;
using test::post;

Picture noise(std::size_t width, std::size_t height, std::uint64_t seed = 5) {
  Picture picture{.width = width, .height = height, .bytes = std::vector<std::uint8_t>(width * height * 3)};
  Random random(seed);
  for (std::uint8_t& sample : picture.bytes) sample = static_cast<std::uint8_t>(random.below(256));
  return picture;
}

std::string png(const Picture& picture) {
  const auto file = encode_picture(picture.view(), FileFormat::kPng);
  EXPECT_TRUE(file.ok());
  return {reinterpret_cast<const char*>(file->data()), file->size()};
}

class ServerTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.models = {{"tiny", file_.path()}};
    options.port = 0;
    options.num_threads = 1;
    auto started = Server::start(options);
    ASSERT_TRUE(started.ok()) << started.status().message();
    server_ = std::move(started).value();
    port_ = server_->port();
  }
  /// Starts with a folder of two pictures as the live source.
  void start_live(double pictures_per_second = 200) {
    for (const char* name : {"a.png", "b.png"}) {
      std::ofstream(file_.folder() / name, std::ios::binary) << png(noise(64, 48, static_cast<std::uint64_t>(name[0])));
    }
    start({.source = file_.folder(), .pictures_per_second = pictures_per_second});
  }
  Json json(std::string_view path) const { return Json::parse(get(port_, path).body, nullptr, false); }
  /// The header of the next live frame: asked again while there is none yet, however slow the machine is.
  Json frame(const std::string& path) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    test::Reply reply;
    do {
      reply = get(port_, path);
    } while (reply.status == 204 && std::chrono::steady_clock::now() < end);
    EXPECT_EQ(reply.status, 200) << path << ": " << reply.body;
    return header(reply);
  }
  /// The header of a bundle; null for another answer.
  static Json header(const test::Reply& reply) {
    if (reply.status != 200 || reply.body.size() < 4) return nullptr;
    std::uint32_t length = 0;
    std::memcpy(&length, reply.body.data(), 4);
    return Json::parse(reply.body.substr(4, length), nullptr, false);
  }

  const TestModel file_{"tiny"};
  std::unique_ptr<Server> server_;
  int port_ = 0;
};

TEST_F(ServerTest, protocol_describesServerAndModel) {
  start({.version = "1.2"});
  EXPECT_EQ(json("/v2")["name"], "edgemoe");
  EXPECT_EQ(json("/v2")["version"], "1.2");
  EXPECT_EQ(get(port_, "/v2/health/live").status, 200);
  EXPECT_EQ(get(port_, "/v2/health/ready").status, 200);
  EXPECT_EQ(get(port_, "/v2/models/tiny/ready").status, 200);
  EXPECT_EQ(get(port_, "/v2/models/tiny/versions/1/ready").status, 200);
  const Json model = json("/v2/models/tiny");
  EXPECT_EQ(model["inputs"][0]["name"], "image");
  EXPECT_EQ(model["outputs"].size(), 3u);
  EXPECT_EQ(Json::parse(post(port_, "/v2/repository/index", "").body)[0]["name"], "tiny");
}

TEST_F(ServerTest, unknownAddresses_are404AndSayWhere) {
  start();
  for (const char* path : {"/x", "/v2/x", "/v2/models/none", "/v2/models/tiny/versions/2/ready", "/v2/models/tiny/x",
                           "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/page.css/", "/v2/models/tiny/infer/x"}) {
    const auto reply = get(port_, path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(reply.body.find("root:"), std::string::npos);
  }
  EXPECT_EQ(get(port_, "/v2/models/tiny/infer").status, 405);
  EXPECT_EQ(get(port_, "/v1/maps").status, 405);
}

TEST_F(ServerTest, infer_inJsonAndBinary_givesTheLibrarysMaps) {
  start();
  const Picture picture = noise(40, 24);
  auto model = Model::load(file_.path(), {.num_threads = 1});
  ASSERT_TRUE(model.ok());
  const auto maps = model->run(picture.view(), {"semseg", "depth"});
  ASSERT_TRUE(maps.ok());
  const std::string pixels(picture.bytes.begin(), picture.bytes.end());
  Json input = {{"name", "image"},
                {"shape", {24, 40, 3}},
                {"datatype", "UINT8"},
                {"parameters", {{"binary_data_size", pixels.size()}}}};
  Json request = {{"inputs", {input}},
                  {"outputs",
                   {{{"name", "semseg"}, {"parameters", {{"binary_data", true}}}},
                    {{"name", "depth"}, {"parameters", {{"binary_data", true}}}}}}};
  const std::string head = request.dump();
  const auto binary = post(port_, "/v2/models/tiny/infer", head + pixels,
                           fmt::format("Inference-Header-Content-Length: {}\r\n", head.size()));
  ASSERT_EQ(binary.status, 200) << binary.body;
  std::string expected((*maps)[0].labels.begin(), (*maps)[0].labels.end());
  expected.append(reinterpret_cast<const char*>((*maps)[1].values.data()), (*maps)[1].values.size() * 4);
  ASSERT_GT(binary.body.size(), expected.size());
  EXPECT_EQ(binary.body.substr(binary.body.size() - expected.size()), expected);

  input.erase("parameters");
  input["data"] = picture.bytes;
  const auto text =
      post(port_, "/v2/models/tiny/infer", Json{{"inputs", {input}}, {"outputs", {{{"name", "depth"}}}}}.dump());
  ASSERT_EQ(text.status, 200) << text.body;
  const Json answer = Json::parse(text.body);
  EXPECT_EQ(answer["outputs"][0]["shape"], (Json{24, 40}));
  EXPECT_EQ(answer["outputs"][0]["data"].get<std::vector<float>>(), (*maps)[1].values);
  EXPECT_EQ(json("/v2/models/tiny/stats")["model_stats"][0]["inference_count"], 2);
}

TEST_F(ServerTest, maps_everyFormat) {
  start();
  const std::string file = png(noise(30, 20));
  const auto summary = post(port_, "/v1/maps", file);
  ASSERT_EQ(summary.status, 200) << summary.body;
  EXPECT_EQ(Json::parse(summary.body)["maps"].size(), 3u);
  const auto picture = post(port_, "/v1/maps?tasks=depth&format=png", file);
  const auto decoded = decode_picture(std::as_bytes(std::span(picture.body)));
  ASSERT_TRUE(decoded.ok()) << picture.body;
  EXPECT_EQ(decoded->width, 30u);
  const auto overlay = post(port_, "/v1/maps?tasks=semseg&format=overlay", file);
  EXPECT_TRUE(decode_picture(std::as_bytes(std::span(overlay.body))).ok());
  const auto npy = post(port_, "/v1/maps?tasks=normals&format=npy", file);
  EXPECT_TRUE(npy.body.starts_with("\x93NUMPY"));
  EXPECT_EQ(npy.body.size(), 128u + 30 * 20 * 3 * 4);
  EXPECT_EQ(post(port_, "/v1/maps?format=png", file).status, 400);
  EXPECT_EQ(post(port_, "/v1/maps?tasks=depth&format=gif", file).status, 400);
  EXPECT_EQ(post(port_, "/v1/maps?tasks=nothing", file).status, 400);
  EXPECT_EQ(post(port_, "/v1/maps?tasks=,", file).status, 400);
  EXPECT_EQ(post(port_, "/v1/maps?model=other", file).status, 404);
  EXPECT_EQ(post(port_, "/v1/maps", "no picture").status, 400);
  EXPECT_EQ(post(port_, "/v1/maps", file.substr(0, file.size() / 2)).status, 400);
}

TEST_F(ServerTest, pixelsOverTheLimit_areRefused) {
  start({.max_pixels = 500});
  EXPECT_EQ(post(port_, "/v1/maps", png(noise(30, 20))).status, 413);
  EXPECT_EQ(post(port_, "/v1/maps", png(noise(25, 20))).status, 200);
}

TEST_F(ServerTest, otherSites_areKeptOut) {
  start();
  const auto reply = get(port_, "/");
  EXPECT_EQ(reply.status, 200);
  for (const char* header : {"Content-Security-Policy: default-src 'none'", "X-Content-Type-Options: nosniff",
                             "X-Frame-Options: DENY", "Cross-Origin-Resource-Policy: same-origin"}) {
    EXPECT_NE(reply.head.find(header), std::string::npos) << reply.head;
  }
  EXPECT_EQ(test::send_raw(port_, "GET /live/state HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").status,
            403);
  EXPECT_EQ(
      post(port_, "/live/settings", "{}", "Content-Type: application/json\r\nOrigin: http://evil.example\r\n").status,
      403);
  EXPECT_EQ(
      post(port_, "/live/settings", "{}", "Content-Type: application/json\r\nOrigin: http://127.0.0.1\r\n").status,
      200);
  EXPECT_EQ(post(port_, "/live/settings", "{}", "Content-Type: text/plain\r\n").status, 415);
}

TEST_F(ServerTest, settings_changeTheEngine) {
  start();
  const std::string_view type = "Content-Type: application/json\r\n";
  EXPECT_EQ(json("/live/state")["models"][0]["number_type"], "float32");
  EXPECT_EQ(post(port_, "/live/settings", R"({"number_type":"int8"})", type).status, 200);
  EXPECT_EQ(json("/live/state")["models"][0]["number_type"], "int8");
  EXPECT_EQ(post(port_, "/live/settings", R"({"number_type":"float","threads":2})", type).status, 200);
  EXPECT_EQ(json("/live/state")["models"][0]["num_threads"], 2);
  for (const char* wrong : {R"({"number_type":"fp4"})", R"({"threads":0})", R"({"threads":1e9})", "[]", R"({"x":1})"}) {
    EXPECT_EQ(post(port_, "/live/settings", wrong, type).status, 400) << wrong;
  }
  EXPECT_EQ(json("/live/state")["models"][0]["num_threads"], 2);
}

TEST_F(ServerTest, live_givesEachViewerTheTasksItAsksFor) {
  start_live();
  Json first = frame("/live/next?viewer=a&tasks=depth&after=0");
  ASSERT_FALSE(first.is_null());
  std::uint64_t id = first["id"];
  ASSERT_EQ(first["maps"].size(), 1u);
  EXPECT_EQ(first["maps"][0]["kind"], "depth");
  EXPECT_EQ(first["width"], 64);
  EXPECT_FALSE(first["routing"].empty());
  // What is begun after a viewer has asked holds what it asked for.
  for (const char* task : {"semseg", "normals", "depth", "semseg", "depth"}) {
    for (bool begun = false; !begun;) {
      const Json next = frame(fmt::format("/live/next?viewer=a&tasks={}&after={}", task, id));
      ASSERT_FALSE(next.is_null());
      id = next["id"];
      begun = id > next["asked_after"].get<std::uint64_t>();
      EXPECT_TRUE(!begun || (next["maps"].size() == 1 && next["maps"][0]["task"] == task)) << task;
    }
  }
  // Another viewer asks for something else; the first goes on getting what it wants.
  // (One that does not ask for a while, as on a machine that stands still, is forgotten: its next frame may be of
  // others.)
  bool both = false;
  bool counted = false;
  while (!both || !counted) {
    const Json other = frame(fmt::format("/live/next?viewer=b&tasks=normals&after={}", id));
    const Json own = frame(fmt::format("/live/next?viewer=a&tasks=depth&after={}", id));
    ASSERT_FALSE(other.is_null() || own.is_null());
    id = own["id"];
    if (id > own["asked_after"].get<std::uint64_t>()) {
      ASSERT_EQ(own["maps"].size(), 1u);
      EXPECT_EQ(own["maps"][0]["task"], "depth");
    }
    both = both || (other["maps"].size() == 1 && other["maps"][0]["task"] == "normals");
    counted = counted || get(port_, "/metrics").body.find("edgemoe_viewers 2") != std::string::npos;
  }
  EXPECT_EQ(get(port_, "/live/next?viewer=a&after=x").status, 400);
}

TEST_F(ServerTest, live_withAViewerThatDoesNotRead_goesOn) {
  start_live();
  test::Client stuck(port_);
  for (int i = 0; i < 50; ++i) stuck.send("GET /live/next?viewer=s&after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  std::uint64_t id = 0;
  for (int i = 0; i < 20; ++i) {
    const Json next = frame(fmt::format("/live/next?viewer=a&tasks=depth&after={}", id));
    ASSERT_FALSE(next.is_null());
    EXPECT_GT(next["id"].get<std::uint64_t>(), id);
    id = next["id"];
  }
}

TEST_F(ServerTest, live_withoutASource_is404AndPicturesWork) {
  start();
  EXPECT_EQ(get(port_, "/live/next").status, 404);
  const Json dropped = header(post(port_, "/live/picture?tasks=semseg,depth", png(noise(50, 30))));
  ASSERT_FALSE(dropped.is_null());
  EXPECT_EQ(dropped["maps"].size(), 2u);
  EXPECT_EQ(dropped["maps"][0]["bytes"], 50 * 30);
  EXPECT_EQ(post(port_, "/live/picture", "no picture").status, 400);
}

TEST_F(ServerTest, shutdown_losesNoAcceptedRequest) {
  start({.max_waiting = 64});
  const std::string file = png(noise(200, 150));
  std::vector<std::unique_ptr<test::Client>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<test::Client>(port_));
    clients.back()->send(
        fmt::format("POST /v1/maps HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n"
                    "Expect: 100-continue\r\n\r\n",
                    file.size()));
    // Asking for the body is to accept the request.
    ASSERT_EQ(clients.back()->read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  }
  // Some bodies come before the stop, some after it.
  for (std::size_t i = 0; i < 6; ++i) clients[i]->send(file);
  std::thread stop([this] { server_->shutdown(); });
  test::wait_until_deaf(port_);
  for (std::size_t i = 6; i < 12; ++i) clients[i]->send(file);
  for (std::size_t i = 0; i < 12; ++i) {
    const test::Reply reply = test::parse_reply(clients[i]->read_all());
    EXPECT_EQ(reply.status, 200) << i << ": " << reply.body;
    EXPECT_EQ(Json::parse(reply.body, nullptr, false)["maps"].size(), 3u) << i;
    // The first six may have been answered before the stop.
    if (i >= 6) {
      EXPECT_NE(reply.head.find("Connection: close\r\n"), std::string::npos) << reply.head;
    }
  }
  stop.join();
}

TEST_F(ServerTest, shutdown_saysSoToWhoAsksLate) {
  start();
  const std::string head = "POST /v1/maps HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\n";
  test::Client client(port_);
  client.send(head.substr(0, 20));  // a request that has been begun is waited for
  // Connections are accepted one after the other: with this answer that one is.
  ASSERT_EQ(get(port_, "/v2/health/ready").status, 200);
  std::thread stop([this] { server_->shutdown(); });
  test::wait_until_deaf(port_);
  client.send(head.substr(20) + "x");
  const test::Reply reply = test::parse_reply(client.read_all());
  EXPECT_EQ(reply.status, 503) << reply.body;
  EXPECT_NE(reply.body.find("stopping"), std::string::npos) << reply.body;
  EXPECT_NE(reply.head.find("Connection: close\r\n"), std::string::npos) << reply.head;
  stop.join();
}

TEST_F(ServerTest, whatTheListenerRefuses_showsInTheMetrics) {
  start({.max_body_bytes = 1000});
  EXPECT_EQ(post(port_, "/v1/maps", std::string(1001, 'x')).status, 413);
  EXPECT_EQ(test::send_raw(port_, "nonsense\r\n\r\n").status, 400);
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  std::string text;
  const auto shows = [&](const char* line) { return text.find(line) != std::string::npos; };
  do {  // counted once the answer is written
    text = get(port_, "/metrics").body;
  } while (!(shows("edgemoe_refusals_total{cause=\"too_large\"} 1\n") &&
             shows("edgemoe_refusals_total{cause=\"malformed\"} 1\n")) &&
           std::chrono::steady_clock::now() < end);
  EXPECT_TRUE(shows("edgemoe_refusals_total{cause=\"too_large\"} 1\n")) << text;
  EXPECT_TRUE(shows("edgemoe_refusals_total{cause=\"malformed\"} 1\n")) << text;
  EXPECT_TRUE(shows("edgemoe_held_bytes 0\n")) << text;
}

TEST_F(ServerTest, picturesOverTheMemory_areAnswered503) {
  start({.max_memory_bytes = 600'000});
  EXPECT_EQ(post(port_, "/v1/maps", png(noise(100, 100))).status, 200);
  Picture flat{.width = 400, .height = 300, .bytes = std::vector<std::uint8_t>(400 * 300 * 3)};
  const auto reply = post(port_, "/v1/maps", png(flat));
  EXPECT_EQ(reply.status, 503) << reply.body;
  EXPECT_NE(reply.head.find("Retry-After: 1"), std::string::npos) << reply.head;
  EXPECT_EQ(post(port_, "/v1/maps", png(noise(100, 100))).status, 200);
}

TEST(ServerStartTest, badOptions_areFaults) {
  const TestModel file("tiny");
  EXPECT_EQ(Server::start({}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Server::start({.models = {{"a b", file.path()}}}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Server::start({.models = {{"a", file.path()}, {"a", file.path()}}}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Server::start({.models = {{"a", "missing.safetensors"}}}).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(Server::start({.models = {{"a", file.path()}}, .source = "missing.jpg"}).ok());
  EXPECT_FALSE(Server::start({.models = {{"a", file.path()}}, .host = "192.0.2.1", .port = 0}).ok());
}

}  // namespace
}  // namespace edgemoe::server
