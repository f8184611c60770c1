#include "eval/evaluate.h"

#include <algorithm>
#include <new>

#include "base/check.h"

namespace edgemoe {
namespace {

const TaskConfig& task_config(const ModelConfig& config, TaskKind task) {
  return config.tasks[static_cast<std::size_t>(config.task_index(task).value())];
}

std::size_t num_outputs(const ModelConfig& config, TaskKind task) {
  const auto index = config.task_index(task);
  return index ? static_cast<std::size_t>(config.tasks[static_cast<std::size_t>(*index)].outputs) : 0;
}

/// Samples first … first + count − 1, read on the pool's threads; of several faults the first in the data's order.
Result<std::vector<Sample>> read_samples(const Dataset& data, std::size_t first, std::size_t count,
                                         const SampleRequest& request, ThreadPool& pool) {
  std::vector<Sample> samples(count);
  std::vector<Status> faults(count);
  pool.parallel_for(count, [&](std::size_t i, int /*thread*/) {
    try {
      Result<Sample> sample = data.read(first + i, request);
      faults[i] = sample.status();
      if (sample.ok()) samples[i] = std::move(sample).value();
    } catch (const std::bad_alloc&) {
      faults[i] = too_large("picture {} of {}: not enough memory", first + i, data.info().folder.string());
    }
  });
  for (const Status& fault : faults) EDGEMOE_RETURN_IF_ERROR(fault);
  return samples;
}

class Evaluation {
 public:
  Evaluation(Pipeline& pipeline, const Dataset& data, const EvalOptions& options)
      : pipeline_(pipeline), data_(data), options_(options), routing_(pipeline.config()), steady_(options.steady) {
    for (const TaskKind task : options.tasks) {
      tasks_.push_back(pipeline.config().task_index(task).value());
      rules_.push_back({num_outputs(pipeline.config(), task), options.depth});
      result_.model.push_back(empty_score(task, rules_.back()));
      if (options.order == PictureOrder::kFrames) flicker_.emplace_back(task);
      if (options.prior != nullptr) result_.prior.push_back(result_.model.back());
    }
  }

  Result<EvalResult> run() {
    const std::size_t total = options_.limit == 0 ? data_.size() : std::min(options_.limit, data_.size());
    const auto batch = static_cast<std::size_t>(pipeline_.engine().max_batch());
    for (std::size_t first = 0; first < total; first += batch) {
      EDGEMOE_RETURN_IF_ERROR(run_batch(first, std::min(batch, total - first)));
      if (options_.progress) options_.progress(std::min(first + batch, total), total);
    }
    result_.num_pictures = total;
    result_.routing = routing_.histograms();
    for (const FlickerMeter& meter : flicker_) result_.flicker.push_back(meter.sums());
    for (const TaskScore& score : result_.model) {
      if (score.num_scored() > 0) continue;
      return mismatch(
          "{}: no pixel of {} could be scored in {} pictures: all are ignored, without ground truth, or outside of "
          "the depth cap",
          data_.info().folder.string(), task_name(score.task), total);
    }
    return std::move(result_);
  }

 private:
  Status run_batch(std::size_t first, std::size_t count) {
    EDGEMOE_ASSIGN_OR_RETURN(std::vector<Sample> samples,
                             read_samples(data_, first, count, {.tasks = options_.tasks}, pipeline_.pool()));
    std::vector<const Image*> pictures;
    std::vector<PictureScore> scores;
    for (Sample& sample : samples) {
      EDGEMOE_RETURN_IF_ERROR(check(sample));
      pictures.push_back(&sample.image);
      scores.push_back({sample.name, sample.height, sample.width, {}});
    }
    std::vector<std::vector<TaskMap>> kept(options_.on_maps ? count : 0);
    const Pipeline::Request request{.tasks = tasks_,
                                    .taps = options_.routing == RoutingUse::kCount ? &routing_ : nullptr,
                                    .maps = [&](std::size_t picture, TaskMap map) -> Status {
                                      score(map, samples[picture], scores[picture]);
                                      if (options_.on_maps) kept[picture].push_back(std::move(map));
                                      return {};
                                    },
                                    .steady = options_.steady > 0 ? &steady_ : nullptr};
    EDGEMOE_RETURN_IF_ERROR(pipeline_.run(pictures, request).status());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      EDGEMOE_RETURN_IF_ERROR(options_.on_maps(kept[i], samples[i]));
    }
    if (!options_.on_picture) return {};
    for (const PictureScore& picture : scores) EDGEMOE_RETURN_IF_ERROR(options_.on_picture(picture));
    return {};
  }

  Status check(Sample& sample) const {
    EDGEMOE_RETURN_IF_ERROR(
        to_model_classes(sample, options_.semseg_classes, num_outputs(pipeline_.config(), TaskKind::kHumanParts))
            .with_context(data_.info().folder.string()));
    const Prior* prior = options_.prior;
    if (prior == nullptr || (prior->height == sample.height && prior->width == sample.width)) return {};
    return mismatch(
        "{}: {}x{} pixels (width x height), the prior's pictures have {}x{}: a prior needs pictures of one "
        "size",
        sample.name, sample.width, sample.height, prior->width, prior->height);
  }

  /// Maps of a task come picture by picture, so that sums grow in the data's order.
  void score(const TaskMap& map, const Sample& sample, PictureScore& picture) {
    const auto task = static_cast<std::size_t>(std::find(options_.tasks.begin(), options_.tasks.end(), map.task) -
                                               options_.tasks.begin());
    picture.tasks.push_back(score_map(map, sample, rules_[task], pipeline_.pool()));
    result_.model[task].merge(picture.tasks.back());
    if (!flicker_.empty()) flicker_[task].add(map, sample);
    if (options_.prior == nullptr) return;
    result_.prior[task].merge(score_map(options_.prior->maps[task], sample, rules_[task], pipeline_.pool()));
  }

  Pipeline& pipeline_;
  const Dataset& data_;
  const EvalOptions& options_;
  RoutingCounter routing_;
  SteadyLogits steady_;
  std::vector<FlickerMeter> flicker_;  // one a task, of frames
  std::vector<int> tasks_;             // the model's numbers of them
  std::vector<ScoreRule> rules_;       // one a task
  EvalResult result_;
};

}  // namespace

Result<EvalResult> evaluate(Pipeline& pipeline, const Dataset& data, const EvalOptions& options) {
  return Evaluation(pipeline, data, options).run();
}

Result<Prior> build_prior(const ModelConfig& config, const Dataset& train, const PriorOptions& options,
                          ThreadPool& pool) {
  std::vector<PriorBuilder::Task> tasks;
  for (const TaskKind task : options.tasks) {
    tasks.push_back({task, static_cast<std::size_t>(task_config(config, task).outputs)});
  }
  PriorBuilder builder(std::move(tasks));
  const SampleRequest request{options.tasks, PictureUse::kLeaveOut};
  for (std::size_t first = 0; first < train.size(); first += options.batch) {
    if (options.before_batch) EDGEMOE_RETURN_IF_ERROR(options.before_batch());
    const std::size_t count = std::min(options.batch, train.size() - first);
    EDGEMOE_ASSIGN_OR_RETURN(std::vector<Sample> samples, read_samples(train, first, count, request, pool));
    for (Sample& sample : samples) {
      EDGEMOE_RETURN_IF_ERROR(
          to_model_classes(sample, options.semseg_classes, num_outputs(config, TaskKind::kHumanParts))
              .with_context(train.info().folder.string()));
      EDGEMOE_RETURN_IF_ERROR(builder.add(sample).with_context(train.info().folder.string()));
    }
    if (options.progress) options.progress(first + count, train.size());
  }
  return builder.finish();
}

}  // namespace edgemoe
