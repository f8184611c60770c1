// A vehicle's outside painted by position: windows, pillars, lamps, plates, wheel arches.
#include "scenes/noise.h"
#include "scenes/texture.h"

namespace edgemoe::scenes {
namespace {

constexpr Vec3 kGlass = {0.012F, 0.015F, 0.018F};
constexpr Vec3 kBlack = {0.012F, 0.012F, 0.013F};
constexpr float kGlassGloss = 0.12F;

SurfaceSample lamp(const VehiclePaint& paint, Vec3 p) {
  const bool front = p.z > 0;
  const Vec3 color = front ? Vec3{0.6F, 0.62F, 0.6F} : Vec3{0.35F, 0.015F, 0.012F};
  return {color, 0.1F, color * (paint.lights * (front ? 3.0F : 0.6F))};
}

/// Front and rear: lamps, grille, plate, bumper. `end` is the distance to the nearer end of the vehicle.
bool paint_ends(const VehiclePaint& paint, Vec3 p, SurfaceSample& sample) {
  const float side = std::fabs(p.x) / (0.5F * paint.width);
  const float low = paint.body == VehicleBody::kCar ? 0.5F * paint.belt + 0.16F : 0.68F;
  const float lamp_high = paint.body == VehicleBody::kCar ? paint.belt - 0.1F : 0.95F;
  if (side > 0.68F && side < 1.05F && p.y > low && p.y < lamp_high) {
    sample = lamp(paint, p);
    return true;
  }
  if (std::fabs(p.x) < 0.26F && p.y > low - 0.1F && p.y < low + 0.02F) {
    sample = {p.z > 0 ? Vec3{0.7F, 0.7F, 0.68F} : Vec3{0.72F, 0.7F, 0.6F}, 0.02F};
    return true;
  }
  if (p.z > 0 && side < 0.55F && p.y > low + 0.04F && p.y < low + 0.16F) {
    sample = {kBlack, 0.05F};
    return true;
  }
  if (p.y < 0.36F) {
    sample = {paint.trim, 0.02F};
    return true;
  }
  return false;
}

bool paint_wheel_arch(const VehiclePaint& paint, Vec3 p, SurfaceSample& sample) {
  if (std::fabs(p.x) < 0.32F * paint.width) return false;
  for (const float z : {paint.wheel_front, paint.wheel_rear}) {
    const float dy = p.y - paint.wheel_radius;
    const float r = paint.wheel_radius * 1.17F;
    if ((p.z - z) * (p.z - z) + dy * dy < r * r) {
      sample = {kBlack * 0.6F};
      return true;
    }
  }
  return false;
}

/// Side windows of a car between the pillars, wind screen and rear window.
bool paint_car_glass(const VehiclePaint& paint, Vec3 p, SurfaceSample& sample) {
  if (p.y < paint.belt + 0.03F || p.y > paint.window_top) return false;
  const float t = clamp01((p.y - paint.belt) / (paint.window_top - paint.belt));
  const float front = mix(paint.cabin_front, paint.roof_front, t);
  const float rear = mix(paint.cabin_rear, paint.roof_rear, t);
  const float half_width = paint.width * mix(0.46F, 0.38F, t);
  const bool on_side = std::fabs(p.x) > half_width - 0.07F;
  const float from_front = front - p.z;
  const float from_rear = p.z - rear;
  if (on_side) {
    const float pillar = 0.07F;
    const float middle = 0.5F * (paint.cabin_front + paint.cabin_rear) + 0.1F;
    if (from_front < pillar || from_rear < pillar * 2.5F || std::fabs(p.z - middle) < 0.045F) return false;
  }
  sample = {kGlass, kGlassGloss};
  // Seats and heads behind the glass.
  if (value_noise(paint.seed, p.x * 2.2F, p.y * 3 + p.z * 1.7F) > 0.62F) sample.albedo = Vec3{0.035F, 0.034F, 0.033F};
  return true;
}

bool paint_big_glass(const VehiclePaint& paint, Vec3 p, SurfaceSample& sample) {
  const float half = 0.5F * paint.length;
  const bool front = p.z > half - 0.25F;
  const bool rear = p.z < -half + 0.12F;
  if (p.y < paint.belt || p.y > paint.window_top) return false;
  if (front) {
    if (std::fabs(p.x) > 0.45F * paint.width) return false;
    sample = {kGlass, kGlassGloss};
    return true;
  }
  const bool bus = paint.body == VehicleBody::kBus;
  if (rear) {
    if (paint.body == VehicleBody::kTruck || std::fabs(p.x) > 0.38F * paint.width || p.y < paint.belt + 0.2F)
      return false;
    sample = {kGlass, kGlassGloss};
    return true;
  }
  if (std::fabs(p.x) < 0.45F * paint.width) return false;
  if (bus) {
    if (fraction(p.z / 1.45F) < 0.07F) return false;
    sample = {kGlass * (0.7F + hash01(paint.seed, floor_int(p.z / 1.45F))), kGlassGloss};
    return true;
  }
  if (p.z < half - 1.7F || p.z > half - 0.75F) return false;
  sample = {kGlass, kGlassGloss};
  return true;
}

}  // namespace

SurfaceSample sample_vehicle(const VehiclePaint& paint, Vec3 p) {
  SurfaceSample sample = {paint.color, 0.05F};
  const float half = 0.5F * paint.length;
  if (paint_wheel_arch(paint, p, sample)) return sample;
  const bool car = paint.body == VehicleBody::kCar;
  if (car ? paint_car_glass(paint, p, sample) : paint_big_glass(paint, p, sample)) return sample;
  const float end = half - std::fabs(p.z);
  if (end < (car ? 0.34F : 0.1F) && p.y < (car ? paint.belt : 1.1F) && paint_ends(paint, p, sample)) return sample;
  if (p.y < 0.26F) return {paint.trim};
  if (car && std::fabs(p.x) > 0.4F * paint.width) {  // door gaps, handles
    for (const float z :
         {paint.cabin_front - 0.1F, 0.5F * (paint.cabin_front + paint.cabin_rear) + 0.1F, paint.cabin_rear + 0.45F}) {
      if (std::fabs(p.z - z) < 0.012F && p.y < paint.belt) return {paint.color * 0.3F};
    }
    if (std::fabs(p.y - 0.8F * paint.belt) < 0.02F) sample.albedo = sample.albedo * 0.85F;
  }
  if (paint.stripe && std::fabs(p.y - 0.55F * paint.height) < 0.09F * paint.height) sample.albedo = paint.second;
  if (!car && paint.body != VehicleBody::kBus && paint.stripe && p.y > 0.45F * paint.height &&
      p.y < 0.75F * paint.height && std::fabs(p.z) < 0.25F * paint.length) {
    sample.albedo = hash01(paint.seed, floor_int(p.z * 3), floor_int(p.y * 4)) < 0.5F ? paint.second : paint.color;
  }
  const float dirt =
      paint.dirt * smoothstep(0.9F, 0.2F, p.y) * fractal_noise(paint.seed + 1, p.z * 2, p.y * 2 + p.x, 3);
  sample.albedo = mix(sample.albedo, {0.12F, 0.1F, 0.08F}, dirt);
  sample.gloss *= 1 - dirt;
  return sample;
}

}  // namespace edgemoe::scenes
