// What broken, slow and hostile clients get.
#include "server/http.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "server/test_client.h"

namespace edgemoe::server {
namespace {

using test::Client;
using test::parse_reply;
using test::send_raw;

/// Answers with what it got; a path "/wait" is answered when the test says so.
class Echo final : public HttpHandler {
 public:
  std::unique_ptr<HttpResponse> refuse(const HttpRequest& head) override {
    if (head.path != "/refused" && !refusing) return nullptr;
    return std::make_unique<HttpResponse>(fault(403, "refused"));
  }
  HttpResponse handle(const HttpRequest& request) override {
    ++handled;
    if (request.path == "/wait") released.get_future().wait();
    if (request.path == "/throw") throw std::bad_alloc();
    if (request.path == "/take" && !request.memory->take(4000)) return fault(503, "full");
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = fmt::format("{} {} {}", request.method, request.path, request.body.size());
    if (request.path == "/large") response.body.assign(4096, 'x');
    if (request.path == "/huge") response.body.assign(64 << 20, 'x');
    return response;
  }
  HttpResponse fault(int status, std::string_view message) override {
    HttpResponse response;
    response.status = status;
    response.body = message;
    return response;
  }

  void count(Refusal refusal) override {
    const std::lock_guard lock(mutex_);
    ++refusals_[refusal];
  }
  int counted(Refusal refusal) {
    const std::lock_guard lock(mutex_);
    return refusals_[refusal];
  }
  /// An answer may be read before its cause is counted: waits until it is.
  void expect_counted(Refusal refusal, int times) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (counted(refusal) < times && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(counted(refusal), times) << refusal_name(refusal);
  }

  std::atomic<bool> refusing = false;
  std::atomic<int> handled = 0;
  std::promise<void> released;

 private:
  std::mutex mutex_;
  std::map<Refusal, int> refusals_;
};

/// Small bounds, and times that no machine is too slow for.
HttpLimits small_limits() {
  return {.max_header_bytes = 4096,
          .max_body_bytes = 1000,
          .max_bodies_bytes = 8000,
          .max_connections = 32,
          .max_waiting = 32,
          .header_time = std::chrono::minutes(5),
          .body_time = std::chrono::minutes(5),
          .write_time = std::chrono::minutes(5),
          .idle_time = std::chrono::milliseconds(300)};
}

/// For tests of what takes too long.
HttpLimits short_times() {
  HttpLimits limits = small_limits();
  limits.header_time = limits.body_time = std::chrono::milliseconds(300);
  return limits;
}

class HttpTest : public testing::Test {
 protected:
  void SetUp() override { start(small_limits()); }
  void start(const HttpLimits& limits) {
    listener_.reset();
    auto started = listen_http("127.0.0.1", 0, limits, echo_);
    ASSERT_TRUE(started.ok()) << started.status().message();
    listener_ = std::move(started).value();
    port_ = listener_->port();
  }
  test::Reply ask(std::string_view request) const { return send_raw(port_, request); }

  Echo echo_;
  std::unique_ptr<HttpListener> listener_;
  int port_ = 0;
};

TEST_F(HttpTest, getAndPost_wellFormed_areAnswered) {
  EXPECT_EQ(test::get(port_, "/a%20b?x=1").body, "GET /a b 0");
  EXPECT_EQ(test::post(port_, "/p", "12345").body, "POST /p 5");
  EXPECT_EQ(
      ask("POST /c HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").body,
      "POST /c 3");
}

TEST_F(HttpTest, severalRequests_ofOneConnection_areAllAnswered) {
  Client client(port_);
  ASSERT_TRUE(
      client.send("GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
                  "GET /3 HTTP/1.1\r\nConnection: close\r\n\r\n"));
  const std::string text = client.read_all();
  for (const char* part : {"GET /1 0", "POST /2 2", "GET /3 0"}) EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(HttpTest, bodyOverTheLimit_isRefusedWithoutReadingIt) {
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n").status, 413);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n").status, 413);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n").status, 413);
  EXPECT_EQ(echo_.handled, 0);
  EXPECT_EQ(test::post(port_, "/", std::string(1000, 'x')).status, 200);
}

TEST_F(HttpTest, chunksOverTheLimit_areCutOff) {
  std::string request = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) request += "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_EQ(ask(request).status, 413);
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpTest, compressedBodies_areBoundedByWhatTheyHold) {
  // 5000 zeros by gzip.
  constexpr char kZeros[] =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0a\x3f\xa0\x00\x00\x00"
      "\x00\x80\xb7\x01\xa8\x0e\xe5\xd8\x88\x13\x00\x00";
  const std::string bomb(kZeros, sizeof(kZeros) - 1);
  ASSERT_LT(bomb.size(), 1000u);
  EXPECT_EQ(test::post(port_, "/", bomb, "Content-Encoding: gzip\r\n").status, 413);
  EXPECT_EQ(test::post(port_, "/", "no gzip", "Content-Encoding: gzip\r\n").status, 400);
  EXPECT_EQ(test::post(port_, "/", "x", "Content-Encoding: zstd\r\n").status, 415);
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpTest, postsWithoutALength_areAnswered411) {
  for (const char* coding :
       {"", "Transfer-Encoding: identity\r\n", "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"}) {
    const auto reply = ask(fmt::format("POST / HTTP/1.1\r\n{}\r\nbody", coding));
    EXPECT_EQ(reply.status, 411) << coding;
    EXPECT_NE(reply.head.find("Connection: close\r\n"), std::string::npos) << reply.head;
  }
  EXPECT_EQ(ask("POST / HTTP/1.0\r\n\r\nbody").status, 411);
  EXPECT_EQ(echo_.handled, 0);
  echo_.expect_counted(Refusal::kLength, 6);
  EXPECT_EQ(ask("POST /c HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n").body,
            "POST /c 0");
}

TEST_F(HttpTest, lengthsThatDisagree_areRefused) {
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status, 400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd").status, 400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n").status, 400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n").status, 400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\n\r\n").status, 411);
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").status, 400);
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpTest, otherMethodsAndForms_areRefused) {
  for (const char* method : {"PUT", "DELETE", "PATCH", "OPTIONS"}) {
    EXPECT_EQ(ask(fmt::format("{} / HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method)).status, 405);
  }
  EXPECT_EQ(test::post(port_, "/", "x", "Content-Type: multipart/form-data; boundary=b\r\n").status, 415);
  EXPECT_EQ(test::post(port_, "/refused", "x").status, 403);
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpTest, endlessHeaders_endTheConnection) {
  Client client(port_);
  std::string header = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 200; ++i) header += fmt::format("X-{}: {}\r\n", i, std::string(50, 'y'));
  client.send(header);
  EXPECT_NE(parse_reply(client.read_all()).status, 200);
  EXPECT_EQ(echo_.handled, 0);
  echo_.expect_counted(Refusal::kHeaderSize, 1);
}

TEST_F(HttpTest, trickledHeadersAndBodies_areCutOffInTime) {
  start(short_times());
  const std::vector<std::pair<const char*, Refusal>> starts = {
      {"GET / HTTP/1.1\r\nX: ", Refusal::kHeaderTime},
      {"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", Refusal::kBodyTime}};
  for (const auto& [text, refusal] : starts) {
    // A client that was too slow even for its first bytes is cut off as a silent one: once more then.
    do {
      Client client(port_);
      client.send(text);
      bool open = true;
      // One byte every 50 ms never leaves the server without news, and would be done in 50 s.
      for (int i = 0; i < 950 && open; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        open = client.send("x");
      }
      ASSERT_FALSE(open) << text;
      while (echo_.counted(refusal) + echo_.counted(Refusal::kSilent) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    } while (echo_.counted(refusal) == 0);
  }
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpTest, silentConnections_giveTheirPlaceBack) {
  HttpLimits limits = short_times();
  limits.max_connections = 4;
  start(limits);
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(std::make_unique<Client>(port_));
  // Whoever is too slow to ask within the short time may ask again.
  std::string body;
  while (body.empty()) body = test::get(port_, "/after").body;
  EXPECT_EQ(body, "GET /after 0");
  EXPECT_GE(echo_.counted(Refusal::kSilent), 1);  // the first of them made room
}

TEST_F(HttpTest, answersThatAreNotTaken_endTheConnection) {
  HttpLimits limits = small_limits();
  limits.write_time = std::chrono::milliseconds(100);
  limits.max_bodies_bytes = std::size_t{1} << 30;
  start(limits);
  Client client(port_);
  client.send("GET /huge HTTP/1.1\r\n\r\n");  // more than the sockets hold
  echo_.expect_counted(Refusal::kAnswerTime, 1);
}

TEST_F(HttpTest, connectionsOverTheLimit_areAnswered503) {
  HttpLimits limits = small_limits();
  limits.max_connections = 4;
  limits.max_waiting = 2;
  start(limits);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>(port_));
    clients.back()->send("GET /wai");  // holds a thread, or waits for one: accepted one after the other
  }
  const auto reply = test::get(port_, "/more");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, R"({"error":"too many connections at a time; try again later"})");
  EXPECT_NE(reply.head.find("Connection: close\r\n"), std::string::npos) << reply.head;
  echo_.expect_counted(Refusal::kOverload, 1);
}

TEST_F(HttpTest, ranges_areNotServed) {
  const auto reply = test::get(port_, "/large", "Range: bytes=0-9,0-9,0-9,0-9,0-9,0-9\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.size(), 4096u);
}

TEST_F(HttpTest, bodiesOverTheCommonBudget_areAnswered503) {
  listener_.reset();
  HttpLimits limits = small_limits();
  limits.max_bodies_bytes = 1500;
  limits.body_time = std::chrono::seconds(20);
  start(limits);
  Client held(port_);
  held.send("POST /wait HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  while (echo_.handled == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(test::post(port_, "/", std::string(1000, 'y')).status, 503);
  // A body counts as it comes in: what has come of this one is too much, and the rest is never sent.
  Client slow(port_);
  slow.send("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(900, 'z'));
  EXPECT_EQ(parse_reply(slow.read_all()).status, 503);
  EXPECT_EQ(echo_.handled, 1);
  echo_.released.set_value();
  EXPECT_NE(held.read_all().find("POST /wait 1000"), std::string::npos);
  EXPECT_EQ(test::post(port_, "/", std::string(1000, 'y')).status, 200);
}

TEST_F(HttpTest, whatAHandlerTakes_isOfTheCommonBudget) {
  EXPECT_EQ(test::get(port_, "/take").status, 200);
  EXPECT_EQ(test::get(port_, "/take").status, 200);  // what the first took is back
  HttpLimits limits = small_limits();
  limits.max_bodies_bytes = 3999;
  start(limits);
  EXPECT_EQ(test::get(port_, "/take").status, 503);
}

TEST_F(HttpTest, refusals_areCountedOnceByCause) {
  EXPECT_EQ(ask("PUT / HTTP/1.1\r\n\r\n").status, 405);
  EXPECT_EQ(ask("GET\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET /" + std::string(1500, 'a') + " HTTP/1.1\r\n\r\n").status, 414);
  EXPECT_EQ(test::post(port_, "/", std::string(1001, 'x')).status, 413);
  EXPECT_EQ(test::post(port_, "/", "x", "Content-Encoding: zstd\r\n").status, 415);
  EXPECT_EQ(test::post(port_, "/", "no gzip", "Content-Encoding: gzip\r\n").status, 400);
  EXPECT_EQ(test::get(port_, "/throw").status, 500);
  {
    Client gone(port_);
    gone.send("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
  }
  echo_.expect_counted(Refusal::kIncomplete, 1);
  HttpLimits limits = small_limits();
  limits.max_bodies_bytes = 3000;
  start(limits);  // which ends what there was
  EXPECT_EQ(test::get(port_, "/large").status, 503);
  EXPECT_EQ(test::get(port_, "/well").status, 200);
  listener_.reset();
  for (const auto& [refusal, times] : std::map<Refusal, int>{{Refusal::kMethod, 1},
                                                             {Refusal::kMalformed, 1},
                                                             {Refusal::kPath, 1},
                                                             {Refusal::kTooLarge, 1},
                                                             {Refusal::kEncoding, 2},
                                                             {Refusal::kFailure, 1},
                                                             {Refusal::kIncomplete, 1},
                                                             {Refusal::kMemory, 1},
                                                             {Refusal::kSilent, 0},
                                                             {Refusal::kOverload, 0},
                                                             {Refusal::kLength, 0}}) {
    EXPECT_EQ(echo_.counted(refusal), times) << refusal_name(refusal);
  }
}

TEST_F(HttpTest, goodbyesBetweenRequests_areNoRefusals) {
  {
    Client client(port_);
    client.send("GET /1 HTTP/1.1\r\n\r\n");
    std::string answer;
    for (int i = 0; i < 1000 && answer.find("GET /1 0") == std::string::npos; ++i) answer += client.read_all(20);
    EXPECT_NE(answer.find("GET /1 0"), std::string::npos);
  }
  { Client(port_).send("GET /2 HT"); }
  echo_.expect_counted(Refusal::kIncomplete, 1);  // the second's alone
  listener_->shutdown();
  EXPECT_EQ(echo_.counted(Refusal::kIncomplete), 1);
}

TEST_F(HttpTest, memoryThatEnds_isAnAnswer) {
  EXPECT_EQ(test::get(port_, "/throw").status, 500);
  EXPECT_EQ(test::get(port_, "/after").status, 200);
}

TEST_F(HttpTest, garbage_endsTheConnectionAndNothingElse) {
  for (const std::string& garbage :
       {std::string("\0\xff\r\n\r\n", 6), std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET /%zz%00 HTTP/1.1\r\nConnection: close\r\n\r\n"), std::string(8192, 'a'),
        "GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    ask(garbage);
  }
  EXPECT_EQ(ask("GET /" + std::string(1500, 'a') + " HTTP/1.1\r\nConnection: close\r\n\r\n").status, 414);
  EXPECT_EQ(test::get(port_, "/after").status, 200);
}

TEST_F(HttpTest, shutdown_answersWhatWasAccepted) {
  Client client(port_);
  client.send("GET /wait HTTP/1.1\r\n\r\n");
  while (echo_.handled == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::thread stop([this] { listener_->shutdown(); });
  test::wait_until_deaf(port_);
  echo_.released.set_value();
  const auto reply = parse_reply(client.read_all());
  EXPECT_EQ(reply.body, "GET /wait 0");
  // The client must not send another request on this connection.
  EXPECT_NE(reply.head.find("Connection: close\r\n"), std::string::npos) << reply.head;
  EXPECT_EQ(reply.head.find("Keep-Alive"), std::string::npos) << reply.head;
  stop.join();
  EXPECT_FALSE(listener_->listening());
}

TEST_F(HttpTest, shutdown_takesTheBodyThatItHasAskedFor) {
  Client client(port_);
  client.send("POST /late HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  echo_.refusing = true;  // as the service does when it stops
  std::thread stop([this] { listener_->shutdown(); });
  test::wait_until_deaf(port_);
  client.send("abc");
  const auto reply = parse_reply(client.read_all());
  EXPECT_EQ(reply.body, "POST /late 3");
  EXPECT_NE(reply.head.find("Connection: close\r\n"), std::string::npos) << reply.head;
  stop.join();
}

TEST_F(HttpTest, aListenerThatTheSystemCloses_saysSo) {
  EXPECT_TRUE(listener_->listening());
  // Its socket is that of this process which listens at the port.
  int found = 0;
  for (int socket = 0; socket < 1024; ++socket) {
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    int listens = 0;
    socklen_t flag = sizeof(listens);
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        address.sin_port != htons(static_cast<std::uint16_t>(port_))) {
      continue;
    }
    if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag) != 0 || listens == 0) continue;
    ++found;
    ::shutdown(socket, SHUT_RDWR);
  }
  ASSERT_EQ(found, 1);
  while (listener_->listening()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  listener_->shutdown();
}

TEST_F(HttpTest, shutdown_answersWhatWaitsForAThread) {
  HttpLimits limits = small_limits();
  limits.max_connections = 1;
  limits.max_waiting = 1;
  start(limits);
  Client first(port_);
  first.send("GET /wait HTTP/1.1\r\n\r\n");
  while (echo_.handled == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  Client second(port_);
  second.send("GET /second HTTP/1.1\r\n\r\n");
  // Who comes after it finds the line full: it is accepted, and in the line.
  EXPECT_EQ(test::get(port_, "/third").status, 503);
  std::thread stop([this] { listener_->shutdown(); });
  test::wait_until_deaf(port_);
  echo_.released.set_value();
  EXPECT_EQ(parse_reply(first.read_all()).body, "GET /wait 0");
  EXPECT_EQ(parse_reply(second.read_all()).body, "GET /second 0");
  stop.join();
}

TEST_F(HttpTest, portInUse_isAFaultThatSaysSo) {
  Echo other;
  const auto second = listen_http("127.0.0.1", port_, small_limits(), other);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("--port"), std::string::npos) << second.status().message();
}

}  // namespace
}  // namespace edgemoe::server
