#include "engine/tap_rows.h"

#include "base/check.h"

namespace edgemoe {
namespace {

Tensor channels_first(const float* values, std::int64_t channels, std::int64_t height, std::int64_t width) {
  Tensor planes(Shape{channels, height, width});
  const auto depth = static_cast<std::size_t>(channels);
  const auto pixels = static_cast<std::size_t>(height * width);
  for (std::size_t c = 0; c < depth; ++c) {
    for (std::size_t p = 0; p < pixels; ++p) planes.values[c * pixels + p] = values[p * depth + c];
  }
  return planes;
}

}  // namespace

void TapRows::emit(std::string_view tap, const MatrixView<const float>& values) const {
  EDGEMOE_CHECK(values.stride == values.cols);
  emit_bytes(tap, DType::kF32, values.data, values.cols);
}

void TapRows::emit_indices(std::string_view tap, const std::uint32_t* indices, std::size_t cols) const {
  emit_bytes(tap, DType::kI32, indices, cols);
}

void TapRows::emit_bytes(std::string_view tap, DType dtype, const void* data, std::size_t cols) const {
  const std::size_t bytes = num_tokens * cols * dtype_size(dtype);
  const auto* first = static_cast<const std::byte*>(data);
  const Shape shape{static_cast<std::int64_t>(num_tokens), static_cast<std::int64_t>(cols)};
  const std::size_t scopes = split ? tasks.size() : 1;
  for (std::size_t s = 0; s < scopes; ++s) {
    const std::string_view scope =
        split ? task_name(config.tasks[static_cast<std::size_t>(tasks[s])].kind) : kSharedScope;
    for (std::size_t image = 0; image < num_images; ++image) {
      sink.on_tap(static_cast<int>(image), scope, tap,
                  {dtype, shape, {first + (s * num_images + image) * bytes, bytes}});
    }
  }
}

void tap_input(TapSink& sink, int image, const ModelConfig& config, const float* pixels) {
  if (sink.routers_only()) return;
  const Tensor planes = channels_first(pixels, 3, config.input.height, config.input.width);
  sink.on_tap(image, kSharedScope, kTapInput, planes.view());
}

void tap_logits(TapSink& sink, int image, std::string_view scope, const ModelConfig& config,
                const MatrixView<const float>& logits) {
  if (sink.routers_only()) return;
  const Tensor planes =
      channels_first(logits.data, static_cast<std::int64_t>(logits.cols), config.input.height, config.input.width);
  sink.on_tap(image, scope, head_tap(kTapHeadLogits), planes.view());
}

}  // namespace edgemoe
