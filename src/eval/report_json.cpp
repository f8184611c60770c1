#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/report.h"

namespace edgemoe {
namespace {

using Json = nlohmann::ordered_json;

Json optional_json(std::optional<double> value) { return value ? Json(*value) : Json(nullptr); }

Json label_json(const LabelSums& sums, const TaskConfig& task) {
  const ConfusionMatrix& matrix = sums.confusion;
  Json classes = Json::array();
  Json absent = Json::array();
  Json confusion = Json::array();
  for (std::size_t c = 0; c < matrix.num_classes(); ++c) {
    const std::string name = class_name(task.class_names, c);
    classes.push_back({{"index", c},
                       {"name", name},
                       {"iou", optional_json(matrix.iou(c))},
                       {"truth_pixels", matrix.truth_count(c)},
                       {"predicted_pixels", matrix.predicted_count(c)}});
    if (!matrix.iou(c)) absent.push_back(name);
    Json row = Json::array();
    for (std::size_t p = 0; p < matrix.num_classes(); ++p) row.push_back(matrix.count(c, p));
    confusion.push_back(row);
  }
  return {{"mean_iou", optional_json(matrix.mean_iou())},
          {"pixel_accuracy", optional_json(matrix.pixel_accuracy())},
          {"classes_in_mean", matrix.num_occurring()},
          {"absent_classes", absent},
          {"scored_pixels", matrix.num_scored()},
          {"ignored_pixels", matrix.num_ignored()},
          {"non_finite_pixels", sums.num_non_finite},
          {"classes", classes},
          {"confusion", confusion}};
}

Json depth_json(const DepthSums& sums) {
  return {{"abs_rel", sums.abs_rel()},
          {"sq_rel", sums.sq_rel()},
          {"rmse", sums.rmse()},
          {"rmse_log", sums.rmse_log()},
          {"delta_1", sums.delta(0)},
          {"delta_2", sums.delta(1)},
          {"delta_3", sums.delta(2)},
          {"scored_pixels", sums.num_scored},
          {"without_truth_pixels", sums.num_without_truth},
          {"outside_cap_pixels", sums.num_outside_cap},
          {"cut_predictions", sums.num_cut},
          {"non_finite_pixels", sums.num_non_finite},
          {"unaligned_pictures", sums.num_unaligned}};
}

Json normals_json(const NormalsSums& sums) {
  Json within = Json::object();
  for (std::size_t i = 0; i < kAngleThresholds.size(); ++i) {
    within[fmt::format("{}", kAngleThresholds[i])] = sums.within(i);
  }
  return {{"mean_degrees", sums.mean()},         {"median_degrees", sums.median()},
          {"rmse_degrees", sums.rmse()},         {"within_degrees", within},
          {"scored_pixels", sums.num_scored()},  {"without_truth_pixels", sums.num_without_truth()},
          {"invalid_pixels", sums.num_invalid()}};
}

Json score_json(const TaskScore& score, const ModelConfig& config) {
  if (const auto* label = std::get_if<LabelSums>(&score.sums)) {
    return label_json(*label, config.tasks[static_cast<std::size_t>(*config.task_index(score.task))]);
  }
  if (const auto* depth = std::get_if<DepthSums>(&score.sums)) return depth_json(*depth);
  return normals_json(std::get<NormalsSums>(score.sums));
}

Json routing_json(const std::vector<ExpertHistogram>& histograms) {
  Json blocks = Json::array();
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    const ExpertHistogram& one = histograms[i];
    if (i == 0 || histograms[i - 1].block != one.block) {
      blocks.push_back({{"block", one.block}, {"tasks", Json::object()}, {"distances", Json::array()}});
    }
    Json& block = blocks.back();
    Json shares = Json::array();
    for (std::size_t e = 0; e < one.picks.size(); ++e) shares.push_back(one.share(e));
    block["tasks"][one.scope] = {{"picks", one.picks},
                                 {"shares", shares},
                                 {"smallest_share", one.min_share()},
                                 {"experts_below_1_percent", one.num_below(kHardlyUsedShare)}};
    for (std::size_t j = 0; j < i; ++j) {
      if (histograms[j].block != one.block) continue;
      block["distances"].push_back(
          {{"tasks", {histograms[j].scope, one.scope}}, {"total_variation", total_variation(histograms[j], one)}});
    }
  }
  return blocks;
}

Json data_json(const EvalContext& context, const EvalOptions& options, const EvalResult& result) {
  const DatasetInfo& data = context.data;
  Json out = {{"folder", data.folder.string()},
              {"layout", dataset_layout_name(data.layout)},
              {"split", data.split.empty() ? Json(nullptr) : Json(data.split)},
              {"pictures", context.num_data_pictures},
              {"scored_pictures", result.num_pictures},
              {"classes", data.classes},
              {"num_classes", data.num_classes},
              {"classes_matched",
               has_task(options.tasks, TaskKind::kSemseg) ? Json(options.semseg_classes.how) : Json(nullptr)}};
  // Read strictly before: it is JSON.
  if (!data.description.empty()) out["dataset.json"] = Json::parse(data.description);
  return out;
}

}  // namespace

std::string eval_json(const EvalContext& context, const EvalOptions& options, const EvalResult& result) {
  Json tasks = Json::array();
  for (const TaskKind task : options.tasks) tasks.push_back(task_name(task));
  Json results = Json::object();
  for (std::size_t t = 0; t < result.model.size(); ++t) {
    Json scores = {{"model", score_json(result.model[t], context.config)}};
    if (!result.prior.empty()) scores["prior"] = score_json(result.prior[t], context.config);
    results[std::string(task_name(result.model[t].task))] = scores;
  }
  Json not_scored = Json::object();
  for (const auto& [task, reason] : context.not_scored) not_scored[std::string(task_name(task))] = reason;
  Json root = {
      {"edgemoe", context.version},
      {"model", {{"file", context.model_file.string()}, {"name", context.config.name}, {"trained", context.trained}}},
      {"data", data_json(context, options, result)},
      {"settings",
       {{"tasks", tasks},
        {"limit", options.limit},
        {"depth_cap", {options.depth.cap.min, options.depth.cap.max}},
        {"depth_alignment",
         options.depth.alignment == DepthAlignment::kMedianScale ? "median_scale_per_picture" : "none"}}},
      {"results", results},
      {"not_scored", not_scored}};
  if (context.num_prior_pictures > 0) {
    root["prior"] = {{"folder", context.prior_folder.string()}, {"pictures", context.num_prior_pictures}};
  }
  if (!result.flicker.empty()) {
    Json tasks_flicker = Json::object();
    for (const Flicker& one : result.flicker) {
      tasks_flicker[std::string(task_name(one.task))] = {
          {"mean", one.num_still == 0 ? Json(nullptr) : Json(one.mean())},
          {"meaning", flicker_meaning(one.task)},
          {"still_pixels", one.num_still}};
    }
    root["settings"]["steady"] = options.steady;
    root["flicker"] = tasks_flicker;
  }
  if (options.routing == RoutingUse::kCount) root["routing"] = routing_json(result.routing);
  root["saturation"] = context.saturation ? Json::array() : Json(nullptr);
  if (context.saturation) {
    for (const auto& [tensor, count] : *context.saturation) {
      root["saturation"].push_back({{"tensor", tensor}, {"count", count}});
    }
  }
  root["run"] = {{"type", context.number_type},
                 {"instruction_set", context.isa},
                 {"threads", context.threads},
                 {"batch", context.batch},
                 {"seconds", context.seconds},
                 {"pictures_per_second", static_cast<double>(result.num_pictures) / context.seconds}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace edgemoe
