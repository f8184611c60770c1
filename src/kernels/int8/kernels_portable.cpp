// Plain C++: what the compiler's baseline makes of it.
#include "kernels/int8/kernel_tables.h"

#include <algorithm>
#include <numeric>

#include "kernels/int8/rows.h"
#include "numeric/fixed_point.h"

namespace edgemoe::int8 {
namespace {

/// The sums of one panel for one row.
template <typename Activation>
void panel_sums(const Activation* row, const std::int8_t* weight, std::size_t inputs, std::size_t outputs,
                std::int32_t* sums) {
  for (std::size_t group = 0; group < inputs; group += kGroup) {
    for (std::size_t o = 0; o < outputs; ++o) {
      const std::int8_t* w = weight + (group * kPanelOutputs + o * kGroup);
      sums[o] += row[group] * w[0] + row[group + 1] * w[1] + row[group + 2] * w[2] + row[group + 3] * w[3];
    }
  }
}

std::int16_t scale_channel(std::int32_t sum, int shift, std::int16_t mantissa) {
  return static_cast<std::int16_t>(multiply_q15(static_cast<std::int32_t>(saturate<16>(sum >> shift)), mantissa));
}

void tile(const TileArgs& args) {
  const Panels& panels = args.panels;
  for (std::size_t r = 0; r < args.num_rows; ++r) {
    const auto* row = reinterpret_cast<const std::int8_t*>(args.rows[r]);
    for (std::size_t first = 0; first < panels.outputs; first += kPanelOutputs) {
      const std::size_t outputs = std::min(kPanelOutputs, panels.outputs - first);
      std::int32_t sums[kPanelOutputs];
      for (std::size_t o = 0; o < outputs; ++o) sums[o] = panels.start[first + o];
      panel_sums(row, panels.weight + first * panels.inputs, panels.inputs, outputs, sums);
      std::int16_t* out = args.out + r * panels.outputs + first;
      for (std::size_t o = 0; o < outputs; ++o) {
        out[o] = scale_channel(sums[o], panels.pre_shift[first + o], panels.mantissa[first + o]);
      }
    }
  }
}

void values(const ValueArgs& args) {
  for (std::size_t r = 0; r < args.num_rows; ++r) {
    for (std::size_t first = 0; first < args.outputs; first += kPanelOutputs) {
      const std::size_t outputs = std::min(kPanelOutputs, args.outputs - first);
      std::int32_t sums[kPanelOutputs] = {};
      panel_sums(args.rows[r], args.values + first * args.tokens, args.tokens, outputs, sums);
      std::int16_t* out = args.out + r * args.out_stride + first;
      for (std::size_t o = 0; o < outputs; ++o) {
        const auto rounded = static_cast<std::int32_t>(round_shift(sums[o], args.pre_shift[r]));
        const std::int32_t scaled = scale_channel(rounded, 0, args.mantissa);
        out[o] = static_cast<std::int16_t>(saturating_shift<16>(multiply_q15(scaled, args.reciprocal[r]), args.shift));
      }
    }
  }
}

void quantize(const QuantizeArgs& args) {
  const RowQuantizer row{args.left_shift, args.reciprocal, {}};
  for (std::size_t i = 0; i < args.count; ++i) {
    args.out[i] = static_cast<std::uint8_t>(edgemoe::quantize(args.row[i], row));
  }
}

void quantize_rows(const QuantizeRowsArgs& args) {
  for (std::size_t r = 0; r < args.num_rows; ++r) {
    const std::int16_t* row = args.rows + r * args.stride;
    const std::int32_t largest = args.largest != nullptr ? args.largest[r] : plain::largest(row, args.count);
    const RowQuantizer quantizer = make_row_quantizer(largest, args.fraction);
    args.scales[r] = quantizer.scale;
    quantize({row, args.count, quantizer.left_shift, quantizer.reciprocal, args.out + r * args.out_stride});
  }
}

Kernels make() {
  Kernels table{};
  std::iota(table.order, table.order + kPanelOutputs, std::uint8_t{0});
  table.tile = tile;
  table.values = values;
  table.narrow = plain::narrow;
  table.hidden = plain::hidden;
  table.norm = plain::norm;
  table.largest = plain::largest;
  table.wide = plain::wide;
  table.add = plain::add;
  table.quantize = quantize;
  table.quantize_rows = quantize_rows;
  table.softmax = plain::softmax;
  table.router = plain::router;
  return table;
}

}  // namespace

const Kernels& portable_kernels() {
  static const Kernels table = make();
  return table;
}

}  // namespace edgemoe::int8
