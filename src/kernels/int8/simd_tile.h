// Products of int8 rows with panels of weights, once for all instruction sets. Dot says how four products at a time are
// added to a sum:
//   V                   one of vec_*.h
//   kOffset             what an activation of 0 is stored as; with 0 bytes of rows are signed, with 128 unsigned
//   kRows, kVectors     rows and registers of sums that are computed together
//   Activation          four numbers of a row, in every lane
#ifndef EDGEMOE_KERNELS_INT8_SIMD_TILE_H_
#define EDGEMOE_KERNELS_INT8_SIMD_TILE_H_

#include <utility>

#include "kernels/int8/int8_kernels.h"

namespace edgemoe::int8 {

/// A block of kRows rows and kVectors registers of outputs: its sums, and with kTotals the sums of the weights alone.
template <typename Dot, std::size_t kRows, bool kTotals>
struct Block {
  using V = typename Dot::V;
  using Dwords = typename V::Dwords;

  Dwords sums[kRows][Dot::kVectors];
  Dwords totals[Dot::kVectors];

  [[gnu::always_inline]] void accumulate(const std::uint8_t* const* rows, const std::int8_t* weight,
                                         std::size_t inputs) {
    for (std::size_t i = 0; i < inputs; i += kGroup) {
      typename Dot::Weight w[Dot::kVectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < Dot::kVectors; ++v) w[v] = Dot::load(weight + v * V::kDwords * kGroup);
      weight += kPanelOutputs * kGroup;
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) {
        const typename Dot::Activation a = Dot::broadcast(rows[r] + i);
#pragma GCC unroll 8
        for (std::size_t v = 0; v < Dot::kVectors; ++v) Dot::dot(sums[r][v], a, w[v]);
      }
      if constexpr (kTotals) {
#pragma GCC unroll 8
        for (std::size_t v = 0; v < Dot::kVectors; ++v) Dot::dot(totals[v], Dot::ones(), w[v]);
      }
    }
  }
};

template <typename Dot, std::size_t kRows>
void tile_block(const TileArgs& args, std::size_t row, std::size_t output) {
  using V = typename Dot::V;
  const Panels& panels = args.panels;
  const std::size_t panel = output / kPanelOutputs * kPanelOutputs;
  Block<Dot, kRows, false> block;
#pragma GCC unroll 8
  for (std::size_t v = 0; v < Dot::kVectors; ++v) {
    const auto start = V::load_dwords(panels.start + output + v * V::kDwords);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) block.sums[r][v] = start;
  }
  block.accumulate(args.rows + row, panels.weight + panel * panels.inputs + (output - panel) * kGroup, panels.inputs);
#pragma GCC unroll 8
  for (std::size_t v = 0; v < Dot::kVectors; v += 2) {
    const std::size_t first = output + v * V::kDwords;
    const auto low_shift = V::load_dwords(panels.pre_shift + first);
    const auto high_shift = V::load_dwords(panels.pre_shift + first + V::kDwords);
    const auto mantissa = V::load(panels.mantissa + first, Whole{});
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      const auto words = V::pack_as_placed(V::shift_right_each_dwords(block.sums[r][v], low_shift),
                                           V::shift_right_each_dwords(block.sums[r][v + 1], high_shift));
      V::store(args.out + (row + r) * panels.outputs + first, V::multiply_q15(words, mantissa), Whole{});
    }
  }
}

template <typename Dot, std::size_t kRows>
void values_block(const ValueArgs& args, std::size_t row, std::size_t output) {
  using V = typename Dot::V;
  // Where bytes are signed the probabilities come less 128.
  constexpr bool kTotals = Dot::kOffset == 0;
  const std::size_t panel = output / kPanelOutputs * kPanelOutputs;
  Block<Dot, kRows, kTotals> block;
#pragma GCC unroll 8
  for (std::size_t v = 0; v < Dot::kVectors; ++v) {
    block.totals[v] = V::dwords(0);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) block.sums[r][v] = V::dwords(0);
  }
  block.accumulate(args.rows + row, args.values + panel * args.tokens + (output - panel) * kGroup, args.tokens);
  const typename V::WordShift out_shift(args.shift);
  const auto mantissa = V::words(args.mantissa);
#pragma GCC unroll 8
  for (std::size_t r = 0; r < kRows; ++r) {
    const typename V::DwordShiftRight shift(args.pre_shift[row + r]);
    const auto reciprocal = V::words(args.reciprocal[row + r]);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < Dot::kVectors; v += 2) {
      const auto sum = [&](std::size_t number) __attribute__((always_inline)) {
        if constexpr (!kTotals) return shift(block.sums[r][number]);
        return shift(V::add_dwords(block.sums[r][number], V::multiply_dwords(block.totals[number], V::dwords(128))));
      };
      const auto words = V::multiply_q15(V::pack_as_placed(sum(v), sum(v + 1)), mantissa);
      V::store(args.out + (row + r) * args.out_stride + output + v * V::kDwords,
               out_shift(V::multiply_q15(words, reciprocal)), Whole{});
    }
  }
}

template <typename Args>
using BlockFunction = void (*)(const Args& args, std::size_t row, std::size_t output);

/// Calls the function for as many rows as there are, at most kCount at once and as even as can be.
template <typename Args, std::size_t kCount>
void run_blocks(const Args& args, std::size_t begin, std::size_t end, std::size_t step,
                const BlockFunction<Args> (&by_rows)[kCount]) {
  const std::size_t parts = (args.num_rows + kCount - 1) / kCount;
  for (std::size_t output = begin; output < end; output += step) {
    for (std::size_t part = 0; part < parts; ++part) {
      const std::size_t row = args.num_rows * part / parts;
      by_rows[args.num_rows * (part + 1) / parts - row - 1](args, row, output);
    }
  }
}

template <typename Dot>
inline constexpr std::size_t kBlockOutputs{Dot::kVectors * Dot::V::kDwords};

/// For the outputs that are left where a block is a whole panel.
template <typename Dot>
struct HalfDot : Dot {
  static constexpr std::size_t kVectors = Dot::kVectors / 2;
};

template <typename Dot, std::size_t... kNumber>
void tile_outputs(const TileArgs& args, std::size_t begin, std::size_t end, std::index_sequence<kNumber...>) {
  run_blocks<TileArgs>(args, begin, end, kBlockOutputs<Dot>, {tile_block<Dot, kNumber + 1>...});
}

template <typename Dot, std::size_t... kNumber>
void values_outputs(const ValueArgs& args, std::size_t begin, std::size_t end, std::index_sequence<kNumber...>) {
  run_blocks<ValueArgs>(args, begin, end, kBlockOutputs<Dot>, {values_block<Dot, kNumber + 1>...});
}

template <typename Dot>
void tile(const TileArgs& args) {
  constexpr std::make_index_sequence<Dot::kRows> kRows;
  const std::size_t outputs = args.panels.outputs;
  const std::size_t whole = outputs / kBlockOutputs<Dot> * kBlockOutputs<Dot>;
  tile_outputs<Dot>(args, 0, whole, kRows);
  if constexpr (kBlockOutputs < Dot >> kOutputStep) tile_outputs<HalfDot<Dot>>(args, whole, outputs, kRows);
}

template <typename Dot>
void values(const ValueArgs& args) {
  constexpr std::make_index_sequence<Dot::kRows> kRows;
  const std::size_t whole = args.outputs / kBlockOutputs<Dot> * kBlockOutputs<Dot>;
  values_outputs<Dot>(args, 0, whole, kRows);
  if constexpr (kBlockOutputs < Dot >> kOutputStep) values_outputs<HalfDot<Dot>>(args, whole, args.outputs, kRows);
}

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_SIMD_TILE_H_
