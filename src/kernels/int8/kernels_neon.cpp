// Advanced SIMD by itself, and with the dot product instructions. Both multiply signed by signed.
#include "kernels/int8/kernel_tables.h"
#include "kernels/int8/make_kernels.h"
#include "kernels/int8/vec_neon.h"

namespace edgemoe::int8 {
namespace {

/// |a| ≤ 128 and |w| ≤ 127: two products fit 16 bits.
struct MultiplyDot {
  using V = VecNeon;
  using Weight = int8x16_t;
  using Activation = int8x16_t;
  static constexpr std::uint8_t kOffset = 0;
  static constexpr std::size_t kRows = 6;
  static constexpr std::size_t kVectors = 2;

  static Weight load(const std::int8_t* from) { return vld1q_s8(from); }
  static Activation broadcast(const std::uint8_t* from) {
    std::int32_t group;
    __builtin_memcpy(&group, from, sizeof(group));
    return vreinterpretq_s8_s32(vdupq_n_s32(group));
  }
  static Activation ones() { return vdupq_n_s8(1); }
  static void dot(int32x4_t& sums, Activation a, Weight w) {
    const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(w));
    const int16x8_t high = vmull_high_s8(a, w);
    sums = vpadalq_s16(sums, vpaddq_s16(low, high));
  }
};

struct DotProductDot : MultiplyDot {
  static constexpr std::size_t kVectors = 4;

  /// Where the compiler may not use the instruction, by hand, so that nothing else in this file needs more than the
  /// baseline.
  static void dot(int32x4_t& sums, Activation a, Weight w) {
#if defined(__ARM_FEATURE_DOTPROD)
    sums = vdotq_s32(sums, a, w);
#else
    asm(".arch armv8.2-a+dotprod\n\tsdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(a), "w"(w));
#endif
  }
};

}  // namespace

const Kernels& neon_kernels() {
  static constexpr Kernels kTable = make_kernels<MultiplyDot>();
  return kTable;
}

const Kernels& dotprod_kernels() {
  static constexpr Kernels kTable = make_kernels<DotProductDot>();
  return kTable;
}

}  // namespace edgemoe::int8
