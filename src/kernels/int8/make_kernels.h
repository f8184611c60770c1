// Fills a table with the templates made for one way to add products.
#ifndef EDGEMOE_KERNELS_INT8_MAKE_KERNELS_H_
#define EDGEMOE_KERNELS_INT8_MAKE_KERNELS_H_

#include "kernels/int8/simd_rows.h"
#include "kernels/int8/simd_tile.h"

namespace edgemoe::int8 {

template <typename Dot>
constexpr Kernels make_kernels() {
  using V = typename Dot::V;
  static_assert(Dot::kVectors % 2 == 0 && kPanelOutputs % kBlockOutputs<Dot> == 0 && Dot::kRows <= kMaxRows);
  static_assert(kBlockOutputs<Dot> <= kOutputStep || kBlockOutputs<Dot> == 2 * kOutputStep);
  Kernels table{};
  table.offset = Dot::kOffset;
  for (std::size_t place = 0; place < kPanelOutputs; ++place) {
    table.order[place] = static_cast<std::uint8_t>(V::output_at(place));
  }
  table.tile = tile<Dot>;
  table.values = values<Dot>;
  table.narrow = narrow<V>;
  table.hidden = hidden<V>;
  table.norm = norm<V>;
  table.largest = largest<V>;
  table.wide = wide<V>;
  table.add = add<V>;
  table.quantize = quantize<V, Dot::kOffset>;
  table.quantize_rows = quantize_rows<V, Dot::kOffset>;
  table.softmax = softmax<V, Dot::kOffset ^ 0x80>;
  table.router = router<V>;
  return table;
}

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_MAKE_KERNELS_H_
