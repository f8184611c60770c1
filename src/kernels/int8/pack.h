// Weights, keys and values in the order that the kernels read them.
#ifndef EDGEMOE_KERNELS_INT8_PACK_H_
#define EDGEMOE_KERNELS_INT8_PACK_H_

#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "hls/linear.h"
#include "kernels/int8/int8_kernels.h"
#include "numeric/fixed_point.h"

namespace edgemoe::int8 {

/// A layer in panels. Outputs beyond its own are 0, whatever the row.
struct PackedLayer {
  AlignedBuffer<std::int8_t> weight;
  AlignedBuffer<std::int32_t> start;
  AlignedBuffer<std::int32_t> pre_shift;
  AlignedBuffer<std::int16_t> mantissa;
  AlignedBuffer<std::int32_t> bias;         // [outputs]
  AlignedBuffer<std::int16_t> narrow_bias;  // the same where 16 bits hold it
  std::size_t outputs = 0;                  // its own
  std::size_t inputs = 0;                   // its own
  int exponent = 0;
  int fraction = 0;

  Panels panels() const;
  std::size_t bytes() const;
  /// Right shift of a row's products to s16, and to the residual stream.
  int narrow_shift(RowScale row) const { return row.exponent - exponent - 15 - fraction; }
  int wide_shift(RowScale row) const { return row.exponent - exponent - 16; }
};

PackedLayer pack_layer(const Kernels& kernels, const hls::LinearLayer& layer);

/// Room for the keys of one head as a layer whose outputs they are.
struct KeyPanels {
  std::int8_t* weight;      // [round_up(tokens, 64) · round_up(head_dim, 4)]
  std::int32_t* start;      // [round_up(tokens, 64)]
  std::int32_t* pre_shift;  // the same
  std::int16_t* mantissa;   // the same
};

/// `keys` are int8 with the kernels' offset, rows `stride` apart, padded to a multiple of kGroup. Mantissas are left to the caller.
void pack_keys(const Kernels& kernels, const std::uint8_t* keys, std::size_t stride, std::size_t tokens,
               std::size_t inputs, int pre_shift, const KeyPanels& out);

/// Values of one head, int8 with the kernels' offset, [tokens, head_dim], to `out` [round_up(head_dim, 64) / 64]
/// [round_up(tokens, 4) / 4][64][4].
void pack_values(const Kernels& kernels, const std::uint8_t* values, std::size_t stride, std::size_t tokens,
                 std::size_t head_dim, std::int8_t* out);

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_PACK_H_
