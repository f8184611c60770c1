// The one resize: pictures, maps, position embeddings and head upsampling all go through here. Geometry is the usual
// pixel-centre rule (align_corners false): output pixel i looks at (i + 0.5) · in / out − 0.5, borders replicated.
// Kernels as in PyTorch's interpolate: bilinear; bicubic with a = −0.75; the antialias kinds widen the kernel by the
// scale when shrinking, weights normalised (bicubic a = −0.5). A dimension whose size does not change is copied bit for
// bit.
#ifndef EDGEMOE_RESAMPLE_RESIZE_H_
#define EDGEMOE_RESAMPLE_RESIZE_H_

#include <cstddef>
#include <cstdint>

namespace edgemoe {

enum class ResizeKernel { kBilinear, kBicubic, kBilinearAntialias, kBicubicAntialias };

/// `channels` values a pixel, pixels row by row ([height, width, channels]). Sums run in float32 in a fixed order.
struct ResizeArgs {
  const float* in = nullptr;
  std::size_t in_height = 0;
  std::size_t in_width = 0;
  float* out = nullptr;
  std::size_t out_height = 0;
  std::size_t out_width = 0;
  std::size_t channels = 0;
  ResizeKernel kernel = ResizeKernel::kBilinear;
};

/// Separable resize. Extents ≥ 1. Not in place.
void resize(const ResizeArgs& args);

/// Label maps: output pixel (y, x) takes in[nearest(y)][nearest(x)], nearest(i) = floor((2i + 1) · in / (2 · out)):
/// mirror-symmetric but for exact ties, no new labels.
void resize_nearest(const std::uint8_t* in, std::size_t in_height, std::size_t in_width, std::uint8_t* out,
                    std::size_t out_height, std::size_t out_width);

/// Position embedding [1 + in_height · in_width, dim] to [1 + out_height · out_width, dim]: bilinear, class token's row
/// untouched; equal grids are copied.
void resize_position_embedding(const float* in, std::size_t in_height, std::size_t in_width, float* out,
                               std::size_t out_height, std::size_t out_width, std::size_t dim);

}  // namespace edgemoe

#endif  // EDGEMOE_RESAMPLE_RESIZE_H_
