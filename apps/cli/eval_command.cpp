// edgemoe eval: a model's maps against ground truth.
#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <memory>

#include "base/file.h"
#include "cli/command.h"
#include "cli/engine_flags.h"
#include "cli/stop_signal.h"
#include "eval/dataset.h"
#include "eval/evaluate.h"
#include "eval/report.h"
#include "pipeline/pipeline.h"

namespace edgemoe::cli {
namespace {

using Clock = std::chrono::steady_clock;

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

Status check_options(const EvalCommandOptions& options) {
  for (const std::filesystem::path& output : {options.output, options.per_picture}) {
    EDGEMOE_RETURN_IF_ERROR(check_output(output, {options.model, options.class_map, options.data, options.prior}));
  }
  if (!options.output.empty() && same_place(options.output, options.per_picture)) {
    return invalid_argument("-o and --per-picture name the same file {}", options.output.string());
  }
  if (options.depth_cap.empty()) return {};
  const double min = options.depth_cap[0];
  const double max = options.depth_cap[1];
  if (min > 0 && std::isfinite(min) && max >= min) return {};
  return invalid_argument("--depth-cap: expected MIN,MAX with 0 < MIN <= MAX, found {},{}", min, max);
}

/// What will be scored, and why the model's other tasks will not.
struct Scope {
  std::vector<TaskKind> tasks;
  std::vector<std::pair<TaskKind, std::string>> not_scored;

  /// Leaves a task out; a fault when the user asked for it by name.
  Status leave_out(const EvalCommandOptions& options, TaskKind task, StatusCode code, std::string reason) {
    if (options.tasks.front() != "all") return Status(code, fmt::format("{}: {}", task_name(task), reason));
    not_scored.emplace_back(task, std::move(reason));
    return {};
  }
};

/// One evaluation of the tool.
class Eval {
 public:
  explicit Eval(const EvalCommandOptions& options) : options_(options) {}

  Status run() {
    EDGEMOE_RETURN_IF_ERROR(check_options(options_));
    EDGEMOE_ASSIGN_OR_RETURN(const EngineOptions engine, options_.engine.engine_options(options_.batch));
    EDGEMOE_ASSIGN_OR_RETURN(pipeline_, Pipeline::load(options_.model, engine));
    EDGEMOE_RETURN_IF_ERROR(open_data());
    eval_.tasks = scope_.tasks;
    eval_.limit = options_.limit;
    eval_.depth.cap = data_->info().default_cap;
    if (!options_.depth_cap.empty()) eval_.depth.cap = {options_.depth_cap[0], options_.depth_cap[1]};
    if (options_.align_scale) eval_.depth.alignment = DepthAlignment::kMedianScale;
    if (options_.routing) eval_.routing = RoutingUse::kCount;
    EDGEMOE_ASSIGN_OR_RETURN(eval_.semseg_classes, classes_of(*data_));
    note_unit();
    EDGEMOE_RETURN_IF_ERROR(make_prior());
    return score();
  }

  /// After an interrupt that `run` has cleaned up behind: ends the process.
  void end_if_interrupted(const Status& status) const {
    if (status.ok() || !stop_ || !stop_->requested()) return;
    print_note("edgemoe: " + status.message());
    stop_->end_process();
  }

 private:
  const ModelConfig& config() const { return pipeline_->config(); }

  Result<std::unique_ptr<Dataset>> open(const std::filesystem::path& folder, const std::string& split) const {
    DatasetOptions options{.tasks = scope_.tasks, .layout = layout_choice(options_.layout), .split = split};
    if (const auto semseg = config().task_index(TaskKind::kSemseg)) {
      options.semseg_classes = static_cast<std::size_t>(config().tasks[static_cast<std::size_t>(*semseg)].outputs);
    }
    return open_dataset(folder, options);
  }

  Status open_data() {
    if (!config().head.present) {
      return unsupported("{}: a backbone without heads makes no maps that could be scored", options_.model.string());
    }
    EDGEMOE_ASSIGN_OR_RETURN(const std::vector<int> chosen, select_tasks(config(), options_.tasks));
    for (const int index : chosen) {
      const TaskKind task = config().tasks[static_cast<std::size_t>(index)].kind;
      if (is_scorable(task)) {
        scope_.tasks.push_back(task);
      } else {
        EDGEMOE_RETURN_IF_ERROR(
            scope_.leave_out(options_, task, StatusCode::kUnsupported, std::string(why_not_scorable(task))));
      }
    }
    EDGEMOE_ASSIGN_OR_RETURN(data_, open(options_.data, options_.split));
    std::vector<TaskKind> tasks;
    std::swap(tasks, scope_.tasks);
    for (const TaskKind task : tasks) {
      if (data_->info().has(task)) {
        scope_.tasks.push_back(task);
      } else {
        EDGEMOE_RETURN_IF_ERROR(scope_.leave_out(options_, task, StatusCode::kNotFound,
                                                 fmt::format("no ground truth in {}", options_.data.string())));
      }
    }
    if (!scope_.tasks.empty()) return {};
    return not_found("{}: has ground truth for none of the model's tasks ({})", options_.data.string(),
                     config().task_list());
  }

  Result<ClassMap> classes_of(const Dataset& data) const {
    if (!has_task(scope_.tasks, TaskKind::kSemseg)) return ClassMap();
    const TaskConfig& task = config().tasks[static_cast<std::size_t>(*config().task_index(TaskKind::kSemseg))];
    if (!options_.class_map.empty()) return read_class_map(options_.class_map, task, data.info());
    return match_classes(task, data.info());
  }

  void note_unit() const {
    if (options_.quiet || options_.align_scale || !has_task(scope_.tasks, TaskKind::kDepth)) return;
    const TaskConfig& task = config().tasks[static_cast<std::size_t>(*config().task_index(TaskKind::kDepth))];
    if (task.unit.empty()) {
      print_note("note: the model's depth has no known unit and is scored as metres; --align-scale scores its shape");
    }
  }

  Status make_prior() {
    if (options_.prior.empty()) return {};
    EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<Dataset> train, open(options_.prior, "train"));
    for (const TaskKind task : scope_.tasks) {
      if (train->info().has(task)) continue;
      return not_found("{}: no ground truth of {} to make a prior of; --task can leave it out", options_.prior.string(),
                       task_name(task));
    }
    EDGEMOE_ASSIGN_OR_RETURN(ClassMap classes, classes_of(*train));
    ProgressLine line("prior");
    EDGEMOE_ASSIGN_OR_RETURN(prior_, build_prior(config(), *train,
                                                 {.tasks = scope_.tasks,
                                                  .semseg_classes = std::move(classes),
                                                  .progress = progress_sink(options_, line)},
                                                 pipeline_->pool()));
    eval_.prior = &prior_;
    return {};
  }

  Status score() {
    stop_.emplace();
    std::optional<AtomicFile> csv;
    if (!options_.per_picture.empty()) {
      EDGEMOE_ASSIGN_OR_RETURN(csv, AtomicFile::create(options_.per_picture));
      EDGEMOE_RETURN_IF_ERROR(csv->write(csv_header(eval_.tasks)));
    }
    eval_.on_picture = [&](const PictureScore& picture) -> Status {
      if (stop_->requested()) return io_error("interrupted; nothing was written");
      return csv ? csv->write(csv_row(picture)) : Status();
    };
    ProgressLine line("eval");
    eval_.progress = progress_sink(options_, line);
    const Clock::time_point start = Clock::now();
    EDGEMOE_ASSIGN_OR_RETURN(const EvalResult result, evaluate(*pipeline_, *data_, eval_));
    line.clear();
    if (const auto saturated = pipeline_->engine().take_saturation(); !saturated.empty()) {
      print_note(
          fmt::format("warning: {}; scores may suffer (compare with --type float)", describe_saturation(saturated)));
    }
    const EvalContext context = context_of(std::chrono::duration<double>(Clock::now() - start).count());
    if (csv) EDGEMOE_RETURN_IF_ERROR(csv->commit());
    const std::string json = eval_json(context, eval_, result) + "\n";
    if (!options_.output.empty()) EDGEMOE_RETURN_IF_ERROR(write_file(options_.output, json));
    fmt::print("{}", options_.json ? json : lines_for_terminal(eval_table(context, eval_, result)));
    return {};
  }

  EvalContext context_of(double seconds) const {
    Engine& engine = pipeline_->engine();
    const std::string origin = model_origin(pipeline_->model());
    return {.version = EDGEMOE_VERSION,
            .model_file = options_.model,
            .model_origin = origin,
            .trained = origin.empty(),
            .config = config(),
            .data = data_->info(),
            .num_data_pictures = data_->size(),
            .prior_folder = options_.prior,
            .num_prior_pictures = prior_.num_pictures,
            .not_scored = scope_.not_scored,
            .number_type = std::string(engine.number_type()),
            .isa = std::string(isa_name(engine.isa())),
            .threads = engine.num_threads(),
            .batch = engine.max_batch(),
            .seconds = seconds};
  }

  const EvalCommandOptions& options_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Dataset> data_;
  Scope scope_;
  Prior prior_;
  EvalOptions eval_;
  std::optional<StopSignal> stop_;  // while files are open
};

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
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--prior", options->prior,
                  "Folder of training pictures: score the map that is most frequent or mean there beside the model");
  app->add_option("--class-map", options->class_map,
                  "JSON file: each class of the data to the model's class that it counts as, or null to ignore it");
  app->add_option("--depth-cap", options->depth_cap, "MIN,MAX of scored depth in metres (default: the layout's)")
      ->delimiter(',')
      ->expected(2)
      ->allow_extra_args(false);
  app->add_flag("--align-scale", options->align_scale, "Scale each picture's depth to the median of its truth first");
  app->add_flag("--routing", options->routing, "Count which experts each task's tokens go to");
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
      "  edgemoe eval --model m.safetensors --data cityscapes --task depth --align-scale");
  return {app, [options]() -> ExitCode {
            if (const Status status = find_model(options->model); !status.ok()) return fail(status);
            Eval eval(*options);
            const Status status = eval.run();
            eval.end_if_interrupted(status);
            return status.ok() ? kDone : fail(status);
          }};
}

}  // namespace edgemoe::cli
