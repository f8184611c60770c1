// edgemoe-scenes: makes sets of rendered pictures with ground truth.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>

#include "base/stop_signal.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "scenes/dataset_writer.h"
#include "scenes/picture.h"

namespace edgemoe::scenes {
namespace {

enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2 };

struct Options {
  std::string ranges;
  std::string output;
  std::string size = "128x256";
  Layout layout = Layout::kFiles;
  Kind kind = Kind::kStreet;
  std::uint64_t count = 0;
  std::uint64_t first = 0;
  std::string seed = "1";
  double drive_seconds = 0;
  double frames_per_second = 10;
  int threads = 0;
  bool replace_partial = false;
};

/// Height and width.
Result<std::pair<int, int>> picture_size(const std::string& text) {
  constexpr int kLeast = 16;
  constexpr int kMost = 4096;
  EDGEMOE_ASSIGN_OR_RETURN(const auto size, parse_size(text, "--size"));
  const auto [low, high] = std::minmax(size.first, size.second);
  if (low >= kLeast && high <= kMost) return size;
  return invalid_argument("--size: expected HEIGHTxWIDTH, each from {} to {}, found {}", kLeast, kMost, text);
}

/// Says on standard error how far the work is, at most twice a second.
class Progress {
 public:
  explicit Progress(std::uint64_t total) : total_(total), start_(Clock::now()), shown_(start_) {}

  void add_one() {
    const std::lock_guard lock(mutex_);
    ++done_;
    const Clock::time_point now = Clock::now();
    if (done_ != total_ && now - shown_ < std::chrono::milliseconds(500)) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(done_) / std::max(seconds, 1e-6);
    std::fprintf(stderr, "\r%llu of %llu pictures, %.1f pictures/s, %.0f s left ",
                 static_cast<unsigned long long>(done_), static_cast<unsigned long long>(total_), rate,
                 static_cast<double>(total_ - done_) / rate);
    if (done_ == total_) std::fputc('\n', stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  Clock::time_point start_;
  Clock::time_point shown_;
  std::mutex mutex_;
};

/// Renders and writes every picture; the first fault stops the rest.
Status render_set(const Options& options, const Ranges& ranges, const PictureRequest& request, const Drive* drive,
                  const DatasetInfo& info, const StopSignal& stop, DatasetWriter& writer) {
  ThreadPool pool(options.threads > 0 ? options.threads : available_cpus());
  std::vector<RayTracer> tracers;
  for (int i = 0; i < pool.num_threads(); ++i) {
    EDGEMOE_ASSIGN_OR_RETURN(RayTracer tracer, RayTracer::create());
    tracers.push_back(std::move(tracer));
  }
  Progress progress(info.count);
  std::atomic<bool> stopped = false;
  std::mutex mutex;
  Status fault;
  pool.parallel_for(static_cast<std::size_t>(info.count), [&](std::size_t position, int thread) {
    if (stopped || stop.requested()) return;
    RayTracer& tracer = tracers[static_cast<std::size_t>(thread)];
    const std::uint64_t index = info.first + position;
    const Result<Picture> picture =
        drive != nullptr ? drive->frame(index, tracer) : make_picture(ranges, request, index, tracer);
    const Status status = picture.ok() ? writer.write(position, *picture) : picture.status();
    if (!status.ok()) {
      const std::lock_guard lock(mutex);
      if (fault.ok()) fault = status.with_context(fmt::format("picture {}", index));
      stopped = true;
      return;
    }
    progress.add_one();
  });
  if (fault.ok() && stop.requested()) return io_error("interrupted; nothing was kept");
  return fault;
}

/// The drive that the options ask for, and in `info` its frames; none where they ask for none.
Result<std::optional<Drive>> plan_drive(const Options& options, const Ranges& ranges, const PictureRequest& request,
                                        DatasetInfo& info) {
  std::optional<Drive> drive;
  if (options.drive_seconds == 0) return drive;
  if (options.kind == Kind::kRoom) return invalid_argument("--drive: there are drives through streets alone");
  drive.emplace(ranges, request, static_cast<float>(options.drive_seconds),
                static_cast<float>(options.frames_per_second));
  info.frames_per_second = options.frames_per_second;
  if (drive->num_frames() == 0) {
    return invalid_argument("--drive {} at --fps {}: is shorter than a frame; give more seconds or frames a second",
                            options.drive_seconds, options.frames_per_second);
  }
  if (info.first >= drive->num_frames()) {
    return invalid_argument("--first {}: the drive has {} frames, 0 to {}", info.first, drive->num_frames(),
                            drive->num_frames() - 1);
  }
  const std::uint64_t left = drive->num_frames() - info.first;
  info.count = options.count == 0 ? left : std::min(left, options.count);
  return drive;
}

Status run(const Options& options, const StopSignal& stop) {
  EDGEMOE_ASSIGN_OR_RETURN(const Ranges ranges, load_ranges(options.ranges));
  EDGEMOE_ASSIGN_OR_RETURN(const auto size, picture_size(options.size));
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t seed, parse_seed(options.seed, "--seed"));
  const PictureRequest request = {options.kind, size.second, size.first, seed};
  DatasetInfo info = {.layout = options.layout,
                      .kind = options.kind,
                      .count = options.count,
                      .first = options.first,
                      .height = size.first,
                      .width = size.second,
                      .seed = seed,
                      .ranges = ranges.name,
                      .stream = ranges.stream};
  EDGEMOE_ASSIGN_OR_RETURN(const std::optional<Drive> drive, plan_drive(options, ranges, request, info));
  EDGEMOE_ASSIGN_OR_RETURN(
      DatasetWriter writer,
      DatasetWriter::create(options.output, info,
                            options.replace_partial ? StalePartial::kReplace : StalePartial::kRefuse));
  EDGEMOE_RETURN_IF_ERROR(render_set(options, ranges, request, drive ? &*drive : nullptr, info, stop, writer));
  EDGEMOE_RETURN_IF_ERROR(writer.finish());
  std::printf("%s: %llu pictures of %d x %d\n", options.output.c_str(), static_cast<unsigned long long>(info.count),
              info.height, info.width);
  return {};
}

/// CLI::Range lets what is no number pass.
CLI::Validator number_between(double low, double high) {
  return {[low, high](const std::string& text) {
            double value = 0;
            if (CLI::detail::lexical_cast(text, value) && value >= low && value <= high) return std::string();
            return fmt::format("expected a number from {} to {}, found {}", low, high, text);
          },
          fmt::format("NUMBER in [{} - {}]", low, high)};
}

int main_program(int argc, char** argv) {
  Options options;
  CLI::App tool("edgemoe-scenes: renders street scenes and rooms with exact ground truth (class, depth, normals).",
                "edgemoe-scenes");
  tool.add_option("--ranges", options.ranges, "What may vary, and how far (training/scenes/ranges/*.json)")->required();
  auto* count = tool.add_option("--count", options.count, "Pictures to make")->check(CLI::Range(1, 10'000'000));
  tool.add_option("--first", options.first, "Number of the first picture, to make a set in parts")
      ->check(CLI::Range(0, 100'000'000));
  tool.add_option("--seed", options.seed, "0 to 2^64 - 1; same seed, ranges and number: same picture")
      ->capture_default_str();
  const std::map<std::string, Layout> layouts = {{"files", Layout::kFiles}, {"arrays", Layout::kArrays}};
  tool.add_option("--layout", options.layout, "files: JPEG and PNG; arrays: .npy")
      ->transform(CLI::CheckedTransformer(layouts))
      ->option_text("{files,arrays}=files");
  const std::map<std::string, Kind> kinds = {{"street", Kind::kStreet}, {"room", Kind::kRoom}};
  tool.add_option("--kind", options.kind, "What is shown")
      ->transform(CLI::CheckedTransformer(kinds))
      ->option_text("{street,room}=street");
  tool.add_option("--size", options.size, "HEIGHTxWIDTH")->capture_default_str();
  auto* drive = tool.add_option("--drive", options.drive_seconds, "A drive of so many seconds instead: frames in order")
                    ->check(number_between(0.1, 3600.0));
  tool.add_option("--fps", options.frames_per_second, "Frames a second of a drive")
      ->needs(drive)
      ->check(number_between(0.1, 240.0))
      ->capture_default_str();
  tool.add_option("--threads", options.threads, "Threads; as many as there are processors if not given")
      ->check(CLI::Range(1, 1024));
  tool.add_option("-o,--output", options.output, "Folder to make; must not be there yet")->required();
  tool.add_flag("--replace-partial", options.replace_partial,
                "Begin anew where a run that was killed has left OUTPUT.partial");
  tool.footer(
      "Examples:\n"
      "  edgemoe-scenes --ranges training/scenes/ranges/train.json --count 50000 --seed 1 --layout arrays -o "
      "data/train\n"
      "  edgemoe-scenes --ranges training/scenes/ranges/test.json --count 500 --seed 1 -o data/test\n"
      "  edgemoe-scenes --ranges training/scenes/ranges/drive.json --drive 20 --fps 10 --seed 3 -o data/drive\n"
      "Exit codes: 0 done, 1 failed, 2 usage.");
  try {
    tool.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return tool.exit(error) == 0 ? kDone : kUsage;
  }
  if (count->count() == 0 && drive->count() == 0) {
    std::fprintf(stderr, "edgemoe-scenes: say how many pictures (--count) or how long a drive (--drive)\n");
    return kUsage;
  }
  const StopSignal stop;
  const Status status = run(options, stop);
  if (status.ok()) return kDone;
  std::fprintf(stderr, "%sedgemoe-scenes: %s\n", stop.requested() ? "\n" : "", status.message().c_str());
  if (stop.requested()) stop.end_process();
  return status.code() == StatusCode::kInvalidArgument ? kUsage : kFailed;
}

}  // namespace
}  // namespace edgemoe::scenes

int main(int argc, char** argv) {
  try {
    return edgemoe::scenes::main_program(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "edgemoe-scenes: %s\n", error.what());
    return edgemoe::scenes::kFailed;
  }
}
