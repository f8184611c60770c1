// One task's int8 head: tokens of one picture to float32 logits at the network's input size.
#ifndef EDGEMOE_ENGINE_INT8_HEAD_H_
#define EDGEMOE_ENGINE_INT8_HEAD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/tensor.h"
#include "base/thread_pool.h"
#include "engine/int8_weights.h"
#include "engine/saturation.h"
#include "kernels/int8/int8_kernels.h"
#include "model/config.h"
#include "model/taps.h"
#include "resample/resize.h"

namespace edgemoe {

/// The memory of heads, which run one after another: as large as the largest of them needs.
struct Int8HeadMemory {
  std::size_t map_values = 0;  // of the largest map
  std::size_t widest = 0;      // elements of the widest row or window
  std::size_t logits_values = 0;
  std::size_t resize_floats = 0;  // a thread

  AlignedBuffer<std::int16_t> maps[2];
  AlignedBuffer<std::uint8_t> quantized;
  AlignedBuffer<float> logits[2];
  AlignedBuffer<std::int16_t> bias;
  AlignedBuffer<std::int32_t> wide_bias;  // [kMaxRows] times the last convolution's
  // A thread's.
  AlignedBuffer<std::uint8_t> windows;
  AlignedBuffer<std::int16_t> scaled;
  AlignedBuffer<std::int32_t> wide;
  AlignedBuffer<float> resize;

  void allocate(int num_threads, std::uint8_t offset);
  std::size_t bytes() const;
};

class Int8Head {
 public:
  /// Notes its needs in `memory`, which must be allocated before run(). All arguments must outlive it.
  Int8Head(const ModelConfig& config, int task, const Int8HeadWeights& weights, const int8::Kernels& kernels,
           ThreadPool& pool, Saturation& saturation, Int8HeadMemory& memory);

  struct TapTarget {
    TapSink* sink = nullptr;
    int image = 0;
    std::string_view scope;
  };

  /// `tokens` are rows `stride` apart, 16 fraction bits, class token first. Returns [height · width, outputs], valid
  /// until the memory is used again.
  MatrixView<const float> run(const std::int32_t* tokens, std::size_t stride, const TapTarget& taps);

 private:
  /// [height · width, channels] of s16 in one of the two maps, `fraction` bits behind the point.
  struct Map {
    std::size_t height = 0;
    std::size_t width = 0;
    std::size_t channels = 0;
    int half = 0;
    int fraction = 0;
    std::int32_t largest = 0;

    std::size_t pixels() const { return height * width; }
  };

  void plan();
  Map normalize(const std::int32_t* tokens, std::size_t stride);
  RowScale quantize(const Map& map);
  Map convolve(const Map& in, std::size_t stage);
  Map doubled(const Map& in);
  void classify(const Map& in, RowScale scale);
  void gather(const Map& in, const int8::PackedLayer& layer, std::size_t first, std::size_t count, int thread,
              const std::uint8_t** rows);
  MatrixView<const float> enlarge(const Map& map);

  const ModelConfig& config_;
  const int task_;
  const Int8HeadWeights& weights_;
  const int8::Kernels& kernels_;
  ThreadPool& pool_;
  Saturation& saturation_;
  Int8HeadMemory& memory_;
  const bool shuffles_;
  std::vector<ResizePlan> enlargements_;  // of the logits
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_INT8_HEAD_H_
