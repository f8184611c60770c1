// Hashes and smooth noise for procedural textures.
#ifndef EDGEMOE_SCENES_NOISE_H_
#define EDGEMOE_SCENES_NOISE_H_

#include <cstdint>

#include "scenes/vec.h"

namespace edgemoe::scenes {

/// Mixes its arguments to 32 bits (the finaliser of MurmurHash3 over a linear combination).
inline std::uint32_t hash(std::uint32_t seed, int x, int y = 0, int z = 0) {
  std::uint32_t h = seed + static_cast<std::uint32_t>(x) * 0x8DA6B343u + static_cast<std::uint32_t>(y) * 0xD8163841u +
                    static_cast<std::uint32_t>(z) * 0xCB1AB31Fu;
  h ^= h >> 16;
  h *= 0x85EBCA6Bu;
  h ^= h >> 13;
  h *= 0xC2B2AE35u;
  return h ^ (h >> 16);
}

/// Uniform in [0, 1).
inline float hash01(std::uint32_t seed, int x, int y = 0, int z = 0) {
  return static_cast<float>(hash(seed, x, y, z) >> 8) * 0x1p-24F;
}

/// Smooth noise in [0, 1] with features of size one.
float value_noise(std::uint32_t seed, float x, float y);
float value_noise(std::uint32_t seed, Vec3 p);

/// Sum of octaves of value_noise, in [0, 1]; octaves finer than `footprint` (in the units of x, y) are left at their
/// mean, so that distant texture does not flicker.
float fractal_noise(std::uint32_t seed, float x, float y, int octaves, float footprint = 0);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_NOISE_H_
