// Four float lanes of aarch64 Advanced SIMD. See vec_portable.h for what each operation promises.
#ifndef EDGEMOE_KERNELS_SIMD_VEC_NEON_H_
#define EDGEMOE_KERNELS_SIMD_VEC_NEON_H_

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace edgemoe::simd {

struct VecNeon {
  static constexpr std::size_t kWidth = 4;
  static constexpr std::size_t kMaxRows = 12;  // 24 sums, two vectors of B, elements of A: of 32 registers
  using Vec = float32x4_t;

  static Vec zero() { return vdupq_n_f32(0.0F); }
  static Vec set(float x) { return vdupq_n_f32(x); }
  static Vec load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, Vec v) { vst1q_f32(p, v); }
  static Vec load_first(const float* p, std::size_t n) {
    float lanes[kWidth] = {};
    for (std::size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return vld1q_f32(lanes);
  }
  static void store_first(float* p, Vec v, std::size_t n) {
    float lanes[kWidth];
    vst1q_f32(lanes, v);
    for (std::size_t i = 0; i < n; ++i) p[i] = lanes[i];
  }

  static Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
  static Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
  static Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
  static Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
  static Vec neg_fma(Vec a, Vec b, Vec c) { return vfmsq_f32(c, a, b); }
  static Vec abs(Vec a) { return vabsq_f32(a); }
  static Vec max(Vec a, Vec b) { return vmaxq_f32(a, b); }
  static Vec keep_if_less(Vec a, Vec b, Vec v) {
    return vreinterpretq_f32_u32(vandq_u32(vcltq_f32(a, b), vreinterpretq_u32_f32(v)));
  }
  static Vec zero_if_less(Vec a, Vec b, Vec v) {
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(v), vcltq_f32(a, b)));
  }
  static Vec exp2_of_low_bits(Vec v) {
    const uint32x4_t exponent = vshlq_n_u32(vreinterpretq_u32_f32(v), 23);
    return vreinterpretq_f32_u32(vaddq_u32(exponent, vdupq_n_u32(0x3F800000)));
  }
  static float reduce_add(Vec v) { return vaddvq_f32(v); }
  static float reduce_max(Vec v) { return vmaxvq_f32(v); }
  static float sqrt(float x) { return vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0); }
  [[gnu::always_inline]] static void prefetch(const float* p) { __builtin_prefetch(p, 0, 2); }
};

}  // namespace edgemoe::simd

#endif  // EDGEMOE_KERNELS_SIMD_VEC_NEON_H_
