#include "scenes/street_scene.h"

#include "scenes/person.h"
#include "scenes/street_furniture.h"
#include "scenes/vehicle.h"

namespace edgemoe::scenes {
namespace {

constexpr float kBehind = 28;  // what is farther back than this neither shows nor throws a shadow that does

float wrap_phase(const PlacedObject& object, float time) {
  constexpr float kStrideLength = 0.75F;  // metres a half cycle
  return to_float(static_cast<int>(object.seed % 628)) * 0.01F + std::fabs(object.speed) * time * kPi / kStrideLength;
}

void add_object(const StreetPlan& plan, const PlacedObject& object, float s, float distance, float time, Scene& scene) {
  const Frame frame = plan.curve.frame(object.x, object.y, s, object.turn);
  Dice dice(object.seed);
  switch (object.kind) {
    case ObjectKind::kVehicle: {
      const VehiclePaint paint = draw_vehicle(object.body, dice);
      add_vehicle(scene, plan.curve.sloped_frame(object.x, object.y, s, object.turn), paint);
      return;
    }
    case ObjectKind::kTwoWheeler:
      add_two_wheeler(scene, frame, object.variant != 0 ? Rider::kSeated : Rider::kNone, wrap_phase(object, time),
                      dice);
      return;
    case ObjectKind::kPerson:
      add_person(scene, frame,
                 {.pose = static_cast<Pose>(object.variant), .phase = wrap_phase(object, time), .distance = distance},
                 dice);
      return;
    case ObjectKind::kTree:
      add_tree(scene, frame, object.size, distance, plan.flora, dice);
      return;
    case ObjectKind::kBush:
      add_bush(scene, frame, Vec3{1, 1, 1} * object.size, distance, plan.flora, dice);
      return;
    case ObjectKind::kHedge: {
      const float height = dice.uniform(0.7F, 2.0F);
      add_hedge(scene, frame, object.size, 0.6F, height, distance, dice);
      return;
    }
    case ObjectKind::kLampPost:
      add_lamp_post(scene, frame, object.size, dice);
      return;
    case ObjectKind::kTrafficLight:
      add_traffic_light(scene, frame, dice);
      return;
    case ObjectKind::kSignPost:
      add_sign_post(scene, frame, dice);
      return;
    case ObjectKind::kBollard:
      add_bollard(scene, frame, dice);
      return;
    case ObjectKind::kMast:
      add_mast(scene, frame, dice);
      return;
    case ObjectKind::kClutter:
      add_clutter(scene, frame, dice);
      return;
    case ObjectKind::kBoundary:
      add_boundary(scene, frame, static_cast<Boundary>(object.variant), object.size, dice);
      return;
  }
}

}  // namespace

void build_street(const StreetPlan& plan, Vec3 eye, float eye_s, float time, Scene& scene) {
  scene.sky_label = street::kSky;
  build_ground(plan, eye_s, scene);
  build_backdrop(plan, eye, scene);
  for (const PlacedBuilding& house : plan.buildings) {
    const Vec3 place = plan.curve.point(house.x, plan.kerb, house.s);
    const float reach = 0.5F * house.plan.width + house.plan.depth;
    if (house.s + reach < eye_s - kBehind || length(place - eye) + reach > 0.97F * kViewDistance) continue;
    add_building(scene, plan.curve.frame(house.x, plan.kerb, house.s, house.turn), house.plan);
  }
  for (const PlacedObject& object : plan.objects) {
    const float s = object.s + object.speed * time;
    if (s < plan.extent.low || s > plan.extent.high || s + object.reach < eye_s - kBehind) continue;
    const bool is_long = object.kind == ObjectKind::kHedge || object.kind == ObjectKind::kBoundary;
    const float nearest = is_long ? std::clamp(eye_s, s, s + object.size) : s;
    const float distance = length(plan.curve.point(object.x, object.y, nearest) - eye);
    if (distance + object.reach > 0.97F * kViewDistance) continue;
    add_object(plan, object, s, distance, time, scene);
  }
}

}  // namespace edgemoe::scenes
