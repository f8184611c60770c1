#include <fmt/format.h>

#include <iterator>

#include "base/text.h"
#include "eval/report.h"

namespace edgemoe {
namespace {

constexpr std::size_t kNameWidth = 24;

/// Lines of a table are put together here.
class Text {
 public:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_.erase(text_.find_last_not_of(' ') + 1);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string number(std::optional<double> value) { return value ? fmt::format("{:10.4f}", *value) : "         -"; }

/// A metric of the model, and of the prior where there is one.
void row(Text& text, std::string_view name, std::optional<double> model, const std::optional<double>* prior,
         std::string_view remark = "") {
  text.line("  {:<{}}{}{}{}{}", name, kNameWidth, number(model), prior == nullptr ? "" : number(*prior),
            remark.empty() ? "" : "   ", remark);
}

void columns(Text& text, std::string_view first, bool has_prior, std::string_view last = "") {
  text.line("  {:<{}}{:>10}{}{}", first, kNameWidth, "model", has_prior ? fmt::format("{:>10}", "prior") : "", last);
}

std::string cut_name(const std::string& name) {
  const std::string clean = printable(name);
  return clean.size() <= kNameWidth - 5 ? clean : clean.substr(0, kNameWidth - 6) + "~";
}

void label_table(Text& text, const TaskConfig& task, const LabelSums& model, const LabelSums* prior) {
  const ConfusionMatrix& matrix = model.confusion;
  const auto scored = static_cast<double>(matrix.num_scored());
  text.line("{}: {} pixels scored, {} ignored; non-finite logits at {} pixels", task_name(task.kind),
            matrix.num_scored(), matrix.num_ignored(), model.num_non_finite);
  columns(text, "", prior != nullptr);
  const auto metric = [&](std::string_view name, auto value, std::string_view remark) {
    std::optional<double> other;
    if (prior != nullptr) other = value(prior->confusion);
    row(text, name, value(matrix), prior == nullptr ? nullptr : &other, remark);
  };
  metric(
      "mean IoU", [](const ConfusionMatrix& m) { return m.mean_iou(); },
      fmt::format("over the {} of {} classes in truth or prediction", matrix.num_occurring(), matrix.num_classes()));
  metric(
      "pixel accuracy", [](const ConfusionMatrix& m) { return m.pixel_accuracy(); }, "");
  columns(text, "IoU of class", prior != nullptr, "   % of truth   % of prediction");
  for (std::size_t c = 0; c < matrix.num_classes(); ++c) {
    const auto percent = [&](std::uint64_t pixels) { return 100.0 * static_cast<double>(pixels) / scored; };
    const std::string shares = matrix.iou(c) ? fmt::format("{:9.2f}   {:15.2f}", percent(matrix.truth_count(c)),
                                                           percent(matrix.predicted_count(c)))
                                             : "absent from both, not in the mean";
    metric(
        fmt::format("{:>3}  {}", c, cut_name(class_name(task.class_names, c))),
        [c](const ConfusionMatrix& m) { return m.iou(c); }, shares);
  }
}

void depth_table(Text& text, const DepthRule& rule, const DepthSums& model, const DepthSums* prior) {
  text.line("depth: {} pixels scored, truth {} to {} m{}", model.num_scored, rule.cap.min, rule.cap.max,
            rule.alignment == DepthAlignment::kMedianScale
                ? "; SCALE-ALIGNED: each prediction times median(truth) / median(prediction)"
                : "");
  text.line("  without depth {}, outside of the cap {}; predictions cut to the cap {}, non-finite {}{}",
            model.num_without_truth, model.num_outside_cap, model.num_cut, model.num_non_finite,
            model.num_unaligned > 0 ? fmt::format("; {} pictures not aligned", model.num_unaligned) : "");
  columns(text, "", prior != nullptr);
  const auto metric = [&](std::string_view name, auto value) {
    std::optional<double> other;
    if (prior != nullptr) other = value(*prior);
    row(text, name, value(model), prior == nullptr ? nullptr : &other);
  };
  metric("abs rel", [](const DepthSums& sums) { return sums.abs_rel(); });
  metric("sq rel (m)", [](const DepthSums& sums) { return sums.sq_rel(); });
  metric("RMSE (m)", [](const DepthSums& sums) { return sums.rmse(); });
  metric("RMSE log", [](const DepthSums& sums) { return sums.rmse_log(); });
  metric("delta < 1.25", [](const DepthSums& sums) { return sums.delta(0); });
  metric("delta < 1.25^2", [](const DepthSums& sums) { return sums.delta(1); });
  metric("delta < 1.25^3", [](const DepthSums& sums) { return sums.delta(2); });
}

void normals_table(Text& text, const NormalsSums& model, const NormalsSums* prior) {
  text.line("normals: {} pixels scored, {} without normal; predictions without direction {}", model.num_scored(),
            model.num_without_truth(), model.num_invalid());
  columns(text, "", prior != nullptr);
  const auto metric = [&](std::string_view name, auto value) {
    std::optional<double> other;
    if (prior != nullptr) other = value(*prior);
    row(text, name, value(model), prior == nullptr ? nullptr : &other);
  };
  metric("mean angle (degrees)", [](const NormalsSums& sums) { return sums.mean(); });
  metric("median angle (degrees)", [](const NormalsSums& sums) { return sums.median(); });
  metric("RMSE angle (degrees)", [](const NormalsSums& sums) { return sums.rmse(); });
  for (std::size_t i = 0; i < kAngleThresholds.size(); ++i) {
    metric(fmt::format("within {} degrees", kAngleThresholds[i]), [i](const NormalsSums& s) { return s.within(i); });
  }
}

void routing_table(Text& text, const std::vector<ExpertHistogram>& histograms) {
  text.line("routing: share of the picks that go to an expert");
  text.line("  {:<7}{:<14}{:>10}{:>12}{:>12}   {}", "block", "task", "smallest", "largest", "below 1 %",
            "distance to the tasks above it");
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    const ExpertHistogram& one = histograms[i];
    std::string distances;
    for (std::size_t j = 0; j < i; ++j) {
      if (histograms[j].block != one.block) continue;
      distances += fmt::format("{}{:.3f} {}", distances.empty() ? "" : ", ", total_variation(one, histograms[j]),
                               histograms[j].scope);
    }
    const bool first = i == 0 || histograms[i - 1].block != one.block;
    text.line("  {:<7}{:<14}{:>8.2f} %{:>10.2f} %{:>6} of {:<3}   {}", first ? std::to_string(one.block) : "",
              one.scope, 100 * one.min_share(), 100 * one.max_share(), one.num_below(kHardlyUsedShare),
              one.picks.size(), distances);
  }
}

void header(Text& text, const EvalContext& context, const EvalOptions& options, const EvalResult& result) {
  text.line("model    {}: {}{}", context.model_file.string(), context.config.name, context.model_origin);
  text.line("data     {}: layout {}{}, {} of {} pictures", context.data.folder.string(),
            dataset_layout_name(context.data.layout), context.data.split.empty() ? "" : ", split " + context.data.split,
            result.num_pictures, context.num_data_pictures);
  if (has_task(options.tasks, TaskKind::kSemseg)) {
    text.line("classes  {} of the data, {} of the model, matched {}", context.data.num_classes,
              context.config.tasks[static_cast<std::size_t>(*context.config.task_index(TaskKind::kSemseg))].outputs,
              options.semseg_classes.how);
  }
  if (context.num_prior_pictures > 0) {
    text.line("prior    {}: {} pictures; blind to the picture, one map for all", context.prior_folder.string(),
              context.num_prior_pictures);
  }
  for (const auto& [task, reason] : context.not_scored)
    text.line("note     {} not scored: {}", task_name(task), reason);
}

void flicker_table(Text& text, const EvalOptions& options, const std::vector<Flicker>& flicker) {
  text.line("");
  text.line("flicker from frame to frame, weight of the past {:g}", options.steady);
  columns(text, "", false);
  for (const Flicker& one : flicker) {
    row(text, task_name(one.task), one.num_still == 0 ? std::nullopt : std::optional(one.mean()), nullptr,
        flicker_meaning(one.task));
  }
}

}  // namespace

std::string eval_table(const EvalContext& context, const EvalOptions& options, const EvalResult& result) {
  Text text;
  header(text, context, options, result);
  for (std::size_t t = 0; t < result.model.size(); ++t) {
    text.line("");
    const TaskScore& model = result.model[t];
    const TaskScore* prior = result.prior.empty() ? nullptr : &result.prior[t];
    if (const auto* label = std::get_if<LabelSums>(&model.sums)) {
      const auto index = static_cast<std::size_t>(*context.config.task_index(model.task));
      label_table(text, context.config.tasks[index], *label,
                  prior == nullptr ? nullptr : &std::get<LabelSums>(prior->sums));
    } else if (const auto* depth = std::get_if<DepthSums>(&model.sums)) {
      depth_table(text, options.depth, *depth, prior == nullptr ? nullptr : &std::get<DepthSums>(prior->sums));
    } else {
      normals_table(text, std::get<NormalsSums>(model.sums),
                    prior == nullptr ? nullptr : &std::get<NormalsSums>(prior->sums));
    }
  }
  if (!result.flicker.empty()) flicker_table(text, options, result.flicker);
  if (options.routing == RoutingUse::kCount) {
    text.line("");
    if (result.routing.empty()) {
      text.line("routing: this model has no experts");
    } else {
      routing_table(text, result.routing);
    }
  }
  return text.take();
}

}  // namespace edgemoe
