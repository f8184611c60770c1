// Everything that is neither ground, facade nor vehicle: plain paint, wood, cloth, leaves, signs, pictures.
#include "scenes/noise.h"
#include "scenes/texture.h"

namespace edgemoe::scenes {
namespace {

SurfaceSample foliage(const Material& m, Vec3 p) {
  const float leaf = value_noise(m.seed, p * 5.0F);
  const float patch = value_noise(m.seed + 1, p * 0.7F);
  return {mix(m.base, m.second, clamp01(0.6F * leaf + 0.5F * patch - 0.05F)) * (0.55F + 0.75F * leaf), 0.01F};
}

SurfaceSample tiles(const Material& m, Vec3 p, float footprint) {
  // Roof slopes and walls carry (x, y), floors (x, z): of the last two one is constant.
  const float along = p.x;
  const float up = p.y + p.z;
  const int row = floor_int(up / m.scale);
  const float column = along / (m.scale * 0.9F) + 0.5F * to_float(row & 1) * (m.contrast > 0.5F ? 0.0F : 1.0F);
  const float tone = hash01(m.seed, floor_int(column), row) - 0.5F;
  const float joint = std::max(smoothstep(0.42F, 0.49F, std::fabs(fraction(up / m.scale) - 0.5F)),
                               smoothstep(0.44F, 0.49F, std::fabs(fraction(column) - 0.5F)));
  const float visible = detail_share(m.scale, footprint);
  const float patch = fractal_noise(m.seed + 1, along * 0.5F, up * 0.5F, 4, footprint * 0.5F);
  const Vec3 tile = m.base * (1 + 0.5F * m.contrast * tone * visible);
  return {mix(tile, m.second, joint * visible * 0.8F) * (0.75F + 0.5F * patch), m.gloss};
}

SurfaceSample planks(const Material& m, Vec3 p, float footprint) {
  const int board = floor_int(p.x / m.scale);
  const float along = p.y + p.z;
  const float tone = hash01(m.seed, board, floor_int(along / 1.7F + hash01(m.seed + 3, board)));
  const float grain =
      fractal_noise(m.seed + 1 + static_cast<std::uint32_t>(board), p.x * 25, along * 1.5F, 3, footprint * 25);
  const float gap =
      smoothstep(0.46F, 0.49F, std::fabs(fraction(p.x / m.scale) - 0.5F)) * detail_share(m.scale, footprint);
  const Vec3 wood = mix(m.base, m.second, m.contrast * tone) * (0.75F + 0.5F * grain);
  return {wood * (1 - 0.7F * gap), m.gloss};
}

SurfaceSample cloth(const Material& m, Vec3 p) {
  const float fold = value_noise(m.seed, p * 7.0F);
  Vec3 color = m.base;
  if (m.contrast > 0.5F) {
    const bool across = fraction(p.y / m.scale) < 0.4F;
    const bool down = m.contrast > 0.75F && fraction((p.x + p.z) / m.scale) < 0.4F;
    if (across || down) color = m.second;
  }
  return {color * (0.75F + 0.45F * fold), m.gloss};
}

SurfaceSample poster(const Material& m, Vec3 p) {
  const int x = floor_int(p.x / m.scale);
  const int y = floor_int((p.y + p.z) / (m.scale * 2.6F));
  const float h = hash01(m.seed, x, y);
  const Vec3 tint = {hash01(m.seed + 1, x, y), hash01(m.seed + 2, x, y), hash01(m.seed + 3, x, y)};
  return {mix(m.base, tint * tint, m.contrast) * (0.4F + 0.6F * h), m.gloss};
}

SurfaceSample wallpaper(const Material& m, Vec3 p, float footprint) {
  const float u = fraction(p.x / m.scale) - 0.5F;
  const float v = fraction(p.y / m.scale + 0.5F * to_float(floor_int(p.x / m.scale) & 1)) - 0.5F;
  const float r = u * u + v * v;
  const float mark = smoothstep(0.09F, 0.05F, r) - 0.6F * smoothstep(0.03F, 0.01F, r);
  const float mottle = fractal_noise(m.seed, p.x, p.y, 3, footprint);
  return {mix(m.base, m.second, m.contrast * mark * detail_share(m.scale, footprint)) * (0.9F + 0.2F * mottle),
          m.gloss};
}

SurfaceSample skyline(const Material& m, Vec3 p) {
  const float leaf = fractal_noise(m.seed, p.x * 0.3F, p.y * 0.45F, 5);
  return {mix(m.base, m.second, smoothstep(0.3F, 0.7F, leaf)) * (0.5F + 0.8F * leaf), 0};
}

SurfaceSample plain(const Material& m, Vec3 p, float footprint) {
  const float mottle = footprint < 0.5F ? value_noise(m.seed, p * 2.5F) : 0.5F;
  return {mix(m.base, m.second, m.contrast * mottle), m.gloss, m.base * m.emission};
}

/// What is drawn on a sign: a bar, a slash, an arrow, figures.
bool is_mark(std::uint32_t seed, float x, float y) {
  const float side = (seed & 8u) != 0 ? x : -x;
  switch (seed % 6) {
    case 0:
      return std::fabs(y) < 0.16F;
    case 1:
      return std::fabs(side + y) < 0.16F;
    case 2:
      return std::fabs(x) < 0.1F || (y > 0 && std::fabs(x) < 0.42F - 0.7F * y);
    case 3:
      return std::fabs(y) < 0.1F || (side > 0 && std::fabs(y) < 0.42F - 0.7F * side);
    case 4:  // a person or a thing
      return (x * x + (y - 0.3F) * (y - 0.3F) < 0.03F) ||
             (y < 0.12F && std::fabs(x) < 0.08F + 0.25F * (0.12F - y) * (seed & 16u ? 1.0F : 0.4F));
    default: {  // two figures
      const int column = floor_int((x + 0.5F) * 6);
      const int row = floor_int((y + 0.5F) * 5);
      return std::fabs(x) > 0.06F && std::fabs(y) < 0.42F &&
             (std::abs(column - 3) % 2 == 0 || hash01(seed, column / 3, row) < 0.4F);
    }
  }
}

}  // namespace

SurfaceSample sample_object(const Material& m, Vec3 p, float footprint) {
  switch (m.pattern) {
    case Pattern::kBrick:
      return {brick_color(m.base, m.third, m.second, m.seed, p.x, p.y, footprint), m.gloss};
    case Pattern::kPlanks:
      return planks(m, p, footprint);
    case Pattern::kTiles:
      return tiles(m, p, footprint);
    case Pattern::kFoliage:
      return foliage(m, p);
    case Pattern::kStripes:
      return {fraction(p.x / (2 * m.scale)) < 0.5F ? m.base : m.second, m.gloss};
    case Pattern::kCloth:
      return cloth(m, p);
    case Pattern::kPoster:
      return poster(m, p);
    case Pattern::kWallpaper:
      return wallpaper(m, p, footprint);
    case Pattern::kSkyline:
      return skyline(m, p);
    default:
      return plain(m, p, footprint);
  }
}

SurfaceSample sample_sign(const SignFace& face, Vec3 p) {
  if (face.shape == SignShape::kTrafficLight) {
    // Three lamps one above the other in a dark box; y from -1 to 1.
    const int lamp = p.y > 0.33F ? 0 : p.y > -0.33F ? 1 : 2;
    const float dy = (p.y - 0.66F * to_float(1 - lamp)) * 2.2F;
    if (p.x * p.x + dy * dy > 0.36F) return {face.field};
    constexpr Vec3 kLamps[3] = {{0.9F, 0.06F, 0.04F}, {0.9F, 0.5F, 0.05F}, {0.08F, 0.8F, 0.4F}};
    const Vec3 color = kLamps[lamp];
    if (lamp != face.lamp) return {color * 0.12F, 0.03F};
    return {color * 0.5F, 0.03F, color * 1.6F};
  }
  float edge = std::max(std::fabs(p.x), std::fabs(p.y));
  if (face.shape == SignShape::kCircle) edge = std::sqrt(p.x * p.x + p.y * p.y);
  if (face.shape == SignShape::kTriangle) edge = std::max(-p.y * 2 + 0.0F, std::fabs(p.x) * 1.3F + 0.65F * p.y + 0.35F);
  if (face.shape == SignShape::kOctagon) edge = std::max(edge, (std::fabs(p.x) + std::fabs(p.y)) * 0.7071F);
  if (edge > 0.78F) return {face.rim, 0.02F};
  if (face.shape == SignShape::kPlate) {
    const bool row = std::fabs(p.y) < 0.4F && hash01(face.seed, floor_int(p.x * 16), floor_int(p.y * 3)) < 0.5F;
    return {row ? face.mark : face.field, 0.02F};
  }
  return {edge < 0.6F && is_mark(face.seed, p.x, p.y) ? face.mark : face.field, 0.02F};
}

SurfaceSample sample_surface(const Scene& scene, const Material& m, Vec3 p, float footprint) {
  switch (m.pattern) {
    case Pattern::kAsphalt:
    case Pattern::kCobbles:
    case Pattern::kSlabs:
    case Pattern::kGrass:
      return sample_ground(m, p, footprint);
    case Pattern::kFacade:
      return sample_facade(scene.facades[m.style], p, footprint);
    case Pattern::kVehicle:
      return sample_vehicle(scene.paints[m.style], p);
    case Pattern::kSign:
      return sample_sign(scene.signs[m.style], p);
    default:
      return sample_object(m, p, footprint);
  }
}

}  // namespace edgemoe::scenes
