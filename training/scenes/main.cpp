// edgemoe-scenes: makes sets of rendered pictures with ground truth.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>

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
  std::uint64_t seed = 1;
  double drive_seconds = 0;
  double frames_per_second = 10;
  int threads = 0;
};

Result<std::pair<int, int>> parse_size(const std::string& text) {
  int height = 0;
  int width = 0;
  char times = 0;
  std::istringstream in(text);
  in >> height >> times >> width;
  constexpr int kMost = 4096;
  if (!in || !in.eof() || times != 'x' || height < 16 || width < 16 || height > kMost || width > kMost) {
    return invalid_argument("--size {}: expected HEIGHTxWIDTH, each from 16 to {}", text, kMost);
  }
  return std::pair(height, width);
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
                  const DatasetInfo& info, DatasetWriter& writer) {
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
    if (stopped) return;
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
  return fault;
}

Status run(const Options& options) {
  EDGEMOE_ASSIGN_OR_RETURN(const Ranges ranges, load_ranges(options.ranges));
  EDGEMOE_ASSIGN_OR_RETURN(const auto size, parse_size(options.size));
  const PictureRequest request = {options.kind, size.second, size.first, options.seed};
  DatasetInfo info = {.layout = options.layout,
                      .kind = options.kind,
                      .count = options.count,
                      .first = options.first,
                      .height = size.first,
                      .width = size.second,
                      .seed = options.seed,
                      .ranges = ranges.name,
                      .stream = ranges.stream};
  std::optional<Drive> drive;
  if (options.drive_seconds > 0) {
    if (options.kind == Kind::kRoom) return invalid_argument("--drive: there are drives through streets alone");
    drive.emplace(ranges, request, static_cast<float>(options.drive_seconds),
                  static_cast<float>(options.frames_per_second));
    info.frames_per_second = options.frames_per_second;
    if (info.first >= drive->num_frames())
      return invalid_argument("--first {}: the drive has {} frames", info.first, drive->num_frames());
    const std::uint64_t left = drive->num_frames() - info.first;
    info.count = options.count == 0 ? left : std::min(left, options.count);
  }
  EDGEMOE_ASSIGN_OR_RETURN(DatasetWriter writer, DatasetWriter::create(options.output, info));
  EDGEMOE_RETURN_IF_ERROR(render_set(options, ranges, request, drive ? &*drive : nullptr, info, writer));
  EDGEMOE_RETURN_IF_ERROR(writer.finish());
  std::printf("%s: %llu pictures of %d x %d\n", options.output.c_str(), static_cast<unsigned long long>(info.count),
              info.height, info.width);
  return {};
}

int main_program(int argc, char** argv) {
  Options options;
  CLI::App tool("edgemoe-scenes: renders street scenes and rooms with exact ground truth (class, depth, normals).",
                "edgemoe-scenes");
  tool.add_option("--ranges", options.ranges, "What may vary, and how far (training/scenes/ranges/*.json)")->required();
  auto* count = tool.add_option("--count", options.count, "Pictures to make")->check(CLI::Range(1, 10'000'000));
  tool.add_option("--first", options.first, "Number of the first picture, to make a set in parts")
      ->check(CLI::Range(0, 100'000'000));
  tool.add_option("--seed", options.seed, "Same seed, ranges and number: same picture")->capture_default_str();
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
                    ->check(CLI::Range(0.1, 3600.0));
  tool.add_option("--fps", options.frames_per_second, "Frames a second of a drive")
      ->needs(drive)
      ->check(CLI::Range(0.1, 240.0))
      ->capture_default_str();
  tool.add_option("--threads", options.threads, "Threads; as many as there are processors if not given")
      ->check(CLI::Range(1, 1024));
  tool.add_option("-o,--output", options.output, "Folder to make; must not be there yet")->required();
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
  const Status status = run(options);
  if (status.ok()) return kDone;
  std::fprintf(stderr, "\nedgemoe-scenes: %s\n", status.message().c_str());
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
