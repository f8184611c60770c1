// Walls with windows, doors and shop fronts, seen square on: x along the wall, y up from the pavement.
#include "scenes/noise.h"
#include "scenes/texture.h"

namespace edgemoe::scenes {

Vec3 brick_color(Vec3 base, Vec3 other, Vec3 mortar, std::uint32_t seed, float x, float y, float footprint) {
  constexpr float kWidth = 0.24F;
  constexpr float kHeight = 0.075F;
  const int row = floor_int(y / kHeight);
  const float along = x / kWidth + 0.5F * to_float(row & 1);
  const int column = floor_int(along);
  const float visible = detail_share(0.1F, footprint);
  const float tone = mix(0.5F, hash01(seed, column, row), detail_share(0.35F, footprint));
  const float u = std::fabs(fraction(along) - 0.5F) * kWidth;
  const float v = std::fabs(fraction(y / kHeight) - 0.5F) * kHeight;
  const float joint = std::max(smoothstep(0.107F, 0.115F, u), smoothstep(0.029F, 0.034F, v));
  const float patch = fractal_noise(seed + 1, x * 0.5F, y * 0.5F, 4, footprint * 0.5F);
  const Vec3 brick = mix(base, other, tone) * (0.65F + 0.4F * tone);
  return mix(brick, mortar, mix(0.18F, joint, visible)) * (0.75F + 0.5F * patch);
}

namespace {

/// Where a point lies within its window's bay.
struct Bay {
  int column = 0;
  int floor = 0;  // 0 is the ground floor
  float x = 0;    // from the bay's middle
  float y = 0;    // from the floor
  float width = 1;
  float height = 3;
};

Vec3 timber_frame(const FacadeStyle& s, float x, float y, Vec3 fill) {
  const float u = fraction(x / 1.3F) * 1.3F;
  const float v = fraction(y / 1.25F) * 1.25F;
  const bool diagonal =
      hash01(s.seed + 5, floor_int(x / 1.3F), floor_int(y / 1.25F)) < 0.3F && std::fabs(u / 1.3F - v / 1.25F) < 0.09F;
  return u < 0.16F || v < 0.16F || diagonal ? s.detail : fill;
}

Vec3 wall_color(const FacadeStyle& s, float x, float y, float footprint) {
  const float mottle = fractal_noise(s.seed, x * 0.6F, y * 0.6F, 5, footprint * 0.6F);
  switch (s.wall_kind) {
    case WallKind::kBrick:
      return brick_color(s.wall, s.wall * 0.6F, s.detail, s.seed, x, y, footprint);
    case WallKind::kStone: {
      const int row = floor_int(y / 0.38F);
      const float along = x / 0.7F + 0.5F * to_float(row & 1);
      const float tone = hash01(s.seed + 2, floor_int(along), row) - 0.5F;
      const float v = std::fabs(fraction(y / 0.38F) - 0.5F);
      const float u = std::fabs(fraction(along) - 0.5F);
      const float joint = std::max(smoothstep(0.455F, 0.48F, v), smoothstep(0.475F, 0.485F, u));
      const float visible = detail_share(0.3F, footprint);
      return s.wall * ((0.75F + 0.5F * mottle) * (1 + 0.3F * tone * visible) * (1 - 0.35F * joint * visible));
    }
    case WallKind::kPanels:
    case WallKind::kConcrete: {
      const float width = s.wall_kind == WallKind::kPanels ? 1.2F : 3.2F;
      const float u = std::fabs(fraction(x / width) - 0.5F) * width;
      const float v = std::fabs(fraction(y / s.floor_height) - 0.5F) * s.floor_height;
      const float joint = std::max(smoothstep(0.5F * width - 0.03F, 0.5F * width - 0.01F, u),
                                   smoothstep(0.5F * s.floor_height - 0.03F, 0.5F * s.floor_height - 0.01F, v));
      const float tone = hash01(s.seed + 2, floor_int(x / width), floor_int(y / s.floor_height)) - 0.5F;
      return s.wall *
             ((0.8F + 0.4F * mottle) * (1 + 0.12F * tone) * (1 - 0.4F * joint * detail_share(0.15F, footprint)));
    }
    case WallKind::kSiding: {
      const float v = fraction(y / 0.18F);
      return s.wall *
             ((0.9F + 0.2F * mottle) * (1 - 0.35F * smoothstep(0.8F, 0.95F, v) * detail_share(0.18F, footprint)));
    }
    case WallKind::kTimber:
      return timber_frame(s, x, y, s.wall * (0.8F + 0.4F * mottle));
    case WallKind::kCurtain:
    case WallKind::kPlaster:
      break;
  }
  return s.wall * (0.82F + 0.36F * mottle);
}

/// Rain streaks below sills and dirt towards the ground.
float weathering(const FacadeStyle& s, float x, float y, float footprint) {
  const float streak = fractal_noise(s.seed + 7, x * 2.5F, y * 0.25F, 3, footprint * 2.5F);
  const float foot = smoothstep(1.2F, 0.0F, y + 0.6F * (streak - 0.5F));
  return 1 - s.dirt * (0.55F * smoothstep(0.45F, 0.8F, streak) + 0.4F * foot);
}

/// Glass with what is behind it: dark rooms, curtains, blinds, lamps.
SurfaceSample pane(const FacadeStyle& s, const Bay& bay, float u, float v) {
  const auto roll = [&](std::uint32_t what) { return hash01(s.seed + what, bay.column, bay.floor); };
  SurfaceSample sample = {s.glass * (0.6F + 0.8F * roll(20)), 0.1F + 0.25F * roll(21)};
  if (roll(22) < 0.35F) {  // curtains at the sides
    const float open = 0.25F + 0.6F * roll(23);
    if (std::fabs(u) > open) sample.albedo = mix(s.wall, {0.5F, 0.48F, 0.44F}, 0.7F) * (0.5F + 0.25F * fraction(u * 5));
  } else if (roll(22) < 0.6F && v > 1 - 0.9F * roll(24)) {  // a blind, pulled down in part
    sample.albedo = Vec3{0.45F, 0.44F, 0.4F} * (0.7F + 0.3F * roll(25));
    sample.gloss *= 0.5F;
  }
  if (roll(26) < s.lit) sample.emission = Vec3{1.0F, 0.72F, 0.4F} * (0.05F + 0.12F * roll(27)) * (0.5F + v);
  return sample;
}

/// A window (or glazed door) of half size (hw, hh) around the bay's middle; false when the point lies outside.
bool window(const FacadeStyle& s, const Bay& bay, float hw, float low, float high, SurfaceSample& sample) {
  const float x = bay.x;
  float top = high;
  if (s.arched) {
    const float t = clamp01(std::fabs(x) / hw);
    top -= hw * 0.7F * (1 - std::sqrt(std::max(0.0F, 1 - t * t)));
  }
  if (std::fabs(x) > hw + s.trim || bay.y < low - 0.12F || bay.y > top + s.trim) return false;
  if (std::fabs(x) > hw || bay.y > top) {
    if (s.trim <= 0) return false;
    sample = {s.detail};
    return true;
  }
  if (bay.y < low) {  // the sill, lit from above, and its shadow
    if (bay.y > low - 0.07F)
      sample = {s.detail * 1.15F};
    else
      sample.albedo = sample.albedo * 0.6F;
    return true;
  }
  const float u = x / hw;
  const float v = (bay.y - low) / (top - low);
  const float pane_width = 2.0F / to_float(s.panes);
  const float in_pane = std::fabs(fraction((u + 1) / pane_width) - 0.5F) * pane_width * hw;
  const bool frame = in_pane > pane_width * hw * 0.5F - 0.035F || bay.y < low + 0.05F || bay.y > top - 0.05F ||
                     (s.panes == 2 && std::fabs(v - 0.7F) < 0.02F);
  sample = frame ? SurfaceSample{s.frame, 0.02F} : pane(s, bay, u, v);
  // The reveal shades the pane from above and from one side.
  const float shade = std::max(smoothstep(0.16F, 0.04F, top - bay.y), smoothstep(0.1F, 0.02F, x + hw));
  sample.albedo = sample.albedo * (1 - 0.65F * shade);
  sample.gloss *= 1 - 0.8F * shade;
  return true;
}

bool shutters(const FacadeStyle& s, const Bay& bay, float hw, float low, float high, SurfaceSample& sample) {
  if (hash01(s.seed + 30, bay.column, bay.floor) >= s.shutters) return false;
  const float x = std::fabs(bay.x);
  if (x < hw + s.trim || x > 2 * hw + s.trim || x > 0.5F * bay.width || bay.y < low || bay.y > high) return false;
  sample = {s.accent * (fraction(bay.y / 0.1F) < 0.3F ? 0.6F : 1.0F)};
  return true;
}

SurfaceSample shop(const FacadeStyle& s, const Bay& bay, float footprint) {
  const float band = 0.22F * bay.height;
  const float top = bay.height - 0.15F;
  if (bay.y > top) return {s.ground_wall};
  if (bay.y > top - band) {  // the name board, with marks like letters
    const float u = bay.x + 20;
    const int letter = floor_int(u / (0.5F * band));
    const float row = (bay.y - (top - band)) / band;
    const bool written = std::fabs(bay.x) < 0.36F * bay.width && row > 0.28F && row < 0.72F;
    const float ink = hash01(s.seed + 41, letter, floor_int(row * 8), floor_int(u * 14)) < 0.55F ? 1.0F : 0.0F;
    const Vec3 mark = luminance(s.accent) > 0.25F ? Vec3{0.02F, 0.02F, 0.03F} : Vec3{0.75F, 0.72F, 0.65F};
    const float share =
        written && fraction(u / (0.5F * band)) < 0.8F ? mix(0.5F, ink, detail_share(0.2F, footprint)) : 0;
    return {mix(s.accent, mark, share), 0.03F};
  }
  const float width = bay.width;
  const bool door = hash01(s.seed + 42, bay.column) < 0.35F && std::fabs(bay.x - 0.28F * width) < 0.5F;
  const bool mullion = std::fabs(std::fabs(bay.x) - 0.47F * width) < 0.06F ||
                       std::fabs(bay.x - 0.05F * width) < 0.03F || bay.y > top - band - 0.06F;
  if (mullion || (bay.y < 0.4F && !door)) return {s.ground_wall * 0.8F};
  // Goods behind the glass: blocks of colour in the lower part, dim behind.
  const int gx = floor_int((bay.x + 50) / 0.45F);
  const int gy = floor_int(bay.y / 0.4F);
  const float tone = hash01(s.seed + 47, gx, gy);
  const Vec3 hue = {hash01(s.seed + 43, gx, gy), hash01(s.seed + 44, gx, gy), hash01(s.seed + 45, gx, gy)};
  const Vec3 goods = mix(Vec3{tone, tone, tone}, hue, 0.35F);
  const float shown = bay.y < 1.5F ? 0.22F : 0.05F;
  SurfaceSample sample = {mix(s.glass, goods * goods, shown * 0.5F), 0.16F};
  if (hash01(s.seed + 46, bay.column) < 0.15F + s.lit)
    sample.emission = (Vec3{0.3F, 0.26F, 0.18F} + goods * 0.1F) * (0.08F + 0.4F * s.lit);
  return sample;
}

SurfaceSample ground_floor(const FacadeStyle& s, const Bay& bay, SurfaceSample wall, float footprint) {
  SurfaceSample sample = wall;
  sample.albedo = mix(sample.albedo, s.ground_wall, s.ground_floor == GroundFloor::kSame ? 0.0F : 0.85F);
  const float roll = hash01(s.seed + 50, bay.column);
  const bool is_door = roll < 0.28F;
  switch (s.ground_floor) {
    case GroundFloor::kShop:
      return shop(s, bay, footprint);
    case GroundFloor::kBlank:
      return sample;
    case GroundFloor::kGarage:
      if (std::fabs(bay.x) < 0.42F * bay.width && bay.y < 2.3F) {
        return {s.door * (fraction(bay.y / 0.28F) < 0.12F ? 0.6F : 1.0F), 0.02F};
      }
      return sample;
    case GroundFloor::kArcade:
      if (std::fabs(bay.x) < 0.36F * bay.width && bay.y < bay.height - 0.5F)
        return {Vec3{0.015F, 0.015F, 0.018F}, 0.05F};
      return sample;
    case GroundFloor::kSame:
      break;
  }
  if (is_door) {
    if (std::fabs(bay.x) < 0.52F && bay.y < 2.15F) {
      const bool panel = std::fabs(std::fabs(bay.x) - 0.24F) < 0.14F && fraction(bay.y / 0.9F) > 0.2F;
      return {s.door * (panel ? 0.75F : 1.0F), 0.03F};
    }
    if (std::fabs(bay.x) < 0.66F && bay.y < 2.35F) return {s.detail};
    return sample;
  }
  const float top = std::min(s.sill + s.window_height, bay.height - 0.3F);
  if (!window(s, bay, 0.5F * s.window_width, s.sill, top, sample)) {
    shutters(s, bay, 0.5F * s.window_width, s.sill, top, sample);
  }
  return sample;
}

SurfaceSample curtain_wall(const FacadeStyle& s, Vec3 p) {
  Bay bay;
  bay.width = s.bay_width;
  bay.column = floor_int(p.x / s.bay_width);
  bay.floor = floor_int(p.y / s.floor_height);
  const float u = fraction(p.x / s.bay_width);
  const float v = fraction(p.y / s.floor_height);
  if (u < 0.05F || v < 0.04F) return {s.frame, 0.03F};
  if (v < 0.28F) return {mix(s.glass, s.accent, 0.5F), 0.15F};
  SurfaceSample sample = pane(s, bay, 2 * u - 1, v);
  sample.gloss = 0.35F + 0.2F * hash01(s.seed + 60, bay.column, bay.floor);
  return sample;
}

}  // namespace

SurfaceSample sample_facade(const FacadeStyle& s, Vec3 p, float footprint) {
  if (s.wall_kind == WallKind::kCurtain && p.y > s.ground_height) return curtain_wall(s, p);
  SurfaceSample wall = {wall_color(s, p.x, p.y, footprint) * weathering(s, p.x, p.y, footprint)};
  const int columns = std::max(1, floor_int(s.width / s.bay_width));
  Bay bay;
  bay.width = s.width / to_float(columns);
  bay.column = floor_int(p.x / bay.width);
  bay.x = p.x - (to_float(bay.column) + 0.5F) * bay.width;
  if (p.y < s.ground_height) {
    bay.y = p.y;
    bay.height = s.ground_height;
    return ground_floor(s, bay, wall, footprint);
  }
  const float above = p.y - s.ground_height;
  bay.floor = 1 + floor_int(above / s.floor_height);
  bay.y = above - to_float(bay.floor - 1) * s.floor_height;
  bay.height = s.floor_height;
  if (s.band > 0 && bay.y < s.band) return {s.detail * (bay.y < 0.3F * s.band ? 0.6F : 1.05F)};
  const bool fits = p.y - bay.y + s.floor_height <= s.height + 0.3F;  // no window is cut by the eaves
  if (!fits || hash01(s.seed + 70, bay.column) < s.blank) return wall;
  SurfaceSample sample = wall;
  const float top = std::min(s.sill + s.window_height, s.floor_height - 0.25F);
  if (!window(s, bay, 0.5F * s.window_width, s.sill, top, sample)) {
    shutters(s, bay, 0.5F * s.window_width, s.sill, top, sample);
  }
  return sample;
}

}  // namespace edgemoe::scenes
