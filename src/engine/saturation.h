// Counts of saturated numbers, docs/numerics.md, section 6: the same of every integer engine.
#ifndef EDGEMOE_ENGINE_SATURATION_H_
#define EDGEMOE_ENGINE_SATURATION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "model/config.h"

namespace edgemoe {

/// Tensors of a block that have a range, in the order in which they are computed.
enum class BlockTensor {
  kNorm1,
  kQkv,
  kScores,
  kHeads,
  kAttentionOut,  ///< of the projection
  kNorm2,
  kRouterLogits,
  kHidden,    ///< before GELU
  kMlpOut,    ///< of the MLP, or of each expert
  kResidual,  ///< sums of both with the residual stream
  kCount,
};

class Saturation {
 public:
  explicit Saturation(const ModelConfig& config);

  // Places of tensors.
  static constexpr std::size_t kPatchEmbed = 0;
  static constexpr std::size_t kEmbedding = 1;  ///< tokens with their positions
  static constexpr std::size_t of_block(int block, BlockTensor tensor) {
    return 2 + static_cast<std::size_t>(block) * static_cast<std::size_t>(BlockTensor::kCount) +
           static_cast<std::size_t>(tensor);
  }
  /// `number`: 0 for the norm, then the convolutions, the one that makes the logits last.
  std::size_t of_head(int task, std::size_t number) const {
    return heads_ + static_cast<std::size_t>(task) * per_head_ + number;
  }

  /// By any thread.
  void add(std::size_t tensor, std::uint64_t count) {
    if (count > 0) counts_[tensor].fetch_add(count, std::memory_order_relaxed);
  }
  /// What has been added since the last call, in the network's order.
  std::vector<SaturatedTensor> take();

 private:
  const ModelConfig& config_;
  std::size_t heads_;
  std::size_t per_head_;
  std::vector<std::atomic<std::uint64_t>> counts_;
};

/// Whether a number is an end of the range of `bits` bits.
template <int bits>
constexpr bool at_end(std::int64_t value) {
  constexpr std::int64_t kLargest = (std::int64_t{1} << (bits - 1)) - 1;
  return value == kLargest || value == -kLargest - 1;
}

/// Of sums with a bias, sat(sat(…) + bias): those that are at an end, or were before the bias came. A sum that is at
/// none gives the number before it exactly.
template <int bits, typename Number, typename Bias>
std::uint64_t count_biased(const Number* sums, const Bias* bias, std::size_t count) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    found += at_end<bits>(sums[i]) || at_end<bits>(std::int64_t{sums[i]} - bias[i]);
  }
  return found;
}

template <int bits, typename Number>
std::uint64_t count_ends(const Number* numbers, std::size_t count) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < count; ++i) found += at_end<bits>(numbers[i]);
  return found;
}

/// A query's scores: at the upper end, and at the lower one where the exponential is not 0 all the same.
std::uint64_t count_scores(const std::int16_t* scores, std::size_t count);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_SATURATION_H_
