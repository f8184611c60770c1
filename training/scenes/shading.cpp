#include "scenes/shading.h"

#include <array>

#include "scenes/texture.h"

namespace edgemoe::scenes {
namespace {

constexpr float kFar = 400;  // metres: longer than any view

/// A start for rays from a surface that does not meet the surface again.
Vec3 lifted(const SurfacePoint& p, float distance) { return p.position + p.normal * (0.002F + 2e-4F * distance); }

bool lets_light_through(const Material& m) { return m.pattern == Pattern::kFoliage; }

}  // namespace

SurfacePoint Shader::point(const Hit& hit, Vec3 origin, Vec3 direction) const {
  const auto& corners = scene_.mesh.triangles[hit.triangle];
  const Vertex& a = scene_.mesh.vertices[corners[0]];
  const Vertex& b = scene_.mesh.vertices[corners[1]];
  const Vertex& c = scene_.mesh.vertices[corners[2]];
  const float w = 1 - hit.u - hit.v;
  SurfacePoint p;
  p.position = origin + direction * hit.distance;
  p.texture = a.texture * w + b.texture * hit.u + c.texture * hit.v;
  p.normal = normalize(a.normal * w + b.normal * hit.u + c.normal * hit.v);
  if (dot(p.normal, direction) > 0) p.normal = -p.normal;
  p.material = &scene_.materials[scene_.mesh.materials[hit.triangle]];
  return p;
}

float Shader::openness(const SurfacePoint& p, float distance, float a, float b) const {
  Vec3 t;
  Vec3 s;
  tangents(p.normal, t, s);
  // Cosine-weighted over the half space.
  const float r = std::sqrt(a);
  const float phi = 2 * kPi * b;
  const Vec3 direction = t * (r * std::cos(phi)) + s * (r * std::sin(phi)) + p.normal * std::sqrt(1 - a);
  return tracer_.blocked(lifted(p, distance), direction, scene_.occlusion_distance) ? 0.0F : 1.0F;
}

Vec3 Shader::lamp_light(const SurfacePoint& p, Vec3 from, float a, float b) const {
  Vec3 sum;
  for (const PointLight& lamp : scene_.lamps) {
    const Vec3 spread = {a - 0.5F, b - 0.5F, fraction(a + b) - 0.5F};
    const Vec3 way = lamp.position + spread * (2 * lamp.radius) - from;
    const float distance = length(way);
    const float facing = dot(p.normal, way) / std::max(distance, 1e-3F);
    if (facing <= 0 || tracer_.blocked(from, way, 0.97F)) continue;
    sum += lamp.power * (facing / std::max(distance * distance, 0.05F));
  }
  return sum;
}

Vec3 Shader::reflection(const SurfacePoint& p, Vec3 from, Vec3 direction) const {
  const Hit hit = tracer_.closest(from, direction);
  if (!hit.found) return background(direction);
  const SurfacePoint q = point(hit, from, direction);
  const SurfaceSample surface = sample_surface(scene_, *q.material, q.texture, 0.3F);
  const float facing = std::max(0.0F, dot(q.normal, scene_.sky.sun_direction));
  const Vec3 light = scene_.sky.ambient(q.normal) * 0.6F + scene_.sky.sun * (0.5F * facing);
  return scene_.sky.through_air(surface.albedo * light + surface.emission, hit.distance + length(p.position - from));
}

Vec3 Shader::background(Vec3 direction) const { return scene_.sky.radiance(normalize(direction)); }

Vec3 Shader::shade(const SurfacePoint& p, const Sample& sample) const {
  const Vec3 view = normalize(sample.direction);
  const float cosine = std::max(0.02F, -dot(p.normal, view));
  const float footprint = 0.7F * sample.footprint * sample.distance / std::max(0.25F, cosine);
  const SurfaceSample surface = sample_surface(scene_, *p.material, p.texture, footprint);
  const Vec3 from = lifted(p, sample.distance);
  const Sky& sky = scene_.sky;

  Vec3 light = sky.ambient(p.normal) * (0.12F + 0.88F * sample.openness);
  if (luminance(sky.sun) > 0) {
    Vec3 t;
    Vec3 s;
    tangents(sky.sun_direction, t, s);
    const float r = sky.sun_radius * std::sqrt(sample.a);
    const float phi = 2 * kPi * sample.b;
    const Vec3 towards = normalize(sky.sun_direction + t * (r * std::cos(phi)) + s * (r * std::sin(phi)));
    float facing = dot(p.normal, towards);
    if (lets_light_through(*p.material)) facing = 0.3F + 0.7F * facing;
    if (facing > 0 && !tracer_.blocked(from, towards, kFar)) light += sky.sun * facing;
  }
  light += lamp_light(p, from, sample.a, sample.b);

  Vec3 color = surface.albedo * light + surface.emission;
  if (surface.gloss > 0.015F) {
    const float grazing = std::pow(1 - cosine, 5.0F);
    const float mirror = surface.gloss + (1 - surface.gloss) * grazing * std::min(1.0F, surface.gloss * 12);
    if (mirror > 0.02F) {
      const Vec3 spread = Vec3{sample.a - 0.5F, 0, sample.b - 0.5F} * surface.roughness;
      Vec3 direction = view + p.normal * (2 * cosine) + spread;
      if (dot(direction, p.normal) < 0) direction = direction - spread;
      color = color * (1 - mirror) + reflection(p, from, direction) * mirror;
    }
  }
  return sky.through_air(color, sample.distance);
}

}  // namespace edgemoe::scenes
