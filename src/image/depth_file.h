// Depth as a 16-bit PNG that carries its unit, scale and invalid value.
#ifndef EDGEMOE_IMAGE_DEPTH_FILE_H_
#define EDGEMOE_IMAGE_DEPTH_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace edgemoe {

/// The stored value of "no depth here".
inline constexpr std::uint16_t kInvalidDepth = 0;

/// Stored values [height, width] and what they mean: depth = offset + value / scale, in the map's unit.
struct DepthSamples {
  std::vector<std::uint16_t> values;
  double scale = 1.0;
  double offset = 0.0;
  std::size_t num_invalid = 0;  // stored as kInvalidDepth: Inf, NaN, and of metres zero and below
  std::size_t num_clipped = 0;  // past 65535 / scale: stored as 65535
};

/// value = round((depth − offset) · scale). Metres (unit "m") have scale 256 and offset 0, as in KITTI's files: steps
/// of 4 mm up to 256 m; at least 1 for a depth above zero. Any other unit takes the scale and offset that put the
/// smallest finite depth on 1 and the largest on 65535.
DepthSamples depth_samples(std::span<const float> depth, std::string_view unit);

/// Writes the samples as 16-bit grey PNG with the text keys "unit", "scale", "offset" and "invalid". kInvalidArgument
/// for a wrong number of values, kIo.
Status write_depth_png(const std::filesystem::path& path, const DepthSamples& samples, std::size_t height,
                       std::size_t width, std::string_view unit);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_DEPTH_FILE_H_
