// Weights, keys and values in the order that the kernels read them.
#ifndef EDGEMOE_KERNELS_INT8_PACK_H_
#define EDGEMOE_KERNELS_INT8_PACK_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned_buffer.h"
#include "hls/linear.h"
#include "kernels/int8/int8_kernels.h"
#include "numeric/fixed_point.h"

namespace edgemoe::int8 {

/// A layer in panels. Outputs beyond its own are 0, whatever the row.
struct PackedLayer {
  const std::int8_t* weight = nullptr;
  AlignedBuffer<std::int8_t> own_weight;  // where nobody gave memory for them
  AlignedBuffer<std::int32_t> start;
  AlignedBuffer<std::int32_t> pre_shift;
  AlignedBuffer<std::int16_t> mantissa;
  AlignedBuffer<std::int32_t> bias;         // [outputs]
  AlignedBuffer<std::int16_t> narrow_bias;  // the same where 16 bits hold it
  std::int64_t largest_bias = 0;            // magnitudes of the two
  std::int32_t largest_narrow_bias = 0;
  std::size_t outputs = 0;  // its own
  std::size_t inputs = 0;   // its own
  int exponent = 0;
  int fraction = 0;

  Panels panels() const;
  std::size_t bytes() const;
  /// Right shift of a row's products to s16, and to the residual stream.
  int narrow_shift(RowScale row) const { return row.exponent - exponent - 15 - fraction; }
  int wide_shift(RowScale row) const { return row.exponent - exponent - 16; }
};

/// Bytes of a layer's packed weights.
constexpr std::size_t packed_weight_bytes(std::size_t outputs, std::size_t inputs) {
  return round_up(outputs, kPanelOutputs) * round_up(inputs, kGroup);
}

/// `memory`: packed_weight_bytes() zeros, aligned to kAlignment, which must outlive the layer; nothing: its own.
PackedLayer pack_layer(const Kernels& kernels, const hls::LinearLayer& layer, std::span<std::int8_t> memory = {});

/// A router's weights [experts, inputs] as RouterArgs wants them.
AlignedBuffer<std::int16_t> pack_router(const std::int16_t* weight, std::size_t experts, std::size_t inputs);

/// Rows of int8 with a table's offset, `stride` apart, to where a kernel reads them.
struct PackArgs {
  const std::uint8_t* rows;
  std::size_t stride;
  std::size_t count;
  std::size_t width;
  std::int8_t* out;
};

/// Keys [count, width], width a multiple of kGroup, as a layer's weights. `sums` gets the sum of each place's key.
void pack_keys(const Kernels& kernels, const PackArgs& args, std::int32_t* sums);

/// Values [count, width] to [round_up(width, 64) / 64][round_up(count, 4) / 4][64][4].
void pack_values(const Kernels& kernels, const PackArgs& args);

/// Where a sum of products with weights that add up to `weight_sum` starts: half of what the shift takes away, less
/// what the activations' offset adds.
inline std::int32_t first_value(const Kernels& kernels, std::int32_t weight_sum, int pre_shift) {
  const std::int32_t half = pre_shift > 0 ? 1 << (pre_shift - 1) : 0;
  return half - static_cast<std::int32_t>(kernels.offset) * weight_sum;
}

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_PACK_H_
