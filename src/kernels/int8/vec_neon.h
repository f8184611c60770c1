// Registers of 128 bits; what the functions mean stands in simd_rows.h.
#ifndef EDGEMOE_KERNELS_INT8_VEC_NEON_H_
#define EDGEMOE_KERNELS_INT8_VEC_NEON_H_

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "kernels/int8/vec_step.h"

namespace edgemoe::int8 {

struct VecNeon {
  using Words = int16x8_t;
  using Dwords = int32x4_t;
  using Mask = uint16x8_t;
  struct Pair {
    Dwords low;
    Dwords high;
  };
  static constexpr std::size_t kWords = 8;
  static constexpr std::size_t kDwords = 4;

  static uint16x8_t as_unsigned(Words a) { return vreinterpretq_u16_s16(a); }
  static Words as_signed(uint16x8_t a) { return vreinterpretq_s16_u16(a); }

  static Words load(const std::int16_t* from, Whole) { return vld1q_s16(from); }
  static Words load(const std::int16_t* from, Part part) {
    return vld1q_s16(Spill<std::int16_t, 8>(from, part).values);
  }
  static void store(std::int16_t* to, Words value, Whole) { vst1q_s16(to, value); }
  static void store(std::int16_t* to, Words value, Part part) {
    Spill<std::int16_t, 8> spill;
    vst1q_s16(spill.values, value);
    spill.to(to, part);
  }
  static Pair load_pair(const std::int32_t* from, Whole) { return {vld1q_s32(from), vld1q_s32(from + kDwords)}; }
  static Pair load_pair(const std::int32_t* from, Part part) {
    return load_pair(Spill<std::int32_t, 8>(from, part).values, Whole{});
  }
  static void store_pair(std::int32_t* to, Pair value, Whole) {
    vst1q_s32(to, value.low);
    vst1q_s32(to + kDwords, value.high);
  }
  static void store_pair(std::int32_t* to, Pair value, Part part) {
    Spill<std::int32_t, 8> spill;
    store_pair(spill.values, value, Whole{});
    spill.to(to, part);
  }

  static All first(Whole) { return {}; }
  static Mask first(Part part) {
    static constexpr std::uint16_t kNumbers[kWords] = {0, 1, 2, 3, 4, 5, 6, 7};
    return vcltq_u16(vld1q_u16(kNumbers), vdupq_n_u16(static_cast<std::uint16_t>(part.count)));
  }
  static Mask less(Words a, Words b) { return vcltq_s16(a, b); }
  static Words select(All, Words a, Words) { return a; }
  static Pair select(All, Pair a, Dwords) { return a; }
  static Words keep(All, Words a) { return a; }
  static Words select(Mask mask, Words a, Words b) { return vbslq_s16(mask, a, b); }
  static Words keep(Mask mask, Words a) { return vandq_s16(as_signed(mask), a); }
  static Pair select(Mask mask, Pair a, Dwords b) {
    const int16x8_t wide = as_signed(mask);
    return {vbslq_s32(vreinterpretq_u32_s32(vmovl_s16(vget_low_s16(wide))), a.low, b),
            vbslq_s32(vreinterpretq_u32_s32(vmovl_high_s16(wide)), a.high, b)};
  }

  static Words words(int value) { return vdupq_n_s16(static_cast<std::int16_t>(value)); }
  static Words word_pairs(std::int32_t both) { return vreinterpretq_s16_s32(vdupq_n_s32(both)); }
  static Words add(Words a, Words b) { return vaddq_s16(a, b); }
  static Words subtract(Words a, Words b) { return vsubq_s16(a, b); }
  static Words add_saturating(Words a, Words b) { return vqaddq_s16(a, b); }
  static Words multiply_q15(Words a, Words b) { return vqrdmulhq_s16(a, b); }
  static Words max(Words a, Words b) { return vmaxq_s16(a, b); }
  static Words max_unsigned(Words a, Words b) { return as_signed(vmaxq_u16(as_unsigned(a), as_unsigned(b))); }
  static Words min_unsigned(Words a, Words b) { return as_signed(vminq_u16(as_unsigned(a), as_unsigned(b))); }
  static Words magnitude(Words a) { return vabsq_s16(a); }
  static Words bit_and(Words a, Words b) { return vandq_s16(a, b); }
  static Words bit_xor(Words a, Words b) { return veorq_s16(a, b); }
  template <int kRight>
  static Words shift_right_unsigned(Words a) {
    return as_signed(vshrq_n_u16(as_unsigned(a), kRight));
  }
  /// The instruction looks at the lowest eight bits of a count.
  static Words shift_right_each(Words a, Words count) {
    return as_signed(vshlq_u16(as_unsigned(a), vnegq_s16(vminq_s16(count, words(16)))));
  }
  static std::int32_t largest_unsigned(Words a) { return vmaxvq_u16(as_unsigned(a)); }

  struct ShiftLeft {
    Words count;
    explicit ShiftLeft(int left) : count(words(left)) {}
    Words operator()(Words a) const { return vshlq_s16(a, count); }
  };
  struct ShiftRightUnsigned {
    Words count;
    explicit ShiftRightUnsigned(int right) : count(words(-right)) {}
    Words operator()(Words a) const { return as_signed(vshlq_u16(as_unsigned(a), count)); }
  };
  struct WordShift {
    Words count;
    explicit WordShift(int right) : count(words(right > 17 ? -17 : right < -16 ? 16 : -right)) {}
    Words operator()(Words a) const { return vqrshlq_s16(a, count); }
  };
  using WordShiftRight = WordShift;
  struct DwordShift {
    Dwords count;
    explicit DwordShift(int shift) : count(dwords(-shift)) {}
    Dwords operator()(Dwords a) const { return vrshlq_s32(a, count); }
  };

  using DwordShiftRight = DwordShift;

  static Dwords dwords(std::int32_t value) { return vdupq_n_s32(value); }
  static Dwords load_dwords(const std::int32_t* from) { return vld1q_s32(from); }
  static void store_dwords(std::int32_t* to, Dwords value) { vst1q_s32(to, value); }
  static Dwords add_dwords(Dwords a, Dwords b) { return vaddq_s32(a, b); }
  static Dwords subtract_dwords(Dwords a, Dwords b) { return vsubq_s32(a, b); }
  static Dwords add_saturating_dwords(Dwords a, Dwords b) { return vqaddq_s32(a, b); }
  static Dwords multiply_dwords(Dwords a, Dwords b) { return vmulq_s32(a, b); }
  static Dwords max_dwords(Dwords a, Dwords b) { return vmaxq_s32(a, b); }
  static Dwords min_dwords(Dwords a, Dwords b) { return vminq_s32(a, b); }
  static Dwords low_half(Dwords a) { return vandq_s32(a, dwords(0xffff)); }
  static Dwords high_half(Dwords a) { return vshrq_n_s32(a, 16); }
  static Dwords high_half_unsigned(Dwords a) {
    return vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a), 16));
  }
  static Dwords shift_right_each_dwords(Dwords a, Dwords count) { return vshlq_s32(a, vnegq_s32(count)); }
  static std::int32_t sum(Dwords a) { return vaddvq_s32(a); }
  static std::int32_t largest(Dwords a) { return vmaxvq_s32(a); }
  static std::int32_t least(Dwords a) { return vminvq_s32(a); }

  static Dwords multiply_pairs(Words a, Words b) {
    return vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b));
  }
  static Dwords add_words(Dwords sums, Words a) {
    return vreinterpretq_s32_u32(vpadalq_u16(vreinterpretq_u32_s32(sums), as_unsigned(a)));
  }
  static Pair multiply_wide(Words a, std::int16_t b) {
    return {vmull_n_s16(vget_low_s16(a), b), vmull_high_n_s16(a, b)};
  }
  static Words pack(Pair a) { return vqmovn_high_s32(vqmovn_s32(a.low), a.high); }
  static Words pack_as_placed(Dwords a, Dwords b) { return pack({a, b}); }
  static constexpr std::size_t output_at(std::size_t place) { return place; }

  static Words quantize(Words a, Words reciprocal) {
    // The product is doubled and halved: ⌊(⌊aR / 2^15⌋ + 2^6) / 2^7⌋ is ⌊(aR + 2^21) / 2^22⌋.
    return vrshrq_n_s16(vqdmulhq_s16(a, reciprocal), 7);
  }
  static void store_bytes(std::uint8_t* to, Words a, std::uint8_t flip, Whole) {
    vst1_u8(to, veor_u8(vmovn_u16(as_unsigned(a)), vdup_n_u8(flip)));
  }
  static void store_bytes(std::uint8_t* to, Words a, std::uint8_t flip, Part part) {
    Spill<std::uint8_t, 8> spill;
    store_bytes(spill.values, a, flip, Whole{});
    spill.to(to, part);
  }

  struct Table {
    using Index = uint8x8_t;
    uint8x16x4_t low;
    uint8x16x4_t high;
    explicit Table(const void* numbers) {
      for (int quarter = 0; quarter < 4; ++quarter) {
        const uint8x16x2_t bytes = vld2q_u8(static_cast<const std::uint8_t*>(numbers) + quarter * 32);
        low.val[quarter] = bytes.val[0];
        high.val[quarter] = bytes.val[1];
      }
    }
    static Index index(Words number) { return vand_u8(vmovn_u16(as_unsigned(number)), vdup_n_u8(63)); }
    Words operator()(Index index) const {
      return as_signed(vorrq_u16(vmovl_u8(vqtbl4_u8(low, index)), vshll_n_u8(vqtbl4_u8(high, index), 8)));
    }
  };
};

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_VEC_NEON_H_
