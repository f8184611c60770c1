// One task's float head: tokens of one picture to logits at the network's input size.
#ifndef EDGEMOE_ENGINE_FLOAT_HEAD_H_
#define EDGEMOE_ENGINE_FLOAT_HEAD_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "engine/float_weights.h"
#include "engine/scratch.h"
#include "kernels/isa.h"
#include "model/config.h"
#include "model/taps.h"
#include "resample/resize.h"

namespace edgemoe {

class FloatHead {
 public:
  /// Where a head's taps go; no sink, no taps.
  struct TapTarget {
    TapSink* sink = nullptr;
    int image = 0;
    std::string_view scope;
  };

  /// Plans its memory into `plan`, from the plan's present mark, and gives the room back: heads run one after another
  /// and share it. `config`, `weights` and `pool` must outlive it.
  FloatHead(const ModelConfig& config, const HeadWeights& weights, Isa isa, ThreadPool& pool, ScratchPlan& plan);

  /// Binds the planned pieces to memory of at least plan.size() floats.
  void bind(float* memory) { memory_ = memory; }

  /// `tokens` is [num_tokens, embed_dim], class token first. Returns [height · width, outputs], valid until the memory
  /// is used again.
  MatrixView<const float> run(const MatrixView<const float>& tokens, const TapTarget& taps) const;

 private:
  /// [height · width, channels] in one half of the working memory.
  struct Map {
    std::size_t height = 0;
    std::size_t width = 0;
    std::size_t channels = 0;
    int half = 0;

    std::size_t floats() const { return height * width * channels; }
  };

  void plan_sizes(const ModelConfig& config);
  MatrixView<float> rows(const Map& map) const;
  Map convolve(const Map& in, const ConvStage& stage, bool relu) const;
  Map upsample(const Map& in, const ResizePlan& plan) const;
  Map shuffle(const Map& in) const;

  const ModelConfig& config_;
  const HeadWeights& weights_;
  const Isa isa_;
  ThreadPool& pool_;
  const bool shuffles_;
  std::vector<ResizePlan> upsamplers_;       // one a stage when stages upsample bilinearly, else none
  std::optional<ResizePlan> to_input_size_;  // where the last stage does not end there
  std::size_t half_floats_ = 0;              // each operation reads one half of the memory and writes the other
  std::size_t halves_offset_ = 0;
  std::size_t resize_floats_ = 0;  // scratch of one thread
  std::size_t resize_offset_ = 0;
  float* memory_ = nullptr;
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_FLOAT_HEAD_H_
