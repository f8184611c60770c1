#include "pipeline/video_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/bounded_queue.h"
#include "base/check.h"
#include "image/video_encoder.h"

namespace edgemoe {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

/// A frame with its maps on the way to the output.
struct MappedFrame {
  DecodedFrame frame;
  std::vector<TaskMap> maps;
};

/// Nothing may be thrown out of a thread.
template <typename Work>
Status guarded(Work&& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return too_large("not enough memory for a frame; try smaller frames or a smaller batch");
  } catch (const std::exception& error) {
    return Status(StatusCode::kInternal, error.what());
  }
}

/// Closes a queue on every way out of a scope, so that no thread waits at it for ever.
template <typename Item>
class Closer {
 public:
  explicit Closer(BoundedQueue<Item>& queue) : queue_(queue) {}
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;
  ~Closer() { queue_.close(); }

 private:
  BoundedQueue<Item>& queue_;
};

class VideoRun {
 public:
  VideoRun(Pipeline& pipeline, VideoDecoder& decoder, const VideoRunOptions& options, VideoRunReport& report)
      : pipeline_(pipeline),
        decoder_(decoder),
        options_(options),
        report_(report),
        view_(pipeline.config(), options.view),
        steady_(options.steady) {}

  Status run();

 private:
  Status decode();
  Status compute();
  /// False when nobody takes the maps any more.
  Result<bool> compute_batch(std::vector<DecodedFrame> frames);
  Status output();
  Status write_frame(MappedFrame& mapped);
  Status open_video(const Image& sheet);
  void show_progress();

  Pipeline& pipeline_;
  VideoDecoder& decoder_;
  const VideoRunOptions& options_;
  VideoRunReport& report_;
  BoundedQueue<DecodedFrame> decoded_{queue_length()};
  BoundedQueue<MappedFrame> mapped_{queue_length()};
  VideoView view_;
  SteadyLogits steady_;
  std::optional<VideoEncoder> encoder_;
  ThreadPool file_pool_{1};
  std::int64_t computed_ = 0;
  std::int64_t last_ticks_ = -1;      // of what was written
  std::int64_t step_ = usual_step();  // how long the last frame is shown

  /// Ticks between frames as the container says.
  std::int64_t usual_step() const {
    const StreamInfo& info = decoder_.info();
    if (!(info.frame_rate > 0)) return 1;
    return std::max<std::int64_t>(1, std::llround(1 / (info.frame_rate * info.time_base.value())));
  }
  std::size_t queue_length() const {
    return std::max(kVideoQueue, static_cast<std::size_t>(pipeline_.engine().max_batch()));
  }
};

Status VideoRun::decode() {
  for (std::int64_t count = 0; options_.limit == 0 || count < options_.limit; ++count) {
    const auto start = Clock::now();
    DecodedFrame frame;
    EDGEMOE_ASSIGN_OR_RETURN(const bool got, decoder_.read(frame));
    report_.decode_ns += nanoseconds_since(start);
    if (!got || !decoded_.push(std::move(frame))) return {};
  }
  return {};
}

void VideoRun::show_progress() {
  if (!options_.progress) return;
  std::int64_t total = decoder_.info().num_frames;
  if (options_.limit > 0) total = total == 0 ? options_.limit : std::min(total, options_.limit);
  options_.progress(static_cast<std::size_t>(computed_),
                    total == 0 ? 0 : static_cast<std::size_t>(std::max(total, computed_)));
}

Result<bool> VideoRun::compute_batch(std::vector<DecodedFrame> frames) {
  std::vector<const Image*> pictures;
  for (const DecodedFrame& frame : frames) pictures.push_back(&frame.image);
  std::vector<std::vector<TaskMap>> maps(frames.size());
  const Pipeline::Request request{.tasks = options_.tasks,
                                  .maps = [&maps](std::size_t picture, TaskMap map) -> Status {
                                    maps[picture].push_back(std::move(map));
                                    return {};
                                  },
                                  .steady = options_.steady > 0 ? &steady_ : nullptr};
  EDGEMOE_ASSIGN_OR_RETURN(const PipelineTimes spent, pipeline_.run(pictures, request));
  report_.pipeline += spent;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (!mapped_.push({std::move(frames[i]), std::move(maps[i])})) return false;
    ++computed_;
  }
  show_progress();
  return true;
}

Status VideoRun::compute() {
  const auto batch = static_cast<std::size_t>(pipeline_.engine().max_batch());
  std::vector<DecodedFrame> frames;
  for (;;) {
    std::optional<DecodedFrame> frame = decoded_.pop();
    if (frame) frames.push_back(std::move(*frame));
    if (!frames.empty() && (!frame || frames.size() == batch)) {
      EDGEMOE_ASSIGN_OR_RETURN(const bool taken, compute_batch(std::exchange(frames, {})));
      if (!taken) return {};
    }
    if (!frame) return {};
  }
}

Status VideoRun::open_video(const Image& sheet) {
  const StreamInfo& info = decoder_.info();
  EDGEMOE_ASSIGN_OR_RETURN(encoder_, VideoEncoder::create(options_.video, {.width = sheet.width,
                                                                           .height = sheet.height,
                                                                           .time_base = info.time_base,
                                                                           .frame_rate = info.frame_rate,
                                                                           .pixel_aspect = info.pixel_aspect}));
  report_.video_width = encoder_->coded_width();
  report_.video_height = encoder_->coded_height();
  return {};
}

Status VideoRun::write_frame(MappedFrame& mapped) {
  const DecodedFrame& frame = mapped.frame;
  if (!options_.video.empty()) {
    const auto start = Clock::now();
    EDGEMOE_ASSIGN_OR_RETURN(const Image sheet, view_.draw(frame.image, mapped.maps));
    report_.draw_ns += nanoseconds_since(start);
    const auto drawn = Clock::now();
    if (!encoder_) EDGEMOE_RETURN_IF_ERROR(open_video(sheet));
    EDGEMOE_RETURN_IF_ERROR(encoder_->write(sheet, frame.ticks));
    report_.encode_ns += nanoseconds_since(drawn);
  }
  FrameRecord record{.number = frame.number,
                     .time_s = static_cast<double>(frame.ticks) * decoder_.info().time_base.value(),
                     .width = frame.image.width,
                     .height = frame.image.height,
                     .maps = {}};
  const auto start = Clock::now();
  for (const TaskMap& map : mapped.maps) {
    if (options_.frames.empty()) break;
    const auto task = static_cast<std::size_t>(*pipeline_.config().task_index(map.task));
    EDGEMOE_ASSIGN_OR_RETURN(MapReport report, write_map_files(map, pipeline_.config().tasks[task], nullptr,
                                                               {.folder = options_.frames,
                                                                .stem = fmt::format("frame{:06}", frame.number),
                                                                .float_format = options_.float_format,
                                                                .files = MapFileSet::kData},
                                                               file_pool_));
    record.maps.push_back(std::move(report));
  }
  if (options_.on_frame) EDGEMOE_RETURN_IF_ERROR(options_.on_frame(record));
  report_.files_ns += nanoseconds_since(start);
  if (last_ticks_ >= 0) step_ = frame.ticks - last_ticks_;
  last_ticks_ = frame.ticks;
  ++report_.num_frames;
  return {};
}

Status VideoRun::output() {
  while (std::optional<MappedFrame> mapped = mapped_.pop()) EDGEMOE_RETURN_IF_ERROR(write_frame(*mapped));
  if (!encoder_) return {};
  const auto start = Clock::now();
  EDGEMOE_RETURN_IF_ERROR(encoder_->finish(step_));
  report_.encode_ns += nanoseconds_since(start);
  return {};
}

Status VideoRun::run() {
  const auto start = Clock::now();
  Status decoded;
  Status computed;
  Status written;
  {
    std::jthread writer([&] {
      written = guarded([&] { return output(); });
      mapped_.close();  // after a fault: the maps that come are not taken, and the model stops
    });
    const Closer mapped_closer(mapped_);
    std::jthread reader([&] {
      decoded = guarded([&] { return decode(); });
      decoded_.close();
    });
    const Closer decoded_closer(decoded_);
    computed = guarded([&] { return compute(); });
  }
  report_.total_ns = nanoseconds_since(start);
  report_.damage = decoder_.damage();
  report_.max_waiting_frames = decoded_.peak() + mapped_.peak();
  for (const Status& status : {written, computed, decoded}) EDGEMOE_RETURN_IF_ERROR(status);
  return {};
}

}  // namespace

Status run_video(Pipeline& pipeline, VideoDecoder& decoder, const VideoRunOptions& options, VideoRunReport& report) {
  EDGEMOE_CHECK(!options.tasks.empty() && options.steady >= 0 && options.steady < 1);
  report = {};
  try {
    return VideoRun(pipeline, decoder, options, report).run();
  } catch (const std::system_error& error) {
    return io_error("cannot start the threads that read and write: {}", error.what());
  }
}

}  // namespace edgemoe
