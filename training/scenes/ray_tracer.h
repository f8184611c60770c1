// Rays against a mesh (Embree).
#ifndef EDGEMOE_SCENES_RAY_TRACER_H_
#define EDGEMOE_SCENES_RAY_TRACER_H_

#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

struct Hit {
  bool found = false;
  float distance = 0;  // in lengths of the ray's direction
  std::uint32_t triangle = 0;
  float u = 0, v = 0;  // barycentric weights of the second and third corner
};

/// One thread's tracer. Results do not depend on how many others run beside it.
class RayTracer {
 public:
  /// kInternal when Embree has no device for this machine.
  static Result<RayTracer> create();

  RayTracer(RayTracer&& other) noexcept;
  RayTracer& operator=(RayTracer&& other) noexcept;
  ~RayTracer();

  /// Makes `mesh` what rays meet. It is not copied: it must stay as it is until the next call.
  Status set_mesh(const Mesh& mesh);

  Hit closest(Vec3 origin, Vec3 direction) const;
  /// The same for many rays from one origin, quicker where neighbours in the list are neighbours in the picture.
  /// `hits` is as long as `directions`.
  void closest(Vec3 origin, std::span<const Vec3> directions, std::span<Hit> hits) const;
  /// Whether anything lies within `distance` lengths of `direction`.
  bool blocked(Vec3 origin, Vec3 direction, float distance) const;

 private:
  struct State;
  explicit RayTracer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_RAY_TRACER_H_
