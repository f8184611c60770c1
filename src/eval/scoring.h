// A model and pictures with ground truth, brought together by what a user asks for: which tasks can be scored, which
// class is which, and what a prior is made of.
#ifndef EDGEMOE_EVAL_SCORING_H_
#define EDGEMOE_EVAL_SCORING_H_

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sink.h"
#include "base/status.h"
#include "eval/dataset.h"
#include "eval/evaluate.h"
#include "eval/report.h"
#include "pipeline/pipeline.h"

namespace edgemoe {

struct ScoringOptions {
  std::filesystem::path model;               // for messages and the report
  std::vector<std::string> tasks = {"all"};  // by name; "all" leaves out what cannot be scored
  std::filesystem::path data;
  LayoutChoice layout = LayoutChoice::kAuto;
  std::string split = "val";
  std::size_t limit = 0;              // first pictures only; 0: all
  std::filesystem::path prior;        // training pictures; empty: no prior
  std::filesystem::path class_map;    // empty: classes must match
  std::optional<DepthCap> depth_cap;  // none: the layout's own
  DepthAlignment alignment = DepthAlignment::kNone;
  RoutingUse routing = RoutingUse::kLeaveOut;
  PictureOrder order = PictureOrder::kAny;
  double steady = 0;            // EvalOptions::steady
  std::filesystem::path video;  // of maps and truth, to be written by run(); empty: none
  double video_rate = 10;       // its frames a second
};

/// One evaluation: prepare, make_prior, run.
class Scoring {
 public:
  /// Opens the data and decides what is scored. kUnsupported for a model without heads, or a task asked for by name
  /// that no layout can score; kNotFound for one without ground truth, or when nothing is left; kMismatch when classes
  /// do not match; the faults of open_dataset. `pipeline` must outlive it.
  static Result<std::unique_ptr<Scoring>> prepare(Pipeline& pipeline, ScoringOptions options);

  const EvalOptions& eval() const { return eval_; }
  /// Depth is scored as metres though the model names no unit.
  bool takes_depth_for_metres() const;

  /// Does nothing where no prior is asked for. `before_batch`: PriorOptions'.
  Status make_prior(std::function<Status()> before_batch, ProgressSink progress);
  Result<EvalResult> run(std::function<Status(const PictureScore&)> on_picture, ProgressSink progress);
  /// For the report, after run(). `origin`: EvalContext::model_origin.
  EvalContext context(const std::string& version, const std::string& origin) const;

 private:
  Scoring(Pipeline& pipeline, ScoringOptions options) : pipeline_(pipeline), options_(std::move(options)) {}

  const ModelConfig& config() const { return pipeline_.config(); }
  const TaskConfig& task_config(TaskKind task) const;
  Status open_data();
  Status leave_out(TaskKind task, StatusCode code, std::string reason);
  Result<std::unique_ptr<Dataset>> open(const std::filesystem::path& folder, const std::string& split) const;
  Result<ClassMap> classes_of(const Dataset& data) const;

  Pipeline& pipeline_;
  const ScoringOptions options_;
  std::unique_ptr<Dataset> data_;
  std::vector<std::pair<TaskKind, std::string>> not_scored_;  // of the model's tasks, with the reason
  Prior prior_;
  EvalOptions eval_;
  double seconds_ = 0;
};

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_SCORING_H_
