// The live feed on sources that fail, and on several models.
#include "server/live.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <new>

#include "edgemoe/video.h"
#include "image/video_encoder.h"
#include "pipeline/test_model.h"

namespace edgemoe::server {
namespace {

using std::chrono::milliseconds;

constexpr RetryWaits kSoon{.first = milliseconds(1), .longest = milliseconds(4)};
constexpr std::chrono::minutes kLong(5);  // a guard against waiting for ever

/// Small pictures, and faults where the script has them.
class ScriptedSource final : public FrameSource {
 public:
  struct Counts {
    std::atomic<int> asked = 0;
    std::atomic<int> reopened = 0;
  };
  /// `fault` of the how-manieth question to next() or reopen(); ok: a picture, or it is open.
  using Script = std::function<Status(int asked)>;
  ScriptedSource(Counts& counts, Script next, Script reopen)
      : counts_(counts), next_(std::move(next)), reopen_(std::move(reopen)) {}

  Result<SourceFrame> next() override {
    if (Status fault = next_(counts_.asked++); !fault.ok()) return fault;
    return SourceFrame{.picture = {.width = 8, .height = 6, .bytes = std::vector<std::uint8_t>(8 * 6 * 3)}};
  }
  Status reopen() override { return reopen_(counts_.reopened++); }
  std::int64_t num_damaged() const override { return 5; }
  std::string description() const override { return "scripted"; }
  void interrupt() override {}

 private:
  Counts& counts_;
  const Script next_;
  const Script reopen_;
};

Status well(int /*asked*/) { return {}; }

class LiveFeedTest : public testing::Test {
 protected:
  void start(std::unique_ptr<FrameSource> source, RetryWaits waits = kSoon) {
    auto opened = EngineRoom::open(
        {.models = {{"first", file_.path()}, {"second", other_.path()}}, .setting = {.num_threads = 1}});
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    room_ = std::move(opened).value();
    feed_ = std::make_unique<LiveFeed>(*room_, std::move(source), waits);
  }
  void TearDown() override {
    allowed_ = std::numeric_limits<int>::max();
    if (feed_) feed_->stop();
    if (room_) room_->shutdown();
  }
  /// Asks until a frame after `after` comes; fails the test when none does.
  std::shared_ptr<const LiveFrame> frame(std::uint64_t after = 0, const LiveFeed::Wish& wish = {},
                                         const std::string& viewer = "viewer") {
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (std::chrono::steady_clock::now() < end) {
      if (LiveFeed::Next next = feed_->next(viewer, wish, after, milliseconds(50)); next.frame) return next.frame;
    }
    ADD_FAILURE() << "no frame came: " << feed_->statistics().fault.message();
    return std::make_shared<LiveFrame>();
  }
  /// Asks for a frame that never comes, as a viewer does whose page waits for the source.
  void look() {
    feed_->next("viewer", {}, ~std::uint64_t{0}, milliseconds(1));
    std::this_thread::sleep_for(milliseconds(1));
  }
  /// Asks until the fault is there, or gone.
  Status fault(bool wanted) {
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (std::chrono::steady_clock::now() < end) {
      look();
      if (Status now = feed_->statistics().fault; now.ok() != wanted) return now;
    }
    ADD_FAILURE() << (wanted ? "no fault came" : "the fault stayed");
    return {};
  }

  const TestModel file_{"tiny"};
  const TestModel other_{"tiny", 2};
  std::unique_ptr<EngineRoom> room_;
  ScriptedSource::Counts counts_;
  // What scripts ask, on the source's thread, which outlives the test's own variables.
  std::atomic<bool> gone_ = false;
  std::atomic<int> allowed_ = 0;
  std::unique_ptr<LiveFeed> feed_;
};

TEST_F(LiveFeedTest, aSourceThatFailsNowAndThen_goesOn) {
  const auto third = [](int asked) { return asked % 3 == 2 ? Status(StatusCode::kIo, "unplugged") : Status(); };
  start(std::make_unique<ScriptedSource>(counts_, third, well));
  std::uint64_t id = 0;
  for (int i = 0; i < 12; ++i) id = frame(id)->id;
  const LiveStatistics statistics = feed_->statistics();
  EXPECT_GE(statistics.faults, 3u);
  EXPECT_GE(counts_.reopened, 3);
  EXPECT_EQ(statistics.damaged, 5);
}

TEST_F(LiveFeedTest, aSourceThatIsGoneForAWhile_isToldAndComesBack) {
  const auto state = [this](int /*asked*/) { return gone_ ? Status(StatusCode::kNotFound, "/dev/x: gone") : Status(); };
  start(std::make_unique<ScriptedSource>(counts_, state, state));
  const std::uint64_t before = frame()->id;
  gone_ = true;
  const Status told = fault(true);
  EXPECT_EQ(told.code(), StatusCode::kNotFound);
  EXPECT_EQ(told.message(), "/dev/x: gone");
  while (counts_.reopened < 5) look();
  gone_ = false;
  EXPECT_TRUE(fault(false).ok());
  EXPECT_GT(frame(before)->id, before);
}

TEST_F(LiveFeedTest, aSourceThatStaysAway_isTriedLessAndLessOftenAndStops) {
  const auto never = [](int /*asked*/) { return Status(StatusCode::kIo, "never"); };
  start(std::make_unique<ScriptedSource>(counts_, never, never), {milliseconds(1), std::chrono::hours(1)});
  while (counts_.reopened < 3) look();
  // 1 + 2 + 4 + … ms: the twentieth try would come after a quarter of an hour.
  for (int i = 0; i < 100; ++i) look();
  EXPECT_LT(counts_.reopened, 20);
  EXPECT_FALSE(feed_->statistics().fault.ok());
  feed_->stop();
  feed_.reset();
}

TEST_F(LiveFeedTest, nobodyLooks_nothingIsRead) {
  start(std::make_unique<ScriptedSource>(counts_, well, well));
  EXPECT_EQ(counts_.asked, 0);
  frame();
  EXPECT_GT(counts_.asked, 0);
}

TEST_F(LiveFeedTest, memoryThatEnds_isAFaultOfTheSource) {
  const auto hungry = [](int asked) -> Status {
    if (asked % 3 == 1) throw std::bad_alloc();
    return {};
  };
  start(std::make_unique<ScriptedSource>(counts_, hungry, well));
  std::uint64_t id = 0;
  for (int i = 0; i < 6; ++i) id = frame(id)->id;
  EXPECT_GE(feed_->statistics().faults, 2u);
}

TEST_F(LiveFeedTest, eachViewerGetsItsModel) {
  // A picture comes when the test says so.
  allowed_ = 1;
  const auto one_by_one = [this](int asked) {
    while (asked >= allowed_) std::this_thread::sleep_for(milliseconds(1));
    return Status();
  };
  start(std::make_unique<ScriptedSource>(counts_, one_by_one, well));
  const LiveFeed::Wish first{0, {"depth"}};
  const LiveFeed::Wish second{1, {"depth"}};
  const auto one = frame(0, first);
  ASSERT_EQ(one->report.maps.size(), 1u);
  auto model = Model::load(other_.path(), {.num_threads = 1});
  ASSERT_TRUE(model.ok());
  // Two viewers of two models at a time, of the same picture.
  std::shared_ptr<const LiveFrame> two;
  std::uint64_t id = one->id;
  for (bool both = false; !both;) {
    feed_->next("a", first, ~std::uint64_t{0}, milliseconds(1));
    feed_->next("b", second, ~std::uint64_t{0}, milliseconds(1));
    ++allowed_;
    // Where the machine stood still a viewer may have been forgotten before the picture came: then with the next one.
    const auto a = feed_->next("a", first, id, milliseconds(200)).frame;
    two = feed_->next("b", second, id, milliseconds(200)).frame;
    both = a && two && a->source == two->source;
  }
  ASSERT_EQ(two->report.maps.size(), 1u);
  const auto expected_of_two = model->run(two->source->picture.view(), {"depth"});
  ASSERT_TRUE(expected_of_two.ok());
  EXPECT_EQ(two->report.maps[0].values, (*expected_of_two)[0].values);
  EXPECT_NE(two->report.maps[0].values, one->report.maps[0].values);
}

/// A clip of ten frames.
void write_clip(const std::filesystem::path& path) {
  Result<VideoEncoder> encoder = VideoEncoder::create(path, {.width = 32, .height = 16, .time_base = {1, 100}});
  ASSERT_TRUE(encoder.ok()) << encoder.status().message();
  Image image;
  image.width = 32;
  image.height = 16;
  for (int i = 0; i < 10; ++i) {
    image.samples8.assign(32 * 16 * 3, static_cast<std::uint8_t>(20 * i));
    ASSERT_TRUE(encoder->write(image, i).ok());
  }
  ASSERT_TRUE(encoder->finish(1).ok());
}

TEST_F(LiveFeedTest, aFileThatIsCutOffAndMendedAgain_goesOn) {
  if (!video_supported()) GTEST_SKIP() << "built without FFmpeg";
  const std::filesystem::path path = file_.folder() / "clip.mp4";
  ASSERT_NO_FATAL_FAILURE(write_clip(path));
  auto source = open_source(path, 10);
  ASSERT_TRUE(source.ok()) << source.status().message();
  start(std::move(source).value());
  const std::uint64_t before = frame()->id;
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);  // the loop opens it again, in vain
  EXPECT_EQ(fault(true).code(), StatusCode::kMalformed);
  std::filesystem::remove(path);
  while (fault(true).code() != StatusCode::kNotFound) {
  }
  ASSERT_NO_FATAL_FAILURE(write_clip(path));
  EXPECT_TRUE(fault(false).ok());
  EXPECT_GT(frame(before)->id, before);
}

TEST_F(LiveFeedTest, picturesThatCannotBeRead_arePassedOver) {
  const std::filesystem::path folder = file_.folder() / "pictures";
  std::filesystem::create_directory(folder);
  const auto png = [&](const char* name, std::size_t width, std::size_t height) {
    const std::vector<std::uint8_t> bytes(width * height * 3, 90);
    const auto file = encode_picture({.pixels = bytes.data(), .width = width, .height = height}, FileFormat::kPng);
    ASSERT_TRUE(file.ok());
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(file->data()), static_cast<std::streamsize>(file->size()));
  };
  std::ofstream(folder / "a.png") << "text";
  EXPECT_EQ(open_source(folder, 500).status().code(), StatusCode::kMalformed);
  png("b.png", 30, 20);
  png("c.png", 7, 50);
  auto source = open_source(folder, 500);
  ASSERT_TRUE(source.ok()) << source.status().message();
  EXPECT_EQ((*source)->description(), "3 pictures of pictures");
  start(std::move(source).value());
  std::uint64_t id = 0;
  std::map<std::string, std::size_t> widths;
  while (widths.size() < 2) {
    const auto got = frame(id);
    ASSERT_GT(got->id, id);
    id = got->id;
    widths[got->source->name] = got->source->picture.width;
  }
  EXPECT_EQ(widths, (std::map<std::string, std::size_t>{{"b.png", 30}, {"c.png", 7}}));
  EXPECT_GT(feed_->statistics().damaged, 0);
  EXPECT_TRUE(feed_->statistics().fault.ok());
}

}  // namespace
}  // namespace edgemoe::server
