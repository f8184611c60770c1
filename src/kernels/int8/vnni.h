// What the files of the VNNI table share; only they, compiled for these instructions, may include it.
#ifndef EDGEMOE_KERNELS_INT8_VNNI_H_
#define EDGEMOE_KERNELS_INT8_VNNI_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/int8/int8_kernels.h"

namespace edgemoe::int8::vnni {

using Vec = __m512i;

constexpr std::size_t kWords = 32;   // s16 a register
constexpr std::size_t kDwords = 16;  // s32 a register
constexpr std::size_t kPanelVectors = kPanelOutputs / kDwords;

inline Vec load(const void* from) { return _mm512_loadu_si512(from); }
inline void store(void* to, Vec value) { _mm512_storeu_si512(to, value); }

inline __mmask32 first_words(std::size_t count) {
  return count >= kWords ? ~__mmask32{0} : (__mmask32{1} << count) - 1;
}
inline __mmask16 first_dwords(std::size_t count) {
  return count >= kDwords ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1U << count) - 1);
}

inline Vec broadcast_group(const std::uint8_t* from) {
  std::int32_t group;
  __builtin_memcpy(&group, from, sizeof(group));
  return _mm512_set1_epi32(group);
}

/// sums += a · w in groups of four. GCC 12 copies the sums between registers around its own intrinsic, in every step,
/// and takes twice the time.
[[gnu::always_inline]] inline void dot(Vec& sums, Vec a, Vec w) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(a), "v"(w));
}

inline std::int32_t largest_word(Vec magnitudes) {
  const __m256i half = _mm256_max_epu16(_mm512_castsi512_si256(magnitudes), _mm512_extracti64x4_epi64(magnitudes, 1));
  const __m128i quarter = _mm_max_epu16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  // phminposuw finds the least: of the complement.
  const __m128i least = _mm_minpos_epu16(_mm_xor_si128(quarter, _mm_set1_epi16(-1)));
  return 0xffff - (_mm_cvtsi128_si32(least) & 0xffff);
}

/// Shift of a whole row of s16 with rounding, saturating to the left.
struct WordShift {
  explicit WordShift(int right) {
    if (right > 0) {
      // From 17 on nothing is left but what rounding makes of it: 0.
      count = _mm_cvtsi32_si128(right > 16 ? 15 : right - 1);
      kind = right > 16 ? Kind::kZero : Kind::kRight;
    } else if (right < 0) {
      doublings = right < -15 ? 15 : -right;
      kind = Kind::kLeft;
    }
  }

  Vec operator()(Vec value) const {
    switch (kind) {
      case Kind::kNone:
        return value;
      case Kind::kRight: {
        // (x >> (n − 1)) + 1 cannot overflow but for n = 1 and the largest x; averaging with zero halves exactly that.
        const Vec shifted = _mm512_sra_epi16(value, count);
        return _mm512_add_epi16(_mm512_srai_epi16(shifted, 1), _mm512_and_si512(shifted, _mm512_set1_epi16(1)));
      }
      case Kind::kLeft:
        for (int i = 0; i < doublings; ++i) value = _mm512_adds_epi16(value, value);
        return value;
      case Kind::kZero:
        return _mm512_setzero_si512();
    }
    return value;
  }

 private:
  enum class Kind { kNone, kRight, kLeft, kZero };
  __m128i count = _mm_setzero_si128();
  int doublings = 0;
  Kind kind = Kind::kNone;
};

/// Which output stands at a place of a panel. Registers 2h and 2h + 1 hold the half panel h; block b of register i
/// becomes words 8b + 4i … of the packed one.
constexpr std::size_t output_at(std::size_t place) {
  return place / kWords * kWords + place % kDwords / 4 * 8 + place / kDwords % 2 * 4 + place % 4;
}

/// The table's 64 numbers by their number, in two registers.
struct WordTable {
  Vec low;
  Vec high;

  Vec operator()(Vec index) const { return _mm512_permutex2var_epi16(low, index, high); }
};

void values(const ValueArgs& args);
std::uint32_t softmax(SoftmaxArgs& args);
void pack_keys(const PackArgs& args, std::int32_t* sums);
void pack_values(const PackArgs& args);

}  // namespace edgemoe::int8::vnni

#endif  // EDGEMOE_KERNELS_INT8_VNNI_H_
