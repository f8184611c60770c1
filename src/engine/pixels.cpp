#include "engine/pixels.h"

#include <cmath>

#include "numeric/fixed_point.h"

namespace edgemoe {

void pixels_of_input(const InputConfig& config, const float* input, std::span<std::uint8_t> pixels) {
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const float value = input[i] * config.deviation[i % 3] + config.mean[i % 3];
    const float level = value * 255.0F + 0.5F;
    // A NaN becomes 0; what is not negative is rounded down by the conversion.
    pixels[i] = static_cast<std::uint8_t>(level >= 255 ? 255.0F : level > 0 ? level : 0.0F);
  }
}

std::vector<std::int32_t> to_residual(std::span<const float> values) {
  std::vector<std::int32_t> result;
  result.reserve(values.size());
  for (const float value : values) {
    // Far outside of 32 bits and within what a conversion to 64 bits takes; a NaN becomes 0.
    const double scaled = std::ldexp(static_cast<double>(value), 16);
    const double clipped = scaled > 1e12 ? 1e12 : scaled > -1e12 ? scaled : std::isnan(scaled) ? 0.0 : -1e12;
    result.push_back(static_cast<std::int32_t>(saturate<32>(static_cast<std::int64_t>(std::floor(clipped + 0.5)))));
  }
  return result;
}

}  // namespace edgemoe
