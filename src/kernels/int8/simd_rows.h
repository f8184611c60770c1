// Operations on one row, once for all instruction sets. V is one of vec_*.h, which has
//   Words, Dwords    a register of s16 and of s32; Pair: the s32 that belong to a register of s16, in order
//   load, store      of Whole registers or a Part; first: a mask of the elements that count
//   ..._unsigned     takes the numbers as u16; magnitude of −32768 is 32768 so
//   WordShift        to the right with rounding, or to the left with saturation, any number of bits; WordShiftRight is
//                    for at least 1 to the right
//   DwordShift       the same for −15 … 31 bits, of numbers that neither rounding nor the left shift makes overflow;
//                    DwordShiftRight is for at least 0 to the right
//   Table            64 numbers of 16 bits by the lowest six bits of an index
// and what says itself. Rare cases go to the plain code. Arguments are copied: as far as the compiler knows, a register
// that is stored could change them.
#ifndef EDGEMOE_KERNELS_INT8_SIMD_ROWS_H_
#define EDGEMOE_KERNELS_INT8_SIMD_ROWS_H_

#include "kernels/int8/int8_kernels.h"
#include "kernels/int8/rows.h"
#include "kernels/int8/vec_step.h"
#include "numeric/exp2_table.h"
#include "numeric/fixed_point.h"
#include "numeric/gelu_table.h"
#include "numeric/layer_norm.h"

namespace edgemoe::int8 {

/// Calls `body` with the shift; to the right, as rows of trained networks need it, with one that does nothing else.
template <typename V, typename Body>
[[gnu::always_inline]] inline void with_word_shift(int right, const Body& body) {
  if (right > 0) {
    body(typename V::WordShiftRight(right));
  } else {
    body(typename V::WordShift(right));
  }
}

template <typename V>
std::int32_t narrow(const NarrowArgs& given) {
  const NarrowArgs args = given;
  const auto mantissa = V::words(args.mantissa);
  auto largest = V::words(0);
  with_word_shift<V>(args.shift, [&](const auto& shift) {
    for_steps<V::kWords>(args.count, [&](std::size_t i, auto step) {
      const auto scaled = shift(V::multiply_q15(V::load(args.scaled + i, step), mantissa));
      const auto out = V::add_saturating(scaled, V::load(args.bias + i, step));
      V::store(args.out + i, out, step);
      largest = V::max_unsigned(largest, V::keep(V::first(step), V::magnitude(out)));
    });
  });
  return V::largest_unsigned(largest);
}

template <typename V>
std::int32_t largest(const std::int16_t* row, std::size_t count) {
  auto result = V::words(0);
  for_steps<V::kWords>(
      count, [&](std::size_t i, auto step) { result = V::max_unsigned(result, V::magnitude(V::load(row + i, step))); });
  return V::largest_unsigned(result);
}

/// GELU (3.6) of registers of numbers with a fraction of 4 … 15 bits.
template <typename V>
class Gelu {
 public:
  explicit Gelu(int fraction)
      : knots_(kGeluKnots),
        rises_(Rises().values),
        to_segment_(fraction - 4),
        to_place_(19 - fraction),
        to_out_(kGeluFraction - fraction),
        place_bits_(V::words(fraction > 4 ? 0x7fff : 0)) {}

  [[gnu::always_inline]] typename V::Words operator()(typename V::Words x) const {
    const auto segments = V::words(kGeluSegments);
    const auto magnitude = V::magnitude(x);
    const auto segment = V::min_unsigned(to_segment_(magnitude), segments);
    const auto index = V::Table::index(segment);
    const auto place = V::bit_and(to_place_(magnitude), place_bits_);
    const auto difference = V::add(knots_(index), V::multiply_q15(rises_(index), place));
    const auto delta = V::keep(V::less(segment, segments), to_out_(difference));
    return V::subtract(V::max(x, V::words(0)), delta);
  }

 private:
  struct Rises {
    alignas(64) std::int16_t values[kGeluSegments];
    constexpr Rises() : values() {
      for (int i = 0; i < kGeluSegments; ++i) values[i] = static_cast<std::int16_t>(kGeluKnots[i + 1] - kGeluKnots[i]);
    }
  };

  typename V::Table knots_;
  typename V::Table rises_;
  typename V::ShiftRightUnsigned to_segment_;
  typename V::ShiftLeft to_place_;
  typename V::WordShiftRight to_out_;
  typename V::Words place_bits_;
};

template <typename V>
HiddenResult hidden(const HiddenArgs& given) {
  if (given.fraction < 4 || given.fraction > 15) return plain::hidden(given);
  const NarrowArgs args = given.narrow;
  const Gelu<V> gelu(given.fraction);
  const auto mantissa = V::words(args.mantissa);
  auto narrowed = V::words(0);
  auto largest = V::words(0);
  with_word_shift<V>(args.shift, [&](const auto& shift) {
    for_steps<V::kWords>(args.count, [&](std::size_t i, auto step) {
      const auto scaled = shift(V::multiply_q15(V::load(args.scaled + i, step), mantissa));
      const auto x = V::keep(V::first(step), V::add_saturating(scaled, V::load(args.bias + i, step)));
      narrowed = V::max_unsigned(narrowed, V::magnitude(x));
      const auto out = gelu(x);
      V::store(args.out + i, out, step);
      largest = V::max_unsigned(largest, V::magnitude(out));
    });
  });
  return {V::largest_unsigned(narrowed), V::largest_unsigned(largest)};
}

/// round_shift(value · weight, 16), weight in 0 … 65535: the high half by itself, the low one unsigned.
template <typename V>
typename V::Dwords weighted(typename V::Dwords value, typename V::Dwords weight) {
  const auto high = V::multiply_dwords(V::high_half(value), weight);
  const auto low = V::multiply_dwords(V::low_half(value), weight);
  return V::add_dwords(high, V::high_half_unsigned(V::add_dwords(low, V::dwords(1 << 15))));
}

template <typename V, bool kSaturating>
[[gnu::always_inline]] inline typename V::Dwords sum_of(typename V::Dwords a, typename V::Dwords b) {
  if constexpr (kSaturating) return V::add_saturating_dwords(a, b);
  return V::add_dwords(a, b);
}

/// `kWeighted`, `kAdded`, `kSaturating`: as WideArgs says.
template <typename V, bool kWeighted, bool kAdded, bool kSaturating>
void wide_row(const WideArgs& given) {
  const WideArgs args = given;
  const typename V::DwordShiftRight shift(args.shift);
  const auto weight = V::dwords(args.weight);
  for_steps<V::kWords>(args.count, [&](std::size_t i, auto step) {
    const auto products = V::multiply_wide(V::load(args.scaled + i, step), args.mantissa);
    const auto bias = V::load_pair(args.bias + i, step);
    auto low = sum_of<V, kSaturating>(shift(products.low), bias.low);
    auto high = sum_of<V, kSaturating>(shift(products.high), bias.high);
    if constexpr (kWeighted) {
      low = weighted<V>(low, weight);
      high = weighted<V>(high, weight);
    }
    if constexpr (kAdded) {
      const auto before = V::load_pair(args.out + i, step);
      low = sum_of<V, kSaturating>(before.low, low);
      high = sum_of<V, kSaturating>(before.high, high);
    }
    V::store_pair(args.out + i, {low, high}, step);
  });
}

template <typename V>
void wide(const WideArgs& args) {
  // A left shift only comes with rows far larger than any trained network's.
  if (args.shift < 0 || args.shift > 31) return plain::wide(args);
  constexpr void (*kRows[])(const WideArgs&) = {wide_row<V, false, false, false>, wide_row<V, false, false, true>,
                                                wide_row<V, false, true, false>,  wide_row<V, false, true, true>,
                                                wide_row<V, true, false, false>,  wide_row<V, true, false, true>,
                                                wide_row<V, true, true, false>,   wide_row<V, true, true, true>};
  kRows[4 * args.weighted + 2 * args.added + args.saturating](args);
}

template <typename V>
void add(std::int32_t* sum, const std::int32_t* part, std::size_t count) {
  for_steps<V::kWords>(count, [&](std::size_t i, auto step) {
    const auto a = V::load_pair(sum + i, step);
    const auto b = V::load_pair(part + i, step);
    V::store_pair(sum + i, {V::add_saturating_dwords(a.low, b.low), V::add_saturating_dwords(a.high, b.high)}, step);
  });
}

/// The processor's own root: exact below 2⁵², where no root that is not a whole number rounds to one. A type for each
/// V, so that code for one instruction set is never linked in for another.
template <typename V>
struct DoubleRoot {
  std::uint32_t operator()(std::uint64_t value) const {
    return static_cast<std::uint32_t>(__builtin_sqrt(static_cast<double>(value)));
  }
};

/// What a norm finds of a row, one step after the other.
struct NormRow {
  std::int64_t mean;
  int deviation_shift;
  bool plain;  // deviations do not fit 32 bits with the half that rounding adds
  InverseDeviation inverse;
};

/// Mean and largest deviation.
template <typename V>
void norm_mean(const std::int32_t* row, std::size_t count, NormRow& found) {
  // Sums of the halves of the numbers: kMaxNormWidth of them fit 32 bits.
  auto low_sum = V::dwords(0);
  auto high_sum = V::dwords(0);
  auto most = V::dwords(INT32_MIN);
  auto least = V::dwords(INT32_MAX);
  for_steps<V::kWords>(count, [&](std::size_t i, auto step) {
    const auto x = V::load_pair(row + i, step);
    low_sum = V::add_dwords(low_sum, V::add_dwords(V::low_half(x.low), V::low_half(x.high)));
    high_sum = V::add_dwords(high_sum, V::add_dwords(V::high_half(x.low), V::high_half(x.high)));
    const auto upper = V::select(V::first(step), x, V::dwords(INT32_MIN));
    const auto lower = V::select(V::first(step), x, V::dwords(INT32_MAX));
    most = V::max_dwords(most, V::max_dwords(upper.low, upper.high));
    least = V::min_dwords(least, V::min_dwords(lower.low, lower.high));
  });
  const std::int64_t sum = std::int64_t{V::sum(high_sum)} * 65536 + V::sum(low_sum);
  found.mean = rounded_mean(sum, static_cast<std::int64_t>(count));
  const std::int64_t above = V::largest(most) - found.mean;
  const std::int64_t below = found.mean - V::least(least);
  const auto farthest = static_cast<std::uint64_t>(above > below ? above : below);
  found.deviation_shift = deviation_shift(farthest);
  found.plain = farthest >= std::uint64_t{1} << 30;
}

/// Deviations to `out`, and 1/σ.
template <typename V>
void norm_deviations(const std::int32_t* row, std::size_t count, std::uint32_t eps, std::int16_t* out, NormRow& found) {
  const typename V::DwordShift shift(found.deviation_shift);
  const auto mean = V::dwords(static_cast<std::int32_t>(found.mean));
  auto low_squares = V::dwords(0);
  auto high_squares = V::dwords(0);
  for_steps<V::kWords>(count, [&](std::size_t i, auto step) {
    const auto x = V::load_pair(row + i, step);
    const auto words = V::keep(
        V::first(step), V::pack({shift(V::subtract_dwords(x.low, mean)), shift(V::subtract_dwords(x.high, mean))}));
    V::store(out + i, words, step);
    // Two squares, at most 2³¹ as unsigned.
    const auto squares = V::multiply_pairs(words, words);
    low_squares = V::add_dwords(low_squares, V::low_half(squares));
    high_squares = V::add_dwords(high_squares, V::high_half_unsigned(squares));
  });
  const std::int64_t squares = std::int64_t{V::sum(high_squares)} * 65536 + V::sum(low_squares);
  found.inverse =
      inverse_deviation(static_cast<std::uint64_t>(squares), found.deviation_shift, eps, count, DoubleRoot<V>());
}

/// Deviations to normed numbers, in place. Returns their largest magnitude.
template <typename V>
std::int32_t norm_scale(const NormArgs& given, const NormRow& found, std::int16_t* out) {
  const NormArgs args = given;
  const auto mantissa = V::words(found.inverse.mantissa);
  auto largest = V::words(0);
  with_word_shift<V>(found.inverse.exponent - 15 - args.fraction - args.gain_exponent, [&](const auto& shift) {
    for_steps<V::kWords>(args.count, [&](std::size_t i, auto step) {
      const auto normal = V::multiply_q15(V::load(out + i, step), mantissa);
      const auto scaled = shift(V::multiply_q15(normal, V::load(args.gain + i, step)));
      const auto value = V::add_saturating(scaled, V::load(args.bias + i, step));
      V::store(out + i, value, step);
      largest = V::max_unsigned(largest, V::keep(V::first(step), V::magnitude(value)));
    });
  });
  return V::largest_unsigned(largest);
}

template <typename V>
void norm(const NormArgs& args) {
  NormRow found[kMaxRows];
  for (std::size_t r = 0; r < args.num_rows; ++r) norm_mean<V>(args.rows + r * args.stride, args.count, found[r]);
  for (std::size_t r = 0; r < args.num_rows; ++r) {
    if (found[r].plain) continue;
    norm_deviations<V>(args.rows + r * args.stride, args.count, args.eps, args.out + r * args.out_stride, found[r]);
  }
  for (std::size_t r = 0; r < args.num_rows; ++r) {
    if (found[r].plain) {
      plain::norm_row(args, r);
    } else {
      args.largest[r] = norm_scale<V>(args, found[r], args.out + r * args.out_stride);
    }
  }
}

/// `kOffset`: the table's.
template <typename V, std::uint8_t kOffset>
void quantize(const QuantizeArgs& given) {
  const QuantizeArgs args = given;
  const typename V::ShiftLeft left(args.left_shift);
  const auto reciprocal = V::words(args.reciprocal);
  for_steps<V::kWords>(args.count, [&](std::size_t i, auto step) {
    V::store_bytes(args.out + i, V::quantize(left(V::load(args.row + i, step)), reciprocal), kOffset, step);
  });
}

template <typename V, std::uint8_t kOffset>
void quantize_rows(const QuantizeRowsArgs& args) {
  for (std::size_t r = 0; r < args.num_rows; ++r) {
    const std::int16_t* row = args.rows + r * args.stride;
    const std::int32_t most = args.largest != nullptr ? args.largest[r] : largest<V>(row, args.count);
    const RowQuantizer quantizer = make_row_quantizer(most, args.fraction);
    args.scales[r] = quantizer.scale;
    quantize<V, kOffset>({row, args.count, quantizer.left_shift, quantizer.reciprocal, args.out + r * args.out_stride});
  }
}

/// `kFlip` turns bits of the probabilities, for the table's product with the values.
template <typename V, std::uint8_t kFlip>
std::uint32_t softmax(const SoftmaxArgs& args) {
  const auto mantissa = V::words(args.mantissa);
  const auto lowest = V::words(INT16_MIN);
  auto most = lowest;
  with_word_shift<V>(args.shift, [&](const auto& shift) {
    for_steps<V::kWords>(args.tokens, [&](std::size_t j, auto step) {
      const auto score = shift(V::multiply_q15(V::load(args.scores + j, step), mantissa));
      V::store(args.scores + j, score, step);
      most = V::max(most, V::select(V::first(step), score, lowest));
    });
  });
  // From signed to unsigned order and back.
  const std::int32_t running_max = V::largest_unsigned(V::bit_xor(most, lowest)) - 32768;

  const typename V::Table table(kExp2Table);
  const auto max_vector = V::words(running_max);
  const auto half = V::words(128);
  auto sum = V::dwords(0);
  for_steps<V::kWords>(args.tokens, [&](std::size_t j, auto step) {
    const auto distance = V::subtract(max_vector, V::load(args.scores + j, step));
    const auto halvings = V::template shift_right_unsigned<kExp2IndexBits>(distance);
    const auto exponential = V::keep(V::first(step), V::shift_right_each(table(V::Table::index(distance)), halvings));
    sum = V::add_words(sum, exponential);
    V::store_bytes(args.probabilities + j, V::template shift_right_unsigned<8>(V::add(exponential, half)), kFlip, step);
  });
  // Beyond the tokens values are 0, whatever stands here.
  for (std::size_t j = args.tokens; j < round_up(args.tokens, kGroup); ++j) args.probabilities[j] = kFlip;
  return static_cast<std::uint32_t>(V::sum(sum));
}

template <typename V>
void router(const RouterArgs& args) {
  // |row · high| ≤ 2²², |row · low| ≤ 2²²: so many pairs fit 32 bits.
  constexpr std::size_t kPairsAtOnce = 128;
  constexpr std::size_t kVectors = kRouterExperts / V::kDwords;
  const std::size_t pairs = (args.inputs + 1) / 2;
  const std::int16_t* weight = args.weight;
  for (std::size_t first = 0; first < args.experts; first += kRouterExperts) {
    std::int64_t* sums = args.sums + first;
    for (std::size_t e = 0; e < kRouterExperts; ++e) sums[e] = 0;
    for (std::size_t begin = 0; begin < pairs; begin += kPairsAtOnce) {
      const std::size_t end = begin + kPairsAtOnce < pairs ? begin + kPairsAtOnce : pairs;
      typename V::Dwords parts[2][kVectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) parts[0][v] = parts[1][v] = V::dwords(0);
      for (std::size_t pair = begin; pair < end; ++pair) {
        std::int32_t both;
        __builtin_memcpy(&both, args.row + 2 * pair, sizeof(both));
        const auto row = V::word_pairs(both);
#pragma GCC unroll 8
        for (std::size_t v = 0; v < 2 * kVectors; ++v) {
          auto& part = parts[v / kVectors][v % kVectors];
          part = V::add_dwords(part, V::multiply_pairs(row, V::load(weight + v * V::kWords, Whole{})));
        }
        weight += 4 * kRouterExperts;
      }
      std::int32_t values[2 * kRouterExperts];
      for (std::size_t v = 0; v < 2 * kVectors; ++v) {
        V::store_dwords(values + v * V::kDwords, parts[v / kVectors][v % kVectors]);
      }
      for (std::size_t e = 0; e < kRouterExperts; ++e) {
        sums[e] += std::int64_t{values[e]} * 256 + values[kRouterExperts + e];
      }
    }
  }
}

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_SIMD_ROWS_H_
