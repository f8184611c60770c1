#include "image/depth_file.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "image/png_writer.h"

namespace edgemoe {
namespace {

constexpr double kMillimetresPerMetre = 1000.0;
constexpr double kLargest = 65535.0;

double scale_for(std::span<const float> depth, std::string_view unit) {
  if (unit == "m") return kMillimetresPerMetre;
  float largest = 0.0F;
  for (const float value : depth) {
    if (std::isfinite(value)) largest = std::max(largest, value);
  }
  return largest > 0.0F ? kLargest / static_cast<double>(largest) : 1.0;
}

}  // namespace

DepthSamples depth_samples(std::span<const float> depth, std::string_view unit) {
  DepthSamples samples;
  samples.scale = scale_for(depth, unit);
  samples.values.resize(depth.size());
  for (std::size_t i = 0; i < depth.size(); ++i) {
    if (!std::isfinite(depth[i]) || depth[i] <= 0.0F) {
      samples.values[i] = kInvalidDepth;
      ++samples.num_invalid;
      continue;
    }
    const double value = std::floor(static_cast<double>(depth[i]) * samples.scale + 0.5);
    if (value > kLargest) ++samples.num_clipped;
    samples.values[i] = static_cast<std::uint16_t>(std::clamp(value, 1.0, kLargest));
  }
  return samples;
}

Status write_depth_png(const std::filesystem::path& path, const DepthSamples& samples, std::size_t height,
                       std::size_t width, std::string_view unit) {
  PngSource source;
  source.width = width;
  source.height = height;
  source.grey16 = samples.values;
  source.text = {{"unit", std::string(unit)},
                 {"scale", fmt::format("{}", samples.scale)},
                 {"invalid", fmt::format("{}", kInvalidDepth)}};
  return write_png(path, source);
}

}  // namespace edgemoe
