#include "resample/resize.h"

#include <cstring>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "resample/axis.h"
#include "resample/blend.h"

namespace edgemoe {

ResizePlan::ResizePlan(const ResizeShape& shape)
    : shape_(shape),
      rows_(std::make_unique<ResizeAxis>(shape.in_height, shape.out_height, shape.kernel)),
      columns_(std::make_unique<ResizeAxis>(shape.in_width, shape.out_width, shape.kernel)) {
  EDGEMOE_CHECK(shape.channels >= 1);
}

ResizePlan::ResizePlan(ResizePlan&&) noexcept = default;
ResizePlan& ResizePlan::operator=(ResizePlan&&) noexcept = default;
ResizePlan::~ResizePlan() = default;

template <typename Sample>
void ResizePlan::make_row(const Sample* in, std::size_t out_y, float* out_row, std::span<float> workspace) const {
  EDGEMOE_CHECK(out_y < shape_.out_height && workspace.size() >= workspace_size());
  const std::size_t stride = shape_.in_width * shape_.channels;
  const ResizeAxis::Window window = rows_->window(out_y);
  const Sample* first = in + window.start * stride;
  if constexpr (std::is_same_v<Sample, float>) {
    if (rows_->is_copy()) {
      if (columns_->is_copy()) {
        std::memcpy(out_row, first, stride * sizeof(float));
      } else {
        blend_columns(first, *columns_, shape_.channels, out_row);
      }
      return;
    }
  }
  if (columns_->is_copy()) {
    blend_rows(first, stride, window.weights, out_row, stride);
    return;
  }
  blend_rows(first, stride, window.weights, workspace.data(), stride);
  blend_columns(workspace.data(), *columns_, shape_.channels, out_row);
}

void ResizePlan::run(const float* in, float* out, std::span<float> workspace) const {
  const std::size_t out_stride = shape_.out_width * shape_.channels;
  for (std::size_t y = 0; y < shape_.out_height; ++y) make_row(in, y, out + y * out_stride, workspace);
}

void ResizePlan::run_row(const float* in, std::size_t out_y, float* out_row, std::span<float> workspace) const {
  make_row(in, out_y, out_row, workspace);
}

void ResizePlan::run_row(const std::uint8_t* in, std::size_t out_y, float* out_row, std::span<float> workspace) const {
  make_row(in, out_y, out_row, workspace);
}

void ResizePlan::run_row(const std::uint16_t* in, std::size_t out_y, float* out_row, std::span<float> workspace) const {
  make_row(in, out_y, out_row, workspace);
}

void resize(const ResizeArgs& args) {
  const ResizePlan plan({.in_height = args.in_height,
                         .in_width = args.in_width,
                         .out_height = args.out_height,
                         .out_width = args.out_width,
                         .channels = args.channels,
                         .kernel = args.kernel});
  std::vector<float> workspace(plan.workspace_size());
  plan.run(args.in, args.out, workspace);
}

void resize_nearest(const std::uint8_t* in, std::size_t in_height, std::size_t in_width, std::uint8_t* out,
                    std::size_t out_height, std::size_t out_width) {
  const auto nearest = [](std::size_t i, std::size_t in_size, std::size_t out_size) {
    return (2 * i + 1) * in_size / (2 * out_size);
  };
  std::vector<std::size_t> columns(out_width);
  for (std::size_t x = 0; x < out_width; ++x) columns[x] = nearest(x, in_width, out_width);
  for (std::size_t y = 0; y < out_height; ++y) {
    const std::uint8_t* in_row = in + nearest(y, in_height, out_height) * in_width;
    std::uint8_t* out_row = out + y * out_width;
    for (std::size_t x = 0; x < out_width; ++x) out_row[x] = in_row[columns[x]];
  }
}

void resize_position_embedding(const float* in, std::size_t in_height, std::size_t in_width, float* out,
                               std::size_t out_height, std::size_t out_width, std::size_t dim) {
  std::memcpy(out, in, dim * sizeof(float));
  resize({.in = in + dim,
          .in_height = in_height,
          .in_width = in_width,
          .out = out + dim,
          .out_height = out_height,
          .out_width = out_width,
          .channels = dim,
          .kernel = ResizeKernel::kBilinear});
}

}  // namespace edgemoe
