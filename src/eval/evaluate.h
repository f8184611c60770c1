// Runs a model over a dataset and scores what it says. Memory does not grow with the number of pictures.
#ifndef EDGEMOE_EVAL_EVALUATE_H_
#define EDGEMOE_EVAL_EVALUATE_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/sink.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "eval/class_map.h"
#include "eval/dataset.h"
#include "eval/flicker.h"
#include "eval/prior.h"
#include "eval/routing.h"
#include "eval/score.h"
#include "pipeline/pipeline.h"

namespace edgemoe {

/// Scores of one picture alone, in the order of EvalOptions::tasks.
struct PictureScore {
  std::string name;
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<TaskScore> tasks;
};

enum class RoutingUse { kLeaveOut, kCount };

/// Whether the data's pictures are one video's, in order.
enum class PictureOrder { kAny, kFrames };

struct EvalOptions {
  std::vector<TaskKind> tasks;  // scorable, of the model's and of the data's
  std::size_t limit = 0;        // first pictures only; 0: all
  DepthRule depth;
  ClassMap semseg_classes;  // where semseg is one of the tasks
  RoutingUse routing = RoutingUse::kLeaveOut;
  PictureOrder order = PictureOrder::kAny;                // kFrames: flicker is measured
  double steady = 0;                                      // of frames: SteadyLogits' weight of the past, [0, 1)
  const Prior* prior = nullptr;                           // scored on the same pictures; has a map for each task
  std::function<Status(const PictureScore&)> on_picture;  // in the data's order; may be empty
  // The same of the maps, in the order of `tasks`, and the picture with its truth in the model's classes. May be empty.
  std::function<Status(const std::vector<TaskMap>&, const Sample&)> on_maps;
  ProgressSink progress;
};

struct EvalResult {
  std::size_t num_pictures = 0;
  std::vector<TaskScore> model;  // in the order of the tasks
  std::vector<TaskScore> prior;  // the same, or empty
  std::vector<ExpertHistogram> routing;
  std::vector<Flicker> flicker;  // of frames, in the order of the tasks; else empty
};

/// Reads, runs and scores max_batch pictures of the pipeline at a time. The same result for any number of threads and
/// any batch. Faults of the data; kMismatch when a task has no pixel that could be scored.
Result<EvalResult> evaluate(Pipeline& pipeline, const Dataset& data, const EvalOptions& options);

struct PriorOptions {
  std::vector<TaskKind> tasks;           // that the data has
  ClassMap semseg_classes;               // the training data's own
  std::size_t batch = 8;                 // pictures read together
  std::function<Status()> before_batch;  // a fault ends the work; may be empty
  ProgressSink progress;
};

/// The prior of a whole training set for a model of this configuration.
Result<Prior> build_prior(const ModelConfig& config, const Dataset& train, const PriorOptions& options,
                          ThreadPool& pool);

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_EVALUATE_H_
