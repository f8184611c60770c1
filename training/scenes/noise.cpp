#include "scenes/noise.h"

namespace edgemoe::scenes {
namespace {

float ease(float t) { return t * t * (3 - 2 * t); }

}  // namespace

float value_noise(std::uint32_t seed, float x, float y) {
  const int ix = floor_int(x);
  const int iy = floor_int(y);
  const float tx = ease(x - to_float(ix));
  const float ty = ease(y - to_float(iy));
  return mix(mix(hash01(seed, ix, iy), hash01(seed, ix + 1, iy), tx),
             mix(hash01(seed, ix, iy + 1), hash01(seed, ix + 1, iy + 1), tx), ty);
}

float value_noise(std::uint32_t seed, Vec3 p) {
  const int iz = floor_int(p.z);
  const float tz = ease(p.z - to_float(iz));
  const auto layer = [&](int z) { return value_noise(hash(seed, z, 7919), p.x, p.y); };
  return mix(layer(iz), layer(iz + 1), tz);
}

float fractal_noise(std::uint32_t seed, float x, float y, int octaves, float footprint) {
  float sum = 0;
  float weight = 0.5F;
  float total = 0;
  float size = 1;
  for (int i = 0; i < octaves; ++i) {
    const float kept = footprint > 0 ? 1 - smoothstep(0.4F * size, 1.2F * size, footprint) : 1.0F;
    const float noise = kept > 0 ? value_noise(seed + static_cast<std::uint32_t>(i) * 131, x / size, y / size) : 0.5F;
    sum += weight * mix(0.5F, noise, kept);
    total += weight;
    weight *= 0.5F;
    size *= 0.5F;
  }
  return sum / total;
}

}  // namespace edgemoe::scenes
