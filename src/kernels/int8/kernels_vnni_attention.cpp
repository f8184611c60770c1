// Attention's part of the VNNI table.
#include "kernels/int8/kernel_tables.h"
#include "kernels/int8/rows.h"
#include "kernels/int8/vnni.h"
#include "numeric/exp2_table.h"

namespace edgemoe::int8::vnni {
namespace {

template <std::size_t kRows>
void values_rows(const ValueArgs& args) {
  const WordShift shift(args.shift);
  const Vec mantissa = _mm512_set1_epi16(args.mantissa);
  for (std::size_t first = 0; first < args.outputs; first += kPanelOutputs) {
    Vec sums[kRows][kPanelVectors];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      const Vec half = _mm512_set1_epi32(args.pre_shift[r] > 0 ? 1 << (args.pre_shift[r] - 1) : 0);
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kPanelVectors; ++v) sums[r][v] = half;
    }
    const std::int8_t* value = args.values + first * args.tokens;
    for (std::size_t token = 0; token < args.tokens; token += kGroup) {
      Vec w[kPanelVectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kPanelVectors; ++v) w[v] = load(value + v * 64);
      value += kPanelOutputs * kGroup;
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRows; ++r) {
        const Vec p = broadcast_group(args.rows[r] + token);
#pragma GCC unroll 8
        for (std::size_t v = 0; v < kPanelVectors; ++v) dot(sums[r][v], p, w[v]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRows; ++r) {
      const __m128i count = _mm_cvtsi32_si128(args.pre_shift[r]);
      const Vec reciprocal = _mm512_set1_epi16(args.reciprocal[r]);
#pragma GCC unroll 8
      for (std::size_t half = 0; half < 2; ++half) {
        const Vec words = _mm512_packs_epi32(_mm512_sra_epi32(sums[r][2 * half], count),
                                             _mm512_sra_epi32(sums[r][2 * half + 1], count));
        const Vec scaled = _mm512_mulhrs_epi16(_mm512_mulhrs_epi16(words, mantissa), reciprocal);
        store(args.out + r * args.outputs + first + half * kWords, shift(scaled));
      }
    }
  }
}

}  // namespace

void values(const ValueArgs& args) {
  constexpr void (*kByRows[])(const ValueArgs&) = {values_rows<1>, values_rows<2>, values_rows<3>,
                                                   values_rows<4>, values_rows<5>, values_rows<6>};
  kByRows[args.num_rows - 1](args);
}

std::uint32_t softmax(SoftmaxArgs& args) {
  const WordShift shift(args.shift);
  const Vec mantissa = _mm512_set1_epi16(args.mantissa);
  const Vec lowest = _mm512_set1_epi16(INT16_MIN);
  Vec most = lowest;
  for (std::size_t j = 0; j < args.tokens; j += kWords) {
    const Vec score = shift(_mm512_mulhrs_epi16(load(args.scores + j), mantissa));
    store(args.scores + j, score);
    most = _mm512_mask_max_epi16(most, first_words(args.tokens - j), most, score);
  }
  // From signed to unsigned order and back.
  const Vec sign = _mm512_set1_epi16(INT16_MIN);
  const std::int32_t running_max = largest_word(_mm512_xor_si512(most, sign)) - 32768;
  args.saturated = running_max == INT16_MAX;

  const WordTable table = {load(kExp2Table), load(kExp2Table + kWords)};
  const Vec max_vector = _mm512_set1_epi16(static_cast<std::int16_t>(running_max));
  const Vec half = _mm512_set1_epi16(128);
  const Vec low_words = _mm512_set1_epi32(0xffff);
  Vec sum = _mm512_setzero_si512();
  for (std::size_t j = 0; j < args.tokens; j += kWords) {
    const __mmask32 valid = first_words(args.tokens - j);
    const Vec distance = _mm512_sub_epi16(max_vector, load(args.scores + j));
    // The permutation looks at the lowest six bits of an index only.
    const Vec exponential =
        _mm512_maskz_srlv_epi16(valid, table(distance), _mm512_srli_epi16(distance, kExp2IndexBits));
    sum = _mm512_add_epi32(sum, _mm512_and_si512(exponential, low_words));
    sum = _mm512_add_epi32(sum, _mm512_srli_epi32(exponential, 16));
    const __m256i bytes = _mm512_cvtepi16_epi8(_mm512_srli_epi16(_mm512_add_epi16(exponential, half), 8));
    const std::size_t room = round_up(args.tokens, kGroup) - j;
    _mm256_mask_storeu_epi8(args.probabilities + j, first_words(room), bytes);
  }
  return static_cast<std::uint32_t>(_mm512_reduce_add_epi32(sum));
}

void pack_keys(const PackArgs& args, std::int32_t* sums) {
  const Vec ones = _mm512_set1_epi8(1);
  for (std::size_t panel = 0; panel < args.count; panel += kPanelOutputs) {
    std::int8_t* to = args.out + panel * args.width;
    for (std::size_t place = 0; place < kPanelOutputs; ++place) {
      const std::size_t key = panel + output_at(place);
      const std::uint8_t* from = args.rows + key * args.stride;
      for (std::size_t i = 0; i < args.width; i += kGroup) {
        std::uint32_t group = 0x80808080;
        if (key < args.count) __builtin_memcpy(&group, from + i, sizeof(group));
        group ^= 0x80808080;
        __builtin_memcpy(to + i * kPanelOutputs + place * kGroup, &group, sizeof(group));
      }
    }
    for (std::size_t v = 0; v < kPanelVectors; ++v) {
      Vec sum = _mm512_setzero_si512();
      for (std::size_t i = 0; i < args.width; i += kGroup) dot(sum, ones, load(to + i * kPanelOutputs + v * 64));
      store(sums + panel + v * kDwords, sum);
    }
  }
}

void pack_values(const PackArgs& args) {
  if (args.width % kPanelOutputs != 0) return plain::pack_values(vnni_kernels(), args);
  const std::size_t padded = round_up(args.count, kGroup);
  const Vec offset = _mm512_set1_epi8(static_cast<char>(0x80));
  // Blocks of 128 bits: 0 and 1 of both registers in turn; 2 and 3 of both.
  const Vec low_blocks = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const Vec high_blocks = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  for (std::size_t panel = 0; panel < args.width; panel += kPanelOutputs) {
    std::int8_t* to = args.out + panel * padded;
    for (std::size_t token = 0; token < padded; token += kGroup) {
      Vec row[kGroup];
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kGroup; ++r) {
        row[r] = token + r < args.count ? _mm512_xor_si512(load(args.rows + (token + r) * args.stride + panel), offset)
                                        : _mm512_setzero_si512();
      }
      const Vec low01 = _mm512_unpacklo_epi8(row[0], row[1]);
      const Vec high01 = _mm512_unpackhi_epi8(row[0], row[1]);
      const Vec low23 = _mm512_unpacklo_epi8(row[2], row[3]);
      const Vec high23 = _mm512_unpackhi_epi8(row[2], row[3]);
      // Of each block of 16 elements: 0 to 3, 4 to 7, 8 to 11, 12 to 15.
      const Vec first = _mm512_unpacklo_epi16(low01, low23);
      const Vec second = _mm512_unpackhi_epi16(low01, low23);
      const Vec third = _mm512_unpacklo_epi16(high01, high23);
      const Vec fourth = _mm512_unpackhi_epi16(high01, high23);
      store(to, _mm512_permutex2var_epi64(first, low_blocks, third));
      store(to + 64, _mm512_permutex2var_epi64(second, low_blocks, fourth));
      store(to + 128, _mm512_permutex2var_epi64(first, high_blocks, third));
      store(to + 192, _mm512_permutex2var_epi64(second, high_blocks, fourth));
      to += kPanelOutputs * kGroup;
    }
  }
}

}  // namespace edgemoe::int8::vnni
