#include "pipeline/video_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "image/text.h"
#include "image/video_encoder.h"
#include "pipeline/test_model.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

Image scene(std::size_t width, std::size_t height, std::int64_t index) {
  Image image = make_image(width, height);
  for (std::size_t i = 0; i < image.samples8.size(); ++i) image.samples8[i] = static_cast<std::uint8_t>(i * 7 % 251);
  fill_rect(image, static_cast<std::size_t>(index) * 3 % width, 0, 8, height, {250, 20, 20});
  return image;
}

class VideoRunTest : public ::testing::Test {
 protected:
  /// A clip whose frames come at times `ticks` of a twentieth of a second.
  std::filesystem::path clip(const std::vector<std::int64_t>& ticks, std::size_t width = 96, std::size_t height = 64) {
    const std::filesystem::path path = folder() / "clip.mp4";
    auto encoder = VideoEncoder::create(path, {.width = width, .height = height, .time_base = {1, 20}});
    EXPECT_TRUE(encoder.ok()) << encoder.status().message();
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      EXPECT_TRUE(encoder->write(scene(width, height, static_cast<std::int64_t>(i)), ticks[i]).ok());
    }
    EXPECT_TRUE(encoder->finish(1).ok());
    return path;
  }
  static std::vector<std::int64_t> steps(std::int64_t count) {
    std::vector<std::int64_t> ticks;
    for (std::int64_t i = 0; i < count; ++i) ticks.push_back(i);
    return ticks;
  }
  VideoRunOptions options() const { return {.tasks = {0, 2}, .video = folder() / "out.mp4"}; }
  Status run(const std::filesystem::path& source, const VideoRunOptions& options, VideoRunReport& report,
             const std::function<bool()>& stopped = {}, int batch = 1) {
    auto decoder = VideoDecoder::open(source, {.stopped = stopped});
    EXPECT_TRUE(decoder.ok()) << decoder.status().message();
    const auto pipeline = model_.pipeline({.num_threads = 2, .max_batch = batch});
    return run_video(*pipeline, *decoder, options, report);
  }
  const std::filesystem::path& folder() const { return model_.folder(); }
  TestModel model_{"tiny"};
};

std::vector<double> times_of(const std::filesystem::path& video) {
  auto decoder = VideoDecoder::open(video, {});
  EXPECT_TRUE(decoder.ok()) << decoder.status().message();
  std::vector<double> times;
  DecodedFrame frame;
  while (decoder.ok() && decoder->read(frame).value()) {
    times.push_back(static_cast<double>(frame.ticks) * decoder->info().time_base.value());
  }
  return times;
}

TEST_F(VideoRunTest, EveryFrame_is_in_the_output_at_its_time) {
  const std::vector<std::int64_t> ticks = {0, 1, 5, 6, 7, 30, 31};
  for (const int batch : {1, 3}) {
    VideoRunReport report;
    std::vector<double> told;
    VideoRunOptions chosen = options();
    chosen.on_frame = [&](const FrameRecord& record) -> Status {
      told.push_back(record.time_s);
      return {};
    };
    const Status status = run(clip(ticks), chosen, report, {}, batch);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(report.num_frames, 7);
    EXPECT_EQ(report.damage.frames, 0);
    EXPECT_GT(report.decode_ns, 0);
    EXPECT_GT(report.pipeline.backbone_ns, 0);
    EXPECT_GT(report.draw_ns, 0);
    EXPECT_GT(report.encode_ns, 0);
    EXPECT_GE(report.total_ns, report.decode_ns);
    const std::vector<double> times = times_of(chosen.video);
    ASSERT_EQ(times.size(), ticks.size());
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      EXPECT_NEAR(times[i], static_cast<double>(ticks[i]) / 20, 1e-6);
      EXPECT_NEAR(told[i], static_cast<double>(ticks[i]) / 20, 1e-6);
    }
  }
}

TEST_F(VideoRunTest, Queues_hold_no_more_than_they_may) {
  VideoRunReport report;
  ASSERT_TRUE(run(clip(steps(60)), options(), report).ok());
  EXPECT_EQ(report.num_frames, 60);
  EXPECT_GE(report.max_waiting_frames, 1U);
  EXPECT_LE(report.max_waiting_frames, 2 * kVideoQueue);
}

TEST_F(VideoRunTest, AFramesData_is_what_the_frame_alone_gives) {
  const std::filesystem::path source = clip(steps(3));
  VideoRunOptions chosen = options();
  chosen.frames = folder() / "frames";
  std::filesystem::create_directory(chosen.frames);
  VideoRunReport report;
  ASSERT_TRUE(run(source, chosen, report).ok());
  auto decoder = VideoDecoder::open(source, {});
  DecodedFrame frame;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(decoder->read(frame).value());
  const auto pipeline = model_.pipeline();
  const std::filesystem::path alone = folder() / "alone";
  std::filesystem::create_directory(alone);
  const Image* picture = &frame.image;
  const auto times = pipeline->run(
      {&picture, 1}, {.tasks = chosen.tasks, .maps = [&](std::size_t, const TaskMap& map) -> Status {
                        const auto task = static_cast<std::size_t>(*pipeline->config().task_index(map.task));
                        return write_map_files(map, pipeline->config().tasks[task], nullptr,
                                               {.folder = alone, .stem = "frame000002"}, pipeline->pool())
                            .status();
                      }});
  ASSERT_TRUE(times.ok());
  std::size_t compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(chosen.frames)) {
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(name.find("color"), std::string::npos);
    if (!name.starts_with("frame000002")) continue;
    EXPECT_EQ(read_text_file(entry.path(), 1 << 24).value(), read_text_file(alone / name, 1 << 24).value()) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 3U);  // labels; depth as a picture and as floats
}

TEST_F(VideoRunTest, AStop_leaves_a_video_of_what_was_done) {
  std::atomic<int> written = 0;
  VideoRunOptions chosen = options();
  chosen.on_frame = [&](const FrameRecord&) -> Status {
    ++written;
    return {};
  };
  VideoRunReport report;
  const Status status = run(clip(steps(200)), chosen, report, [&] { return written.load() >= 3; });
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_GE(report.num_frames, 3);
  EXPECT_LT(report.num_frames, 200);
  EXPECT_EQ(times_of(chosen.video).size(), static_cast<std::size_t>(report.num_frames));
}

TEST_F(VideoRunTest, ALimit_is_kept) {
  VideoRunOptions chosen = options();
  chosen.limit = 5;
  VideoRunReport report;
  std::vector<std::pair<std::size_t, std::size_t>> seen;
  chosen.progress = [&](std::size_t done, std::size_t total) { seen.emplace_back(done, total); };
  ASSERT_TRUE(run(clip(steps(20)), chosen, report).ok());
  EXPECT_EQ(report.num_frames, 5);
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(seen.back(), (std::pair<std::size_t, std::size_t>{5, 5}));
}

TEST_F(VideoRunTest, AFaultOfTheOutput_ends_the_run_and_leaves_no_video) {
  VideoRunOptions chosen = options();
  chosen.on_frame = [](const FrameRecord& record) -> Status {
    return record.number < 4 ? Status() : io_error("the disk is full");
  };
  VideoRunReport report;
  const Status status = run(clip(steps(100)), chosen, report);
  EXPECT_THAT(status.message(), HasSubstr("the disk is full"));
  EXPECT_EQ(report.num_frames, 4);
  EXPECT_FALSE(std::filesystem::exists(chosen.video));
  chosen = options();
  chosen.video = folder() / "missing" / "out.mp4";
  EXPECT_THAT(run(clip(steps(30)), chosen, report).message(), HasSubstr("out.mp4"));
}

TEST_F(VideoRunTest, Steady_changes_maps_but_not_the_first) {
  const std::filesystem::path source = clip(steps(4));
  const auto maps_of = [&](double steady, const std::string& name) {
    VideoRunOptions chosen = options();
    chosen.steady = steady;
    chosen.video.clear();
    chosen.frames = folder() / name;
    std::filesystem::create_directory(chosen.frames);
    VideoRunReport report;
    EXPECT_TRUE(run(source, chosen, report, {}, 2).ok());
    std::vector<std::string> depth;
    for (int i = 0; i < 4; ++i) {
      depth.push_back(read_text_file(chosen.frames / fmt::format("frame{:06}_depth.npy", i), 1 << 24).value());
    }
    return depth;
  };
  const auto plain = maps_of(0, "plain");
  const auto steady = maps_of(0.5, "steady");
  EXPECT_EQ(plain[0], steady[0]);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_NE(plain[i], steady[i]) << i;
}

}  // namespace
}  // namespace edgemoe
