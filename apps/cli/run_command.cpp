// edgemoe run: pictures in, a map per task out.
#include "cli/run_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <istream>
#include <memory>

#include "base/file.h"
#include "base/stop_signal.h"
#include "base/text.h"
#include "cli/clips.h"
#include "cli/run_inputs.h"
#include "image/array_file.h"
#include "image/decode.h"
#include "image/frame.h"
#include "image/png_writer.h"
#include "model/tap_dump.h"
#include "pipeline/overview.h"

namespace edgemoe::cli {
namespace {
/// What pictures have no use for.
constexpr const char* kVideoOptions[] = {"--view",  "--depth-range", "--steady",    "--frames",
                                         "--limit", "--camera-size", "--camera-fps"};
constexpr std::size_t kMaxDumpedPictures = 64;  // a dump is kept in memory until it is written
constexpr std::size_t kMaxStem = 255 - 32;  // file names are up to 255 bytes; the rest is "_human_parts_overlay.png"

std::int64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
}

bool is_tensor_file(const std::filesystem::path& path) { return path.extension() == ".npy"; }

/// Hands what an engine publishes to both who want it.
class BothTaps final : public TapSink {
 public:
  BothTaps(TapSink& first, TapSink& second) : first_(first), second_(second) {}
  void on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) override {
    first_.on_tap(image, scope, tap, values);
    second_.on_tap(image, scope, tap, values);
  }

 private:
  TapSink& first_;
  TapSink& second_;
};

/// One run of the tool: owns the pipeline, collects what happened.
class Run {
 public:
  Run(const RunOptions& options, std::unique_ptr<Pipeline> pipeline, std::vector<int> tasks,
      std::shared_ptr<const DeviceBackbone> device)
      : options_(options),
        pipeline_(std::move(pipeline)),
        record_{.tasks = std::move(tasks), .device = std::move(device)},
        choices_(pipeline_->config()) {}

  Status files(const std::vector<RunInput>& inputs);
  Status raw_frames(std::size_t width, std::size_t height);
  /// Writes what belongs to the whole run. `status` is how the pictures ended: a fault there loses none of what was
  /// done.
  ExitCode finish(const Status& status, std::int64_t load_ns, std::int64_t total_ns);

 private:
  struct Batch {
    std::vector<std::size_t> items;  // indices into record_.items
    std::vector<Image> images;
    std::vector<Tensor> tensors;
    std::vector<Overview> overviews;  // of the images, where they are asked for
  };
  void load_file(const RunInput& input, Batch& batch);
  Status run_batch(Batch& batch);
  MapSink map_sink(Batch& batch);
  TapSink* tap_sink();
  Status write_overviews(const Batch& batch);
  bool writes_maps() const { return !options_.output.empty(); }

  const RunOptions& options_;
  std::unique_ptr<Pipeline> pipeline_;
  RunRecord record_;
  TapRecorder taps_;
  ExpertChoices choices_;
  BothTaps both_taps_{taps_, choices_};
  ProgressLine progress_{"pictures"};
  StopSignal stop_;
};

/// Decodes one file into the batch; a fault is the item's own and stops nothing else.
void Run::load_file(const RunInput& input, Batch& batch) {
  const auto start = std::chrono::steady_clock::now();
  RunItem item{.name = input.path.string(), .stem = input.stem};
  Status status;
  if (item.stem.size() > kMaxStem) {
    status =
        invalid_argument("{}: the name is too long for maps called after it; rename the picture", input.path.string());
  } else if (is_tensor_file(input.path)) {
    Result<Tensor> tensor = read_npy(input.path);
    status = tensor.status();
    const InputConfig& expected = pipeline_->config().input;
    if (tensor.ok() && tensor->shape != Shape{3, expected.height, expected.width}) {
      status = mismatch("{}: expected the network's input of shape {}, found {}", input.path.string(),
                        Shape{3, expected.height, expected.width}.to_string(), tensor->shape.to_string());
    } else if (tensor.ok()) {
      item.height = static_cast<std::size_t>(expected.height);
      item.width = static_cast<std::size_t>(expected.width);
      batch.tensors.push_back(std::move(tensor).value());
    }
  } else {
    Result<Image> image = load_image(input.path, {}, [&](std::string_view note) {
      progress_.clear();
      if (!options_.quiet) print_note(fmt::format("note: {}", note));
    });
    status = image.status();
    if (image.ok()) {
      item.height = image->height;
      item.width = image->width;
      batch.images.push_back(std::move(image).value());
    }
  }
  if (!status.ok()) {
    item.error = status.message();
    progress_.clear();
    fail(status);
  } else {
    batch.items.push_back(record_.items.size());
  }
  record_.items.push_back(std::move(item));
  record_.times.decode_ns += nanoseconds_since(start);
}

TapSink* Run::tap_sink() {
  const bool dumped = !options_.dump_taps.empty();
  if (options_.overview) return dumped ? static_cast<TapSink*>(&both_taps_) : &choices_;
  return dumped ? &taps_ : nullptr;
}

Status Run::write_overviews(const Batch& batch) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < batch.overviews.size(); ++i) {
    RunItem& item = record_.items[batch.items[i]];
    const std::string name = item.stem + "_overview.png";
    const Image sheet = batch.overviews[i].draw(choices_, static_cast<int>(batch.items[i]));
    EDGEMOE_RETURN_IF_ERROR(write_png(options_.output / name, png_source(sheet, PngContent::kSmooth)));
    item.overview = name;
  }
  choices_.clear();
  record_.times.encode_ns += nanoseconds_since(start);
  return {};
}

MapSink Run::map_sink(Batch& batch) {
  if (!writes_maps()) {
    // Taps alone: the heads run for theirs, if there are any.
    if (!pipeline_->config().head.present) return {};
    return [](std::size_t, const TaskMap&) { return Status(); };
  }
  return [this, &batch](std::size_t picture, const TaskMap& map) -> Status {
    const auto start = std::chrono::steady_clock::now();
    RunItem& item = record_.items[batch.items[picture]];
    const auto task = static_cast<std::size_t>(*pipeline_->config().task_index(map.task));
    const Image* source = batch.images.empty() ? nullptr : &batch.images[picture];
    EDGEMOE_ASSIGN_OR_RETURN(
        MapReport report,
        write_map_files(map, pipeline_->config().tasks[task], source,
                        {.folder = options_.output,
                         .stem = item.stem,
                         .float_format = options_.float_format == "pfm" ? FloatFormat::kPfm : FloatFormat::kNpy},
                        pipeline_->pool()));
    if (!batch.overviews.empty()) EDGEMOE_RETURN_IF_ERROR(batch.overviews[picture].add_map(*source, map));
    item.maps.push_back(std::move(report));
    record_.times.encode_ns += nanoseconds_since(start);
    return {};
  };
}

Status Run::run_batch(Batch& batch) {
  if (batch.items.empty()) return {};
  if (options_.overview) {
    for (const Image& image : batch.images) batch.overviews.emplace_back(pipeline_->config(), image);
  }
  const Pipeline::Request request{
      .tasks = record_.tasks, .taps = tap_sink(), .tap_numbers = batch.items, .maps = map_sink(batch)};
  std::vector<const Image*> images;
  for (const Image& image : batch.images) images.push_back(&image);
  std::vector<const Tensor*> tensors;
  for (const Tensor& tensor : batch.tensors) tensors.push_back(&tensor);
  EDGEMOE_ASSIGN_OR_RETURN(const PipelineTimes spent,
                           images.empty() ? pipeline_->run_tensors(tensors, request) : pipeline_->run(images, request));
  record_.times.pipeline += spent;
  if (options_.strict) {
    record_.saturation = pipeline_->engine().take_saturation();
    if (!record_.saturation.empty()) {
      const std::string& first = record_.items[batch.items.front()].name;
      const std::string& last = record_.items[batch.items.back()].name;
      return unsupported("{}: {}; --strict takes none: compare with --type float, or run without it",
                         first == last ? first : fmt::format("{} to {}", first, last),
                         describe_saturation(record_.saturation));
    }
  }
  EDGEMOE_RETURN_IF_ERROR(write_overviews(batch));
  progress_.clear();
  for (const std::size_t i : batch.items) {
    const RunItem& item = record_.items[i];
    if (!options_.quiet && !options_.json) print_item(item);
    if (options_.quiet) continue;
    for (const std::string& remark : map_remarks(item)) print_note(fmt::format("warning: {}", remark));
  }
  batch = {};
  return {};
}

Status Run::files(const std::vector<RunInput>& inputs) {
  Batch batch;
  const auto batch_size = static_cast<std::size_t>(options_.batch);
  for (std::size_t i = 0; i < inputs.size() && !stop_.requested(); ++i) {
    const bool other_kind = is_tensor_file(inputs[i].path) ? !batch.images.empty() : !batch.tensors.empty();
    if (other_kind) EDGEMOE_RETURN_IF_ERROR(run_batch(batch));
    load_file(inputs[i], batch);
    if (batch.items.size() == batch_size) EDGEMOE_RETURN_IF_ERROR(run_batch(batch));
    if (inputs.size() > 1 && !options_.quiet) progress_.update(i + 1, inputs.size());
  }
  EDGEMOE_RETURN_IF_ERROR(run_batch(batch));
  progress_.clear();
  return {};
}

Status Run::raw_frames(std::size_t width, std::size_t height) {
  StoppableInput input(stop_);
  std::istream stream(&input);
  for (bool more = true; more && !stop_.requested();) {
    Batch batch;
    Status status;
    while (batch.images.size() < static_cast<std::size_t>(options_.batch)) {
      const auto start = std::chrono::steady_clock::now();
      Image frame = make_image(width, height);
      const Result<bool> read = read_rgb24_frame(stream, frame);
      if (!stop_.requested()) status = read.status();  // whoever writes may be stopped with us, within a frame
      more = read.ok() && *read;
      record_.times.decode_ns += nanoseconds_since(start);
      if (!more) break;
      if (!options_.dump_taps.empty() && record_.items.size() == kMaxDumpedPictures) {
        status = too_large("--dump-taps: the first {} frames are dumped; give no more at a time", kMaxDumpedPictures);
        break;
      }
      const std::size_t number = record_.items.size();
      batch.items.push_back(number);
      batch.images.push_back(std::move(frame));
      record_.items.push_back({.name = fmt::format("frame {}", number),
                               .stem = fmt::format("frame{:06}", number),
                               .width = width,
                               .height = height});
    }
    EDGEMOE_RETURN_IF_ERROR(run_batch(batch));
    EDGEMOE_RETURN_IF_ERROR(status);
  }
  if (record_.items.empty() && !stop_.requested()) {
    return malformed("standard input: expected RGB24 frames of {}x{}, found nothing", width, height);
  }
  return {};
}

ExitCode Run::finish(const Status& status, std::int64_t load_ns, std::int64_t total_ns) {
  progress_.clear();
  const ExitCode ended = status.ok() ? kDone : fail(status);
  if (!options_.strict) record_.saturation = pipeline_->engine().take_saturation();
  if (status.ok() && !options_.quiet && !record_.saturation.empty()) {
    print_note(fmt::format("warning: {}; maps may suffer (compare with --type float; --strict makes it an error)",
                           describe_saturation(record_.saturation)));
  }
  record_.error = status.ok() ? "" : status.message();
  const std::vector<RunItem>& items = record_.items;
  record_.times.load_ns = load_ns;
  record_.times.total_ns = total_ns;
  record_.interrupted = stop_.requested();
  const auto failed = static_cast<std::size_t>(
      std::count_if(items.begin(), items.end(), [](const RunItem& item) { return !item.error.empty(); }));
  if (!options_.dump_taps.empty() && failed < items.size()) {
    const Status written = taps_.write(options_.dump_taps, {{"edgemoe.model", pipeline_->config().name}});
    if (!written.ok()) return fail(written);
  }
  const std::string summary = summary_json(*pipeline_, options_, record_);
  if (writes_maps()) {
    const Status written = write_file(options_.output / "summary.json", summary + "\n");
    if (!written.ok()) return fail(written);
  }
  if (options_.json) {
    fmt::print("{}\n", summary);
  } else if (!options_.quiet) {
    print_times(record_.times, items.size() - failed);
    if (writes_maps())
      fmt::print("maps       in {}, described in summary.json\n", for_terminal(options_.output.string()));
    if (!options_.dump_taps.empty()) fmt::print("taps       in {}\n", for_terminal(options_.dump_taps.string()));
  }
  if (failed > 0 && items.size() > 1) {
    print_note(fmt::format("edgemoe: {} of {} pictures failed", failed, items.size()));
  }
  if (record_.interrupted) {
    print_note(fmt::format("edgemoe: interrupted after {} pictures", items.size()));
    stop_.end_process();
  }
  return ended != kDone || failed == 0 ? ended : kFailed;
}

Status check_options(const RunOptions& options, const CLI::App& app) {
  if (options.output.empty() && options.dump_taps.empty()) {
    return invalid_argument("run: give -o FOLDER for maps, --dump-taps FILE for taps, or both");
  }
  if (options.overview && options.output.empty()) {
    return invalid_argument("run: --overview is written beside the maps; give -o FOLDER");
  }
  if (options.overview && !options.engine.device.empty()) {
    return invalid_argument(
        "run: --overview shows what the routers chose, which a device keeps to itself; leave out one");
  }
  // A folder of a video's name may be there already, and meant.
  if (is_video_source(options.output) && !std::filesystem::is_directory(options.output)) {
    return invalid_argument(
        "-o {}: the maps of pictures go to a folder, and this is the name of a video, which {} is none of; give a "
        "folder",
        options.output.string(), options.inputs.front());
  }
  const bool reads_stdin = std::find(options.inputs.begin(), options.inputs.end(), "-") != options.inputs.end();
  if (reads_stdin && options.inputs.size() != 1) return invalid_argument("run: \"-\" must be the only input");
  if (reads_stdin == options.raw_size.empty()) {
    return invalid_argument("run: --raw-size is of raw RGB frames on standard input: give - as the input");
  }
  std::string given;
  for (const char* name : kVideoOptions) {
    if (app.count(name) > 0) given += fmt::format("{}{}", given.empty() ? "" : ", ", name);
  }
  if (!given.empty()) {
    return invalid_argument("run: {}: for videos, and {} is none; maps of pictures go to -o", given,
                            options.inputs.front());
  }
  return {};
}

Status make_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder)) {
    return io_error("{}: cannot make this folder: {}", folder.string(), error ? error.message() : "not a folder");
  }
  return {};
}

ExitCode run(RunOptions options, const CLI::App& app) {
  std::for_each(options.inputs.begin(), options.inputs.end(), find_clip);
  if (is_video_run(options)) return run_video_command(options);
  if (const Status status = check_options(options, app); !status.ok()) return fail(status);
  if (const Status status = find_model(options.model); !status.ok()) return fail(status);
  const bool raw = !options.raw_size.empty();
  std::vector<RunInput> inputs;
  std::pair<int, int> frame_size;
  if (!raw) {
    Result<std::vector<RunInput>> expanded = expand_inputs(options);
    if (!expanded.ok()) return fail(expanded.status());
    inputs = std::move(expanded).value();
  } else {
    const Result<std::pair<int, int>> size = parse_size(options.raw_size, "--raw-size");
    if (!size.ok()) return fail(size.status());
    frame_size = *size;
    const DecodeLimits limits;
    const auto width = static_cast<std::uint64_t>(frame_size.first);
    const auto height = static_cast<std::uint64_t>(frame_size.second);
    if (width > limits.max_dimension || height > limits.max_dimension || width * height > limits.max_pixels) {
      return fail(invalid_argument("--raw-size {}: the limit is {} pixels and {} a side", options.raw_size,
                                   limits.max_pixels, limits.max_dimension));
    }
  }
  if (!options.dump_taps.empty() && inputs.size() > kMaxDumpedPictures) {
    return fail(
        invalid_argument("--dump-taps: at most {} pictures at a time, found {}", kMaxDumpedPictures, inputs.size()));
  }
  if (!raw) options.batch = static_cast<int>(std::min<std::int64_t>(options.batch, std::ssize(inputs)));
  const Result<EngineOptions> engine = options.engine.engine_options(options.batch);
  if (!engine.ok()) return fail(engine.status());
  const auto start = std::chrono::steady_clock::now();
  Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::load(options.model, *engine);
  if (!pipeline.ok()) return fail(pipeline.status());
  const std::int64_t load_ns = nanoseconds_since(start);
  if (const Status strict = check_strict(options, **pipeline); !strict.ok()) return fail(strict);
  const Result<std::vector<int>> tasks = select_tasks((*pipeline)->config(), options.tasks);
  if (!tasks.ok()) return fail(tasks.status());
  if (!options.output.empty() && !(*pipeline)->config().head.present) {
    return fail(unsupported("{}: a backbone without heads makes no maps; use --dump-taps alone for its tokens",
                            options.model.string()));
  }
  std::vector<std::string> map_names;
  if (options.overview) map_names.emplace_back("overview");
  for (const int task : *tasks) {
    map_names.emplace_back(task_name((*pipeline)->config().tasks[static_cast<std::size_t>(task)].kind));
  }
  if (const Status status = check_written_files(options, inputs, map_names); !status.ok()) return fail(status);
  if (const Status status = make_folder(options.output); !status.ok()) return fail(status);
  if (!options.quiet && !options.json) print_header(**pipeline, options, *tasks);

  Run state(options, std::move(pipeline).value(), *tasks, opened_device(*engine));
  const auto run_start = std::chrono::steady_clock::now();
  const Status status =
      raw ? state.raw_frames(static_cast<std::size_t>(frame_size.first), static_cast<std::size_t>(frame_size.second))
          : state.files(inputs);
  return state.finish(status, load_ns, nanoseconds_since(run_start));
}

}  // namespace

Status check_strict(const RunOptions& options, Pipeline& pipeline) {
  if (!options.strict) return {};
  if (!options.engine.device.empty()) {
    return invalid_argument(
        "--strict counts what saturates on the CPU, a device does not count it: run --type int8, whose numbers are the "
        "same, or leave out --strict");
  }
  if (pipeline.engine().number_type() == "float32") {
    return invalid_argument("--strict counts what saturates in the integer network, this is float: add --type int8");
  }
  return {};
}

namespace {

void add_video_options(CLI::App& app, RunOptions& options) {
  app.add_option("--view", options.view, "Video: what it shows of each frame")
      ->check(CLI::IsMember({"side-by-side", "overlay", "map"}))
      ->capture_default_str();
  app.add_option("--depth-range", options.depth_range,
                 "Video: LOW,HIGH that depth's colours stand for (default: they follow the frames slowly)")
      ->delimiter(',')
      ->expected(2)
      ->allow_extra_args(false);
  app.add_option("--steady", options.steady,
                 "Video: weight of the frames before, 0 to less than 1: calmer maps that lag where things move "
                 "(docs/video.md)")
      ->capture_default_str();
  app.add_option("--frames", options.frames, "Video: folder for each frame's data (labels, depth, …) and frames.jsonl");
  app.add_option("--limit", options.limit, "Video: the first N frames only; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--camera-size", options.camera_size, "Camera: WIDTHxHEIGHT (default: the driver's choice)");
  app.add_option("--camera-fps", options.camera_rate, "Camera: frames a second (default: the driver's choice)")
      ->check(number_in(0, 1000));
}

}  // namespace

Command add_run_command(CLI::App& tool) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* app = tool.add_subcommand("run", "Run a model on pictures or a video and write a map per task");
  app->add_option(
         "INPUT", options->inputs,
         "JPEG or PNG files, folders of them, .npy files with the network's input [3,H,W]; or one video: a file, a "
         "camera (/dev/video0), - for standard input, or drive: a clip that comes with edgemoe")
      ->required();
  app->add_option("--model", options->model,
                  "Model file, or the name of a model that came with edgemoe (edgemoe doctor lists them)")
      ->capture_default_str();
  app->add_option("--task", options->tasks, "Tasks, e.g. depth,semseg, or all")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app->add_option("-o,--output", options->output,
                  "Folder for maps and summary.json; made if missing. For a video also a file: OUT.mp4");
  app->add_option("--dump-taps", options->dump_taps, "Write every intermediate value to this safetensors file");
  app->add_option("--raw-size", options->raw_size, "With -: standard input is RGB24 frames of WIDTHxHEIGHT");
  app->add_option("--float-format", options->float_format, "Format of float maps")
      ->check(CLI::IsMember({"npy", "pfm"}))
      ->capture_default_str();
  app->add_flag("--overview", options->overview,
                "Also one picture of everything: the picture, its maps, and the expert of each patch for each task");
  app->add_option("--batch", options->batch, "Pictures computed together")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  add_video_options(*app, *options);
  app->add_flag("--json", options->json, "Print the summary as JSON on standard output, nothing else");
  app->add_flag("-q,--quiet", options->quiet, "Print errors only");
  app->add_flag("--strict", options->strict,
                "Fail where a number of the integer network saturates (docs/numerics.md, section 6)");
  options->engine.add_to(*app);
  app->footer(
      "Examples:\n"
      "  edgemoe run street.jpg -o maps\n"
      "  edgemoe run street.jpg --model m.safetensors --task depth,semseg -o maps\n"
      "  edgemoe run street.jpg -o maps --overview\n"
      "  edgemoe run photos/ --model m.safetensors --task depth -o maps --batch 4\n"
      "  edgemoe run drive -o out                           # a clip that comes with edgemoe\n"
      "  edgemoe run clip.mp4 -o out                        # out/clip_maps.mp4, side by side\n"
      "  edgemoe run clip.mov --task depth --view overlay -o depth.mp4 --steady 0.3\n"
      "  edgemoe run /dev/video0 -o camera.mp4              # until Ctrl-C; the file is whole then\n"
      "  curl -s URL | edgemoe run - -o out --frames out/frames\n"
      "  edgemoe run - --raw-size 1280x720 -o frames < frames.rgb\n"
      "  edgemoe run street.jpg --model m.safetensors --dump-taps taps.safetensors");
  return {app, [options, app] { return run(*options, *app); }};
}

}  // namespace edgemoe::cli
