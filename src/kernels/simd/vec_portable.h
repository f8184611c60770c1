// Four float lanes in the compiler's own vector extension: the baseline of whatever machine this is compiled for.
//
// All vec_*.h offer the same operations under the same names; what is documented here holds for each. They are used
// only through the templates in *_simd.h, whose functions carry the type in their names: code made for one instruction
// set is never shared with another. For the same reason neither they nor the templates may call inline functions of the
// standard library (a linker keeps one copy of those, perhaps the one that this machine cannot run).
#ifndef EDGEMOE_KERNELS_SIMD_VEC_PORTABLE_H_
#define EDGEMOE_KERNELS_SIMD_VEC_PORTABLE_H_

#include <cstddef>
#include <cstdint>

namespace edgemoe::simd {

struct VecPortable {
  static constexpr std::size_t kWidth = 4;    ///< lanes
  static constexpr std::size_t kMaxRows = 4;  ///< rows of the largest GEMM tile: what the registers hold
  using Vec [[gnu::vector_size(16)]] = float;
  using Bits [[gnu::vector_size(16)]] = std::int32_t;
  using UnsignedBits [[gnu::vector_size(16)]] = std::uint32_t;
  using Unaligned [[gnu::vector_size(16), gnu::aligned(4), gnu::may_alias]] = float;

  static Vec zero() { return Vec{}; }
  static Vec set(float x) { return Vec{x, x, x, x}; }
  static Vec load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
  static void store(float* p, Vec v) { *reinterpret_cast<Unaligned*>(p) = v; }
  /// The first n lanes, n ≤ kWidth; the others read as 0, their memory is not touched.
  static Vec load_first(const float* p, std::size_t n) {
    Vec v{};
    for (std::size_t i = 0; i < n; ++i) v[i] = p[i];
    return v;
  }
  static void store_first(float* p, Vec v, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) p[i] = v[i];
  }

  static Vec add(Vec a, Vec b) { return a + b; }
  static Vec sub(Vec a, Vec b) { return a - b; }
  static Vec mul(Vec a, Vec b) { return a * b; }
  /// a·b + c, rounded once where the machine can; here the product is rounded too, on every machine.
  static Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
  /// c − a·b, rounded likewise.
  static Vec neg_fma(Vec a, Vec b, Vec c) { return c - a * b; }
  static Vec abs(Vec a) { return reinterpret_cast<Vec>(reinterpret_cast<Bits>(a) & 0x7FFFFFFF); }
  /// Lane-wise maximum; a NaN in b is kept.
  static Vec max(Vec a, Vec b) { return a > b ? a : b; }
  /// v where a < b, else 0 (also where one is NaN).
  static Vec keep_if_less(Vec a, Vec b, Vec v) { return reinterpret_cast<Vec>((a < b) & reinterpret_cast<Bits>(v)); }
  /// v where not a < b, else 0.
  static Vec zero_if_less(Vec a, Vec b, Vec v) { return reinterpret_cast<Vec>(~(a < b) & reinterpret_cast<Bits>(v)); }
  /// 2^n, for v = 1.5 · 2^23 + n with an integer −127 < n < 128: n stands in v's lowest bits.
  static Vec exp2_of_low_bits(Vec v) {
    return reinterpret_cast<Vec>((reinterpret_cast<UnsignedBits>(v) << 23) + 0x3F800000U);
  }
  /// Sum and maximum over the lanes, in an order that is always the same.
  static float reduce_add(Vec v) { return (v[0] + v[2]) + (v[1] + v[3]); }
  static float reduce_max(Vec v) {
    const float low = v[0] > v[1] ? v[0] : v[1];
    const float high = v[2] > v[3] ? v[2] : v[3];
    return low > high ? low : high;
  }
  static float sqrt(float x) { return __builtin_sqrtf(x); }
  /// Asks for the cache line of p to come to the second-level cache. Always inlined: GCC drops calls of a function that
  /// does nothing else.
  [[gnu::always_inline]] static void prefetch(const float* p) { __builtin_prefetch(p, 0, 2); }
};

}  // namespace edgemoe::simd

#endif  // EDGEMOE_KERNELS_SIMD_VEC_PORTABLE_H_
