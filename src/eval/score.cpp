#include "eval/score.h"

#include "base/check.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

void TaskScore::merge(const TaskScore& other) {
  EDGEMOE_CHECK(task == other.task);
  std::visit(Overloaded{[&](LabelSums& own) {
                          const auto& added = std::get<LabelSums>(other.sums);
                          own.confusion.merge(added.confusion);
                          own.num_non_finite += added.num_non_finite;
                        },
                        [&](DepthSums& own) { own += std::get<DepthSums>(other.sums); },
                        [&](NormalsSums& own) { own.merge(std::get<NormalsSums>(other.sums)); }},
             sums);
}

std::uint64_t TaskScore::num_scored() const {
  return std::visit(Overloaded{[](const LabelSums& label) { return label.confusion.num_scored(); },
                               [](const DepthSums& depth) { return depth.num_scored; },
                               [](const NormalsSums& normals) { return normals.num_scored(); }},
                    sums);
}

bool is_scorable(TaskKind task) { return task != TaskKind::kEdge && task != TaskKind::kSaliency; }

std::string_view why_not_scorable(TaskKind task) {
  switch (task) {
    case TaskKind::kEdge:
      return "edges are scored by matching thinned contours within a tolerance (odsF), which is not built in";
    case TaskKind::kSaliency:
      return "no layout that is read here has saliency masks";
    case TaskKind::kSemseg:
    case TaskKind::kHumanParts:
    case TaskKind::kNormals:
    case TaskKind::kDepth:
      return "";
  }
  return "";
}

TaskScore empty_score(TaskKind task, const ScoreRule& rule) {
  EDGEMOE_CHECK(is_scorable(task));
  if (task == TaskKind::kDepth) return {task, DepthSums()};
  if (task == TaskKind::kNormals) return {task, NormalsSums()};
  return {task, LabelSums{ConfusionMatrix(rule.num_classes)}};
}

TaskScore score_map(const TaskMap& map, const Sample& sample, const ScoreRule& rule, ThreadPool& pool) {
  EDGEMOE_CHECK(map.height == sample.height && map.width == sample.width);
  if (map.task == TaskKind::kDepth) {
    return {map.task, score_depth(map.values, sample.depth, sample.width, rule.depth, pool)};
  }
  if (map.task == TaskKind::kNormals) return {map.task, score_normals(map.values, sample.normals, pool)};
  TaskScore score = empty_score(map.task, rule);
  auto& label = std::get<LabelSums>(score.sums);
  label.confusion.add(map.labels, sample.label_map(map.task));
  label.num_non_finite = map.num_non_finite;
  return score;
}

Status to_model_classes(Sample& sample, const ClassMap& semseg, std::size_t human_parts_classes) {
  EDGEMOE_RETURN_IF_ERROR(translate_labels(sample.labels, sample.width, semseg.to_model).with_context(sample.name));
  if (sample.human_parts.empty()) return {};
  return translate_labels(sample.human_parts, sample.width, plain_labels(human_parts_classes, kIgnoreLabel))
      .with_context(sample.name + ", human_parts");
}

}  // namespace edgemoe
