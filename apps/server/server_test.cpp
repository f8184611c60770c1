// The whole service on a small model with random weights.
#include "server/server.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <future>
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
  Json first = header(get(port_, "/live/next?viewer=a&tasks=depth&after=0"));
  ASSERT_FALSE(first.is_null());
  std::uint64_t id = first["id"];
  ASSERT_EQ(first["maps"].size(), 1u);
  EXPECT_EQ(first["maps"][0]["kind"], "depth");
  EXPECT_EQ(first["width"], 64);
  EXPECT_FALSE(first["routing"].empty());
  // What is begun after a viewer has asked holds what it asked for.
  for (const char* task : {"semseg", "normals", "depth", "semseg", "depth"}) {
    for (bool begun = false; !begun;) {
      const Json frame = header(get(port_, fmt::format("/live/next?viewer=a&tasks={}&after={}", task, id)));
      ASSERT_FALSE(frame.is_null());
      id = frame["id"];
      begun = id > frame["asked_after"].get<std::uint64_t>();
      EXPECT_TRUE(!begun || (frame["maps"].size() == 1 && frame["maps"][0]["task"] == task)) << task;
    }
  }
  // Another viewer asks for something else; the first goes on getting what it wants.
  bool both = false;
  for (int i = 0; i < 100 && !both; ++i) {
    const Json other = header(get(port_, fmt::format("/live/next?viewer=b&tasks=normals&after={}", id)));
    const Json own = header(get(port_, fmt::format("/live/next?viewer=a&tasks=depth&after={}", id)));
    ASSERT_FALSE(other.is_null() || own.is_null());
    id = own["id"];
    ASSERT_EQ(own["maps"].size(), 1u);
    EXPECT_EQ(own["maps"][0]["task"], "depth");
    both = other["maps"].size() == 1 && other["maps"][0]["task"] == "normals";
  }
  EXPECT_TRUE(both);
  EXPECT_NE(get(port_, "/metrics").body.find("edgemoe_viewers 2"), std::string::npos);
  EXPECT_EQ(get(port_, "/live/next?viewer=a&after=x").status, 400);
}

TEST_F(ServerTest, live_withAViewerThatDoesNotRead_goesOn) {
  start_live();
  test::Client stuck(port_);
  for (int i = 0; i < 50; ++i) stuck.send("GET /live/next?viewer=s&after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  std::uint64_t id = 0;
  for (int i = 0; i < 20; ++i) {
    const Json frame = header(get(port_, fmt::format("/live/next?viewer=a&tasks=depth&after={}", id)));
    ASSERT_FALSE(frame.is_null());
    EXPECT_GT(frame["id"].get<std::uint64_t>(), id);
    id = frame["id"];
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
  std::vector<std::future<int>> statuses;
  for (int i = 0; i < 12; ++i) {
    statuses.push_back(std::async(std::launch::async, [&] { return post(port_, "/v1/maps", file).status; }));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  server_->shutdown();
  int answered = 0;
  for (auto& status : statuses) {
    const int code = status.get();
    // 0: never accepted; 503: told so. What got in line is answered.
    EXPECT_TRUE(code == 200 || code == 503 || code == 0) << code;
    answered += code == 200 ? 1 : 0;
  }
  EXPECT_GT(answered, 0);
}

TEST_F(ServerTest, aFullLine_isAnswered429) {
  start({.max_waiting = 1});
  const std::string file = png(noise(400, 300));
  std::vector<std::future<int>> statuses;
  for (int i = 0; i < 24; ++i) {
    statuses.push_back(std::async(std::launch::async, [&] { return post(port_, "/v1/maps", file).status; }));
  }
  int busy = 0;
  int done = 0;
  for (auto& status : statuses) {
    const int code = status.get();
    EXPECT_TRUE(code == 200 || code == 429) << code;
    busy += code == 429 ? 1 : 0;
    done += code == 200 ? 1 : 0;
  }
  EXPECT_GT(busy, 0);
  EXPECT_GT(done, 0);
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
