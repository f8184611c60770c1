// From a ray's hit to the light that comes back along it.
#ifndef EDGEMOE_SCENES_SHADING_H_
#define EDGEMOE_SCENES_SHADING_H_

#include "scenes/ray_tracer.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

/// A point of a surface, its normal turned to the viewer.
struct SurfacePoint {
  Vec3 position, normal, texture;
  const Material* material = nullptr;
};

class Shader {
 public:
  Shader(const Scene& scene, const RayTracer& tracer) : scene_(scene), tracer_(tracer) {}

  SurfacePoint point(const Hit& hit, Vec3 origin, Vec3 direction) const;

  /// Share of the surroundings' light that reaches the point, from one ray; `a`, `b` uniform in [0, 1).
  float openness(const SurfacePoint& p, float distance, float a, float b) const;

  struct Sample {
    Vec3 direction;       // of the ray, any length
    float distance = 0;   // metres from the camera
    float footprint = 0;  // metres a pixel covers at depth 1
    float openness = 1;
    float a = 0, b = 0;  // uniform in [0, 1): where on the sun and on lamps
  };
  /// Light from the point to the camera, air included.
  Vec3 shade(const SurfacePoint& p, const Sample& sample) const;
  /// Light from where no surface is.
  Vec3 background(Vec3 direction) const;

 private:
  Vec3 lamp_light(const SurfacePoint& p, Vec3 from, float a, float b) const;
  Vec3 reflection(const SurfacePoint& p, Vec3 from, Vec3 direction) const;

  const Scene& scene_;
  const RayTracer& tracer_;
};

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_SHADING_H_
