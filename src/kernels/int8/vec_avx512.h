// Registers of 512 bits; what the functions mean stands in simd_rows.h. Only the files compiled for AVX-512 may include
// it.
#ifndef EDGEMOE_KERNELS_INT8_VEC_AVX512_H_
#define EDGEMOE_KERNELS_INT8_VEC_AVX512_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/int8/vec_step.h"

namespace edgemoe::int8 {

struct VecAvx512 {
  using Words = __m512i;
  using Dwords = __m512i;
  using Mask = __mmask32;
  struct Pair {
    Dwords low;
    Dwords high;
  };
  static constexpr std::size_t kWords = 32;
  static constexpr std::size_t kDwords = 16;

  static Mask first(Part part) { return (Mask{1} << part.count) - 1; }
  static All first(Whole) { return {}; }
  static __mmask16 low(Mask mask) { return static_cast<__mmask16>(mask); }
  static __mmask16 high(Mask mask) { return static_cast<__mmask16>(mask >> 16); }

  static __m512i load_bits(const void* from) { return _mm512_loadu_si512(from); }
  static void store_bits(void* to, __m512i value) { _mm512_storeu_si512(to, value); }
  static Words load(const std::int16_t* from, Whole) { return load_bits(from); }
  static Words load(const std::int16_t* from, Part part) { return _mm512_maskz_loadu_epi16(first(part), from); }
  static void store(std::int16_t* to, Words value, Whole) { store_bits(to, value); }
  static void store(std::int16_t* to, Words value, Part part) { _mm512_mask_storeu_epi16(to, first(part), value); }
  static Pair load_pair(const std::int32_t* from, Whole) { return {load_bits(from), load_bits(from + kDwords)}; }
  static Pair load_pair(const std::int32_t* from, Part part) {
    return {_mm512_maskz_loadu_epi32(low(first(part)), from),
            _mm512_maskz_loadu_epi32(high(first(part)), from + kDwords)};
  }
  static void store_pair(std::int32_t* to, Pair value, Whole) {
    store_bits(to, value.low);
    store_bits(to + kDwords, value.high);
  }
  static void store_pair(std::int32_t* to, Pair value, Part part) {
    _mm512_mask_storeu_epi32(to, low(first(part)), value.low);
    _mm512_mask_storeu_epi32(to + kDwords, high(first(part)), value.high);
  }

  static Mask less(Words a, Words b) { return _mm512_cmplt_epi16_mask(a, b); }
  static Words select(All, Words a, Words) { return a; }
  static Pair select(All, Pair a, Dwords) { return a; }
  static Words keep(All, Words a) { return a; }
  static Words select(Mask mask, Words a, Words b) { return _mm512_mask_blend_epi16(mask, b, a); }
  static Words keep(Mask mask, Words a) { return _mm512_maskz_mov_epi16(mask, a); }
  static Pair select(Mask mask, Pair a, Dwords b) {
    return {_mm512_mask_blend_epi32(low(mask), b, a.low), _mm512_mask_blend_epi32(high(mask), b, a.high)};
  }

  static Words words(int value) { return _mm512_set1_epi16(static_cast<short>(value)); }
  static Words word_pairs(std::int32_t both) { return _mm512_set1_epi32(both); }
  static Words add(Words a, Words b) { return _mm512_add_epi16(a, b); }
  static Words subtract(Words a, Words b) { return _mm512_sub_epi16(a, b); }
  static Words add_saturating(Words a, Words b) { return _mm512_adds_epi16(a, b); }
  static Words multiply_q15(Words a, Words b) { return _mm512_mulhrs_epi16(a, b); }
  static Words max(Words a, Words b) { return _mm512_max_epi16(a, b); }
  static Words max_unsigned(Words a, Words b) { return _mm512_max_epu16(a, b); }
  static Words min_unsigned(Words a, Words b) { return _mm512_min_epu16(a, b); }
  static Words magnitude(Words a) { return _mm512_abs_epi16(a); }
  static Words bit_and(Words a, Words b) { return _mm512_and_si512(a, b); }
  static Words bit_xor(Words a, Words b) { return _mm512_xor_si512(a, b); }
  template <int kRight>
  static Words shift_right_unsigned(Words a) {
    return _mm512_srli_epi16(a, kRight);
  }
  static Words shift_right_each(Words a, Words count) { return _mm512_srlv_epi16(a, count); }
  static std::int32_t largest_unsigned(Words a) {
    const __m256i half = _mm256_max_epu16(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
    const __m128i quarter = _mm_max_epu16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    // phminposuw finds the least: of the complement.
    const __m128i least = _mm_minpos_epu16(_mm_xor_si128(quarter, _mm_set1_epi16(-1)));
    return 0xffff - (_mm_cvtsi128_si32(least) & 0xffff);
  }

  struct ShiftLeft {
    __m128i count;
    explicit ShiftLeft(int left) : count(_mm_cvtsi32_si128(left)) {}
    Words operator()(Words a) const { return _mm512_sll_epi16(a, count); }
  };
  struct ShiftRightUnsigned {
    __m128i count;
    explicit ShiftRightUnsigned(int right) : count(_mm_cvtsi32_si128(right)) {}
    Words operator()(Words a) const { return _mm512_srl_epi16(a, count); }
  };
  /// A product: ⌊x · 2^(15 − n) / 2^15 + 1/2⌋.
  struct WordShiftRight {
    Words factor;
    explicit WordShiftRight(int right) : factor(words(right < 16 ? 1 << (15 - right) : 0)) {}
    Words operator()(Words a) const { return multiply_q15(a, factor); }
  };
  struct WordShift {
    int left;
    WordShiftRight right;
    explicit WordShift(int shift) : left(shift > 0 ? -1 : shift < -15 ? 15 : -shift), right(shift > 0 ? shift : 16) {}
    Words operator()(Words a) const {
      if (left < 0) return right(a);
      for (int i = 0; i < left; ++i) a = add_saturating(a, a);
      return a;
    }
  };
  struct DwordShiftRight {
    Dwords half;
    __m128i count;
    explicit DwordShiftRight(int right)
        : half(dwords(right > 0 ? 1 << (right - 1) : 0)), count(_mm_cvtsi32_si128(right)) {}
    Dwords operator()(Dwords a) const { return _mm512_sra_epi32(_mm512_add_epi32(a, half), count); }
  };
  struct DwordShift {
    DwordShiftRight right;
    __m128i left;
    explicit DwordShift(int shift) : right(shift > 0 ? shift : 0), left(_mm_cvtsi32_si128(shift < 0 ? -shift : 0)) {}
    Dwords operator()(Dwords a) const { return _mm512_sll_epi32(right(a), left); }
  };

  static Dwords dwords(std::int32_t value) { return _mm512_set1_epi32(value); }
  static Dwords load_dwords(const std::int32_t* from) { return load_bits(from); }
  static void store_dwords(std::int32_t* to, Dwords value) { store_bits(to, value); }
  static Dwords add_dwords(Dwords a, Dwords b) { return _mm512_add_epi32(a, b); }
  static Dwords subtract_dwords(Dwords a, Dwords b) { return _mm512_sub_epi32(a, b); }
  static Dwords add_saturating_dwords(Dwords a, Dwords b) {
    const Dwords sum = _mm512_add_epi32(a, b);
    // Overflow where both have a sign that the sum does not have: (a ^ sum) & (b ^ sum).
    const __mmask16 overflow = _mm512_movepi32_mask(_mm512_ternarylogic_epi32(a, b, sum, 0x42));
    const Dwords limit = _mm512_xor_si512(_mm512_srai_epi32(a, 31), _mm512_set1_epi32(INT32_MAX));
    return _mm512_mask_mov_epi32(sum, overflow, limit);
  }
  static Dwords multiply_dwords(Dwords a, Dwords b) { return _mm512_mullo_epi32(a, b); }
  static Dwords max_dwords(Dwords a, Dwords b) { return _mm512_max_epi32(a, b); }
  static Dwords min_dwords(Dwords a, Dwords b) { return _mm512_min_epi32(a, b); }
  static Dwords low_half(Dwords a) { return _mm512_and_si512(a, _mm512_set1_epi32(0xffff)); }
  static Dwords high_half(Dwords a) { return _mm512_srai_epi32(a, 16); }
  static Dwords high_half_unsigned(Dwords a) { return _mm512_srli_epi32(a, 16); }
  static Dwords shift_right_each_dwords(Dwords a, Dwords count) { return _mm512_srav_epi32(a, count); }
  /// Modulo 2³²: a row's exponentials go beyond 2³¹, where _mm512_reduce_add_epi32 ends in a signed addition.
  static std::int32_t sum(Dwords a) {
    const __m256i eight = _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
  }
  static std::int32_t largest(Dwords a) { return _mm512_reduce_max_epi32(a); }
  static std::int32_t least(Dwords a) { return _mm512_reduce_min_epi32(a); }

  static Dwords multiply_pairs(Words a, Words b) { return _mm512_madd_epi16(a, b); }
  static Dwords add_words(Dwords sums, Words a) {
    return add_dwords(sums, add_dwords(low_half(a), high_half_unsigned(a)));
  }
  static Pair multiply_wide(Words a, std::int16_t b) {
    const Words factor = dwords(b);
    return {_mm512_madd_epi16(_mm512_cvtepi16_epi32(_mm512_castsi512_si256(a)), factor),
            _mm512_madd_epi16(_mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(a, 1)), factor)};
  }
  static Words pack(Pair a) {
    const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    return _mm512_permutexvar_epi64(order, _mm512_packs_epi32(a.low, a.high));
  }
  static Words pack_as_placed(Dwords a, Dwords b) { return _mm512_packs_epi32(a, b); }
  /// Blocks of 128 bits are packed by themselves: block b of register i becomes words 8b + 4i ….
  static constexpr std::size_t output_at(std::size_t place) {
    return place / kWords * kWords + place % kDwords / 4 * 8 + place / kDwords % 2 * 4 + place % 4;
  }

  static Words quantize(Words a, Words reciprocal) {
    // ⌊(⌊aR / 2^16⌋ + 2^5) / 2^6⌋ is ⌊(aR + 2^21) / 2^22⌋.
    return _mm512_srai_epi16(_mm512_add_epi16(_mm512_mulhi_epi16(a, reciprocal), words(32)), 6);
  }
  static __m256i to_bytes(Words a, std::uint8_t flip) {
    return _mm256_xor_si256(_mm512_cvtepi16_epi8(a), _mm256_set1_epi8(static_cast<char>(flip)));
  }
  static void store_bytes(std::uint8_t* to, Words a, std::uint8_t flip, Whole) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), to_bytes(a, flip));
  }
  static void store_bytes(std::uint8_t* to, Words a, std::uint8_t flip, Part part) {
    _mm256_mask_storeu_epi8(to, first(part), to_bytes(a, flip));
  }

  struct Table {
    using Index = Words;
    Words low;
    Words high;
    explicit Table(const void* numbers)
        : low(load_bits(numbers)), high(load_bits(static_cast<const std::uint8_t*>(numbers) + 64)) {}
    /// The permutation looks at the lowest six bits only.
    static Index index(Words number) { return number; }
    Words operator()(Index index) const { return _mm512_permutex2var_epi16(low, index, high); }
  };
};

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_VEC_AVX512_H_
