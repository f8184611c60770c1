#include "engine/int8_taps.h"

#include "engine/tap_rows.h"

namespace edgemoe {

void Int8Taps::emit(const Sequences& sequences, std::string_view tap, const Matrix& matrix) const {
  if (!wanted()) return;
  const std::size_t rows = matrix.values.size() / matrix.cols;
  TapRows{*sink_, config_, sequences.num_images, sequences.tasks, sequences.split, num_tokens_}.emit(
      tap, {matrix.values.data(), rows, matrix.cols, matrix.cols});
}

void Int8Taps::emit_residual(const Sequences& sequences, std::string_view tap, const std::int32_t* rows,
                             std::size_t stride, const std::vector<std::int32_t>* before) const {
  if (!wanted()) return;
  const auto dim = static_cast<std::size_t>(config_.embed_dim);
  Matrix matrix;
  matrix.reset(sequences.count() * num_tokens_, dim);
  for (std::size_t row = 0; row < sequences.count() * num_tokens_; ++row) {
    for (std::size_t d = 0; d < dim; ++d) {
      const std::int64_t value = std::int64_t{rows[row * stride + d]} - (before ? (*before)[row * stride + d] : 0);
      matrix.values[row * dim + d] = static_cast<float>(value) * 0x1p-16F;
    }
  }
  emit(sequences, tap, matrix);
}

void Int8Taps::emit_indices(const Sequences& sequences, std::string_view tap, const std::uint32_t* indices) const {
  if (!routers_wanted()) return;
  TapRows{*sink_, config_, sequences.num_images, sequences.tasks, sequences.split, num_tokens_}.emit_indices(
      tap, indices, static_cast<std::size_t>(config_.moe.top_k));
}

void Int8Taps::emit_weights(const Sequences& sequences, std::string_view tap, const std::uint16_t* weights) const {
  if (!routers_wanted()) return;
  const auto top_k = static_cast<std::size_t>(config_.moe.top_k);
  Matrix matrix;
  const std::size_t rows = sequences.count() * num_tokens_;
  matrix.reset(rows, top_k);
  for (std::size_t row = 0; row < rows; ++row) matrix.note(row, 0, weights + row * top_k, top_k, 16);
  TapRows{*sink_, config_, sequences.num_images, sequences.tasks, sequences.split, num_tokens_}.emit(
      tap, {matrix.values.data(), rows, top_k, top_k});
}

}  // namespace edgemoe
