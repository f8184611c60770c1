// edgemoe run VIDEO: a video in, a video of its maps out.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <istream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/file.h"
#include "base/stop_signal.h"
#include "cli/run_command.h"
#include "cli/run_inputs.h"
#include "image/video_decoder.h"

namespace edgemoe::cli {
namespace {

std::int64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
}

/// What the decoder remarks, on whichever thread, kept until it can be printed between two lines of progress.
class Notes {
 public:
  void add(std::string_view note) {
    const std::lock_guard lock(mutex_);
    notes_.emplace_back(note);
  }
  void print(bool quiet) {
    const std::lock_guard lock(mutex_);
    for (const std::string& note : notes_) {
      if (!quiet) print_note("note: " + note);
    }
    notes_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

/// Where a run's files go.
struct Outputs {
  std::filesystem::path video;    // empty: none
  std::filesystem::path summary;  // empty: none
  std::filesystem::path lines;    // of the frames' data; empty: none
};

bool is_stdin(const RunOptions& options) { return options.inputs.front() == "-"; }

Outputs name_outputs(const RunOptions& options) {
  Outputs outputs;
  if (!options.frames.empty()) outputs.lines = options.frames / "frames.jsonl";
  if (options.output.empty()) return outputs;
  if (const auto extension = options.output.extension(); extension == ".mp4" || extension == ".MP4") {
    outputs.video = options.output;
    return outputs;
  }
  const std::string stem = is_stdin(options) ? "stdin" : std::filesystem::path(options.inputs.front()).stem().string();
  outputs.video = options.output / (stem + "_maps.mp4");
  outputs.summary = options.output / "summary.json";
  return outputs;
}

Status check_video_options(const RunOptions& options) {
  if (options.inputs.size() != 1) return invalid_argument("run: a video must be the only input");
  if (options.output.empty() && options.frames.empty()) {
    return invalid_argument("run: give -o FILE.mp4 or FOLDER for a video of the maps, --frames FOLDER for their data");
  }
  if (!options.dump_taps.empty() || options.overview) {
    return invalid_argument("run: --dump-taps and --overview are for pictures, {} is a video", options.inputs.front());
  }
  if (!(options.steady >= 0 && options.steady < 1)) {
    return invalid_argument("--steady: expected a number from 0 to less than 1, found {}", options.steady);
  }
  const std::vector<double>& range = options.depth_range;
  if (!range.empty() && !(range[0] > 0 && range[0] < range[1] && std::isfinite(range[1]))) {
    return invalid_argument("--depth-range: expected LOW,HIGH with 0 < LOW < HIGH, found {},{}", range[0], range[1]);
  }
  const std::string extension = options.output.extension().string();
  for (const char* other : {".avi", ".mkv", ".mov", ".webm", ".m4v", ".gif"}) {
    if (extension == other) {
      return invalid_argument("-o {}: videos are written as .mp4; name it so, or give a folder",
                              options.output.string());
    }
  }
  return {};
}

/// Nothing that is written is what is read, or one file twice.
Status check_video_outputs(const RunOptions& options, const Outputs& outputs) {
  std::vector<std::filesystem::path> read = {options.model};
  if (!is_stdin(options)) read.emplace_back(options.inputs.front());
  for (const std::filesystem::path& file : {outputs.video, outputs.summary, outputs.lines}) {
    if (!file.empty()) EDGEMOE_RETURN_IF_ERROR(check_output(file, read));
  }
  return {};
}

Status make_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && std::filesystem::is_directory(folder)) return {};
  return io_error("{}: cannot make this folder: {}", folder.string(), error ? error.message() : "not a folder");
}

VideoRunOptions run_options(const RunOptions& options, const Outputs& outputs, std::vector<int> tasks) {
  VideoRunOptions run{.tasks = std::move(tasks), .video = outputs.video, .frames = options.frames};
  run.view.kind = video_view_from_name(options.view).value();  // CLI11 has checked it
  if (!options.depth_range.empty()) {
    run.view.depth_range =
        ValueRange{static_cast<float>(options.depth_range[0]), static_cast<float>(options.depth_range[1])};
  }
  run.float_format = options.float_format == "pfm" ? FloatFormat::kPfm : FloatFormat::kNpy;
  run.steady = options.steady;
  run.limit = options.limit;
  return run;
}

/// One run, from the opened model on.
class VideoCommand {
 public:
  VideoCommand(const RunOptions& options, Outputs outputs, Pipeline& pipeline, std::vector<int> tasks)
      : options_(options), outputs_(std::move(outputs)), pipeline_(pipeline), tasks_(std::move(tasks)) {}

  ExitCode run(std::int64_t load_ns, std::shared_ptr<const DeviceBackbone> device);

 private:
  Result<VideoDecoder> open();
  Status run_stream(VideoDecoder& decoder);
  Status finish_files();

  const RunOptions& options_;
  const Outputs outputs_;
  Pipeline& pipeline_;
  const std::vector<int> tasks_;
  StopSignal stop_;
  StoppableInput input_{stop_};
  std::istream stream_{&input_};
  Notes notes_;
  ProgressLine progress_{"frames"};
  std::optional<AtomicFile> lines_;
  VideoRecord record_;
};

Result<VideoDecoder> VideoCommand::open() {
  VideoDecoderOptions decoder{.camera_size = options_.camera_size,
                              .camera_rate = options_.camera_rate,
                              .stopped = [this] { return stop_.requested(); },
                              .note = [this](std::string_view note) { notes_.add(note); }};
  record_.name = is_stdin(options_) ? "standard input" : options_.inputs.front();
  if (is_stdin(options_)) {
    Result<VideoDecoder> opened = VideoDecoder::open_stream(stream_, record_.name, decoder);
    if (opened.ok() || opened.status().code() != StatusCode::kMalformed) return opened;
    return malformed("{}; raw RGB frames need --raw-size WIDTHxHEIGHT", opened.status().message());
  }
  return VideoDecoder::open(options_.inputs.front(), decoder);
}

Status VideoCommand::run_stream(VideoDecoder& decoder) {
  VideoRunOptions run = run_options(options_, outputs_, tasks_);
  if (!outputs_.lines.empty()) {
    EDGEMOE_ASSIGN_OR_RETURN(lines_, AtomicFile::create(outputs_.lines));
    run.on_frame = [this](const FrameRecord& frame) { return lines_->write(frame_line(frame, pipeline_.config())); };
  }
  if (!options_.quiet) {
    run.progress = [this](std::size_t done, std::size_t total) { progress_.update(done, total); };
  }
  return run_video(pipeline_, decoder, run, record_.report);
}

Status VideoCommand::finish_files() {
  if (lines_) EDGEMOE_RETURN_IF_ERROR(lines_->commit());
  if (outputs_.summary.empty()) return {};
  return write_file(outputs_.summary, video_summary_json(pipeline_, options_, tasks_, record_) + "\n");
}

ExitCode VideoCommand::run(std::int64_t load_ns, std::shared_ptr<const DeviceBackbone> device) {
  record_.load_ns = load_ns;
  record_.device = std::move(device);
  Result<VideoDecoder> decoder = open();
  if (!decoder.ok()) {
    if (stop_.requested()) stop_.end_process();
    return fail(decoder.status());
  }
  record_.info = decoder->info();
  if (!options_.quiet && !options_.json) print_video_header(record_.name, record_.info);
  notes_.print(options_.quiet);
  Status status = run_stream(*decoder);
  progress_.clear();
  notes_.print(options_.quiet);
  record_.interrupted = stop_.requested();
  record_.saturation = pipeline_.engine().take_saturation();
  if (record_.report.num_frames > 0 && record_.report.video_width > 0) record_.video = outputs_.video;
  if (status.ok() && options_.strict && !record_.saturation.empty()) {
    status = unsupported("{}; --strict takes none: compare with --type float, or run without it",
                         describe_saturation(record_.saturation));
  }
  record_.error = status.ok() ? "" : status.message();
  ExitCode ended = status.ok() ? kDone : fail(status);
  if (const Status finished = finish_files(); !finished.ok()) ended = fail(finished);
  if (options_.json) {
    fmt::print("{}\n", video_summary_json(pipeline_, options_, tasks_, record_));
  } else if (!options_.quiet) {
    print_video_end(record_, options_);
  }
  if (record_.interrupted) {
    print_note(fmt::format("edgemoe: interrupted after {} frames", record_.report.num_frames));
    stop_.end_process();
  }
  return ended;
}

}  // namespace

bool is_video_run(const RunOptions& options) {
  return std::any_of(options.inputs.begin(), options.inputs.end(), [&](const std::string& input) {
    return input == "-" ? options.raw_size.empty() : is_video_source(input);
  });
}

ExitCode run_video_command(RunOptions& options) {
  Status status = check_video_options(options);
  if (status.ok()) status = find_model(options.model);
  if (status.ok() && !video_supported()) status = video_unsupported().with_context(options.inputs.front());
  if (!status.ok()) return fail(status);
  // Of so many frames no more are under way at a time.
  if (options.limit > 0) options.batch = static_cast<int>(std::min<std::int64_t>(options.batch, options.limit));
  const Result<EngineOptions> engine = options.engine.engine_options(options.batch);
  if (!engine.ok()) return fail(engine.status());
  const auto start = std::chrono::steady_clock::now();
  const Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::load(options.model, *engine);
  if (!pipeline.ok()) return fail(pipeline.status());
  const std::int64_t load_ns = nanoseconds_since(start);
  const Result<std::vector<int>> tasks = select_tasks((*pipeline)->config(), options.tasks);
  if (!tasks.ok()) return fail(tasks.status());
  if (!(*pipeline)->config().head.present) {
    return fail(unsupported("{}: a backbone without heads makes no maps", options.model.string()));
  }
  const Outputs outputs = name_outputs(options);
  status = check_video_outputs(options, outputs);
  if (status.ok()) status = check_strict(options, **pipeline);
  if (status.ok() && !outputs.video.empty()) status = make_folder(outputs.video.parent_path());
  if (status.ok()) status = make_folder(options.frames);
  if (!status.ok()) return fail(status);
  if (!options.quiet && !options.json) print_header(**pipeline, options, *tasks);
  return VideoCommand(options, outputs, **pipeline, *tasks).run(load_ns, opened_device(*engine));
}

}  // namespace edgemoe::cli
