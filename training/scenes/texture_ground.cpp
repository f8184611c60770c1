// Roads, pavements and grass. x runs across the road, z along it.
#include "scenes/noise.h"
#include "scenes/texture.h"

namespace edgemoe::scenes {
namespace {

SurfaceSample asphalt(const Material& m, Vec3 p, float footprint) {
  const float grain = fractal_noise(m.seed, p.x * 30, p.z * 30, 2, footprint * 30);
  const float mottle = fractal_noise(m.seed + 1, p.x * 0.7F, p.z * 0.25F, 4, footprint * 0.7F);
  Vec3 color = mix(m.base, m.second, smoothstep(0.3F, 0.7F, mottle) * m.contrast);
  color = color * (1 + 0.5F * (grain - 0.5F));
  // Repaired rectangles, darker and lighter.
  const int px = floor_int(p.x / 2.3F);
  const int pz = floor_int(p.z / 6.5F);
  if (hash01(m.seed + 2, px, pz) < 0.12F * m.contrast * 2) {
    const float fx = fraction(p.x / 2.3F);
    const float fz = fraction(p.z / 6.5F);
    const float margin = 0.1F + 0.2F * hash01(m.seed + 3, px, pz);
    if (fx > margin && fx < 1 - margin && fz > margin && fz < 1 - margin) {
      color = color * (0.65F + 0.7F * hash01(m.seed + 4, px, pz));
    }
  }
  // Cracks follow the zero line of a slow noise.
  const float crack = std::fabs(fractal_noise(m.seed + 5, p.x * 0.45F, p.z * 0.45F, 4) - 0.5F);
  color = color * (1 - 0.5F * m.contrast * detail_share(0.08F, footprint) * smoothstep(0.012F, 0.004F, crack));
  // Tyre tracks and the oil line between them, `scale` apart.
  const float lane = fraction(p.x / m.scale);
  const float track = std::exp(-40 * (lane - 0.28F) * (lane - 0.28F)) + std::exp(-40 * (lane - 0.72F) * (lane - 0.72F));
  color = color * (1 - 0.16F * m.contrast * track);
  SurfaceSample sample = {color, m.gloss};
  if (m.wetness > 0) {
    const float puddle = fractal_noise(m.seed + 6, p.x * 0.35F, p.z * 0.2F, 4, footprint * 0.35F);
    const float wet = smoothstep(1 - m.wetness, 1.15F - m.wetness, puddle + 0.15F);
    sample.albedo = color * (1 - 0.55F * wet);
    sample.gloss = mix(m.gloss, 0.03F, wet);
    sample.roughness = mix(0.3F, 0.05F, wet);
  }
  return sample;
}

SurfaceSample cobbles(const Material& m, Vec3 p, float footprint) {
  const float row = p.z / m.scale;
  const int iz = floor_int(row);
  const float column = p.x / (m.scale * 1.25F) + 0.5F * to_float(iz & 1) + 0.15F * hash01(m.seed + 9, iz);
  const int ix = floor_int(column);
  const float u = fraction(column) - 0.5F;
  const float v = fraction(row) - 0.5F;
  const float tone = 0.65F + 0.7F * hash01(m.seed, ix, iz);
  const float joint = smoothstep(0.36F, 0.48F, std::max(std::fabs(u), std::fabs(v)));
  const float visible = detail_share(m.scale, footprint);
  const float patch = 0.75F + 0.5F * fractal_noise(m.seed + 1, p.x * 0.4F, p.z * 0.4F, 3, footprint * 0.4F);
  const Vec3 stone = mix(m.base, m.third, hash01(m.seed + 2, ix, iz)) * tone;
  const Vec3 average = mix(m.base, m.second, 0.3F);
  return {mix(average, mix(stone, m.second, joint), visible) * patch, m.gloss + 0.02F * m.wetness};
}

SurfaceSample slabs(const Material& m, Vec3 p, float footprint) {
  const float width = m.scale * (1 + 0.5F * hash01(m.seed, 77));
  const int iz = floor_int(p.z / m.scale);
  const float column = p.x / width + (hash01(m.seed, 78) < 0.5F ? 0.5F * to_float(iz & 1) : 0.0F);
  const int ix = floor_int(column);
  const float u = std::fabs(fraction(column) - 0.5F) * width;
  const float v = std::fabs(fraction(p.z / m.scale) - 0.5F) * m.scale;
  const float joint = std::max(smoothstep(0.5F * width - 0.02F, 0.5F * width - 0.005F, u),
                               smoothstep(0.5F * m.scale - 0.02F, 0.5F * m.scale - 0.005F, v));
  const Vec3 tone = mix(m.base, m.third, m.contrast * hash01(m.seed + 1, ix, iz)) *
                    (1 + m.contrast * (hash01(m.seed + 2, ix, iz) - 0.5F) * detail_share(m.scale, footprint));
  const float dirt = fractal_noise(m.seed + 3, p.x * 0.8F, p.z * 0.8F, 4, footprint * 0.8F);
  const float grain = fractal_noise(m.seed + 4, p.x * 25, p.z * 25, 2, footprint * 25);
  const Vec3 color =
      mix(tone, m.second, joint * detail_share(0.12F, footprint)) * (0.7F + 0.5F * dirt + 0.15F * (grain - 0.5F));
  return {color, m.gloss + 0.02F * m.wetness * smoothstep(0.5F, 0.7F, dirt)};
}

SurfaceSample grass(const Material& m, Vec3 p, float footprint) {
  const float patch = fractal_noise(m.seed, p.x * 0.3F, p.z * 0.3F, 4, footprint * 0.3F);
  const float blades = fractal_noise(m.seed + 1, p.x * 14, p.z * 9, 3, footprint * 14);
  const float worn = fractal_noise(m.seed + 2, p.x * 0.18F, p.z * 0.18F, 4, footprint * 0.18F);
  Vec3 color = mix(m.base, m.second, smoothstep(0.25F, 0.75F, patch)) * (0.55F + 0.9F * blades);
  color = mix(color, m.third * (0.7F + 0.6F * blades), m.contrast * smoothstep(0.5F, 0.72F, worn));
  return {color, 0};
}

}  // namespace

SurfaceSample sample_ground(const Material& material, Vec3 p, float footprint) {
  switch (material.pattern) {
    case Pattern::kCobbles:
      return cobbles(material, p, footprint);
    case Pattern::kSlabs:
      return slabs(material, p, footprint);
    case Pattern::kGrass:
      return grass(material, p, footprint);
    default:
      return asphalt(material, p, footprint);
  }
}

}  // namespace edgemoe::scenes
