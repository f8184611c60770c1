// Pictures of a scene: light as the sensor receives it, and the ground truth beside it.
#ifndef EDGEMOE_SCENES_RENDERER_H_
#define EDGEMOE_SCENES_RENDERER_H_

#include <cstdint>
#include <vector>

#include "scenes/camera.h"
#include "scenes/ray_tracer.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

/// Everything [height, width], row by row. Labels, depths and normals belong to the ray through a pixel's centre.
struct View {
  int width = 0;
  int height = 0;
  std::vector<Vec3> radiance;  // linear RGB, mean over the pixel
  std::vector<Label> labels;   // kIgnore for what has no class
  std::vector<float> depth;    // metres along the optical axis, 0 = none (sky)
  std::vector<Vec3> normals;   // unit, camera coordinates (x right, y up, z towards the camera); zero = none
};

struct RenderSettings {
  int extra_samples = 3;   // rays a pixel besides the one through its centre, at random places within it
  int occlusion_rays = 1;  // per pixel, then smoothed over neighbours of the same surface
  std::uint32_t seed = 0;
};

/// Renders `scene`, whose mesh `tracer` holds.
View render(const Scene& scene, const RayTracer& tracer, const Camera& camera, const RenderSettings& settings);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_RENDERER_H_
