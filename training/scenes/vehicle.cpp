#include "scenes/vehicle.h"

#include <array>
#include <vector>

namespace edgemoe::scenes {
namespace {

const std::array<Vec3, 16> kCarColors = {
    display_color(0.06F, 0.06F, 0.07F), display_color(0.09F, 0.09F, 0.1F),  display_color(0.22F, 0.23F, 0.25F),
    display_color(0.35F, 0.36F, 0.38F), display_color(0.55F, 0.56F, 0.58F), display_color(0.66F, 0.67F, 0.69F),
    display_color(0.86F, 0.86F, 0.86F), display_color(0.92F, 0.92F, 0.9F),  display_color(0.1F, 0.15F, 0.3F),
    display_color(0.15F, 0.3F, 0.55F),  display_color(0.5F, 0.06F, 0.07F),  display_color(0.7F, 0.1F, 0.08F),
    display_color(0.12F, 0.25F, 0.18F), display_color(0.6F, 0.54F, 0.42F),  display_color(0.35F, 0.24F, 0.17F),
    display_color(0.8F, 0.6F, 0.1F)};

/// Height of the body's shoulder line along z: bonnet, windows, boot.
float shoulder(const VehiclePaint& p, float z) {
  const float half = 0.5F * p.length;
  const float bonnet = p.belt - 0.2F * smoothstep(p.cabin_front, half, z) - 0.12F * smoothstep(half - 0.35F, half, z);
  const float boot = 0.1F * smoothstep(-half + 0.3F, -half, z);
  return bonnet - boot;
}

/// A car's lower body: cross-sections from tail to nose, rounded at the shoulders and in plan.
void add_lower_body(MeshBuilder& builder, const VehiclePaint& p) {
  constexpr int kRows = 13;
  constexpr int kColumns = 12;
  const float half = 0.5F * p.length;
  std::vector<Vec3> points;
  for (int r = 0; r < kRows; ++r) {
    const float t = 2 * to_float(r) / to_float(kRows - 1) - 1;
    const float z = half * std::sin(0.5F * kPi * t);
    const float end = smoothstep(0.8F, 1.0F, std::fabs(z) / half);
    const float w = 0.5F * p.width * (1 - 0.16F * end * end);
    const float top = shoulder(p, z);
    const float bottom = 0.2F + 0.1F * end;
    const float mid = mix(bottom, top, 0.6F);
    const std::array<Vec3, kColumns / 2> right = {Vec3{0.55F * w, bottom, z},
                                                  Vec3{0.94F * w, bottom + 0.05F, z},
                                                  Vec3{w, mid, z},
                                                  Vec3{0.98F * w, mix(mid, top, 0.6F), z},
                                                  Vec3{0.9F * w, top - 0.02F, z},
                                                  Vec3{0.5F * w, top + 0.03F, z}};
    for (const Vec3 q : right) points.push_back(q);
    for (std::size_t i = right.size(); i-- > 0;) points.push_back({-right[i].x, right[i].y, right[i].z});
  }
  builder.skin(points, kRows, kColumns);
  for (const int r : {0, kRows - 1}) {  // flat ends
    const Vec3* section = &points[static_cast<std::size_t>(r * kColumns)];
    for (int c = 1; c + 1 < kColumns; ++c) builder.triangle(section[0], section[c], section[c + 1]);
  }
}

/// The cabin: rounded rectangles that shrink from belt to roof.
void add_cabin(MeshBuilder& builder, const VehiclePaint& p) {
  constexpr int kRows = 6;
  const std::array<float, kRows> height = {0, 0.45F, 0.86F, 0.95F, 0.99F, 1.0F};
  const std::array<float, kRows> shrink = {0, 0.45F, 0.86F, 1.0F, 1.15F, 2.2F};
  constexpr int kColumns = 16;
  std::vector<Vec3> points;
  for (std::size_t r = 0; r < kRows; ++r) {
    const float t = shrink[r];
    const float front = mix(p.cabin_front, p.roof_front, t);
    const float rear = mix(p.cabin_rear, p.roof_rear, t);
    const float w = p.width * mix(0.455F, 0.385F, t);
    const float y = mix(p.belt - 0.04F, p.height, height[r]);
    const float middle = 0.5F * (front + rear);
    const float half = 0.5F * (front - rear);
    for (int c = 0; c < kColumns; ++c) {
      const float a = 2 * kPi * (to_float(c) + 0.5F) / to_float(kColumns);
      const auto bulge = [](float v) { return std::copysign(std::pow(std::fabs(v), 0.38F), v); };
      points.push_back({w * bulge(std::cos(a)), y, middle + half * bulge(std::sin(a))});
    }
  }
  builder.skin(points, kRows, kColumns);
  const Vec3* roof = &points[(kRows - 1) * kColumns];
  for (int c = 1; c + 1 < kColumns; ++c) builder.triangle(roof[0], roof[c], roof[c + 1]);
}

struct WheelMaterials {
  std::uint16_t tyre, rim;
};

WheelMaterials wheel_materials(Scene& scene, Dice& dice) {
  Material tyre;
  tyre.label = street::kVehicle;
  tyre.base = tyre.second = {0.016F, 0.016F, 0.017F};
  Material rim = tyre;
  rim.base = rim.second = dice.chance(0.7F) ? dice.vary({0.3F, 0.3F, 0.31F}, 0.4F, 0.02F) : Vec3{0.03F, 0.03F, 0.03F};
  rim.gloss = 0.15F;
  return {scene.add(tyre), scene.add(rim)};
}

void add_wheel(MeshBuilder& builder, const WheelMaterials& materials, Vec3 center, float radius, float width) {
  const float side = center.x > 0 ? 1.0F : -1.0F;
  const Vec3 outer = center + Vec3{side * 0.5F * width, 0, 0};
  builder.set_material(materials.tyre);
  builder.tube(center - Vec3{side * 0.5F * width, 0, 0}, outer, radius, radius, 14);
  builder.disc(outer, {side, 0, 0}, radius, 14);
  builder.set_material(materials.rim);
  builder.disc(outer + Vec3{side * 0.01F, 0, 0}, {side, 0, 0}, 0.66F * radius, 10);
  builder.set_material(materials.tyre);
  for (int i = 0; i < 5; ++i) {  // gaps between the spokes
    const float a = 2 * kPi * to_float(i) / 5 + center.z;
    builder.disc(outer + Vec3{side * 0.02F, 0.4F * radius * std::sin(a), 0.4F * radius * std::cos(a)}, {side, 0, 0},
                 0.13F * radius, 5);
  }
}

void add_box_body(MeshBuilder& builder, const VehiclePaint& p) {
  const float half = 0.5F * p.length;
  const float w = 0.5F * p.width;
  const float floor = 0.32F;
  if (p.body == VehicleBody::kTruck) {
    const float cab = 2.0F;
    builder.bevelled_box({-w, floor, half - cab}, {w, std::min(p.height, p.window_top + 0.45F), half}, 0.12F);
    builder.bevelled_box({-w, 0.75F, -half}, {w, p.height, half - cab - 0.2F}, 0.03F);
    builder.box({-0.35F * p.width, 0.5F, -half + 0.1F}, {0.35F * p.width, 0.75F, half - cab});
    return;
  }
  if (p.body == VehicleBody::kVan) {  // a sloped nose, then a box
    const float nose = 0.95F;
    const float screen = half - nose;
    builder.bevelled_box({-w, floor, -half}, {w, p.height, screen - 0.65F}, 0.1F);
    std::vector<Vec3> points;
    const std::array<Vec3, 6> profile = {Vec3{0, floor, half - 0.05F},
                                         Vec3{0, 0.75F, half},
                                         Vec3{0, p.belt - 0.1F, half - 0.15F},
                                         Vec3{0, p.belt + 0.05F, screen + 0.25F},
                                         Vec3{0, p.height - 0.12F, screen - 0.6F},
                                         Vec3{0, p.height, screen - 0.75F}};
    for (const Vec3 q : profile) {
      const float taper = q.y > p.belt ? mix(1.0F, 0.9F, (q.y - p.belt) / (p.height - p.belt)) : 0.97F;
      points.push_back({-w * taper, q.y, q.z});
      points.push_back({w * taper, q.y, q.z});
    }
    for (std::size_t i = 0; i + 3 < points.size(); i += 2) {
      builder.quad(points[i], points[i + 1], points[i + 3], points[i + 2]);
      for (const std::size_t s : {std::size_t{0}, std::size_t{1}}) {  // cheeks down to the box
        const Vec3 a = points[i + s];
        const Vec3 b = points[i + 2 + s];
        builder.quad(a, b, {b.x, b.y, screen - 0.75F}, {a.x, a.y, screen - 0.75F});
      }
    }
    return;
  }
  builder.bevelled_box({-w, floor, -half}, {w, p.height, half}, 0.12F);
  builder.bevelled_box({-0.7F * w, p.height - 0.02F, -0.2F * half}, {0.7F * w, p.height + 0.2F, 0.3F * half}, 0.05F);
}

void draw_car_shape(VehiclePaint& p, Dice& dice) {
  const float kind = dice.uniform();
  const float half = 0.5F * p.length;
  p.belt = p.height * dice.uniform(0.6F, 0.66F);
  p.cabin_front = half - dice.uniform(0.95F, 1.2F);
  p.roof_front = p.cabin_front - dice.uniform(0.55F, 0.85F);
  if (kind < 0.55F) {  // hatchback, estate, off-roader
    p.cabin_rear = -half + dice.uniform(0.12F, 0.25F);
    p.roof_rear = p.cabin_rear + dice.uniform(0.2F, 0.5F);
  } else {  // saloon, coupé
    p.cabin_rear = -half + dice.uniform(0.45F, 0.7F);
    p.roof_rear = p.cabin_rear + dice.uniform(0.5F, 0.8F);
  }
  p.window_top = p.height - 0.1F;
}

}  // namespace

VehicleBody draw_body(Dice& dice) {
  const float roll = dice.uniform();
  if (roll < 0.78F) return VehicleBody::kCar;
  if (roll < 0.9F) return VehicleBody::kVan;
  return roll < 0.96F ? VehicleBody::kTruck : VehicleBody::kBus;
}

VehiclePaint draw_vehicle(VehicleBody body, Dice& dice) {
  VehiclePaint p;
  p.body = body;
  p.seed = dice.seed32();
  p.color = dice.vary(dice.pick(kCarColors), 0.2F, 0.08F);
  p.second = dice.pick(kCarColors);
  p.trim = dice.chance(0.5F) ? Vec3{0.02F, 0.02F, 0.02F} : p.color * 0.6F;
  p.lights = dice.chance(0.3F) ? dice.uniform(0.2F, 1.0F) : 0.0F;
  p.dirt = dice.uniform(0, 0.6F);
  p.stripe = dice.chance(body == VehicleBody::kCar ? 0.03F : 0.4F);
  switch (body) {
    case VehicleBody::kCar:
      p.length = dice.uniform(3.5F, 4.9F);
      p.width = dice.uniform(1.62F, 1.95F);
      p.height = dice.chance(0.35F) ? dice.uniform(1.58F, 1.8F) : dice.uniform(1.38F, 1.55F);
      p.wheel_radius = dice.uniform(0.28F, 0.36F);
      draw_car_shape(p, dice);
      break;
    case VehicleBody::kVan:
      p.length = dice.uniform(4.6F, 6.2F);
      p.width = dice.uniform(1.9F, 2.1F);
      p.height = dice.uniform(1.95F, 2.7F);
      p.belt = 1.15F;
      p.window_top = std::min(p.height - 0.2F, 1.85F);
      p.wheel_radius = 0.34F;
      if (dice.chance(0.5F)) p.color = Vec3{0.72F, 0.72F, 0.71F};
      break;
    case VehicleBody::kTruck:
      p.length = dice.uniform(6.5F, 10);
      p.width = dice.uniform(2.3F, 2.55F);
      p.height = dice.uniform(3, 3.9F);
      p.belt = 1.5F;
      p.window_top = 2.35F;
      p.wheel_radius = 0.47F;
      break;
    case VehicleBody::kBus:
      p.length = dice.uniform(9, 12.5F);
      p.width = 2.55F;
      p.height = dice.uniform(2.9F, 3.3F);
      p.belt = dice.uniform(1.0F, 1.35F);
      p.window_top = p.height - 0.55F;
      p.wheel_radius = 0.47F;
      break;
  }
  p.wheel_front = 0.5F * p.length - (body == VehicleBody::kBus ? 2.6F : dice.uniform(0.72F, 0.9F));
  p.wheel_rear = -0.5F * p.length + (body == VehicleBody::kCar ? dice.uniform(0.65F, 0.85F) : 0.22F * p.length);
  return p;
}

void add_vehicle(Scene& scene, const Frame& frame, const VehiclePaint& paint) {
  Dice dice(paint.seed);
  scene.paints.push_back(paint);
  Material body;
  body.pattern = Pattern::kVehicle;
  body.label = street::kVehicle;
  body.style = static_cast<std::uint32_t>(scene.paints.size() - 1);
  const std::uint16_t material = scene.add(body);
  const WheelMaterials wheels = wheel_materials(scene, dice);
  MeshBuilder builder(scene.mesh, frame);
  builder.set_material(material);
  if (paint.body == VehicleBody::kCar) {
    add_lower_body(builder, paint);
    add_cabin(builder, paint);
  } else {
    add_box_body(builder, paint);
  }
  const float mirror = paint.body == VehicleBody::kCar ? paint.cabin_front - 0.35F : 0.5F * paint.length - 0.6F;
  for (const float side : {-1.0F, 1.0F}) {
    builder.set_material(wheels.tyre);
    builder.ellipsoid({side * (0.5F * paint.width + 0.08F), paint.belt + 0.06F, mirror}, {0.1F, 0.075F, 0.06F}, 6, 4);
    for (const float z : {paint.wheel_front, paint.wheel_rear}) {
      add_wheel(builder, wheels, {side * (0.5F * paint.width - 0.1F), paint.wheel_radius, z}, paint.wheel_radius, 0.2F);
    }
  }
}

}  // namespace edgemoe::scenes
