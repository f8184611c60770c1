// Cuts the engine's matrices of all sequences into taps of one picture and task.
#ifndef EDGEMOE_ENGINE_TAP_ROWS_H_
#define EDGEMOE_ENGINE_TAP_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/tensor.h"
#include "model/config.h"
#include "model/taps.h"

namespace edgemoe {

struct TapRows {
  TapSink& sink;
  const ModelConfig& config;
  std::size_t num_images;
  std::span<const int> tasks;
  bool split;  // false: rows are shared by all tasks
  std::size_t num_tokens;

  /// `values` is [sequences · num_tokens, cols], rows side by side.
  void emit(std::string_view tap, const MatrixView<const float>& values) const;
  /// The same for [sequences · num_tokens, cols] indices.
  void emit_indices(std::string_view tap, const std::uint32_t* indices, std::size_t cols) const;

 private:
  void emit_bytes(std::string_view tap, DType dtype, const void* data, std::size_t cols) const;
};

/// The network's input as [3, height, width] from the engine's [height, width, 3].
void tap_input(TapSink& sink, int image, const ModelConfig& config, const float* pixels);

/// A head's output as [outputs, height, width] from [height · width, outputs].
void tap_logits(TapSink& sink, int image, std::string_view scope, const ModelConfig& config,
                const MatrixView<const float>& logits);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_TAP_ROWS_H_
