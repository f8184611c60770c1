#include "engine/saturation.h"

#include <algorithm>

#include "model/taps.h"
#include "numeric/exp2_table.h"

namespace edgemoe {
namespace {

constexpr std::string_view kBlockTensorNames[] = {kTapNorm1,        kTapQkv,   "attn.scores",    kTapAttention,
                                                  kTapAttentionOut, kTapNorm2, kTapRouterLogits, "mlp.hidden",
                                                  kTapMlpOut,       "residual"};
static_assert(std::size(kBlockTensorNames) == static_cast<std::size_t>(BlockTensor::kCount));

std::size_t heads_of(const ModelConfig& config) { return config.head.present ? config.tasks.size() : 0; }

}  // namespace

Saturation::Saturation(const ModelConfig& config)
    : config_(config),
      heads_(of_block(config.depth, BlockTensor::kNorm1)),
      per_head_(static_cast<std::size_t>(config.head.num_stages) + 2),
      counts_(heads_ + heads_of(config) * per_head_) {}

std::vector<SaturatedTensor> Saturation::take() {
  std::vector<SaturatedTensor> found;
  const auto take = [&](std::size_t tensor, std::string name) {
    const std::uint64_t count = counts_[tensor].exchange(0, std::memory_order_relaxed);
    if (count > 0) found.push_back({std::move(name), count});
  };
  take(kPatchEmbed, "patch_embed.out");
  take(kEmbedding, std::string(kTapPatchEmbed));
  for (int block = 0; block < config_.depth; ++block) {
    for (std::size_t i = 0; i < std::size(kBlockTensorNames); ++i) {
      take(of_block(block, static_cast<BlockTensor>(i)), block_tap(block, kBlockTensorNames[i]));
    }
  }
  for (std::size_t task = 0; task < heads_of(config_); ++task) {
    const std::string scope = std::string(task_name(config_.tasks[task].kind)) + "/";
    const auto take_head = [&](std::size_t number, std::string_view name) {
      take(of_head(static_cast<int>(task), number), scope + head_tap(name));
    };
    take_head(0, kTapHeadNorm);
    const auto stages = static_cast<std::size_t>(config_.head.num_stages);
    for (std::size_t stage = 0; stage < stages; ++stage) take_head(1 + stage, "conv_" + std::to_string(stage));
    take_head(1 + stages, kTapHeadLogits);
  }
  return found;
}

std::uint64_t count_scores(const std::int16_t* scores, std::size_t count) {
  const std::int32_t largest = *std::max_element(scores, scores + count);
  const bool low_end_counts = exp2_negative(static_cast<std::uint32_t>(largest - INT16_MIN)) > 0;
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    found += scores[i] == INT16_MAX || (low_end_counts && scores[i] == INT16_MIN);
  }
  return found;
}

}  // namespace edgemoe
