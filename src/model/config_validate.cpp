#include <algorithm>
#include <cmath>

#include "model/config.h"
#include "model/tensor_table.h"

namespace edgemoe {
namespace {

// Bounds that no real network meets and that keep every later product of sizes within 64 bits.
constexpr int kMaxImageSide = 16384;
constexpr int kMaxPatchSize = 128;
constexpr std::int64_t kMaxGridTokens = 1 << 20;
constexpr int kMaxEmbedDim = 8192;
constexpr int kMaxDepth = 512;
constexpr int kMaxHiddenDim = 65536;  // mlp_dim, expert_dim
constexpr int kMaxExperts = 1024;
constexpr int kMaxTaskDim = 8192;
constexpr int kMaxHeadStages = 8;
constexpr int kMaxHeadChannels = 4096;  // of a convolution
constexpr int kMaxShuffle = 16;
constexpr int kMaxClasses = 255;                                // an index file holds 0…254, 255 is "ignore"
constexpr std::int64_t kMaxParameters = std::int64_t{1} << 34;  // 64 GiB of float32
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxUnitBytes = 16;
constexpr float kMaxPixelScale = 1e6F;
constexpr float kMinEpsilon = 1e-12F;

Status check_range(std::string_view key, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return {};
  return malformed("{}: expected {} to {}, found {}", key, low, high, value);
}

/// As check_range; 0 stands for a width that is still to be read from the weights.
Status check_width(std::string_view key, int value, int high) {
  return value == 0 ? Status() : check_range(key, value, 1, high);
}

Status check_real(std::string_view key, float value, float low, float high) {
  if (value >= low && value <= high) return {};  // false for a NaN
  return malformed("{}: expected {} to {}, found {}", key, low, high, value);
}

/// Length of the UTF-8 sequence of a printable character at the front of `text`; 0 for a control or a broken one.
std::size_t printable_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t length = first >= 0xF5 ? 0 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return 0;
  }
  // Overlong forms, surrogates, beyond U+10FFFF, and the C1 controls.
  const unsigned second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) || (first == 0xF0 && second < 0x90) ||
      (first == 0xF4 && second >= 0x90) || (first == 0xC2 && second < 0xA0)) {
    return 0;
  }
  return length;
}

bool is_printable_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = printable_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Names end up in file names, so they keep to letters, digits and "._+-".
Status check_model_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '+' || c == '-';
  });
  if (plain && !name.empty() && name.size() <= kMaxNameBytes) return {};
  return malformed("name: expected 1 to {} letters, digits and ._+-, found {}", kMaxNameBytes,
                   plain ? fmt::format("{} characters", name.size()) : "others");
}

Status check_input(const ModelConfig& config) {
  const InputConfig& input = config.input;
  EDGEMOE_RETURN_IF_ERROR(check_range("patch_size", config.patch_size, 1, kMaxPatchSize));
  EDGEMOE_RETURN_IF_ERROR(check_range("input.height", input.height, 1, kMaxImageSide));
  EDGEMOE_RETURN_IF_ERROR(check_range("input.width", input.width, 1, kMaxImageSide));
  for (const auto& [key, side] : {std::pair("height", input.height), std::pair("width", input.width)}) {
    if (side % config.patch_size != 0) {
      return malformed("input.{}: expected a multiple of patch_size ({}), found {}", key, config.patch_size, side);
    }
  }
  EDGEMOE_RETURN_IF_ERROR(check_range("patches of the input (height/patch_size * width/patch_size)",
                                      std::int64_t{config.grid_height()} * config.grid_width(), 1, kMaxGridTokens));
  EDGEMOE_RETURN_IF_ERROR(check_range("pos_embed_grid[0]", config.pos_embed_height, 1, kMaxImageSide));
  EDGEMOE_RETURN_IF_ERROR(check_range("pos_embed_grid[1]", config.pos_embed_width, 1, kMaxImageSide));
  EDGEMOE_RETURN_IF_ERROR(check_range(
      "patches of pos_embed_grid", std::int64_t{config.pos_embed_height} * config.pos_embed_width, 1, kMaxGridTokens));
  for (std::size_t c = 0; c < input.mean.size(); ++c) {
    EDGEMOE_RETURN_IF_ERROR(
        check_real(fmt::format("input.mean[{}]", c), input.mean[c], -kMaxPixelScale, kMaxPixelScale));
    EDGEMOE_RETURN_IF_ERROR(
        check_real(fmt::format("input.deviation[{}]", c), input.deviation[c], 1 / kMaxPixelScale, kMaxPixelScale));
  }
  return {};
}

Status check_backbone(const ModelConfig& config) {
  EDGEMOE_RETURN_IF_ERROR(check_range("embed_dim", config.embed_dim, 1, kMaxEmbedDim));
  EDGEMOE_RETURN_IF_ERROR(check_range("depth", config.depth, 1, kMaxDepth));
  EDGEMOE_RETURN_IF_ERROR(check_range("num_heads", config.num_heads, 1, config.embed_dim));
  if (config.embed_dim % config.num_heads != 0) {
    return malformed("num_heads: expected a divisor of embed_dim ({}), found {}", config.embed_dim, config.num_heads);
  }
  EDGEMOE_RETURN_IF_ERROR(check_width("mlp_dim", config.mlp_dim, kMaxHiddenDim));
  EDGEMOE_RETURN_IF_ERROR(check_real("layernorm_eps", config.layernorm_eps, kMinEpsilon, 1));
  return check_real("batchnorm_eps", config.batchnorm_eps, kMinEpsilon, 1);
}

Status check_moe_blocks(const ModelConfig& config) {
  int previous = -1;
  for (const int block : config.moe.blocks) {
    if (block <= previous || block >= config.depth) {
      return malformed("moe.blocks: expected strictly ascending indices from 0 to {}, found {} after {}",
                       config.depth - 1, block, previous < 0 ? "nothing" : std::to_string(previous));
    }
    previous = block;
  }
  return {};
}

/// Groups of experts: task i chooses among experts_per_task experts from expert_group_start(i) on.
Status check_expert_groups(const ModelConfig& config) {
  const MoeConfig& moe = config.moe;
  if (moe.experts_per_task == 0) return {};
  EDGEMOE_RETURN_IF_ERROR(check_range("moe.experts_per_task", moe.experts_per_task, 1, moe.num_experts));
  if (moe.router == RouterKind::kPerTask) {
    return malformed(
        "moe.experts_per_task: expected 0 with moe.router \"per_task\", found {}: the groups are chosen "
        "inside one gate that all tasks use",
        moe.experts_per_task);
  }
  if (moe.rule == RouterRule::kTopKThenSoftmax) {
    return malformed("moe.experts_per_task: expected 0 with moe.router_rule \"topk_softmax\", found {}",
                     moe.experts_per_task);
  }
  if (config.tasks.size() < 2) {
    return malformed(
        "moe.experts_per_task: expected 0 with a single task, found {}: the starts of the groups are "
        "spread by (experts - experts_per_task) / (tasks - 1)",
        moe.experts_per_task);
  }
  for (std::size_t task = 0; task < config.tasks.size(); ++task) {
    const int start = config.expert_group_start(static_cast<int>(task));
    if (start + moe.experts_per_task > moe.num_experts) {
      return malformed(
          "moe.experts_per_task: the group of task {} starts at expert {} and needs {}, but there are "
          "only {}: starts accumulate, so more than two tasks seldom fit",
          task_name(config.tasks[task].kind), start, moe.experts_per_task, moe.num_experts);
    }
  }
  return {};
}

Status check_moe(const ModelConfig& config) {
  const MoeConfig& moe = config.moe;
  if (moe.blocks.empty()) return {};
  EDGEMOE_RETURN_IF_ERROR(check_moe_blocks(config));
  EDGEMOE_RETURN_IF_ERROR(check_range("moe.num_experts", moe.num_experts, 1, kMaxExperts));
  EDGEMOE_RETURN_IF_ERROR(check_expert_groups(config));
  EDGEMOE_RETURN_IF_ERROR(
      check_range("moe.top_k", moe.top_k, 1, moe.experts_per_task > 0 ? moe.experts_per_task : moe.num_experts));
  EDGEMOE_RETURN_IF_ERROR(check_width("moe.expert_dim", moe.expert_dim, kMaxHiddenDim));
  if (moe.router == RouterKind::kTaskConditioned) {
    EDGEMOE_RETURN_IF_ERROR(check_range("moe.task_dim", moe.task_dim, 1, kMaxTaskDim));
  } else if (moe.task_dim != 0) {
    return malformed("moe.task_dim: expected 0 with moe.router \"{}\", found {}", router_kind_name(moe.router),
                     moe.task_dim);
  }
  return moe.prune_threshold ? check_real("moe.prune_threshold", *moe.prune_threshold, 0, 1) : Status();
}

Status check_head(const ModelConfig& config) {
  const HeadConfig& head = config.head;
  if (!head.present) return {};
  EDGEMOE_RETURN_IF_ERROR(check_range("head.num_stages", head.num_stages, 1, kMaxHeadStages));
  EDGEMOE_RETURN_IF_ERROR(check_range("head.channels", head.channels, 1, kMaxHeadChannels));
  if (head.first_kernel != 0 && head.first_kernel != 1 && head.first_kernel != 3) {
    return malformed("head.first_kernel: expected 1, 3 or null, found {}", head.first_kernel);
  }
  if (head.upsampling == Upsampling::kPixelShuffle) {
    EDGEMOE_RETURN_IF_ERROR(check_range("head.upsample: shuffle", head.upsample, 2, kMaxShuffle));
    EDGEMOE_RETURN_IF_ERROR(
        check_range("head.channels times the square of the shuffle", head.stage_outputs(), 1, kMaxHeadChannels));
  } else {
    EDGEMOE_RETURN_IF_ERROR(check_range("head.upsample", head.upsample, 1, 2));
  }
  std::int64_t side = std::max(config.grid_height(), config.grid_width());
  for (int stage = 0; stage < head.num_stages; ++stage) side *= head.upsample;
  if (side <= kMaxImageSide) return {};
  return malformed("head.num_stages: {} stages of x{} make a map of {} pixels a side, the limit is {}", head.num_stages,
                   head.upsample, side, kMaxImageSide);
}

bool has_classes(TaskKind kind) { return kind == TaskKind::kSemseg || kind == TaskKind::kHumanParts; }

Status check_task(const TaskConfig& task, std::string_view path) {
  const int fixed = task.kind == TaskKind::kNormals ? 3 : 1;
  const auto [low, high] = has_classes(task.kind) ? std::pair(1, kMaxClasses) : std::pair(fixed, fixed);
  if (task.outputs < low || task.outputs > high) {
    return malformed("{}.outputs: expected {} for {}, found {}", path,
                     low == high ? std::to_string(low) : fmt::format("{} to {}", low, high), task_name(task.kind),
                     task.outputs);
  }
  if (task.unit.size() > kMaxUnitBytes || !is_printable_utf8(task.unit)) {
    return malformed("{}.unit: expected at most {} bytes of printable UTF-8", path, kMaxUnitBytes);
  }
  if (task.logarithm && task.unit.empty()) {
    return malformed("{}.unit: expected a unit after \"ln \", found none", path);
  }
  if (task.kind != TaskKind::kDepth && !task.unit.empty()) {
    return malformed("{}.unit: expected \"\" for {}, found \"{}\"", path, task_name(task.kind), task.unit);
  }
  const std::size_t classes = has_classes(task.kind) ? static_cast<std::size_t>(task.outputs) : 0;
  if (!task.class_names.empty() && task.class_names.size() != classes) {
    return malformed("{}.class_names: expected none{}, found {}", path,
                     classes == 0 ? "" : fmt::format(" or {} (outputs)", classes), task.class_names.size());
  }
  for (std::size_t i = 0; i < task.class_names.size(); ++i) {
    const std::string& name = task.class_names[i];
    if (name.empty() || name.size() > kMaxNameBytes || !is_printable_utf8(name)) {
      return malformed("{}.class_names[{}]: expected 1 to {} bytes of printable UTF-8", path, i, kMaxNameBytes);
    }
  }
  return {};
}

Status check_tasks(const ModelConfig& config) {
  EDGEMOE_RETURN_IF_ERROR(check_range("number of tasks", static_cast<std::int64_t>(config.tasks.size()), 1,
                                      static_cast<std::int64_t>(kAllTaskKinds.size())));
  for (std::size_t i = 0; i < config.tasks.size(); ++i) {
    const std::string path = fmt::format("tasks[{}]", i);
    const TaskKind kind = config.tasks[i].kind;
    if (config.task_index(kind) != static_cast<int>(i)) {
      return malformed("{}.name: expected each task once, found \"{}\" again", path, task_name(kind));
    }
    EDGEMOE_RETURN_IF_ERROR(check_task(config.tasks[i], path));
  }
  return {};
}

}  // namespace

Status validate_config(const ModelConfig& config) {
  EDGEMOE_RETURN_IF_ERROR(check_model_name(config.name));
  EDGEMOE_RETURN_IF_ERROR(check_input(config));
  EDGEMOE_RETURN_IF_ERROR(check_backbone(config));
  EDGEMOE_RETURN_IF_ERROR(check_tasks(config));
  EDGEMOE_RETURN_IF_ERROR(check_moe(config));
  return check_head(config);
}

Status validate_complete_config(const ModelConfig& config) {
  EDGEMOE_RETURN_IF_ERROR(validate_config(config));
  const auto unread = [](std::string_view key) {
    return malformed("{}: expected a width, found null: only `edgemoe convert` can read it from weights", key);
  };
  const bool has_dense_block = config.moe.blocks.size() < static_cast<std::size_t>(config.depth);
  if (has_dense_block && config.mlp_dim == 0) return unread("mlp_dim");
  if (!config.moe.blocks.empty() && config.moe.expert_dim == 0) return unread("moe.expert_dim");
  if (config.head.present && config.head.first_kernel == 0) return unread("head.first_kernel");
  std::int64_t parameters = 0;
  for (const TensorSpec& spec : tensor_table(config)) parameters += spec.shape.num_elements();
  if (parameters > kMaxParameters) {
    return too_large("the network has {} parameters, the limit is {}", parameters, kMaxParameters);
  }
  return {};
}

}  // namespace edgemoe
