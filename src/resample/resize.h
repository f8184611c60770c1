// The one resize: pictures, maps, position embeddings and head upsampling all go through here. Geometry is the usual
// pixel-centre rule (align_corners false): output pixel i looks at (i + 0.5) · in / out − 0.5, borders replicated.
// Kernels as in PyTorch's interpolate: bilinear; bicubic with a = −0.75; the antialias kinds widen the kernel by the
// scale when shrinking, weights normalised (bicubic a = −0.5). A dimension whose size does not change is copied bit for
// bit.
//
// Separable, vertical first: an output row is the weighted sum of the input rows it needs, then every output pixel the
// weighted sum of that row's pixels. One row of scratch is all that is ever between input and output, input rows that
// no output needs are never read, and rows can be made in any order by any thread. Sums run in float32 from the lowest
// index to the highest, product and sum rounded each, the same on every instruction set.
#ifndef EDGEMOE_RESAMPLE_RESIZE_H_
#define EDGEMOE_RESAMPLE_RESIZE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace edgemoe {

enum class ResizeKernel { kBilinear, kBicubic, kBilinearAntialias, kBicubicAntialias };

/// Extents of a resize, all ≥ 1. `channels` values a pixel, pixels row by row ([height, width, channels]); a planar
/// tensor is resized plane by plane with one channel.
struct ResizeShape {
  std::size_t in_height = 0;
  std::size_t in_width = 0;
  std::size_t out_height = 0;
  std::size_t out_width = 0;
  std::size_t channels = 0;
  ResizeKernel kernel = ResizeKernel::kBilinear;
};

class ResizeAxis;

/// The weights of one resize, made once; running it allocates nothing. Immutable after construction: any number of
/// threads may run one plan, each with its own workspace. Movable, not copyable.
class ResizePlan {
 public:
  explicit ResizePlan(const ResizeShape& shape);
  ResizePlan(ResizePlan&&) noexcept;
  ResizePlan& operator=(ResizePlan&&) noexcept;
  ~ResizePlan();

  const ResizeShape& shape() const { return shape_; }
  /// Floats of scratch that a call needs: in_width · channels, whatever the heights.
  std::size_t workspace_size() const { return shape_.in_width * shape_.channels; }

  /// in [in_height, in_width, channels] → out [out_height, out_width, channels]; not in place.
  void run(const float* in, float* out, std::span<float> workspace) const;
  /// Row `out_y` of the same result alone: out_row [out_width, channels].
  void run_row(const float* in, std::size_t out_y, float* out_row, std::span<float> workspace) const;
  /// The same from integer samples, which count as their own value (0 … 255 or 65535).
  void run_row(const std::uint8_t* in, std::size_t out_y, float* out_row, std::span<float> workspace) const;
  void run_row(const std::uint16_t* in, std::size_t out_y, float* out_row, std::span<float> workspace) const;

 private:
  template <typename Sample>
  void make_row(const Sample* in, std::size_t out_y, float* out_row, std::span<float> workspace) const;

  ResizeShape shape_;
  std::unique_ptr<const ResizeAxis> rows_;
  std::unique_ptr<const ResizeAxis> columns_;
};

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

/// Plans and runs in one step. Extents ≥ 1. Not in place.
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
