// Procedural patterns: what colour and gloss a surface has at a point.
#ifndef EDGEMOE_SCENES_TEXTURE_H_
#define EDGEMOE_SCENES_TEXTURE_H_

#include "scenes/scene.h"

namespace edgemoe::scenes {

struct SurfaceSample {
  Vec3 albedo;
  float gloss = 0;
  Vec3 emission = {};
  float roughness = 0;  // how far mirror images are spread: 0 a mirror
};

/// The surface of `material` at texture coordinate `p` (metres); detail finer than `footprint` metres is averaged away.
SurfaceSample sample_surface(const Scene& scene, const Material& material, Vec3 p, float footprint);

// One function a family of patterns; sample_surface chooses.
SurfaceSample sample_ground(const Material& material, Vec3 p, float footprint);
SurfaceSample sample_facade(const FacadeStyle& style, Vec3 p, float footprint);
SurfaceSample sample_vehicle(const VehiclePaint& paint, Vec3 p);
SurfaceSample sample_sign(const SignFace& face, Vec3 p);
SurfaceSample sample_object(const Material& material, Vec3 p, float footprint);

/// How visible detail of size `size` still is at `footprint`: 1 near, 0 far.
inline float detail_share(float size, float footprint) { return 1 - smoothstep(0.3F * size, 1.0F * size, footprint); }

/// Bricks of 0.24 × 0.075 m in running bond.
Vec3 brick_color(Vec3 base, Vec3 other, Vec3 mortar, std::uint32_t seed, float x, float y, float footprint);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_TEXTURE_H_
