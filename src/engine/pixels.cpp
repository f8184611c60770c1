#include "engine/pixels.h"

#include <cmath>

#include "numeric/fixed_point.h"

namespace edgemoe {

void pixels_of_input(const InputConfig& config, const float* input, std::span<std::uint8_t> pixels) {
  // Tables of a few pixels instead of a remainder each: compilers make vectors of that.
  constexpr std::size_t kBlock = 48;
  float deviation[kBlock];
  float mean[kBlock];
  for (std::size_t i = 0; i < kBlock; ++i) {
    deviation[i] = config.deviation[i % 3];
    mean[i] = config.mean[i % 3];
  }
  const auto level = [&](std::size_t i, std::size_t place) {
    const float value = (input[i] * deviation[place] + mean[place]) * 255.0F + 0.5F;
    // A NaN becomes 0; what is not negative is rounded down by the conversion.
    const float positive = value > 0.0F ? value : 0.0F;
    return static_cast<std::uint8_t>(static_cast<std::int32_t>(positive < 255.0F ? positive : 255.0F));
  };
  std::size_t i = 0;
  for (; i + kBlock <= pixels.size(); i += kBlock) {
    for (std::size_t place = 0; place < kBlock; ++place) pixels[i + place] = level(i + place, place);
  }
  for (std::size_t place = 0; i < pixels.size(); ++i, ++place) pixels[i] = level(i, place);
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
