#include "scenes/ray_tracer.h"

#include <embree3/rtcore.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace edgemoe::scenes {

struct RayTracer::State {
  RTCDevice device = nullptr;
  RTCScene scene = nullptr;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (scene != nullptr) rtcReleaseScene(scene);
    if (device != nullptr) rtcReleaseDevice(device);
  }
};

RayTracer::RayTracer(std::unique_ptr<State> state) : state_(std::move(state)) {}
RayTracer::RayTracer(RayTracer&& other) noexcept = default;
RayTracer& RayTracer::operator=(RayTracer&& other) noexcept = default;
RayTracer::~RayTracer() = default;

Result<RayTracer> RayTracer::create() {
  auto state = std::make_unique<State>();
  // One build thread: pictures are the unit of parallel work, and the tree must not depend on their number.
  state->device = rtcNewDevice("threads=1,set_affinity=0");
  if (state->device == nullptr) {
    return make_status(StatusCode::kInternal, "Embree gives no device (error {})",
                       static_cast<int>(rtcGetDeviceError(nullptr)));
  }
  return RayTracer(std::move(state));
}

Status RayTracer::set_mesh(const Mesh& mesh) {
  EDGEMOE_RETURN_IF_ERROR(mesh.vertices.size() <= std::numeric_limits<std::uint32_t>::max()
                              ? Status()
                              : too_large("{} vertices in a scene", mesh.vertices.size()));
  if (state_->scene != nullptr) rtcReleaseScene(state_->scene);
  state_->scene = rtcNewScene(state_->device);
  rtcSetSceneBuildQuality(state_->scene, RTC_BUILD_QUALITY_MEDIUM);
  RTCGeometry geometry = rtcNewGeometry(state_->device, RTC_GEOMETRY_TYPE_TRIANGLE);
  rtcSetSharedGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3, mesh.vertices.data(), 0,
                             sizeof(Vertex), mesh.vertices.size());
  rtcSetSharedGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3, mesh.triangles.data(), 0,
                             sizeof(mesh.triangles[0]), mesh.triangles.size());
  rtcCommitGeometry(geometry);
  rtcAttachGeometry(state_->scene, geometry);
  rtcReleaseGeometry(geometry);
  rtcCommitScene(state_->scene);
  const RTCError error = rtcGetDeviceError(state_->device);
  if (error != RTC_ERROR_NONE) {
    return make_status(StatusCode::kInternal, "Embree cannot build a scene of {} triangles (error {})",
                       mesh.triangles.size(), static_cast<int>(error));
  }
  return {};
}

Hit RayTracer::closest(Vec3 origin, Vec3 direction) const {
  RTCRayHit ray{};
  ray.ray.org_x = origin.x;
  ray.ray.org_y = origin.y;
  ray.ray.org_z = origin.z;
  ray.ray.dir_x = direction.x;
  ray.ray.dir_y = direction.y;
  ray.ray.dir_z = direction.z;
  ray.ray.tfar = std::numeric_limits<float>::infinity();
  ray.ray.mask = 0xFFFFFFFFu;
  ray.hit.geomID = RTC_INVALID_GEOMETRY_ID;
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcIntersect1(state_->scene, &context, &ray);
  Hit hit;
  hit.found = ray.hit.geomID != RTC_INVALID_GEOMETRY_ID;
  hit.distance = ray.ray.tfar;
  hit.triangle = ray.hit.primID;
  hit.u = ray.hit.u;
  hit.v = ray.hit.v;
  return hit;
}

void RayTracer::closest(Vec3 origin, std::span<const Vec3> directions, std::span<Hit> hits) const {
  constexpr std::size_t kLanes = 8;
  for (std::size_t first = 0; first < directions.size(); first += kLanes) {
    const std::size_t lanes = std::min(kLanes, directions.size() - first);
    RTCRayHit8 rays{};
    alignas(32) std::array<int, kLanes> valid{};
    for (std::size_t i = 0; i < lanes; ++i) {
      valid[i] = -1;
      const Vec3 direction = directions[first + i];
      rays.ray.org_x[i] = origin.x;
      rays.ray.org_y[i] = origin.y;
      rays.ray.org_z[i] = origin.z;
      rays.ray.dir_x[i] = direction.x;
      rays.ray.dir_y[i] = direction.y;
      rays.ray.dir_z[i] = direction.z;
      rays.ray.tfar[i] = std::numeric_limits<float>::infinity();
      rays.ray.mask[i] = 0xFFFFFFFFu;
      rays.hit.geomID[i] = RTC_INVALID_GEOMETRY_ID;
    }
    RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    context.flags = RTC_INTERSECT_CONTEXT_FLAG_COHERENT;
    rtcIntersect8(valid.data(), state_->scene, &context, &rays);
    for (std::size_t i = 0; i < lanes; ++i) {
      hits[first + i] = {rays.hit.geomID[i] != RTC_INVALID_GEOMETRY_ID, rays.ray.tfar[i], rays.hit.primID[i],
                         rays.hit.u[i], rays.hit.v[i]};
    }
  }
}

bool RayTracer::blocked(Vec3 origin, Vec3 direction, float distance) const {
  RTCRay ray{};
  ray.org_x = origin.x;
  ray.org_y = origin.y;
  ray.org_z = origin.z;
  ray.dir_x = direction.x;
  ray.dir_y = direction.y;
  ray.dir_z = direction.z;
  ray.tfar = distance;
  ray.mask = 0xFFFFFFFFu;
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcOccluded1(state_->scene, &context, &ray);
  return ray.tfar < 0;
}

}  // namespace edgemoe::scenes
