// edgemoe eval: a model's maps against ground truth.
#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include "base/file.h"
#include "base/stop_signal.h"
#include "cli/command.h"
#include "cli/engine_flags.h"
#include "eval/report.h"
#include "eval/scoring.h"
#include "image/video.h"
#include "pipeline/pipeline.h"

namespace edgemoe::cli {
namespace {

struct EvalCommandOptions {
  std::filesystem::path model = kDefaultModel;
  std::filesystem::path data;
  std::vector<std::string> tasks = {"all"};
  std::string layout = "auto";
  std::string split = "val";
  std::size_t limit = 0;
  std::filesystem::path prior;
  std::filesystem::path class_map;
  std::vector<double> depth_cap;  // empty: the layout's own
  bool align_scale = false;
  bool routing = false;
  bool flicker = false;
  double steady = 0;
  std::filesystem::path video;
  double video_rate = 10;
  int batch = 4;
  bool json = false;
  bool quiet = false;
  std::filesystem::path output;
  std::filesystem::path per_picture;
  EngineFlags engine;
};

LayoutChoice layout_choice(std::string_view name) {
  if (name == "dataset") return LayoutChoice::kDataset;
  if (name == "cityscapes") return LayoutChoice::kCityscapes;
  if (name == "nyud") return LayoutChoice::kNyud;
  return LayoutChoice::kAuto;
}

/// Shows the pictures that are done on `line`; empty when quiet.
ProgressSink progress_sink(const EvalCommandOptions& options, ProgressLine& line) {
  if (options.quiet) return {};
  return [&line](std::size_t done, std::size_t total) { line.update(done, total); };
}

std::string whole_number(const std::string& text) {
  std::size_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && rest == text.data() + text.size()) return "";
  return fmt::format("expected a whole number, 0 or more, found {}", text);
}

Status check_options(const EvalCommandOptions& options) {
  for (const std::filesystem::path& output : {options.output, options.per_picture, options.video}) {
    EDGEMOE_RETURN_IF_ERROR(check_output(output, {options.model, options.class_map, options.data, options.prior}));
  }
  if (!options.output.empty() && same_place(options.output, options.per_picture)) {
    return invalid_argument("-o and --per-picture name the same file {}", options.output.string());
  }
  if (!options.video.empty() && options.video.extension() != ".mp4") {
    return invalid_argument("--video {}: videos are written as .mp4; name it so", options.video.string());
  }
  if (!options.video.empty() && !video_supported()) return video_unsupported().with_context("--video");
  if (!(options.steady >= 0 && options.steady < 1)) {
    return invalid_argument("--steady: expected a number from 0 to less than 1, found {}", options.steady);
  }
  if (options.depth_cap.empty()) return {};
  const double min = options.depth_cap[0];
  const double max = options.depth_cap[1];
  if (min > 0 && std::isfinite(min) && max >= min) return {};
  return invalid_argument("--depth-cap: expected MIN,MAX with 0 < MIN <= MAX, found {},{}", min, max);
}

/// `path`, opened before the work: a report that cannot be written costs no hours. None where no path is given.
Result<std::optional<AtomicFile>> open_output(const std::filesystem::path& path) {
  std::optional<AtomicFile> file;
  if (path.empty()) return file;
  EDGEMOE_ASSIGN_OR_RETURN(file, AtomicFile::create(path));
  return file;
}

ScoringOptions scoring_options(const EvalCommandOptions& options) {
  ScoringOptions scoring{.model = options.model,
                         .tasks = options.tasks,
                         .data = options.data,
                         .layout = layout_choice(options.layout),
                         .split = options.split,
                         .limit = options.limit,
                         .prior = options.prior,
                         .class_map = options.class_map};
  if (!options.depth_cap.empty()) scoring.depth_cap = {options.depth_cap[0], options.depth_cap[1]};
  if (options.align_scale) scoring.alignment = DepthAlignment::kMedianScale;
  if (options.routing) scoring.routing = RoutingUse::kCount;
  if (options.flicker || options.steady > 0 || !options.video.empty()) scoring.order = PictureOrder::kFrames;
  scoring.steady = options.steady;
  scoring.video = options.video;
  scoring.video_rate = options.video_rate;
  return scoring;
}

/// `stop` is set while interrupts are taken up in order.
Status score(const EvalCommandOptions& options, std::optional<StopSignal>& stop) {
  EDGEMOE_RETURN_IF_ERROR(check_options(options));
  EDGEMOE_ASSIGN_OR_RETURN(const EngineOptions engine, options.engine.engine_options(options.batch));
  EDGEMOE_ASSIGN_OR_RETURN(std::optional<AtomicFile> report, open_output(options.output));
  EDGEMOE_ASSIGN_OR_RETURN(std::optional<AtomicFile> csv, open_output(options.per_picture));
  EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<Pipeline> pipeline, Pipeline::load(options.model, engine));
  EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<Scoring> scoring,
                           Scoring::prepare(*pipeline, scoring_options(options)));
  if (!options.quiet && scoring->takes_depth_for_metres()) {
    print_note("note: the model's depth has no known unit and is scored as metres; --align-scale scores its shape");
  }
  stop.emplace();
  const auto until_stopped = [&]() -> Status {
    return stop->requested() ? io_error("interrupted; nothing was written") : Status();
  };
  ProgressLine prior_line("prior");
  EDGEMOE_RETURN_IF_ERROR(scoring->make_prior(until_stopped, progress_sink(options, prior_line)));
  prior_line.clear();
  if (csv) EDGEMOE_RETURN_IF_ERROR(csv->write(csv_header(scoring->eval().tasks)));
  const auto on_picture = [&](const PictureScore& picture) -> Status {
    EDGEMOE_RETURN_IF_ERROR(until_stopped());
    return csv ? csv->write(csv_row(picture)) : Status();
  };
  ProgressLine line("eval");
  EDGEMOE_ASSIGN_OR_RETURN(const EvalResult result, scoring->run(on_picture, progress_sink(options, line)));
  line.clear();
  const std::vector<SaturatedTensor> saturated = pipeline->engine().take_saturation();
  if (!options.quiet && !saturated.empty()) {
    print_note(
        fmt::format("warning: {}; scores may suffer (compare with --type float)", describe_saturation(saturated)));
  }
  EvalContext context = scoring->context(EDGEMOE_VERSION, model_origin(pipeline->model()));
  if (options.engine.device.empty()) {
    context.saturation.emplace();
    for (const auto& [tensor, count] : saturated) context.saturation->emplace_back(tensor, count);
  }
  const std::string json = eval_json(context, scoring->eval(), result) + "\n";
  if (report) EDGEMOE_RETURN_IF_ERROR(report->write(json));
  if (csv) EDGEMOE_RETURN_IF_ERROR(csv->commit());
  if (report) EDGEMOE_RETURN_IF_ERROR(report->commit());
  fmt::print("{}", options.json ? json : lines_for_terminal(eval_table(context, scoring->eval(), result)));
  return {};
}

ExitCode run(EvalCommandOptions options) {
  Status status = find_model(options.model);
  if (status.ok()) status = find_class_map(options.class_map);
  if (!status.ok()) return fail(status);
  std::optional<StopSignal> stop;  // outlives the files that are open meanwhile
  status = score(options, stop);
  if (!status.ok() && stop && stop->requested()) {
    print_note("edgemoe: " + status.message());
    stop->end_process();
  }
  return status.ok() ? kDone : fail(status);
}

}  // namespace

Command add_eval_command(CLI::App& tool) {
  auto options = std::make_shared<EvalCommandOptions>();
  CLI::App* app = tool.add_subcommand("eval", "Score a model on pictures with ground truth");
  app->add_option("--model", options->model, "Model file, or the name of a model that came with edgemoe")
      ->capture_default_str();
  app->add_option("--data", options->data, "Folder of pictures with ground truth (docs/eval.md)")->required();
  app->add_option("--task", options->tasks, "Tasks, e.g. depth,semseg, or all that have ground truth")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app->add_option("--layout", options->layout, "How the folder is laid out")
      ->check(CLI::IsMember({"auto", "dataset", "cityscapes", "nyud"}))
      ->capture_default_str();
  app->add_option("--split", options->split, "Part of a Cityscapes or NYUD-v2 folder")->capture_default_str();
  app->add_option("--limit", options->limit, "Score the first N pictures only; 0: all")
      ->check(whole_number)
      ->capture_default_str();
  app->add_option("--prior", options->prior,
                  "Folder of training pictures: score the map that is most frequent or mean there beside the model");
  app->add_option("--class-map", options->class_map,
                  "JSON file: each class of the data to the model's class that it counts as, or null to ignore it; or "
                  "the name of one that came with edgemoe, as cityscapes-to-street");
  app->add_option("--depth-cap", options->depth_cap, "MIN,MAX of scored depth in metres (default: the layout's)")
      ->delimiter(',')
      ->expected(2)
      ->allow_extra_args(false);
  app->add_flag("--align-scale", options->align_scale, "Scale each picture's depth to the median of its truth first");
  app->add_flag("--routing", options->routing, "Count which experts each task's tokens go to");
  app->add_flag("--flicker", options->flicker,
                "The pictures are one video's frames in order: measure how maps change where the scene is still");
  app->add_option("--steady", options->steady,
                  "With frames: weight of those before, 0 to less than 1, as in edgemoe run (docs/video.md)")
      ->capture_default_str();
  app->add_option("--video", options->video,
                  "With frames: write a video of the maps, the ground truth below, to this .mp4");
  app->add_option("--fps", options->video_rate, "Frames a second of --video")
      ->check(number_in(0.1, 240.0))
      ->capture_default_str();
  app->add_option("--batch", options->batch, "Pictures read and computed together")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app->add_flag("--json", options->json, "Print the report as JSON instead of a table");
  app->add_option("-o,--output", options->output, "Write the JSON report to this file too");
  app->add_option("--per-picture", options->per_picture, "Write each picture's scores to this CSV file");
  app->add_flag("-q,--quiet", options->quiet, "No progress, no notes");
  options->engine.add_to(*app);
  app->footer(
      "Examples:\n"
      "  edgemoe eval --data scenes/test\n"
      "  edgemoe eval --model m.safetensors --data scenes/test --prior scenes/train -o report.json\n"
      "  edgemoe eval --model m.safetensors --data cityscapes --task depth --align-scale\n"
      "  edgemoe eval --data drive --flicker --steady 0.3 --video drive.mp4 --fps 10");
  return {app, [options] { return run(*options); }};
}

}  // namespace edgemoe::cli
