// AVX2 by itself, and with the dot product instruction that AVX-VNNI and AVX-512 VNNI encode each in their way.
#include "kernels/int8/kernel_tables.h"
#include "kernels/int8/make_kernels.h"
#include "kernels/int8/vec_avx2.h"

namespace edgemoe::int8 {
namespace {

__m256i broadcast_group(const std::uint8_t* from) {
  std::int32_t group;
  __builtin_memcpy(&group, from, sizeof(group));
  return _mm256_set1_epi32(group);
}

/// vpmaddubsw multiplies unsigned by signed and saturates: |a| · (w with a's sign). |a| ≤ 128 and |w| ≤ 127, so two
/// products fit 16 bits.
struct MaddDot {
  using V = VecAvx2;
  using Weight = __m256i;
  struct Activation {
    __m256i value;
    __m256i magnitude;
  };
  static constexpr std::uint8_t kOffset = 0;
  static constexpr std::size_t kRows = 3;
  static constexpr std::size_t kVectors = 2;

  static Weight load(const std::int8_t* from) { return V::load_bits(from); }
  static Activation broadcast(const std::uint8_t* from) {
    const __m256i value = broadcast_group(from);
    return {value, _mm256_abs_epi8(value)};
  }
  static Activation ones() { return {_mm256_set1_epi8(1), _mm256_set1_epi8(1)}; }
  static void dot(__m256i& sums, const Activation& a, Weight w) {
    const __m256i pairs = _mm256_maddubs_epi16(a.magnitude, _mm256_sign_epi8(w, a.value));
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

/// vpdpbusd, whose rows are unsigned. By hand: the file is compiled for AVX2 alone, and GCC 12 spills the sums around
/// its own intrinsic.
template <bool kVex>
struct VnniDot {
  using V = VecAvx2;
  using Weight = __m256i;
  using Activation = __m256i;
  static constexpr std::uint8_t kOffset = 0x80;
  static constexpr std::size_t kRows = 6;
  static constexpr std::size_t kVectors = 2;

  static Weight load(const std::int8_t* from) { return V::load_bits(from); }
  static Activation broadcast(const std::uint8_t* from) { return broadcast_group(from); }
  static void dot(__m256i& sums, Activation a, Weight w) {
    if constexpr (kVex) {
      asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(a), "x"(w));
    } else {
      asm("%{evex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(a), "x"(w));
    }
  }
};

}  // namespace

const Kernels& avx2_kernels() {
  static constexpr Kernels kTable = make_kernels<MaddDot>();
  return kTable;
}

const Kernels& avxvnni_kernels(bool vex) {
  static constexpr Kernels kVex = make_kernels<VnniDot<true>>();
  static constexpr Kernels kEvex = make_kernels<VnniDot<false>>();
  return vex ? kVex : kEvex;
}

}  // namespace edgemoe::int8
