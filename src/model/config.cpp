#include "model/config.h"

#include <algorithm>

#include "base/check.h"

namespace edgemoe {

std::string_view task_name(TaskKind kind) {
  switch (kind) {
    case TaskKind::kSemseg:
      return "semseg";
    case TaskKind::kHumanParts:
      return "human_parts";
    case TaskKind::kSaliency:
      return "sal";
    case TaskKind::kNormals:
      return "normals";
    case TaskKind::kEdge:
      return "edge";
    case TaskKind::kDepth:
      return "depth";
  }
  check_failed(__FILE__, __LINE__, "a TaskKind is one of the enumerators");
}

std::optional<TaskKind> task_from_name(std::string_view name) {
  for (const TaskKind kind : kAllTaskKinds) {
    if (task_name(kind) == name) return kind;
  }
  return std::nullopt;
}

std::string_view router_kind_name(RouterKind kind) {
  switch (kind) {
    case RouterKind::kPerTask:
      return "per_task";
    case RouterKind::kTaskConditioned:
      return "task_conditioned";
    case RouterKind::kShared:
      return "shared";
  }
  check_failed(__FILE__, __LINE__, "a RouterKind is one of the enumerators");
}

std::string_view router_rule_name(RouterRule rule) {
  switch (rule) {
    case RouterRule::kSoftmaxThenTopK:
      return "softmax_topk";
    case RouterRule::kTopKThenSoftmax:
      return "topk_softmax";
  }
  check_failed(__FILE__, __LINE__, "a RouterRule is one of the enumerators");
}

std::string_view input_resize_name(InputResize resize) {
  switch (resize) {
    case InputResize::kBilinear:
      return "bilinear";
    case InputResize::kBicubic:
      return "bicubic";
    case InputResize::kBilinearAntialias:
      return "bilinear_antialias";
    case InputResize::kBicubicAntialias:
      return "bicubic_antialias";
  }
  check_failed(__FILE__, __LINE__, "an InputResize is one of the enumerators");
}

bool ModelConfig::is_moe_block(int block) const {
  return std::binary_search(moe.blocks.begin(), moe.blocks.end(), block);
}

bool ModelConfig::tasks_share_backbone() const {
  return tasks.size() <= 1 || moe.blocks.empty() || (moe.router == RouterKind::kShared && moe.experts_per_task == 0);
}

std::optional<int> ModelConfig::task_index(TaskKind kind) const {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].kind == kind) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::string ModelConfig::task_list() const {
  std::string list;
  for (const TaskConfig& task : tasks) {
    if (!list.empty()) list += ", ";
    list += task_name(task.kind);
  }
  return list;
}

int ModelConfig::expert_group_start(int task) const {
  if (moe.experts_per_task == 0) return 0;
  const int spread = moe.num_experts - moe.experts_per_task;
  const int gaps = static_cast<int>(tasks.size()) - 1;
  int start = 0;
  for (int i = 1; i <= task; ++i) start += i * spread / gaps;
  return start;
}

}  // namespace edgemoe
