// Pictures that come as bare samples: a network input's rows, frames of a stream.
#ifndef EDGEMOE_IMAGE_FRAME_H_
#define EDGEMOE_IMAGE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <istream>
#include <span>

#include "base/status.h"
#include "image/image.h"
#include "resample/resize.h"

namespace edgemoe {

/// Reads the next RGB24 frame of image.width × image.height (≥ 1) from a stream into `image`. True for a frame, false
/// at the stream's end; kMalformed when it ends within a frame, kIo when it cannot be read.
Result<bool> read_rgb24_frame(std::istream& stream, Image& image);

/// Pictures of one size to a network's input [out_height, out_width, 3]: RGB, sample / 255 or / 65535. Where a bicubic
/// kernel overshoots, values leave [0, 1] a little, as in M3ViT's own preprocessing, which resizes float samples. Reads
/// the 8 or 16-bit samples directly: no float copy of the picture is made. Running it allocates nothing; threads may
/// share it, each with its own workspace.
class FrameResizer {
 public:
  FrameResizer(std::size_t in_height, std::size_t in_width, std::size_t out_height, std::size_t out_width,
               ResizeKernel kernel);

  /// True when `image` has the size that this was made for.
  bool fits(const Image& image) const;
  /// Floats of scratch that a call needs.
  std::size_t workspace_size() const { return plan_.workspace_size(); }
  /// Row `out_y` of the result: out_row [out_width, 3]. `image` must fit.
  void run_row(const Image& image, std::size_t out_y, float* out_row, std::span<float> workspace) const;

 private:
  ResizePlan plan_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_FRAME_H_
