#include "image/depth_file.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "image/png_writer.h"

namespace edgemoe {
namespace {

constexpr std::string_view kMetres = "m";
constexpr double kStepsPerMetre = 256.0;
constexpr double kLargest = 65535.0;

/// depth = offset + value / scale.
struct Code {
  double scale = 1.0;
  double offset = 0.0;
};

/// Metres keep their zero; any other range is spread over 1 … 65535, so that negative values have a place too.
Code code_for(std::span<const float> depth, std::string_view unit) {
  if (unit == kMetres) return {kStepsPerMetre, 0.0};
  double low = HUGE_VAL;
  double high = -HUGE_VAL;
  for (const float value : depth) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, static_cast<double>(value));
    high = std::max(high, static_cast<double>(value));
  }
  if (low > high) return {};
  const double scale = high > low ? (kLargest - 1.0) / (high - low) : 1.0;
  return {scale, low - 1.0 / scale};
}

}  // namespace

DepthSamples depth_samples(std::span<const float> depth, std::string_view unit) {
  const Code code = code_for(depth, unit);
  const bool metric = unit == kMetres;
  DepthSamples samples;
  samples.scale = code.scale;
  samples.offset = code.offset;
  samples.values.resize(depth.size());
  for (std::size_t i = 0; i < depth.size(); ++i) {
    if (!std::isfinite(depth[i]) || (metric && depth[i] <= 0.0F)) {
      samples.values[i] = kInvalidDepth;
      ++samples.num_invalid;
      continue;
    }
    const double value = std::floor((static_cast<double>(depth[i]) - code.offset) * code.scale + 0.5);
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
                 {"offset", fmt::format("{}", samples.offset)},
                 {"invalid", fmt::format("{}", kInvalidDepth)}};
  return write_png(path, source);
}

}  // namespace edgemoe
