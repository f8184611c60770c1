// Carriageway, kerbs, pavements, verges, side streets, markings, and the ring that closes the view.
#include <array>

#include "scenes/noise.h"
#include "scenes/street_scene.h"

namespace edgemoe::scenes {
namespace {

constexpr float kStep = 5;              // length of a piece of road, short enough to follow the bend
constexpr float kPaintHeight = 0.004F;  // markings lie on the road
constexpr float kGroundEnd = 250;

struct GroundMaterials {
  std::uint16_t road, pavement, kerb, grass, front, paint, parking;
};

Material ground_material(Pattern pattern, Label label, Vec3 base, Dice& dice) {
  Material m;
  m.pattern = pattern;
  m.label = label;
  m.base = base;
  m.second = base * dice.uniform(0.45F, 0.75F);
  m.third = dice.vary(base, 0.3F, 0.12F);
  m.contrast = dice.uniform(0.2F, 0.9F);
  m.seed = dice.seed32();
  return m;
}

Material paving(Label label, Dice& dice) {
  const std::array<Vec3, 5> colors = {display_color(0.55F, 0.54F, 0.52F), display_color(0.62F, 0.58F, 0.52F),
                                      display_color(0.45F, 0.45F, 0.46F), display_color(0.56F, 0.45F, 0.4F),
                                      display_color(0.66F, 0.65F, 0.62F)};
  const float kind = dice.uniform();
  Material m = ground_material(kind < 0.65F   ? Pattern::kSlabs
                               : kind < 0.85F ? Pattern::kAsphalt
                                              : Pattern::kCobbles,
                               label, dice.vary(dice.pick(colors), 0.25F, 0.05F), dice);
  if (m.pattern == Pattern::kAsphalt) m.base = m.base * 0.6F;
  m.scale = m.pattern == Pattern::kSlabs ? dice.uniform(0.3F, 0.8F) : m.pattern == Pattern::kCobbles ? 0.12F : 50.0F;
  return m;
}

GroundMaterials make_materials(const StreetPlan& plan, Scene& scene, Dice& dice) {
  GroundMaterials ids{};
  const Label road_label = plan.pedestrian_zone ? street::kPavement : street::kRoad;
  Material road = ground_material(Pattern::kAsphalt, road_label,
                                  dice.vary(display_color(0.38F, 0.38F, 0.385F), 0.55F, 0.05F), dice);
  road.second = road.base * dice.uniform(0.5F, 1.5F);
  road.scale = plan.lane_width;
  if (plan.road_surface == Surface::kCobbles) {
    road.pattern = Pattern::kCobbles;
    road.base = dice.vary(display_color(0.46F, 0.43F, 0.4F), 0.35F, 0.08F);
    road.second = road.base * 0.35F;
    road.third = dice.vary(road.base, 0.4F, 0.15F);
    road.scale = dice.uniform(0.1F, 0.2F);
  } else if (plan.road_surface == Surface::kSlabs) {
    road = paving(road_label, dice);
  }
  road.wetness = plan.wetness;
  ids.road = scene.add(road);
  Material parking = road;
  if (dice.chance(0.35F)) {
    parking = paving(road_label, dice);
    parking.wetness = plan.wetness;
  }
  ids.parking = scene.add(parking);
  Material pavement = paving(street::kPavement, dice);
  pavement.wetness = plan.wetness;
  ids.pavement = scene.add(pavement);
  Material kerb =
      ground_material(Pattern::kPlain, street::kPavement, dice.vary({0.36F, 0.35F, 0.33F}, 0.35F, 0.04F), dice);
  ids.kerb = scene.add(kerb);
  Material grass = ground_material(Pattern::kGrass, street::kTerrain,
                                   dice.vary(display_color(0.36F, 0.42F, 0.2F), 0.35F, 0.12F), dice);
  grass.second = dice.vary(grass.base * Vec3{1.25F, 1.1F, 0.9F}, 0.2F, 0.1F);
  grass.third = dice.vary({0.17F, 0.13F, 0.085F}, 0.4F, 0.08F);
  ids.grass = scene.add(grass);
  ids.front = ids.pavement;
  Material paint = ground_material(Pattern::kPlain, road_label,
                                   dice.chance(0.12F) ? Vec3{0.6F, 0.42F, 0.06F} : Vec3{0.62F, 0.61F, 0.58F}, dice);
  paint.second = road.base;
  paint.contrast = clamp01(1.15F - plan.marking);
  ids.paint = scene.add(paint);
  return ids;
}

class GroundBuilder {
 public:
  GroundBuilder(const StreetPlan& plan, float eye_s, Scene& scene)
      : plan_(plan), dice_(plan.seed), ids_(make_materials(plan, scene, dice_)), builder_(scene.mesh, {}) {
    low_ = std::max(plan.extent.low, eye_s - 45);
    high_ = std::min(plan.extent.high, eye_s + kGroundEnd);
    // On a grid that does not move with the camera.
    low_ = std::floor(low_ / kStep) * kStep;
  }

  void build() {
    strip(ids_.road, {-plan_.half_width, plan_.half_width}, 0, low_, high_);
    for (const float sign : {-1.0F, 1.0F}) build_side(sign);
    if (!plan_.pedestrian_zone) build_markings();
  }

 private:
  struct Span {
    float from, to;
  };

  std::uint32_t corner(float x, float y, float s) {
    return builder_.vertex(plan_.curve.point(x, y, s), {0, 1, 0}, {x, 0, s});
  }

  /// Level across, following the road along.
  void strip(std::uint16_t material, Span x, float y, float s0, float s1) {
    builder_.set_material(material);
    for (float s = s0; s < s1;) {
      const float next = std::min(s1, std::floor(s / kStep + 1.001F) * kStep);
      const Vec3 a = plan_.curve.point(x.from, y, s);
      const Vec3 across = plan_.curve.point(x.to, y, s) - a;
      const Vec3 along = plan_.curve.point(x.from, y, next) - a;
      const Vec3 normal = normalize(cross(along, across));
      const Vec3 up = normal.y < 0 ? -normal : normal;
      std::array<std::uint32_t, 4> ids{};
      std::size_t i = 0;
      for (const auto& [px, ps] :
           {std::pair{x.from, s}, std::pair{x.to, s}, std::pair{x.to, next}, std::pair{x.from, next}}) {
        ids[i++] = builder_.vertex(plan_.curve.point(px, y, ps), up, {px, 0, ps});
      }
      builder_.triangle(ids[0], ids[1], ids[2]);
      builder_.triangle(ids[0], ids[2], ids[3]);
      s = next;
    }
  }

  /// A vertical face along the road.
  void face(std::uint16_t material, float x, float low, float high, float s0, float s1) {
    builder_.set_material(material);
    for (float s = s0; s < s1;) {
      const float next = std::min(s1, std::floor(s / kStep + 1.001F) * kStep);
      builder_.quad(plan_.curve.point(x, low, s), plan_.curve.point(x, low, next), plan_.curve.point(x, high, next),
                    plan_.curve.point(x, high, s));
      s = next;
    }
  }

  void build_side(float sign) {
    const StreetSide& side = plan_.side(sign);
    float from = low_;
    for (const Interval& gap : side.side_streets) {
      if (gap.high < low_ || gap.low > high_) continue;
      block(sign, from, gap.low);
      side_street(sign, gap);
      from = gap.high;
    }
    block(sign, from, high_);
    const float kerb = plan_.kerb_x(sign);
    if (side.parking > 0) strip(ids_.parking, {sign * plan_.half_width, sign * kerb}, 0, low_, high_);
  }

  void block(float sign, float s0, float s1) {
    if (s1 <= s0) return;
    const StreetSide& side = plan_.side(sign);
    const float y = plan_.kerb;
    const float kerb = plan_.kerb_x(sign);
    face(ids_.kerb, sign * kerb, -0.02F, y, s0, s1);
    strip(ids_.kerb, {sign * kerb, sign * (kerb + 0.14F)}, y, s0, s1);
    if (side.verge > 0.14F) strip(ids_.grass, {sign * (kerb + 0.14F), sign * plan_.pavement_x(sign)}, y, s0, s1);
    const float walk = std::max(plan_.pavement_x(sign), kerb + 0.14F);
    strip(ids_.pavement, {sign * walk, sign * plan_.pavement_end(sign)}, y, s0, s1);
    const float front = plan_.front_x(sign) + 1.5F;
    strip(side.paved_front ? ids_.front : ids_.grass, {sign * plan_.pavement_end(sign), sign * front}, y, s0, s1);
    strip(ids_.grass, {sign * front, sign * kGroundEnd}, y, s0, s1);
  }

  void side_street(float sign, const Interval& gap) {
    const float kerb = plan_.kerb_x(sign);
    strip(ids_.road, {sign * kerb, sign * kGroundEnd}, 0, gap.low, gap.high);
    for (const float s : {gap.low, gap.high}) {  // its kerbs
      builder_.set_material(ids_.kerb);
      builder_.quad(plan_.curve.point(sign * kerb, -0.02F, s), plan_.curve.point(sign * kGroundEnd, -0.02F, s),
                    plan_.curve.point(sign * kGroundEnd, plan_.kerb, s), plan_.curve.point(sign * kerb, plan_.kerb, s));
    }
  }

  void build_markings() {
    if (plan_.marking < 0.08F) return;
    const float half = 0.5F * plan_.lane_width * to_float(plan_.lanes);
    const float width = dice_.uniform(0.1F, 0.18F);
    const bool edges = dice_.chance(0.5F);
    const bool solid_middle = dice_.chance(0.3F);
    const float dash = dice_.uniform(1.5F, 6);
    const float gap = dash * dice_.uniform(0.6F, 2);
    for (int lane = 1; lane < plan_.lanes; ++lane) {
      const float x = to_float(lane) * plan_.lane_width - half;
      const bool middle = std::fabs(x) < 0.1F;
      if (middle && solid_middle) {
        strip(ids_.paint, {x - 0.5F * width, x + 0.5F * width}, kPaintHeight, low_, high_);
        if (plan_.lanes > 2) strip(ids_.paint, {x + width, x + 2 * width}, kPaintHeight, low_, high_);
        continue;
      }
      const float period = dash + gap;
      for (float s = std::floor(low_ / period) * period; s < high_; s += period) {
        strip(ids_.paint, {x - 0.5F * width, x + 0.5F * width}, kPaintHeight, s, s + dash);
      }
    }
    if (edges) {
      for (const float x : {-half + 0.25F, half - 0.25F})
        strip(ids_.paint, {x - 0.5F * width, x + 0.5F * width}, kPaintHeight, low_, high_);
    }
    for (const float sign : {-1.0F, 1.0F}) {
      if (plan_.side(sign).parking <= 0 || !dice_.chance(0.6F)) continue;
      const float x = sign * plan_.half_width;
      strip(ids_.paint, {x - 0.05F, x + 0.05F}, 2 * kPaintHeight, low_, high_);
      for (float s = low_; s < high_; s += 5.8F) {
        strip(ids_.paint, {x, x + sign * plan_.side(sign).parking}, 2 * kPaintHeight, s, s + 0.1F);
      }
    }
    build_crossings(half);
  }

  void build_crossings(float half) {
    const bool zebra = dice_.chance(0.75F);
    for (const float s : plan_.crossings) {
      if (s < low_ || s > high_) continue;
      if (zebra) {
        for (float x = -half + 0.3F; x + 0.5F < half; x += 1.0F)
          strip(ids_.paint, {x, x + 0.5F}, 2 * kPaintHeight, s - 1.7F, s + 1.7F);
      } else {
        for (const float edge : {-1.7F, 1.7F})
          strip(ids_.paint, {-half, half}, 2 * kPaintHeight, s + edge, s + edge + 0.2F);
      }
      const float stop = plan_.traffic_side > 0 ? 0.0F : -half;  // the line where one's own side waits
      strip(ids_.paint, {stop, stop + half}, 2 * kPaintHeight, s - 3.2F, s - 2.8F);
    }
  }

  const StreetPlan& plan_;
  Dice dice_;
  GroundMaterials ids_;
  MeshBuilder builder_;
  float low_ = 0;
  float high_ = 0;
};

}  // namespace

void build_ground(const StreetPlan& plan, float eye_s, Scene& scene) { GroundBuilder(plan, eye_s, scene).build(); }

void build_backdrop(const StreetPlan& plan, Vec3 eye, Scene& scene) {
  Dice dice(plan.seed + 99);
  Material trees;
  trees.pattern = Pattern::kSkyline;
  trees.label = street::kVegetation;
  trees.base = dice.vary({0.05F, 0.07F, 0.035F}, 0.4F, 0.15F);
  trees.second = dice.vary({0.09F, 0.11F, 0.05F}, 0.4F, 0.15F);
  trees.seed = dice.seed32();
  MeshBuilder builder(scene.mesh, {});
  builder.set_material(scene.add(trees));
  const float radius = 0.985F * kViewDistance;
  const float usual = dice.uniform(5, 16);
  constexpr int kPieces = 240;
  // Ring and plate follow the camera; the heights stay with the directions.
  std::vector<Vec3> points;
  for (int row = 0; row < 2; ++row) {
    for (int i = 0; i < kPieces; ++i) {
      const float a = 2 * kPi * to_float(i) / kPieces;
      const float wave = fractal_noise(trees.seed, 9 * std::cos(a), 9 * std::sin(a), 4);
      const float y = row == 0 ? -60.0F : usual * (0.4F + 1.6F * wave);
      points.push_back({eye.x + radius * std::sin(a), eye.y + y, eye.z + radius * std::cos(a)});
    }
  }
  builder.skin(points, 2, kPieces);
  // Towers and roofs before it, in the haze.
  const int houses = static_cast<int>(40 * plan.density * dice.uniform());
  for (int i = 0; i < houses; ++i) {
    const float a = dice.uniform(0, 2 * kPi);
    const int floors = dice.integer(2, 3 + static_cast<int>(12 * plan.density));
    const float width = dice.uniform(12, 30);
    BuildingPlan house = draw_building(width, floors, plan.density, {0, 0.2F}, dice);
    house.depth = 8;
    house.relief = house.balconies = house.awning = false;
    const Vec3 place = {eye.x + (radius - 20) * std::sin(a), eye.y - 4, eye.z + (radius - 20) * std::cos(a)};
    add_building(scene, Frame::upright(place, a), house);
  }
  // A wide plate under everything, where hills leave gaps.
  Material earth;
  earth.pattern = Pattern::kGrass;
  earth.label = street::kTerrain;
  earth.base = {0.07F, 0.08F, 0.035F};
  earth.second = {0.09F, 0.09F, 0.045F};
  earth.third = {0.1F, 0.08F, 0.05F};
  earth.seed = trees.seed;
  builder.set_material(scene.add(earth));
  builder.disc({eye.x, eye.y - 14, eye.z}, {0, 1, 0}, radius, 32);
}

}  // namespace edgemoe::scenes
