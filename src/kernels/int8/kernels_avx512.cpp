// AVX-512 with VNNI.
#include "kernels/int8/kernel_tables.h"
#include "kernels/int8/make_kernels.h"
#include "kernels/int8/vec_avx512.h"

namespace edgemoe::int8 {
namespace {

struct Vnni512Dot {
  using V = VecAvx512;
  using Weight = __m512i;
  using Activation = __m512i;
  static constexpr std::uint8_t kOffset = 0x80;
  static constexpr std::size_t kRows = 6;
  static constexpr std::size_t kVectors = 4;

  static Weight load(const std::int8_t* from) { return V::load_bits(from); }
  static Activation broadcast(const std::uint8_t* from) {
    std::int32_t group;
    __builtin_memcpy(&group, from, sizeof(group));
    return _mm512_set1_epi32(group);
  }
  /// GCC 12 copies the sums between registers around its own intrinsic, in every step, and takes twice the time.
  static void dot(__m512i& sums, Activation a, Weight w) { asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(a), "v"(w)); }
};

}  // namespace

const Kernels& avx512vnni_kernels() {
  static constexpr Kernels kTable = make_kernels<Vnni512Dot>();
  return kTable;
}

}  // namespace edgemoe::int8
