#include <array>
#include <utility>

#include "scenes/person.h"
#include "scenes/vehicle.h"

namespace edgemoe::scenes {
namespace {

void add_bicycle(MeshBuilder& builder, std::uint16_t frame, std::uint16_t tyre) {
  constexpr float kRadius = 0.34F;
  const Vec3 rear = {0, kRadius, -0.52F};
  const Vec3 front = {0, kRadius, 0.54F};
  const Vec3 pedals = {0, 0.29F, -0.08F};
  const Vec3 saddle = {0, 0.9F, -0.25F};
  const Vec3 head = {0, 0.86F, 0.36F};
  builder.set_material(tyre);
  builder.ring(rear, {1, 0, 0}, kRadius - 0.02F, 0.022F, 18);
  builder.ring(front, {1, 0, 0}, kRadius - 0.02F, 0.022F, 18);
  builder.set_material(frame);
  const std::array<std::pair<Vec3, Vec3>, 6> bars = {
      {{rear, pedals}, {pedals, saddle}, {rear, saddle}, {pedals, head}, {saddle, head}, {head, front}}};
  for (const auto& [a, b] : bars) builder.tube(a, b, 0.02F, 0.02F, 5);
  builder.tube(head, head + Vec3{0, 0.14F, 0}, 0.018F, 0.018F, 5);
  builder.set_material(tyre);
  builder.capsule(head + Vec3{-0.27F, 0.14F, 0}, head + Vec3{0.27F, 0.14F, 0}, 0.02F, 0.02F, 5);
  builder.ellipsoid(saddle + Vec3{0, 0.03F, 0}, {0.07F, 0.035F, 0.13F}, 6, 4);
}

void add_motorcycle(MeshBuilder& builder, std::uint16_t paint, std::uint16_t black) {
  constexpr float kRadius = 0.3F;
  const Vec3 rear = {0, kRadius, -0.65F};
  const Vec3 front = {0, kRadius, 0.7F};
  builder.set_material(black);
  builder.ring(rear, {1, 0, 0}, kRadius - 0.07F, 0.07F, 14);
  builder.ring(front, {1, 0, 0}, kRadius - 0.07F, 0.07F, 14);
  builder.bevelled_box({-0.16F, 0.25F, -0.35F}, {0.16F, 0.6F, 0.35F}, 0.06F);
  builder.ellipsoid({0, 0.8F, -0.35F}, {0.15F, 0.08F, 0.4F}, 8, 5);
  builder.tube({0, 0.95F, 0.45F}, front, 0.05F, 0.05F, 6);
  builder.capsule({-0.34F, 1.02F, 0.38F}, {0.34F, 1.02F, 0.38F}, 0.025F, 0.025F, 5);
  builder.set_material(paint);
  builder.ellipsoid({0, 0.82F, 0.15F}, {0.17F, 0.16F, 0.3F}, 8, 6);
  builder.ellipsoid({0, 0.92F, 0.52F}, {0.16F, 0.17F, 0.14F}, 8, 6);
  builder.ellipsoid({0, 0.62F, -0.62F}, {0.13F, 0.1F, 0.25F}, 8, 5);
}

}  // namespace

void add_two_wheeler(Scene& scene, const Frame& frame, Rider rider, float phase, Dice dice) {
  const bool bicycle = dice.chance(0.7F);
  Material paint;
  paint.label = street::kVehicle;
  paint.base =
      dice.vary({dice.uniform(0.02F, 0.5F), dice.uniform(0.02F, 0.35F), dice.uniform(0.02F, 0.4F)}, 0.2F, 0.1F);
  paint.second = paint.base * 0.7F;
  paint.gloss = 0.05F;
  Material black = paint;
  black.base = black.second = {0.015F, 0.015F, 0.016F};
  const std::uint16_t paint_id = scene.add(paint);
  const std::uint16_t black_id = scene.add(black);
  MeshBuilder builder(scene.mesh, frame);
  if (bicycle) {
    add_bicycle(builder, paint_id, black_id);
  } else {
    add_motorcycle(builder, paint_id, black_id);
  }
  if (rider == Rider::kNone) return;
  const Frame seat = {frame.right, frame.up, frame.forward, frame.point({0, 0, bicycle ? -0.22F : -0.3F})};
  add_person(scene, seat, {.pose = Pose::kRide, .phase = phase, .seat_height = bicycle ? 0.86F : 0.72F}, dice.split());
}

}  // namespace edgemoe::scenes
