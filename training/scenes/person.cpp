#include "scenes/person.h"

#include <array>
#include <vector>

namespace edgemoe::scenes {
namespace {

const std::array<Vec3, 6> kSkin = {display_color(0.93F, 0.76F, 0.66F), display_color(0.87F, 0.67F, 0.54F),
                                   display_color(0.78F, 0.56F, 0.42F), display_color(0.6F, 0.41F, 0.3F),
                                   display_color(0.42F, 0.28F, 0.2F),  display_color(0.3F, 0.2F, 0.15F)};
const std::array<Vec3, 6> kHair = {display_color(0.1F, 0.08F, 0.07F),  display_color(0.2F, 0.14F, 0.1F),
                                   display_color(0.35F, 0.22F, 0.13F), display_color(0.65F, 0.5F, 0.3F),
                                   display_color(0.55F, 0.54F, 0.52F), display_color(0.78F, 0.77F, 0.75F)};
const std::array<Vec3, 14> kClothes = {
    display_color(0.1F, 0.1F, 0.12F),   display_color(0.16F, 0.18F, 0.25F), display_color(0.25F, 0.25F, 0.26F),
    display_color(0.45F, 0.45F, 0.46F), display_color(0.82F, 0.81F, 0.78F), display_color(0.6F, 0.52F, 0.4F),
    display_color(0.35F, 0.25F, 0.18F), display_color(0.6F, 0.14F, 0.15F),  display_color(0.2F, 0.32F, 0.5F),
    display_color(0.45F, 0.6F, 0.75F),  display_color(0.22F, 0.35F, 0.24F), display_color(0.75F, 0.6F, 0.2F),
    display_color(0.7F, 0.4F, 0.5F),    display_color(0.4F, 0.42F, 0.3F)};
const std::array<Vec3, 6> kTrousers = {display_color(0.12F, 0.12F, 0.14F), display_color(0.18F, 0.22F, 0.33F),
                                       display_color(0.28F, 0.35F, 0.48F), display_color(0.3F, 0.28F, 0.26F),
                                       display_color(0.55F, 0.48F, 0.38F), display_color(0.36F, 0.36F, 0.38F)};

struct Outfit {
  std::uint16_t skin = 0, hair = 0, top = 0, sleeves = 0, trousers = 0, shoes = 0, bag = 0;
};

Outfit dress(Scene& scene, Label label, Dice& dice) {
  const auto cloth = [&](Vec3 color) {
    Material m;
    m.pattern = Pattern::kCloth;
    m.label = label;
    m.base = dice.vary(color, 0.3F, 0.12F);
    m.second = dice.vary(dice.pick(kClothes), 0.2F, 0.1F);
    m.contrast = dice.chance(0.2F) ? dice.uniform(0.55F, 1.0F) : 0.1F;
    m.scale = dice.uniform(0.06F, 0.22F);
    m.seed = dice.seed32();
    return m;
  };
  Outfit outfit;
  Material skin;
  skin.label = label;
  skin.base = skin.second = dice.vary(dice.pick(kSkin), 0.1F, 0.04F);
  outfit.skin = scene.add(skin);
  outfit.hair = scene.add(cloth(dice.pick(kHair)));
  Material top = cloth(dice.pick(kClothes));
  outfit.top = scene.add(top);
  outfit.sleeves = dice.chance(0.25F) ? outfit.skin : outfit.top;  // bare arms, or a sleeve
  Material trousers = cloth(dice.pick(kTrousers));
  trousers.contrast = 0.1F;
  outfit.trousers = scene.add(trousers);
  Material shoes = skin;
  shoes.base = shoes.second =
      dice.chance(0.3F) ? Vec3{0.5F, 0.5F, 0.48F} : dice.vary({0.03F, 0.028F, 0.026F}, 0.5F, 0.2F);
  outfit.shoes = scene.add(shoes);
  outfit.bag = scene.add(cloth(dice.pick(kClothes)));
  return outfit;
}

/// Heights of the joints above the ground and measures across, in metres; girth is a factor.
struct Body {
  float height = 1.7F, hip = 0.85F, knee = 0.46F, width = 0.19F, girth = 1;
};

Vec3 swing(Vec3 from, float length, float angle, float sideways = 0) {
  return from + Vec3{sideways, -length * std::cos(angle), length * std::sin(angle)};
}

struct LegAngles {
  float thigh, shin;
};

LegAngles leg_angles(const PersonOptions& options, float phase) {
  switch (options.pose) {
    case Pose::kWalk: {
      const float swing_angle = 0.42F * std::sin(phase);
      return {swing_angle, swing_angle - 0.15F - 0.4F * std::max(0.0F, std::cos(phase))};
    }
    case Pose::kSit:
      return {1.5F, 0.05F};
    case Pose::kRide:
      return {1.0F + 0.45F * std::sin(phase), 0.1F + 0.35F * std::sin(phase)};
    case Pose::kStand:
      break;
  }
  return {0.03F * std::sin(phase), 0};
}

void add_head(MeshBuilder& builder, const Outfit& outfit, const Body& body, Vec3 neck, int segments, Dice& dice) {
  const float r = 0.064F * body.height;
  const Vec3 center = neck + Vec3{0, 0.085F * body.height, 0.012F * body.height};
  builder.set_material(outfit.skin);
  builder.tube(neck - Vec3{0, 0.02F, 0}, center, 0.55F * r, 0.5F * r, segments);
  builder.ellipsoid(center, {0.82F * r, 1.12F * r, r}, segments + 2, 6);
  builder.set_material(outfit.hair);
  const float style = dice.uniform();
  if (style < 0.9F) {  // hair or cap: a shell set back and up from the face
    builder.ellipsoid(center + Vec3{0, 0.22F * r, -0.16F * r}, {0.95F * r, 1.05F * r, 1.0F * r}, segments + 2, 6);
  }
  if (style < 0.3F) {  // long hair
    builder.ellipsoid(center + Vec3{0, -0.7F * r, -0.5F * r}, {0.85F * r, 1.4F * r, 0.55F * r}, segments, 5);
  }
}

/// Where the parts of a body meet, and how it is dressed.
struct Figure {
  Outfit outfit;
  Body body;
  Vec3 hip, chest;
  bool coat = false, skirt = false;
  float carries = 1;  // which bag, if any
  int segments = 6;
};

void add_legs(MeshBuilder& builder, const Figure& f, const PersonOptions& options) {
  const float h = f.body.height;
  for (const float side : {-1.0F, 1.0F}) {
    const LegAngles angles = leg_angles(options, options.phase + (side > 0 ? 0 : kPi));
    const Vec3 top = f.hip + Vec3{side * 0.5F * f.body.width, 0, 0};
    const Vec3 knee = swing(top, f.body.hip - f.body.knee, angles.thigh, side * 0.01F);
    const float shin = options.pose == Pose::kSit ? std::min(f.body.knee, knee.y) - 0.05F : f.body.knee - 0.06F;
    const Vec3 ankle = swing(knee, shin, angles.shin);
    builder.set_material(f.outfit.trousers);
    builder.capsule(top, knee, 0.05F * h * f.body.girth, 0.036F * h, f.segments);
    builder.set_material(f.skirt ? f.outfit.skin : f.outfit.trousers);
    builder.capsule(knee, ankle, 0.036F * h, 0.026F * h, f.segments);
    builder.set_material(f.outfit.shoes);
    builder.capsule(ankle + Vec3{0, -0.02F, -0.03F}, ankle + Vec3{0, -0.03F, 0.11F}, 0.035F, 0.03F, 5);
  }
}

/// An elliptical skin from hips to shoulders, and the skirt.
void add_trunk(MeshBuilder& builder, const Figure& f) {
  constexpr int kRows = 6;
  const int columns = f.segments + 2;
  const float width = f.body.width;
  const std::array<float, kRows> along = {f.coat ? -0.55F : -0.12F, 0.05F, 0.4F, 0.75F, 0.98F, 1.08F};
  const std::array<float, kRows> widths = {f.coat || f.skirt ? 1.45F : 1.15F, 1.15F, 1.0F, 1.25F, 1.15F, 0.45F};
  std::vector<Vec3> skin;
  for (std::size_t r = 0; r < kRows; ++r) {
    const float girth = r < 3 ? f.body.girth : 1.0F;
    const float rx = width * widths[r] * girth;
    const float rz = width * 0.72F * (r == 5 ? 0.5F : 1.0F) * girth;
    const Vec3 center = mix(f.hip, f.chest, along[r]);
    for (int c = 0; c < columns; ++c) {
      const float a = 2 * kPi * to_float(c) / to_float(columns);
      skin.push_back(center + Vec3{rx * std::cos(a), 0, rz * std::sin(a)});
    }
  }
  builder.set_material(f.outfit.top);
  builder.skin(skin, kRows, columns);
  if (!f.skirt) return;
  builder.set_material(f.outfit.trousers);
  builder.tube(f.hip + Vec3{0, 0.04F, 0}, {0, f.hip.y - 0.2F * f.body.height, 0}, width * 1.1F, width * 1.7F, columns);
}

/// Arms swing against the legs; one may be bent (telephone) or carry a bag.
void add_arms(MeshBuilder& builder, const Figure& f, const PersonOptions& options) {
  const float h = f.body.height;
  for (const float side : {-1.0F, 1.0F}) {
    const Vec3 shoulder = f.chest + Vec3{side * f.body.width * 1.2F, -0.04F, 0};
    float upper = options.pose == Pose::kWalk ? 0.5F * std::sin(options.phase + (side > 0 ? kPi : 0)) : 0.08F;
    float lower = upper + 0.25F;
    if (options.pose == Pose::kRide) {
      upper = 0.9F;
      lower = 1.25F;
    } else if (options.pose == Pose::kSit) {
      lower = 1.2F;
    } else if (side > 0 && f.carries > 0.75F) {
      lower = 2.2F;
    }
    const Vec3 elbow = swing(shoulder, 0.17F * h, upper, side * 0.03F);
    const Vec3 hand = swing(elbow, 0.16F * h, lower);
    builder.set_material(f.outfit.top);
    builder.capsule(shoulder, elbow, 0.033F * h, 0.026F * h, f.segments);
    builder.set_material(f.outfit.sleeves);
    builder.capsule(elbow, hand, 0.025F * h, 0.018F * h, f.segments);
    builder.set_material(f.outfit.skin);
    builder.ellipsoid(hand, {0.02F * h, 0.035F * h, 0.025F * h}, 5, 4);
    if (side > 0 && f.carries < 0.2F && options.pose != Pose::kSit) {
      builder.set_material(f.outfit.bag);
      builder.bevelled_box(hand + Vec3{-0.06F, -0.36F, -0.16F}, hand + Vec3{0.06F, -0.06F, 0.16F}, 0.03F);
    }
  }
}

}  // namespace

void add_person(Scene& scene, const Frame& frame, const PersonOptions& options, Dice dice) {
  Figure f;
  f.outfit = dress(scene, options.label, dice);
  const float h = dice.chance(0.12F) ? dice.uniform(1.05F, 1.5F) : dice.uniform(1.54F, 1.94F);
  f.body.height = h;
  f.body.hip = 0.5F * h;
  f.body.knee = 0.27F * h;
  f.body.width = h * dice.uniform(0.095F, 0.125F);
  f.body.girth = dice.uniform(0.85F, 1.35F);
  f.coat = dice.chance(0.3F);
  f.skirt = dice.chance(0.12F);
  f.carries = dice.uniform();
  f.segments = options.distance < 12 ? 8 : options.distance < 30 ? 6 : 5;
  const bool seated = options.pose == Pose::kSit || options.pose == Pose::kRide;
  const float lean = options.pose == Pose::kRide ? 0.45F : options.pose == Pose::kWalk ? 0.06F : 0.01F;
  f.hip = {0, seated ? options.seat_height + 0.09F : f.body.hip, 0};
  f.chest = f.hip + Vec3{0, 0.32F * h * std::cos(lean), 0.32F * h * std::sin(lean)};

  MeshBuilder builder(scene.mesh, frame);
  add_legs(builder, f, options);
  add_trunk(builder, f);
  add_arms(builder, f, options);
  if (f.carries > 0.3F && f.carries < 0.5F) {  // a rucksack
    builder.set_material(f.outfit.bag);
    const Vec3 back = mix(f.hip, f.chest, 0.6F) + Vec3{0, 0, -0.95F * f.body.width};
    builder.ellipsoid(back, {f.body.width * 0.95F, 0.14F * h, f.body.width * 0.7F}, 8, 6);
  }
  add_head(builder, f.outfit, f.body, f.chest + Vec3{0, 0.045F * h, 0}, f.segments, dice);
}

}  // namespace edgemoe::scenes
