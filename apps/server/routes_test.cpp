// Routes and the engine's line, without sockets: what cannot be timed from outside is held still here.
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <new>
#include <nlohmann/json.hpp>
#include <thread>

#include "edgemoe/edgemoe.h"
#include "pipeline/test_model.h"
#include "server/context.h"
#include "server/service.h"

namespace edgemoe::server {
namespace {

using Json = nlohmann::json;

Picture flat(std::size_t width, std::size_t height) {
  return {.width = width, .height = height, .bytes = std::vector<std::uint8_t>(width * height * 3, 90)};
}

std::string png(const Picture& picture) {
  const auto file = encode_picture(picture.view(), FileFormat::kPng);
  EXPECT_TRUE(file.ok());
  return {reinterpret_cast<const char*>(file->data()), file->size()};
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t b = 0; b < 3; ++b) {
      word = word << 8 | (i + b < bytes.size() ? static_cast<unsigned char>(bytes[i + b]) : 0U);
    }
    for (std::size_t d = 0; d < 4; ++d) text += i + d > bytes.size() ? '=' : kDigits[word >> (18 - 6 * d) & 63];
  }
  return text;
}

class RoutesTest : public testing::Test {
 protected:
  void start(std::size_t max_waiting = 16) {
    auto opened = EngineRoom::open({.models = {{"tiny", file_.path()}},
                                    .setting = {.num_threads = 1},
                                    .max_waiting = max_waiting,
                                    .max_wait = std::chrono::hours(1)});
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    room_ = std::move(opened).value();
    context_.reset(new Context{
        .room = *room_, .metrics = metrics_, .version = "0", .max_pixels = 1'000'000, .stopping = stopping_});
    service_ = std::make_unique<Service>(*context_, false);
  }
  void TearDown() override {
    if (room_) room_->shutdown();
  }
  HttpResponse post(const std::string& path, const std::string& body, MemoryHold* memory = nullptr) {
    HttpRequest request{.method = "POST", .path = path, .body = body, .memory = memory};
    return service_->handle(request);
  }
  /// The same with only so much memory left.
  HttpResponse post_within(std::size_t bytes, const std::string& path, const std::string& body) {
    MemoryBudget budget(bytes);
    HttpResponse response;
    {
      MemoryHold memory(budget);
      response = post(path, body, &memory);
    }
    EXPECT_EQ(budget.held_bytes(), 0u) << path;
    return response;
  }
  /// Keeps the engine's thread until the promise is kept; returns when it is kept busy.
  void block_engine(std::shared_future<void> until) {
    auto begun = std::make_shared<std::promise<void>>();
    std::future<void> started = begun->get_future();
    room_->set_idle_work([begun, until](std::vector<Model*>&) {
      begun->set_value();
      until.wait();
    });
    room_->wake();
    started.wait();
  }

  const TestModel file_{"tiny"};
  Metrics metrics_;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<EngineRoom> room_;
  std::unique_ptr<Context> context_;
  std::unique_ptr<Service> service_;
};

TEST(MemoryHoldTest, takesWhatFitsAndGivesItBack) {
  MemoryBudget budget(100);
  MemoryHold first(budget);
  EXPECT_TRUE(first.take(60));
  {
    MemoryHold second(budget);
    EXPECT_FALSE(second.take(41));
    EXPECT_TRUE(second.refused());
    EXPECT_TRUE(second.take(40));
    EXPECT_FALSE(second.take(~std::size_t{0}));
    EXPECT_EQ(budget.held_bytes(), 100u);
  }
  EXPECT_EQ(budget.held_bytes(), 60u);
  first.give_back(10);
  EXPECT_EQ(budget.held_bytes(), 50u);
  EXPECT_FALSE(first.refused());
}

TEST_F(RoutesTest, picturesWithoutRoom_areAnswered503BeforeTheyAreDecoded) {
  start();
  // A small file of a large picture, whose pixels are damaged: who decodes it answers 400.
  std::string file = png(flat(900, 800));
  ASSERT_LT(file.size(), 40'000u);
  const std::size_t pixels = 900 * 800 * 3;
  std::string damaged = file;
  damaged.resize(damaged.size() - 200);
  Json input = {{"name", "encoded_image"}, {"shape", {1}}, {"datatype", "BYTES"}, {"data", {base64(damaged)}}};
  const std::string infer = Json{{"inputs", {input}}}.dump();
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"/v1/maps", damaged}, {"/live/picture", damaged}, {"/v2/models/tiny/infer", infer}};
  for (const auto& [path, body] : requests) {
    const HttpResponse refused = post_within(pixels, path, body);
    EXPECT_EQ(refused.status, 503) << path << refused.body;
    EXPECT_NE(refused.body.find("memory"), std::string::npos) << refused.body;
    EXPECT_EQ(refused.headers.front(), (std::pair<std::string, std::string>{"Retry-After", "1"}));
    EXPECT_EQ(post_within(3 * pixels, path, body).status, 400) << path;
  }
  input["data"] = {base64(file)};
  EXPECT_EQ(post_within(3 * pixels, "/v1/maps", file).status, 200);
  EXPECT_EQ(post_within(3 * pixels, "/live/picture", file).status, 200);
  EXPECT_EQ(post_within(3 * pixels, "/v2/models/tiny/infer", Json{{"inputs", {input}}}.dump()).status, 200);
}

TEST_F(RoutesTest, tensorsThatAreCopied_areHeldToo) {
  start();
  Json input = {{"name", "image"}, {"shape", {20, 30, 3}}, {"datatype", "UINT8"}};
  input["data"] = std::vector<int>(20 * 30 * 3, 7);
  const std::string body = Json{{"inputs", {input}}}.dump();
  EXPECT_EQ(post_within(20 * 30 * 3 - 1, "/v2/models/tiny/infer", body).status, 503);
  EXPECT_EQ(post_within(20 * 30 * 3, "/v2/models/tiny/infer", body).status, 200);
}

TEST_F(RoutesTest, aFloodOfLargePictures_staysWithinTheBudget) {
  start(64);
  const std::string file = png(flat(1000, 1000));
  const std::size_t one = 2 * 3 * 1000 * 1000;
  MemoryBudget budget(4 * one);
  std::promise<void> release;
  block_engine(release.get_future().share());
  std::atomic<int> refused = 0;
  std::vector<std::future<int>> statuses;
  constexpr int kRequests = 24;
  for (int i = 0; i < kRequests; ++i) {
    statuses.push_back(std::async(std::launch::async, [&] {
      MemoryHold memory(budget);
      const int status = post("/v1/maps", file, &memory).status;
      if (status == 503) ++refused;
      return status;
    }));
  }
  // The engine stands still: what is decoded stays, and all others must be refused meanwhile.
  while (room_->num_pending() + static_cast<std::size_t>(refused) < kRequests) {
    EXPECT_LE(budget.held_bytes(), 4 * one);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GE(refused, kRequests - 8);  // a picture that is decoded holds half of what it took meanwhile
  release.set_value();
  int answered = 0;
  for (auto& status : statuses) answered += status.get() == 200 ? 1 : 0;
  EXPECT_EQ(answered, kRequests - refused);
  EXPECT_GE(answered, 4);
  EXPECT_EQ(budget.held_bytes(), 0u);
}

TEST_F(RoutesTest, aFullLine_isAnswered429) {
  start(1);
  const std::string file = png(flat(40, 30));
  std::promise<void> release;
  block_engine(release.get_future().share());
  std::future<int> first = std::async(std::launch::async, [&] { return post("/v1/maps", file).status; });
  while (room_->num_pending() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const HttpResponse second = post("/v1/maps", file);
  EXPECT_EQ(second.status, 429) << second.body;
  release.set_value();
  EXPECT_EQ(first.get(), 200);
  EXPECT_EQ(post("/v1/maps", file).status, 200);
}

TEST_F(RoutesTest, idleWorkThatRunsOutOfMemory_endsNothing) {
  start();
  std::atomic<int> tried = 0;
  room_->set_idle_work([&](std::vector<Model*>&) {
    ++tried;
    throw std::bad_alloc();
  });
  room_->wake();
  while (tried == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(post("/v1/maps", png(flat(40, 30))).status, 200);
}

TEST_F(RoutesTest, theTypeOfTheFile_isNotLoadedAgainUnderItsName) {
  start();
  ASSERT_TRUE(room_->setting().number_type.empty());
  ASSERT_EQ(room_->infos()[0].number_type, "float32");
  std::filesystem::rename(file_.path(), file_.folder() / "away");
  for (const char* type : {"float", "", "float"}) {
    const Answer<EngineSetting> answer = room_->change({type, 1});
    EXPECT_TRUE(answer.result.ok()) << "\"" << type << "\": " << answer.result.status().message();
  }
  EXPECT_FALSE(room_->change({"int8", 1}).result.ok()) << "the file is not there";
  EXPECT_EQ(post("/v1/maps", png(flat(40, 30))).status, 200);
}

TEST_F(RoutesTest, refusals_areCountedByCause) {
  start();
  service_->count(Refusal::kOverload);
  service_->count(Refusal::kOverload);
  service_->count(Refusal::kFailure);
  const std::string text = service_->handle({.method = "GET", .path = "/metrics"}).body;
  EXPECT_NE(text.find("edgemoe_refusals_total{cause=\"overload\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("edgemoe_refusals_total{cause=\"failure\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("edgemoe_refusals_total{cause=\"header_time\"} 0\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace edgemoe::server
