// Registers of 256 bits; what the functions mean stands in simd_rows.h. Only the files compiled for AVX2 may include
// it.
#ifndef EDGEMOE_KERNELS_INT8_VEC_AVX2_H_
#define EDGEMOE_KERNELS_INT8_VEC_AVX2_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/int8/vec_step.h"

namespace edgemoe::int8 {

struct VecAvx2 {
  using Words = __m256i;
  using Dwords = __m256i;
  using Mask = __m256i;
  struct Pair {
    Dwords low;
    Dwords high;
  };
  static constexpr std::size_t kWords = 16;
  static constexpr std::size_t kDwords = 8;

  static __m256i load_bits(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
  static void store_bits(void* to, __m256i value) { _mm256_storeu_si256(static_cast<__m256i*>(to), value); }
  static Words load(const std::int16_t* from, Whole) { return load_bits(from); }
  static Words load(const std::int16_t* from, Part part) {
    return load_bits(Spill<std::int16_t, 16>(from, part).values);
  }
  static void store(std::int16_t* to, Words value, Whole) { store_bits(to, value); }
  static void store(std::int16_t* to, Words value, Part part) {
    Spill<std::int16_t, 16> spill;
    store_bits(spill.values, value);
    spill.to(to, part);
  }
  static Pair load_pair(const std::int32_t* from, Whole) { return {load_bits(from), load_bits(from + kDwords)}; }
  static Pair load_pair(const std::int32_t* from, Part part) {
    return load_pair(Spill<std::int32_t, 16>(from, part).values, Whole{});
  }
  static void store_pair(std::int32_t* to, Pair value, Whole) {
    store_bits(to, value.low);
    store_bits(to + kDwords, value.high);
  }
  static void store_pair(std::int32_t* to, Pair value, Part part) {
    Spill<std::int32_t, 16> spill;
    store_pair(spill.values, value, Whole{});
    spill.to(to, part);
  }

  static All first(Whole) { return {}; }
  static Mask first(Part part) {
    alignas(32) static constexpr std::int16_t kOnes[32] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                           -1, -1, -1, -1, -1, -1, -1, -1};
    return load_bits(kOnes + kWords - part.count);
  }
  static Mask less(Words a, Words b) { return _mm256_cmpgt_epi16(b, a); }
  static Words select(All, Words a, Words) { return a; }
  static Pair select(All, Pair a, Dwords) { return a; }
  static Words keep(All, Words a) { return a; }
  static Words select(Mask mask, Words a, Words b) { return _mm256_blendv_epi8(b, a, mask); }
  static Words keep(Mask mask, Words a) { return _mm256_and_si256(mask, a); }
  static Pair select(Mask mask, Pair a, Dwords b) {
    return {_mm256_blendv_epi8(b, a.low, _mm256_cvtepi16_epi32(_mm256_castsi256_si128(mask))),
            _mm256_blendv_epi8(b, a.high, _mm256_cvtepi16_epi32(_mm256_extracti128_si256(mask, 1)))};
  }

  static Words words(int value) { return _mm256_set1_epi16(static_cast<short>(value)); }
  static Words word_pairs(std::int32_t both) { return _mm256_set1_epi32(both); }
  static Words add(Words a, Words b) { return _mm256_add_epi16(a, b); }
  static Words subtract(Words a, Words b) { return _mm256_sub_epi16(a, b); }
  static Words add_saturating(Words a, Words b) { return _mm256_adds_epi16(a, b); }
  static Words multiply_q15(Words a, Words b) { return _mm256_mulhrs_epi16(a, b); }
  static Words max(Words a, Words b) { return _mm256_max_epi16(a, b); }
  static Words max_unsigned(Words a, Words b) { return _mm256_max_epu16(a, b); }
  static Words min_unsigned(Words a, Words b) { return _mm256_min_epu16(a, b); }
  static Words magnitude(Words a) { return _mm256_abs_epi16(a); }
  static Words bit_and(Words a, Words b) { return _mm256_and_si256(a, b); }
  static Words bit_xor(Words a, Words b) { return _mm256_xor_si256(a, b); }
  template <int kRight>
  static Words shift_right_unsigned(Words a) {
    return _mm256_srli_epi16(a, kRight);
  }
  /// A shift of 16-bit numbers to the right is a product with a power of two in units of 2^16, but for no shift at all.
  static Words shift_right_each(Words a, Words count) {
    const __m256i high = _mm256_setr_epi8(0, -128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0,  //
                                          0, -128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0);
    const __m256i low = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, -128, 64, 32, 16, 8, 4, 2,  //
                                         0, 0, 0, 0, 0, 0, 0, 0, 0, -128, 64, 32, 16, 8, 4, 2);
    // Bytes with the highest bit set give 0.
    const __m256i power =
        _mm256_or_si256(_mm256_shuffle_epi8(low, _mm256_or_si256(count, words(-32768))),
                        _mm256_shuffle_epi8(high, _mm256_or_si256(_mm256_slli_epi16(count, 8), words(0x80))));
    const Words shifted = _mm256_blendv_epi8(_mm256_mulhi_epu16(a, power), a, _mm256_cmpeq_epi16(count, words(0)));
    return _mm256_and_si256(shifted, _mm256_cmpgt_epi16(words(16), count));
  }
  static std::int32_t largest_unsigned(Words a) {
    const __m128i half = _mm_max_epu16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    // phminposuw finds the least: of the complement.
    const __m128i least = _mm_minpos_epu16(_mm_xor_si128(half, _mm_set1_epi16(-1)));
    return 0xffff - (_mm_cvtsi128_si32(least) & 0xffff);
  }

  struct ShiftLeft {
    __m128i count;
    explicit ShiftLeft(int left) : count(_mm_cvtsi32_si128(left)) {}
    Words operator()(Words a) const { return _mm256_sll_epi16(a, count); }
  };
  struct ShiftRightUnsigned {
    __m128i count;
    explicit ShiftRightUnsigned(int right) : count(_mm_cvtsi32_si128(right)) {}
    Words operator()(Words a) const { return _mm256_srl_epi16(a, count); }
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
    Dwords operator()(Dwords a) const { return _mm256_sra_epi32(_mm256_add_epi32(a, half), count); }
  };
  struct DwordShift {
    DwordShiftRight right;
    __m128i left;
    explicit DwordShift(int shift) : right(shift > 0 ? shift : 0), left(_mm_cvtsi32_si128(shift < 0 ? -shift : 0)) {}
    Dwords operator()(Dwords a) const { return _mm256_sll_epi32(right(a), left); }
  };

  static Dwords dwords(std::int32_t value) { return _mm256_set1_epi32(value); }
  static Dwords load_dwords(const std::int32_t* from) { return load_bits(from); }
  static void store_dwords(std::int32_t* to, Dwords value) { store_bits(to, value); }
  static Dwords add_dwords(Dwords a, Dwords b) { return _mm256_add_epi32(a, b); }
  static Dwords subtract_dwords(Dwords a, Dwords b) { return _mm256_sub_epi32(a, b); }
  static Dwords add_saturating_dwords(Dwords a, Dwords b) {
    const Dwords sum = _mm256_add_epi32(a, b);
    // Overflow where both have a sign that the sum does not have.
    const Dwords overflow =
        _mm256_srai_epi32(_mm256_andnot_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(a, sum)), 31);
    const Dwords limit = _mm256_xor_si256(_mm256_srai_epi32(a, 31), _mm256_set1_epi32(INT32_MAX));
    return _mm256_blendv_epi8(sum, limit, overflow);
  }
  static Dwords multiply_dwords(Dwords a, Dwords b) { return _mm256_mullo_epi32(a, b); }
  static Dwords max_dwords(Dwords a, Dwords b) { return _mm256_max_epi32(a, b); }
  static Dwords min_dwords(Dwords a, Dwords b) { return _mm256_min_epi32(a, b); }
  static Dwords low_half(Dwords a) { return _mm256_and_si256(a, _mm256_set1_epi32(0xffff)); }
  static Dwords high_half(Dwords a) { return _mm256_srai_epi32(a, 16); }
  static Dwords high_half_unsigned(Dwords a) { return _mm256_srli_epi32(a, 16); }
  static Dwords shift_right_each_dwords(Dwords a, Dwords count) { return _mm256_srav_epi32(a, count); }
  static std::int32_t sum(Dwords a) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
  }
  static std::int32_t largest(Dwords a) {
    __m128i half = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
  }

  static std::int32_t least(Dwords a) { return ~largest(_mm256_xor_si256(a, dwords(-1))); }

  static Dwords multiply_pairs(Words a, Words b) { return _mm256_madd_epi16(a, b); }
  static Dwords add_words(Dwords sums, Words a) {
    return add_dwords(sums, add_dwords(low_half(a), high_half_unsigned(a)));
  }
  static Pair multiply_wide(Words a, std::int16_t b) {
    const Words factor = dwords(b);
    return {_mm256_madd_epi16(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(a)), factor),
            _mm256_madd_epi16(_mm256_cvtepi16_epi32(_mm256_extracti128_si256(a, 1)), factor)};
  }
  static Words pack(Pair a) { return _mm256_permute4x64_epi64(_mm256_packs_epi32(a.low, a.high), 0xd8); }
  static Words pack_as_placed(Dwords a, Dwords b) { return _mm256_packs_epi32(a, b); }
  /// Blocks of 128 bits are packed by themselves: block b of register i becomes words 8b + 4i ….
  static constexpr std::size_t output_at(std::size_t place) {
    return place / kWords * kWords + place % kDwords / 4 * 8 + place / kDwords % 2 * 4 + place % 4;
  }

  static Words quantize(Words a, Words reciprocal) {
    // ⌊(⌊aR / 2^16⌋ + 2^5) / 2^6⌋ is ⌊(aR + 2^21) / 2^22⌋.
    return _mm256_srai_epi16(_mm256_add_epi16(_mm256_mulhi_epi16(a, reciprocal), words(32)), 6);
  }
  static __m128i to_bytes(Words a, std::uint8_t flip) {
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    return _mm_xor_si128(bytes, _mm_set1_epi8(static_cast<char>(flip)));
  }
  static void store_bytes(std::uint8_t* to, Words a, std::uint8_t flip, Whole) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), to_bytes(bit_and(a, words(0xff)), flip));
  }
  static void store_bytes(std::uint8_t* to, Words a, std::uint8_t flip, Part part) {
    Spill<std::uint8_t, 16> spill;
    store_bytes(spill.values, a, flip, Whole{});
    spill.to(to, part);
  }

  /// 64 numbers of 16 bits by number: of four registers of low and four of high bytes a byte shuffle finds each.
  struct Table {
    /// For the low and the high byte the place in each quarter; its highest bit is set where it is in another.
    struct Index {
      __m256i quarters[4];
    };
    __m256i low[4];
    __m256i high[4];

    explicit Table(const void* numbers) {
      for (int quarter = 0; quarter < 4; ++quarter) {
        const auto* from = static_cast<const std::uint8_t*>(numbers) + quarter * 32;
        alignas(16) std::uint8_t bytes[2][16];
        for (int i = 0; i < 16; ++i) {
          bytes[0][i] = from[2 * i];
          bytes[1][i] = from[2 * i + 1];
        }
        low[quarter] = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes[0])));
        high[quarter] = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes[1])));
      }
    }
    static Index index(Words number) {
      const Words six = bit_and(number, words(63));
      const Words both = _mm256_or_si256(six, _mm256_slli_epi16(six, 8));
      Index index;
      for (int quarter = 0; quarter < 4; ++quarter) {
        index.quarters[quarter] = _mm256_adds_epu8(
            _mm256_sub_epi8(both, _mm256_set1_epi8(static_cast<char>(16 * quarter))), _mm256_set1_epi8(0x70));
      }
      return index;
    }
    Words operator()(const Index& index) const {
      __m256i lows = _mm256_setzero_si256();
      __m256i highs = _mm256_setzero_si256();
      for (int quarter = 0; quarter < 4; ++quarter) {
        lows = _mm256_or_si256(lows, _mm256_shuffle_epi8(low[quarter], index.quarters[quarter]));
        highs = _mm256_or_si256(highs, _mm256_shuffle_epi8(high[quarter], index.quarters[quarter]));
      }
      return _mm256_blendv_epi8(highs, lows, words(0xff));
    }
  };
};

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_VEC_AVX2_H_
