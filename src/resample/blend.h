// The two inner loops of a resize, on the widest vectors that the running CPU has. Both round every product and every
// sum to float32 and add in the order of the weights, so all instruction sets give the same bits.
#ifndef EDGEMOE_RESAMPLE_BLEND_H_
#define EDGEMOE_RESAMPLE_BLEND_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "resample/axis.h"

namespace edgemoe {

/// out[i] = Σ_t weights[t] · in[t · stride + i] for i < count. `out` overlaps no input.
void blend_rows(const float* in, std::size_t stride, std::span<const float> weights, float* out, std::size_t count);
void blend_rows(const std::uint8_t* in, std::size_t stride, std::span<const float> weights, float* out,
                std::size_t count);
void blend_rows(const std::uint16_t* in, std::size_t stride, std::span<const float> weights, float* out,
                std::size_t count);

/// out[x][c] = Σ_t window(x).weights[t] · in[window(x).start + t][c] for every x of the axis, c < channels.
void blend_columns(const float* in, const ResizeAxis& columns, std::size_t channels, float* out);

}  // namespace edgemoe

#endif  // EDGEMOE_RESAMPLE_BLEND_H_
