// Between the float32 that engines are given and the integers that integer engines start from.
#ifndef EDGEMOE_ENGINE_PIXELS_H_
#define EDGEMOE_ENGINE_PIXELS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "model/config.h"

namespace edgemoe {

/// The picture's 8-bit values again, from what preprocessing made of them; `input` is [height, width, 3].
void pixels_of_input(const InputConfig& config, const float* input, std::span<std::uint8_t> pixels);

/// To 16 fraction bits, half up, saturating.
std::vector<std::int32_t> to_residual(std::span<const float> values);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_PIXELS_H_
