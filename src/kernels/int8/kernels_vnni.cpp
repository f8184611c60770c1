// AVX-512 with VNNI. vpdpbusd multiplies unsigned by signed, so activations carry an offset of 128, which the first
// value of each sum takes back. vpackssdw interleaves blocks of 128 bits; a panel's outputs lie so that it undoes that.
#include "kernels/int8/kernel_tables.h"
#include "kernels/int8/rows.h"
#include "kernels/int8/vnni.h"
#include "numeric/fixed_point.h"
#include "numeric/gelu_table.h"
#include "numeric/layer_norm.h"

namespace edgemoe::int8 {
namespace vnni {
namespace {

template <std::size_t kRows>
void tile_rows(const TileArgs& args) {
  const Panels& panels = args.panels;
  const std::size_t groups = panels.inputs / kGroup;
  for (std::size_t first = 0; first < panels.outputs; first += kPanelOutputs) {
    Vec sums[kRows][kPanelVectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kPanelVectors; ++v) {
      const Vec start = load(panels.start + first + v * kDwords);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) sums[r][v] = start;
    }
    const std::int8_t* weight = panels.weight + first * panels.inputs;
    for (std::size_t group = 0; group < groups; ++group) {
      Vec w[kPanelVectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kPanelVectors; ++v) w[v] = load(weight + v * 64);
      weight += kPanelOutputs * kGroup;
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) {
        const Vec a = broadcast_group(args.rows[r] + group * kGroup);
#pragma GCC unroll 8
        for (std::size_t v = 0; v < kPanelVectors; ++v) dot(sums[r][v], a, w[v]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t half = 0; half < 2; ++half) {
      const Vec low_shift = load(panels.pre_shift + first + half * kWords);
      const Vec high_shift = load(panels.pre_shift + first + half * kWords + kDwords);
      const Vec mantissa = load(panels.mantissa + first + half * kWords);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) {
        const Vec words = _mm512_packs_epi32(_mm512_srav_epi32(sums[r][2 * half], low_shift),
                                             _mm512_srav_epi32(sums[r][2 * half + 1], high_shift));
        store(args.out + r * panels.outputs + first + half * kWords, _mm512_mulhrs_epi16(words, mantissa));
      }
    }
  }
}

void tile(const TileArgs& args) {
  constexpr void (*kByRows[])(const TileArgs&) = {tile_rows<1>, tile_rows<2>, tile_rows<3>,
                                                  tile_rows<4>, tile_rows<5>, tile_rows<6>};
  kByRows[args.num_rows - 1](args);
}

std::int32_t narrow(const NarrowArgs& args) {
  const WordShift shift(args.shift);
  const Vec mantissa = _mm512_set1_epi16(args.mantissa);
  Vec largest = _mm512_setzero_si512();
  for (std::size_t i = 0; i < args.count; i += kWords) {
    const Vec scaled = shift(_mm512_mulhrs_epi16(load(args.scaled + i), mantissa));
    const Vec out = _mm512_adds_epi16(scaled, load(args.bias + i));
    store(args.out + i, out);
    largest = _mm512_max_epu16(largest, _mm512_maskz_abs_epi16(first_words(args.count - i), out));
  }
  return largest_word(largest);
}

std::int32_t largest(const std::int16_t* row, std::size_t count) {
  Vec result = _mm512_setzero_si512();
  for (std::size_t i = 0; i < count; i += kWords) {
    const Vec value = _mm512_maskz_loadu_epi16(first_words(count - i), row + i);
    result = _mm512_max_epu16(result, _mm512_abs_epi16(value));
  }
  return largest_word(result);
}

std::int32_t gelu(std::int16_t* row, std::size_t count, int fraction) {
  if (fraction < 4 || fraction > 15) return plain::gelu(row, count, fraction);
  const WordTable knots = {load(kGeluKnots), load(kGeluKnots + kWords)};
  const WordTable rises = {_mm512_sub_epi16(load(kGeluKnots + 1), knots.low),
                           _mm512_sub_epi16(load(kGeluKnots + 1 + kWords), knots.high)};
  const __m128i to_segment = _mm_cvtsi32_si128(fraction - 4);
  const __m128i to_place = _mm_cvtsi32_si128(19 - fraction);
  const __m128i to_out = _mm_cvtsi32_si128(kGeluFraction - fraction);
  const Vec half = _mm512_set1_epi16(static_cast<std::int16_t>(1 << (kGeluFraction - fraction - 1)));
  const Vec place_bits = _mm512_set1_epi16(fraction > 4 ? 0x7fff : 0);
  const Vec segments = _mm512_set1_epi16(kGeluSegments);
  Vec largest = _mm512_setzero_si512();
  for (std::size_t i = 0; i < count; i += kWords) {
    const __mmask32 valid = first_words(count - i);
    const Vec x = _mm512_maskz_loadu_epi16(valid, row + i);
    const Vec magnitude = _mm512_abs_epi16(x);
    const Vec segment = _mm512_srl_epi16(magnitude, to_segment);
    const __mmask32 inside = _mm512_cmplt_epu16_mask(segment, segments);
    const Vec place = _mm512_and_si512(_mm512_sll_epi16(magnitude, to_place), place_bits);
    const Vec difference = _mm512_add_epi16(knots(segment), _mm512_mulhrs_epi16(rises(segment), place));
    // Knots are at most 22,278: adding the half of at most 4,096 does not overflow.
    const Vec delta = _mm512_maskz_sra_epi16(inside, _mm512_add_epi16(difference, half), to_out);
    const Vec out = _mm512_sub_epi16(_mm512_max_epi16(x, _mm512_setzero_si512()), delta);
    store(row + i, out);
    largest = _mm512_max_epu16(largest, _mm512_abs_epi16(out));
  }
  return largest_word(largest);
}

/// t · m of 16 numbers, exact.
Vec products(const std::int16_t* scaled, Vec mantissa) {
  const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(scaled));
  return _mm512_madd_epi16(_mm512_cvtepi16_epi32(words), mantissa);
}

/// s32 + s32 with saturation.
Vec add_saturating(Vec a, Vec b) {
  const Vec sum = _mm512_add_epi32(a, b);
  // Overflow where both have a sign that the sum does not have.
  const __mmask16 overflow =
      _mm512_movepi32_mask(_mm512_andnot_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(a, sum)));
  const Vec limit = _mm512_xor_si512(_mm512_srai_epi32(a, 31), _mm512_set1_epi32(INT32_MAX));
  return _mm512_mask_mov_epi32(sum, overflow, limit);
}

/// round_shift(value · weight, 16), weight in 0 … 65535: the high half by itself, the low one unsigned.
Vec weighted(Vec value, Vec weight) {
  const Vec high = _mm512_mullo_epi32(_mm512_srai_epi32(value, 16), weight);
  const Vec low = _mm512_mullo_epi32(_mm512_and_si512(value, _mm512_set1_epi32(0xffff)), weight);
  return _mm512_add_epi32(high, _mm512_srli_epi32(_mm512_add_epi32(low, _mm512_set1_epi32(1 << 15)), 16));
}

void wide(const WideArgs& args) {
  // A left shift only comes with rows far larger than any trained network's.
  if (args.shift < 0 || args.shift > 31) return plain::wide(args);
  const Vec mantissa = _mm512_set1_epi32(args.mantissa);
  const __m128i count = _mm_cvtsi32_si128(args.shift);
  const Vec half = _mm512_set1_epi32(args.shift > 0 ? 1 << (args.shift - 1) : 0);
  const Vec weight = _mm512_set1_epi32(args.weight);
  for (std::size_t i = 0; i < args.count; i += kDwords) {
    const __mmask16 valid = first_dwords(args.count - i);
    // |t · m| < 2³⁰: adding the half does not overflow.
    Vec value = _mm512_sra_epi32(_mm512_add_epi32(products(args.scaled + i, mantissa), half), count);
    value = add_saturating(value, _mm512_maskz_loadu_epi32(valid, args.bias + i));
    if (args.weighted) value = weighted(value, weight);
    const Vec residual = _mm512_maskz_loadu_epi32(valid, args.residual + i);
    _mm512_mask_storeu_epi32(args.residual + i, valid, add_saturating(residual, value));
  }
}

void add(std::int32_t* sum, const std::int32_t* part, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kDwords) {
    const __mmask16 valid = first_dwords(count - i);
    const Vec added =
        add_saturating(_mm512_maskz_loadu_epi32(valid, sum + i), _mm512_maskz_loadu_epi32(valid, part + i));
    _mm512_mask_storeu_epi32(sum + i, valid, added);
  }
}

/// The processor's own root: exact below 2⁵², where no root that is not a whole number rounds to one.
struct DoubleRoot {
  std::uint32_t operator()(std::uint64_t value) const {
    return static_cast<std::uint32_t>(__builtin_sqrt(static_cast<double>(value)));
  }
};

std::int64_t sum_quads(Vec value) { return _mm512_reduce_add_epi64(value); }

std::int32_t norm(const NormArgs& args) {
  Vec sum = _mm512_setzero_si512();
  Vec most = _mm512_set1_epi32(INT32_MIN);
  Vec least = _mm512_set1_epi32(INT32_MAX);
  for (std::size_t i = 0; i < args.count; i += kDwords) {
    const __mmask16 valid = first_dwords(args.count - i);
    const Vec x = _mm512_maskz_loadu_epi32(valid, args.row + i);
    sum = _mm512_add_epi64(sum, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(x)));
    sum = _mm512_add_epi64(sum, _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(x, 1)));
    most = _mm512_mask_max_epi32(most, valid, most, x);
    least = _mm512_mask_min_epi32(least, valid, least, x);
  }
  const std::int64_t mean = rounded_mean(sum_quads(sum), static_cast<std::int64_t>(args.count));
  const std::int64_t above = _mm512_reduce_max_epi32(most) - mean;
  const std::int64_t below = mean - _mm512_reduce_min_epi32(least);
  const auto farthest = static_cast<std::uint64_t>(above > below ? above : below);
  const int shift = deviation_shift(farthest);
  // Deviations must fit 32 bits, with the half that rounding adds.
  if (farthest >= std::uint64_t{1} << 30) return plain::norm(args);

  const Vec mean_vector = _mm512_set1_epi32(static_cast<std::int32_t>(mean));
  const Vec half = _mm512_set1_epi32(shift > 0 ? 1 << (shift - 1) : 0);
  const __m128i right = _mm_cvtsi32_si128(shift > 0 ? shift : 0);
  const __m128i left = _mm_cvtsi32_si128(shift < 0 ? -shift : 0);
  Vec squares = _mm512_setzero_si512();
  for (std::size_t i = 0; i < args.count; i += kDwords) {
    const __mmask16 valid = first_dwords(args.count - i);
    const Vec deviation = _mm512_sub_epi32(_mm512_maskz_loadu_epi32(valid, args.row + i), mean_vector);
    const Vec shifted = _mm512_maskz_sll_epi32(valid, _mm512_sra_epi32(_mm512_add_epi32(deviation, half), right), left);
    const __m256i words = _mm512_cvtsepi32_epi16(shifted);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(args.out + i), words);
    // Two squares, at most 2³¹ as unsigned.
    const __m256i pairs = _mm256_madd_epi16(words, words);
    squares = _mm512_add_epi64(squares, _mm512_cvtepu32_epi64(pairs));
  }
  const InverseDeviation inverse =
      inverse_deviation(static_cast<std::uint64_t>(sum_quads(squares)), shift, args.eps, args.count, DoubleRoot());
  const WordShift out_shift(inverse.exponent - 15 - args.fraction - args.gain_exponent);
  const Vec mantissa = _mm512_set1_epi16(inverse.mantissa);
  Vec largest = _mm512_setzero_si512();
  for (std::size_t i = 0; i < args.count; i += kWords) {
    const __mmask32 valid = first_words(args.count - i);
    const Vec normal = _mm512_mulhrs_epi16(load(args.out + i), mantissa);
    const Vec scaled = out_shift(_mm512_mulhrs_epi16(normal, _mm512_maskz_loadu_epi16(valid, args.gain + i)));
    const Vec out = _mm512_adds_epi16(scaled, _mm512_maskz_loadu_epi16(valid, args.bias + i));
    store(args.out + i, out);
    largest = _mm512_max_epu16(largest, _mm512_maskz_abs_epi16(valid, out));
  }
  return largest_word(largest);
}

void quantize(const QuantizeArgs& args) {
  const __m128i left = _mm_cvtsi32_si128(args.left_shift);
  const Vec reciprocal = _mm512_set1_epi16(static_cast<std::int16_t>(args.reciprocal));
  const Vec half = _mm512_set1_epi16(32);
  const __m256i offset = _mm256_set1_epi8(static_cast<char>(0x80));
  for (std::size_t i = 0; i < args.count; i += kWords) {
    const __mmask32 valid = first_words(args.count - i);
    const Vec x = _mm512_sll_epi16(_mm512_maskz_loadu_epi16(valid, args.row + i), left);
    // ⌊(⌊xR / 2¹⁶⌋ + 2⁵) / 2⁶⌋ is ⌊(xR + 2²¹) / 2²²⌋.
    const Vec scaled = _mm512_srai_epi16(_mm512_add_epi16(_mm512_mulhi_epi16(x, reciprocal), half), 6);
    const __m256i bytes = _mm256_xor_si256(_mm512_cvtepi16_epi8(scaled), offset);
    _mm256_mask_storeu_epi8(args.out + i, valid, bytes);
  }
}

void router(const RouterArgs& args) {
  // |row · high| ≤ 2²², |row · low| ≤ 2²²: so many pairs fit 32 bits.
  constexpr std::size_t kPairsAtOnce = 128;
  const std::size_t pairs = (args.inputs + 1) / 2;
  const std::int16_t* weight = args.weight;
  for (std::size_t first = 0; first < args.experts; first += kRouterExperts) {
    Vec sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};  // of 8 experts in 64 bits each
    for (std::size_t begin = 0; begin < pairs; begin += kPairsAtOnce) {
      const std::size_t end = begin + kPairsAtOnce < pairs ? begin + kPairsAtOnce : pairs;
      Vec high = _mm512_setzero_si512();
      Vec low = _mm512_setzero_si512();
      for (std::size_t pair = begin; pair < end; ++pair) {
        std::int32_t both;
        __builtin_memcpy(&both, args.row + 2 * pair, sizeof(both));
        const Vec row = _mm512_set1_epi32(both);
        high = _mm512_dpwssd_epi32(high, row, load(weight));
        low = _mm512_dpwssd_epi32(low, row, load(weight + kWords));
        weight += 2 * kWords;
      }
      for (int half = 0; half < 2; ++half) {
        const Vec wide_high =
            _mm512_cvtepi32_epi64(half == 0 ? _mm512_castsi512_si256(high) : _mm512_extracti64x4_epi64(high, 1));
        const Vec wide_low =
            _mm512_cvtepi32_epi64(half == 0 ? _mm512_castsi512_si256(low) : _mm512_extracti64x4_epi64(low, 1));
        sums[half] = _mm512_add_epi64(sums[half], _mm512_add_epi64(_mm512_slli_epi64(wide_high, 8), wide_low));
      }
    }
    store(args.sums + first, sums[0]);
    store(args.sums + first + 8, sums[1]);
  }
}

Kernels make() {
  Kernels table{};
  table.offset = 0x80;
  for (std::size_t place = 0; place < kPanelOutputs; ++place) {
    table.order[place] = static_cast<std::uint8_t>(output_at(place));
  }
  table.tile = tile;
  table.values = values;
  table.narrow = narrow;
  table.gelu = gelu;
  table.norm = norm;
  table.largest = largest;
  table.wide = wide;
  table.add = add;
  table.quantize = quantize;
  table.softmax = softmax;
  table.router = router;
  table.pack_keys = pack_keys;
  table.pack_values = pack_values;
  return table;
}

}  // namespace
}  // namespace vnni

const Kernels& vnni_kernels() {
  static const Kernels table = vnni::make();
  return table;
}

}  // namespace edgemoe::int8
