#include "eval/scoring.h"

#include <chrono>
#include <optional>

#include "eval/truth_video.h"

namespace edgemoe {

Result<std::unique_ptr<Scoring>> Scoring::prepare(Pipeline& pipeline, ScoringOptions options) {
  std::unique_ptr<Scoring> scoring(new Scoring(pipeline, std::move(options)));
  EDGEMOE_RETURN_IF_ERROR(scoring->open_data());
  const ScoringOptions& asked = scoring->options_;
  EvalOptions& eval = scoring->eval_;
  eval.limit = asked.limit;
  eval.depth.cap = asked.depth_cap.value_or(scoring->data_->info().default_cap);
  eval.depth.alignment = asked.alignment;
  eval.routing = asked.routing;
  eval.order = asked.order;
  eval.steady = asked.steady;
  EDGEMOE_ASSIGN_OR_RETURN(eval.semseg_classes, scoring->classes_of(*scoring->data_));
  return scoring;
}

const TaskConfig& Scoring::task_config(TaskKind task) const {
  return config().tasks[static_cast<std::size_t>(config().task_index(task).value())];
}

bool Scoring::takes_depth_for_metres() const {
  return eval_.depth.alignment == DepthAlignment::kNone && has_task(eval_.tasks, TaskKind::kDepth) &&
         task_config(TaskKind::kDepth).unit.empty();
}

/// A fault when the user asked for the task by name.
Status Scoring::leave_out(TaskKind task, StatusCode code, std::string reason) {
  if (options_.tasks.front() != "all") return Status(code, fmt::format("{}: {}", task_name(task), reason));
  not_scored_.emplace_back(task, std::move(reason));
  return {};
}

Result<std::unique_ptr<Dataset>> Scoring::open(const std::filesystem::path& folder, const std::string& split) const {
  DatasetOptions options{.tasks = eval_.tasks, .layout = options_.layout, .split = split};
  if (config().task_index(TaskKind::kSemseg)) {
    options.semseg_classes = static_cast<std::size_t>(task_config(TaskKind::kSemseg).outputs);
  }
  return open_dataset(folder, options);
}

Status Scoring::open_data() {
  if (!config().head.present) {
    return unsupported("{}: a backbone without heads makes no maps that could be scored", options_.model.string());
  }
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<int> chosen, select_tasks(config(), options_.tasks));
  for (const int index : chosen) {
    const TaskKind task = config().tasks[static_cast<std::size_t>(index)].kind;
    if (is_scorable(task)) {
      eval_.tasks.push_back(task);
    } else {
      EDGEMOE_RETURN_IF_ERROR(leave_out(task, StatusCode::kUnsupported, std::string(why_not_scorable(task))));
    }
  }
  EDGEMOE_ASSIGN_OR_RETURN(data_, open(options_.data, options_.split));
  std::vector<TaskKind> tasks;
  std::swap(tasks, eval_.tasks);
  for (const TaskKind task : tasks) {
    if (data_->info().has(task)) {
      eval_.tasks.push_back(task);
    } else {
      EDGEMOE_RETURN_IF_ERROR(
          leave_out(task, StatusCode::kNotFound, fmt::format("no ground truth in {}", options_.data.string())));
    }
  }
  if (!eval_.tasks.empty()) return {};
  return not_found("{}: has ground truth for none of the model's tasks ({})", options_.data.string(),
                   config().task_list());
}

Result<ClassMap> Scoring::classes_of(const Dataset& data) const {
  if (!has_task(eval_.tasks, TaskKind::kSemseg)) return ClassMap();
  const TaskConfig& task = task_config(TaskKind::kSemseg);
  if (!options_.class_map.empty()) return read_class_map(options_.class_map, task, data.info());
  return match_classes(task, data.info());
}

Status Scoring::make_prior(std::function<Status()> before_batch, ProgressSink progress) {
  if (options_.prior.empty()) return {};
  EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<Dataset> train, open(options_.prior, "train"));
  for (const TaskKind task : eval_.tasks) {
    if (train->info().has(task)) continue;
    return not_found("{}: no ground truth of {} to make a prior of; --task can leave it out", options_.prior.string(),
                     task_name(task));
  }
  EDGEMOE_ASSIGN_OR_RETURN(ClassMap classes, classes_of(*train));
  EDGEMOE_ASSIGN_OR_RETURN(prior_, build_prior(config(), *train,
                                               {.tasks = eval_.tasks,
                                                .semseg_classes = std::move(classes),
                                                .before_batch = std::move(before_batch),
                                                .progress = std::move(progress)},
                                               pipeline_.pool()));
  eval_.prior = &prior_;
  return {};
}

Result<EvalResult> Scoring::run(std::function<Status(const PictureScore&)> on_picture, ProgressSink progress) {
  using Clock = std::chrono::steady_clock;
  eval_.on_picture = std::move(on_picture);
  eval_.progress = std::move(progress);
  const Clock::time_point start = Clock::now();
  std::optional<TruthVideo> video;
  if (!options_.video.empty()) {
    video.emplace(config(), options_.video, options_.video_rate);
    eval_.on_maps = [&video](const std::vector<TaskMap>& maps, const Sample& truth) { return video->add(maps, truth); };
  }
  Result<EvalResult> result = evaluate(pipeline_, *data_, eval_);
  eval_.on_maps = {};
  if (video && result.ok()) EDGEMOE_RETURN_IF_ERROR(video->finish());
  seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

EvalContext Scoring::context(const std::string& version, const std::string& origin) const {
  Engine& engine = pipeline_.engine();
  return {.version = version,
          .model_file = options_.model,
          .model_origin = origin,
          .trained = origin.empty(),
          .config = config(),
          .data = data_->info(),
          .num_data_pictures = data_->size(),
          .prior_folder = options_.prior,
          .num_prior_pictures = prior_.num_pictures,
          .not_scored = not_scored_,
          .number_type = std::string(engine.number_type()),
          .isa = std::string(pipeline_.instruction_set()),
          .threads = engine.num_threads(),
          .batch = engine.max_batch(),
          .seconds = seconds_};
}

}  // namespace edgemoe
