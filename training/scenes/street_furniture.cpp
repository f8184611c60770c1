#include "scenes/street_furniture.h"

#include <array>

namespace edgemoe::scenes {
namespace {

Material plain(Label label, Vec3 color, Dice& dice) {
  Material m;
  m.label = label;
  m.base = color;
  m.second = color * 0.6F;
  m.contrast = 0.5F;
  m.seed = dice.seed32();
  return m;
}

std::uint16_t post_material(Scene& scene, Dice& dice) {
  static const std::array<Vec3, 5> kColors = {display_color(0.55F, 0.56F, 0.57F), display_color(0.38F, 0.39F, 0.4F),
                                              display_color(0.16F, 0.17F, 0.17F), display_color(0.15F, 0.22F, 0.18F),
                                              display_color(0.68F, 0.68F, 0.66F)};
  return scene.add(plain(street::kPole, dice.vary(dice.pick(kColors), 0.2F, 0.04F), dice));
}

SignFace draw_face(Dice& dice) {
  constexpr Vec3 kWhite = {0.75F, 0.75F, 0.73F};
  constexpr Vec3 kRed = {0.5F, 0.02F, 0.025F};
  constexpr Vec3 kBlue = {0.02F, 0.09F, 0.36F};
  constexpr Vec3 kYellow = {0.8F, 0.55F, 0.03F};
  constexpr Vec3 kGreen = {0.02F, 0.2F, 0.09F};
  constexpr Vec3 kBlack = {0.02F, 0.02F, 0.02F};
  SignFace face;
  face.seed = dice.seed32();
  switch (dice.integer(0, 8)) {
    case 0:
    case 1:
      return {SignShape::kCircle, kRed, kWhite, kBlack, 0, face.seed};
    case 2:
      return {SignShape::kCircle, kWhite, kBlue, kWhite, 0, face.seed};
    case 3:
      return {SignShape::kTriangle, kRed, kWhite, kBlack, 0, face.seed};
    case 4:
      return {SignShape::kOctagon, kWhite, kRed, kWhite, 0, face.seed};
    case 5:
      return {SignShape::kSquare, kWhite, kBlue, kWhite, 0, face.seed};
    case 6:
      return {SignShape::kSquare, kWhite, kYellow, kBlack, 0, face.seed};
    case 7:
      return {SignShape::kPlate, kWhite, dice.chance(0.5F) ? kBlue : kGreen, kWhite, 0, face.seed};
    default:
      return {SignShape::kPlate, kBlack, dice.chance(0.5F) ? kWhite : kYellow, kBlack, 0, face.seed};
  }
}

/// A flat plate of half size (w, h) at `center`, facing -z, in texture coordinates -1…1; outline by shape.
void add_plate(Scene& scene, MeshBuilder& builder, const SignFace& face, Vec3 center, float w, float h) {
  scene.signs.push_back(face);
  Material m;
  m.pattern = Pattern::kSign;
  m.label = street::kSign;
  m.style = static_cast<std::uint32_t>(scene.signs.size() - 1);
  builder.set_material(scene.add(m));
  std::array<Vec3, 12> outline{};
  std::size_t corners = 4;
  float turn = kPi / 4;
  float stretch = 1.4142F;
  if (face.shape == SignShape::kCircle) corners = 12, turn = 0, stretch = 1;
  if (face.shape == SignShape::kOctagon) corners = 8, turn = kPi / 8, stretch = 1.0824F;
  if (face.shape == SignShape::kTriangle) corners = 3, turn = kPi / 2, stretch = 1.1F;
  const std::uint32_t middle = builder.vertex(center, {0, 0, -1}, {});
  for (std::size_t i = 0; i < corners; ++i) {
    const float a = turn + 2 * kPi * static_cast<float>(i) / static_cast<float>(corners);
    outline[i] = Vec3{std::cos(a), std::sin(a), 0} * stretch;
    builder.vertex(center + Vec3{outline[i].x * w, outline[i].y * h, 0}, {0, 0, -1}, outline[i]);
  }
  for (std::size_t i = 0; i < corners; ++i) {
    builder.triangle(middle, middle + 1 + static_cast<std::uint32_t>(i),
                     middle + 1 + static_cast<std::uint32_t>((i + 1) % corners));
  }
}

void add_signal(Scene& scene, MeshBuilder& builder, Vec3 center, int lamp, Dice& dice) {
  Material box = plain(street::kSign, {0.02F, 0.022F, 0.022F}, dice);
  builder.set_material(scene.add(box));
  builder.box(center + Vec3{-0.17F, -0.46F, 0.02F}, center + Vec3{0.17F, 0.46F, 0.26F});
  SignFace face;
  face.shape = SignShape::kTrafficLight;
  face.field = {0.018F, 0.02F, 0.02F};
  face.lamp = lamp;
  add_plate(scene, builder, face, center, 0.17F, 0.46F);
}

}  // namespace

void add_lamp_post(Scene& scene, const Frame& frame, float height, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  builder.set_material(post_material(scene, dice));
  const float radius = dice.uniform(0.05F, 0.1F);
  builder.tube({0, -0.3F, 0}, {0, 0.9F, 0}, 1.5F * radius, 1.4F * radius, 7);
  builder.tube({0, 0.8F, 0}, {0, height, 0}, radius, 0.6F * radius, 7);
  if (dice.chance(0.25F)) {  // an old lantern on top
    builder.bevelled_box({-0.2F, height, -0.2F}, {0.2F, height + 0.5F, 0.2F}, 0.08F);
    return;
  }
  const float reach = dice.uniform(0.6F, 2.4F);
  const float rise = dice.uniform(0.1F, 0.6F);
  builder.tube({0, height, 0}, {0, height + rise, reach}, 0.6F * radius, 0.5F * radius, 6);
  builder.bevelled_box({-0.15F, height + rise - 0.06F, reach - 0.1F}, {0.15F, height + rise + 0.07F, reach + 0.6F},
                       0.04F);
}

void add_traffic_light(Scene& scene, const Frame& frame, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  const std::uint16_t post = post_material(scene, dice);
  builder.set_material(post);
  const bool gantry = dice.chance(0.35F);
  const int lamp = dice.integer(0, 2);
  const float height = gantry ? 5.6F : 3.4F;
  builder.tube({0, -0.3F, 0}, {0, height, 0}, 0.08F, 0.06F, 7);
  if (gantry) {
    const float reach = dice.uniform(2, 4.5F);
    builder.tube({0, 5.5F, 0}, {-reach, 5.7F, 0}, 0.06F, 0.05F, 6);
    add_signal(scene, builder, {-reach, 5.4F, -0.12F}, lamp, dice);
  }
  add_signal(scene, builder, {0, 2.75F, -0.14F}, lamp, dice);
}

void add_sign_post(Scene& scene, const Frame& frame, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  const std::uint16_t post = post_material(scene, dice);
  const std::uint16_t back = scene.add(plain(street::kSign, {0.3F, 0.3F, 0.31F}, dice));
  const int count = dice.chance(0.3F) ? 2 : 1;
  float y = dice.uniform(2.1F, 2.8F);
  const float low = y;
  for (int i = 0; i < count; ++i) {
    const SignFace face = draw_face(dice);
    const bool plate = face.shape == SignShape::kPlate;
    const float half = plate ? dice.uniform(0.3F, 0.8F) : dice.uniform(0.28F, 0.42F);
    const float tall = plate ? half * dice.uniform(0.25F, 0.6F) : half;
    const Vec3 center = {0, y + tall, -0.06F};
    add_plate(scene, builder, face, center, half, tall);
    builder.set_material(back);  // the bare back, slightly smaller
    if (face.shape == SignShape::kTriangle) {
      builder.triangle({-0.8F * half, center.y - 0.5F * tall, -0.05F}, {0.8F * half, center.y - 0.5F * tall, -0.05F},
                       {0, center.y + tall, -0.05F});
    } else if (plate || face.shape == SignShape::kSquare) {
      builder.quad({-half, center.y - tall, -0.05F}, {half, center.y - tall, -0.05F}, {half, center.y + tall, -0.05F},
                   {-half, center.y + tall, -0.05F});
    } else {
      builder.disc({0, center.y, -0.05F}, {0, 0, 1}, 0.97F * half, 10);
    }
    y += 2 * tall + 0.06F;
  }
  builder.set_material(post);
  builder.tube({0, -0.3F, 0}, {0, std::max(y, low + 0.6F), 0}, 0.035F, 0.035F, 6);
}

void add_bollard(Scene& scene, const Frame& frame, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  builder.set_material(post_material(scene, dice));
  builder.capsule({0, 0, 0}, {0, dice.uniform(0.7F, 1.0F), 0}, 0.07F, 0.06F, 8);
}

void add_mast(Scene& scene, const Frame& frame, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  Material wood = plain(street::kPole, dice.vary({0.12F, 0.09F, 0.07F}, 0.4F, 0.1F), dice);
  builder.set_material(scene.add(wood));
  const float height = dice.uniform(6.5F, 9.5F);
  builder.tube({0, -0.3F, 0}, {0, height, 0}, 0.14F, 0.1F, 8);
  builder.box({-0.9F, height - 0.8F, -0.06F}, {0.9F, height - 0.65F, 0.06F});
}

void add_clutter(Scene& scene, const Frame& frame, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  const Vec3 color =
      dice.vary({dice.uniform(0.03F, 0.25F), dice.uniform(0.03F, 0.22F), dice.uniform(0.03F, 0.2F)}, 0.2F, 0.1F);
  builder.set_material(scene.add(plain(kIgnore, color, dice)));
  const float kind = dice.uniform();
  if (kind < 0.4F) {
    builder.tube({0, 0, 0}, {0, 0.9F, 0}, 0.22F, 0.26F, 10);
    builder.disc({0, 0.9F, 0}, {0, 1, 0}, 0.26F, 10);
  } else if (kind < 0.75F) {
    builder.bevelled_box({-0.35F, 0, -0.3F}, {0.35F, dice.uniform(0.9F, 1.4F), 0.3F}, 0.05F);
  } else {
    builder.box({-0.8F, 0.4F, -0.22F}, {0.8F, 0.46F, 0.22F});
    builder.box({-0.8F, 0.5F, 0.2F}, {0.8F, 0.9F, 0.25F});
    for (const float x : {-0.6F, 0.6F}) builder.box({x - 0.04F, 0, -0.2F}, {x + 0.04F, 0.42F, 0.2F});
  }
}

void add_boundary(Scene& scene, const Frame& frame, Boundary kind, float length, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  Material m = plain(street::kWallFence, dice.vary({0.45F, 0.42F, 0.37F}, 0.5F, 0.1F), dice);
  const float height = dice.uniform(0.6F, 2.1F);
  switch (kind) {
    case Boundary::kBrickWall:
    case Boundary::kPlasterWall: {
      if (kind == Boundary::kBrickWall) {
        m.pattern = Pattern::kBrick;
        m.base = dice.vary(display_color(0.55F, 0.32F, 0.25F), 0.3F, 0.12F);
        m.third = m.base * 0.6F;
        m.second = {0.38F, 0.35F, 0.3F};
      }
      builder.set_material(scene.add(m));
      for (const float x : {-0.12F, 0.12F})
        builder.wall({x, -1, 0}, {x, -1, length}, {x, height, length}, {x, height, 0});
      for (const float z : {0.0F, length})
        builder.wall({-0.12F, -1, z}, {0.12F, -1, z}, {0.12F, height, z}, {-0.12F, height, z});
      Material cap = plain(street::kWallFence, m.second, dice);
      builder.set_material(scene.add(cap));
      builder.box({-0.17F, height, -0.05F}, {0.17F, height + 0.09F, length + 0.05F});
      return;
    }
    case Boundary::kBoardFence:
      m.pattern = Pattern::kPlanks;
      m.scale = 0.15F;
      m.base = dice.vary({0.2F, 0.13F, 0.08F}, 0.5F, 0.15F);
      m.second = m.base * 0.5F;
      builder.set_material(scene.add(m));
      builder.wall({0, -0.5F, 0}, {0, -0.5F, length}, {0, 1.1F + 0.4F * height, length}, {0, 1.1F + 0.4F * height, 0});
      return;
    case Boundary::kGuardRail:
      m.base = {0.4F, 0.41F, 0.42F};
      builder.set_material(scene.add(m));
      builder.bevelled_box({-0.05F, 0.45F, 0}, {0.05F, 0.75F, length}, 0.03F);
      for (float z = 0.5F; z < length; z += 2) builder.box({-0.04F, -0.3F, z}, {0.04F, 0.6F, z + 0.08F});
      return;
    case Boundary::kPicketFence:
    case Boundary::kRailing:
      break;
  }
  const bool picket = kind == Boundary::kPicketFence;
  const float top = picket ? 0.7F + 0.3F * height : 0.9F + 0.3F * height;
  m.base = picket ? dice.vary({0.5F, 0.47F, 0.42F}, 0.5F, 0.1F) : dice.vary({0.05F, 0.055F, 0.05F}, 0.6F, 0.1F);
  builder.set_material(scene.add(m));
  const float step = picket ? 0.14F : 0.16F;
  const float bar = picket ? 0.09F : 0.028F;
  for (const float y : {0.2F, top - 0.15F}) builder.box({-0.02F, y, 0}, {0.02F, y + 0.05F, length});
  for (float z = 0; z < length; z += step) builder.box({-0.015F, 0, z}, {0.015F, top, z + bar});
  for (float z = 0; z <= length; z += 2.4F) builder.box({-0.06F, -0.3F, z - 0.06F}, {0.06F, top + 0.08F, z + 0.06F});
}

}  // namespace edgemoe::scenes
