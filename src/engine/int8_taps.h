// What the int8 engine publishes of a block, gathered while tiles go through it.
#ifndef EDGEMOE_ENGINE_INT8_TAPS_H_
#define EDGEMOE_ENGINE_INT8_TAPS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/sequences.h"
#include "model/config.h"
#include "model/taps.h"

namespace edgemoe {

/// Nothing is kept without a sink.
class Int8Taps {
 public:
  Int8Taps(TapSink* sink, const ModelConfig& config, std::size_t num_tokens)
      : sink_(sink), config_(config), num_tokens_(num_tokens) {}

  bool wanted() const { return sink_ != nullptr && !sink_->routers_only(); }
  bool routers_wanted() const { return sink_ != nullptr; }

  /// A matrix of float32 that rows are noted in, by any thread.
  struct Matrix {
    std::vector<float> values;
    std::size_t cols = 0;

    void reset(std::size_t rows, std::size_t columns) {
      cols = columns;
      values.assign(rows * columns, 0.0F);
    }
    template <typename T>
    void note(std::size_t row, std::size_t first, const T* from, std::size_t count, int fraction) {
      float* to = values.data() + row * cols + first;
      const float unit = 1.0F / static_cast<float>(1 << fraction);
      for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * unit;
    }
  };

  Matrix norm1;
  Matrix qkv;
  Matrix heads;
  Matrix norm2;

  void emit(const Sequences& sequences, std::string_view tap, const Matrix& matrix) const;
  /// Rows of s32 with 16 fraction bits, `stride` apart; less those of `before` where it is given.
  void emit_residual(const Sequences& sequences, std::string_view tap, const std::int32_t* rows, std::size_t stride,
                     const std::vector<std::int32_t>* before = nullptr) const;
  void emit_indices(const Sequences& sequences, std::string_view tap, const std::uint32_t* indices) const;
  void emit_weights(const Sequences& sequences, std::string_view tap, const std::uint16_t* weights) const;

 private:
  TapSink* sink_;
  const ModelConfig& config_;
  std::size_t num_tokens_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_INT8_TAPS_H_
