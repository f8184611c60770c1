// Seeded random numbers, the same on every machine and compiler (the standard library's distributions are not).
#ifndef EDGEMOE_BASE_RANDOM_H_
#define EDGEMOE_BASE_RANDOM_H_

#include <cstdint>

namespace edgemoe {

/// SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, passes BigCrush, one multiply chain a draw.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next_u64() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, 1), 24 bits.
  float uniform() { return static_cast<float>(next_u64() >> 40) * 0x1p-24F; }
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Uniform in [0, bound); bound ≥ 1. The bias of at most bound / 2^64 does not matter here.
  std::uint64_t below(std::uint64_t bound) { return next_u64() % bound; }

  /// Near-normal with mean 0 and deviation 1: the sum of twelve uniforms less six, within ±6. Exact in float64, so no
  /// math library can change it.
  float normal() {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(next_u64() >> 40) * 0x1p-24;
    return static_cast<float>(sum);
  }

 private:
  std::uint64_t state_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_RANDOM_H_
