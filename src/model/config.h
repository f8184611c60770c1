// What a network is: everything about an M3ViT model that its weights do not say. Travels inside the model file; the
// named ones stand in configs/models/. docs/model-format.md lists the keys.
#ifndef EDGEMOE_MODEL_CONFIG_H_
#define EDGEMOE_MODEL_CONFIG_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace edgemoe {

/// The dense-prediction tasks of M3ViT, in the order in which the original numbers those present.
enum class TaskKind { kSemseg, kHumanParts, kSaliency, kNormals, kEdge, kDepth };

inline constexpr std::array kAllTaskKinds = {TaskKind::kSemseg,  TaskKind::kHumanParts, TaskKind::kSaliency,
                                             TaskKind::kNormals, TaskKind::kEdge,       TaskKind::kDepth};

/// "semseg", "human_parts", "sal", "normals", "edge", "depth": the names in tensors, files and on the command line.
std::string_view task_name(TaskKind kind);
std::optional<TaskKind> task_from_name(std::string_view name);

/// How a block's router learns which task it serves.
enum class RouterKind {
  kPerTask,          ///< "per_task": a gate a task, tensors mlp.gate.<task index>.w_gate (multi_gate in the original)
  kTaskConditioned,  ///< "task_conditioned": one gate, the task's feature appended after the token
  kShared,           ///< "shared": one plain gate; without expert groups one backbone pass serves every task
};

/// Order of softmax and selection.
enum class RouterRule {
  kSoftmaxThenTopK,  ///< "softmax_topk": weights are softmax over all experts, not renormalised (NoisyGate_VMoE)
  kTopKThenSoftmax,  ///< "topk_softmax": weights are softmax over the k chosen logits (NoisyGate, has w_noise)
};

/// The kernels that a picture may be resized to the network's input with; see resample/resize.h.
enum class InputResize { kBilinear, kBicubic, kBilinearAntialias, kBicubicAntialias };

std::string_view router_kind_name(RouterKind kind);
std::string_view router_rule_name(RouterRule rule);
std::string_view input_resize_name(InputResize resize);

struct TaskConfig {
  TaskKind kind = TaskKind::kSemseg;
  int outputs = 0;                       // channels of the head's last convolution
  std::string unit;                      // depth: "m", or "" where the values have no known unit; other tasks: ""
  bool logarithm = false;                // depth: the head puts out its natural logarithm ("ln m" in the file)
  std::vector<std::string> class_names;  // segmentation, human parts: one a class, or empty (printed as "class 7")

  bool operator==(const TaskConfig&) const = default;
};

/// Picture size and what is done to pixel values before patch embedding: (value in [0,1] − mean) / deviation, RGB.
struct InputConfig {
  int height = 0;
  int width = 0;
  std::array<float, 3> mean = {};
  std::array<float, 3> deviation = {};
  InputResize resize = InputResize::kBicubic;

  bool operator==(const InputConfig&) const = default;
};

/// The MoE blocks. `blocks` empty means a plain ViT; the rest is unused then.
struct MoeConfig {
  std::vector<int> blocks;  // ascending indices of the blocks whose MLP is a mixture
  int num_experts = 0;
  int top_k = 0;
  int expert_dim = 0;  // hidden width of an expert; 0 until read from the weights
  RouterKind router = RouterKind::kPerTask;
  RouterRule rule = RouterRule::kSoftmaxThenTopK;
  int task_dim = 0;                      // kTaskConditioned: width of the task's feature; else 0
  bool gate_input_ahead = false;         // the router sees the block's raw input instead of the normed tokens
  int experts_per_task = 0;              // expert groups: experts a task may use; 0: no groups
  std::optional<float> prune_threshold;  // router weights not strictly above it become 0; none: no pruning

  bool operator==(const MoeConfig&) const = default;
};

/// How a stage of a head enlarges its map. kPixelShuffle is PyTorch's: channel c·f² + i·f + j of a pixel becomes
/// channel c of the pixel in row i, column j of its f×f.
enum class Upsampling { kBilinear, kPixelShuffle };

/// The up-head family: LayerNorm, tokens to a grid, then `num_stages` times (convolution → batch norm → ReLU →
/// ×upsample); in the last stage the 1×1 convolution to the task's outputs stands before a bilinear upsampling, after a
/// pixel shuffle; then bilinear to the input size. M3ViT's four-convolution form is 4 stages, ×2; its two-convolution
/// form 1 stage, ×1; a light head fewer stages and channels. With pixel shuffles a token says for itself what lies
/// where in its patch, which interpolation between tokens can't.
struct HeadConfig {
  bool present = true;  // false: a backbone without decoders ("head": null)
  int num_stages = 0;
  int channels = 0;
  int first_kernel = 0;  // 3 or 1, of conv_0; the others are 3; 0 until read from the weights
  int upsample = 1;      // factor of a stage: 2 or 1, by pixel shuffle 2 to 16
  Upsampling upsampling = Upsampling::kBilinear;

  /// Channels of a stage's convolution: a pixel shuffle turns upsample² of them into pixels.
  int stage_outputs() const {
    return upsampling == Upsampling::kPixelShuffle ? channels * upsample * upsample : channels;
  }

  bool operator==(const HeadConfig&) const = default;
};

struct ModelConfig {
  std::string name;
  InputConfig input;
  int patch_size = 0;
  int embed_dim = 0;
  int depth = 0;
  int num_heads = 0;
  int mlp_dim = 0;  // hidden width of a dense MLP; 0 until read from the weights
  float layernorm_eps = 0;
  float batchnorm_eps = 0;
  int pos_embed_height = 0;  // grid of the stored position embedding
  int pos_embed_width = 0;
  MoeConfig moe;
  HeadConfig head;
  std::vector<TaskConfig> tasks;  // their order numbers them (routers, one-hot)

  int grid_height() const { return input.height / patch_size; }
  int grid_width() const { return input.width / patch_size; }
  int num_tokens() const { return grid_height() * grid_width() + 1; }
  int head_dim() const { return embed_dim / num_heads; }
  bool is_moe_block(int block) const;
  /// First block with a router; `depth` when there is none. Every task shares what comes before it.
  int first_moe_block() const { return moe.blocks.empty() ? depth : moe.blocks.front(); }
  /// Whether one pass of the backbone serves every task: a plain ViT, a shared router without expert groups, or a
  /// single task.
  bool tasks_share_backbone() const;
  /// Index of the task in `tasks`, or nothing.
  std::optional<int> task_index(TaskKind kind) const;
  /// "semseg, depth": what to offer when a task is not there.
  std::string task_list() const;
  /// First expert of a task's group (0 without groups); starts accumulate as in the original.
  int expert_group_start(int task) const;

  bool operator==(const ModelConfig&) const = default;
};

/// Reads a configuration: unknown, missing and mistyped keys are errors that name the key; so is any value that
/// validate_config refuses.
Result<ModelConfig> parse_model_config(std::string_view json_text);
/// The JSON text of a configuration; parse_model_config reads back the same.
std::string model_config_to_json(const ModelConfig& config);
/// Bounds and cross-conditions (sizes multiples of the patch, heads divide the width, k ≤ experts, groups fit, …).
/// Widths that may still be unread (0) pass.
Status validate_config(const ModelConfig& config);
/// validate_config, and no width is left unread: what an engine or a new model needs.
Status validate_complete_config(const ModelConfig& config);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_CONFIG_H_
