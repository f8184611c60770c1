#include "scenes/vegetation.h"

#include <array>

namespace edgemoe::scenes {
namespace {

const std::array<Vec3, 6> kGreens = {display_color(0.27F, 0.36F, 0.14F), display_color(0.2F, 0.3F, 0.14F),
                                     display_color(0.35F, 0.42F, 0.2F),  display_color(0.16F, 0.25F, 0.15F),
                                     display_color(0.4F, 0.45F, 0.22F),  display_color(0.24F, 0.33F, 0.22F)};
const std::array<Vec3, 4> kAutumn = {display_color(0.62F, 0.42F, 0.14F), display_color(0.55F, 0.27F, 0.12F),
                                     display_color(0.66F, 0.56F, 0.2F), display_color(0.4F, 0.28F, 0.16F)};

std::uint16_t leaf_material(Scene& scene, const Flora& flora, Dice& dice) {
  Material leaves;
  leaves.pattern = Pattern::kFoliage;
  leaves.label = street::kVegetation;
  const Vec3 color = dice.chance(flora.autumn) ? dice.pick(kAutumn) : dice.pick(kGreens);
  leaves.base = dice.vary(color * 0.75F, 0.25F, 0.12F);
  leaves.second = dice.vary(color * 1.5F, 0.2F, 0.12F);
  leaves.seed = dice.seed32();
  return scene.add(leaves);
}

/// Leaves in an ellipsoid: cards of random turn, most near its surface. Their normals lean outwards, as light falls on
/// a crown as a whole. The same stream makes the same first leaves for any `count`.
void add_leaves(MeshBuilder& builder, Vec3 center, Vec3 radii, int count, float size, Dice dice) {
  for (int i = 0; i < count; ++i) {
    const float cos_theta = dice.uniform(-1, 1);
    const float phi = dice.uniform(0, 2 * kPi);
    const float sin_theta = std::sqrt(std::max(0.0F, 1 - cos_theta * cos_theta));
    const Vec3 out = {sin_theta * std::cos(phi), cos_theta, sin_theta * std::sin(phi)};
    const float inwards = 0.45F * dice.uniform();
    const float depth = 1.06F - inwards * dice.uniform();
    const Vec3 middle = center + out * radii * depth;
    const Vec3 turn = normalize(Vec3{dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(-1, 1)} + out * 0.6F);
    Vec3 t;
    Vec3 b;
    tangents(turn, t, b);
    const float s = size * dice.uniform(0.6F, 1.3F);
    const float skew = dice.uniform(-0.5F, 0.5F);
    const Vec3 normal = normalize(normalize({out.x / radii.x, out.y / radii.y, out.z / radii.z}) + turn * 0.5F);
    const std::array<Vec3, 4> corners = {middle - t * s, middle + b * (s * (0.6F + skew)), middle + t * (s * 0.9F),
                                         middle - b * (s * (0.6F - skew))};
    std::array<std::uint32_t, 4> ids{};
    for (std::size_t k = 0; k < 4; ++k) ids[k] = builder.vertex(corners[k], normal, corners[k]);
    builder.triangle(ids[0], ids[1], ids[2]);
    builder.triangle(ids[0], ids[2], ids[3]);
  }
}

struct LeafDetail {
  float count_scale;
  float size_scale;
};

LeafDetail leaf_detail(float distance) {
  const float far = std::clamp(distance / 14, 0.3F, 8.0F);
  return {1 / (far * std::sqrt(far)), std::pow(far, 0.75F)};
}

/// A blob of leaves around a dark core that stops the view through it.
void add_blob(MeshBuilder& builder, Vec3 center, Vec3 radii, float distance, float density, Dice dice) {
  const LeafDetail detail = leaf_detail(distance);
  const float surface = 4 * kPi * std::pow(radii.x * radii.y * radii.z, 2.0F / 3.0F);
  const float size = 0.16F * detail.size_scale;
  const int count = static_cast<int>(std::clamp(density * surface / (size * size), 14.0F, 1500.0F));
  builder.ellipsoid(center, radii * 0.6F, 7, 5);
  add_leaves(builder, center, radii, count, size, dice);
}

std::uint16_t bark_material(Scene& scene, Dice& dice) {
  Material bark;
  bark.label = street::kVegetation;
  bark.base = dice.vary(display_color(0.36F, 0.31F, 0.26F), 0.4F, 0.1F);
  bark.second = bark.base * 0.4F;
  bark.contrast = 0.8F;
  bark.seed = dice.seed32();
  return scene.add(bark);
}

void add_branches(MeshBuilder& builder, Vec3 from, Vec3 direction, float length, float radius, int depth, Dice& dice) {
  const Vec3 to = from + direction * length;
  builder.tube(from, to, radius, radius * 0.65F, depth > 1 ? 5 : 3);
  if (depth == 0) return;
  const int forks = dice.integer(2, 3);
  for (int i = 0; i < forks; ++i) {
    const Vec3 bend = {dice.uniform(-0.8F, 0.8F), dice.uniform(-0.1F, 0.5F), dice.uniform(-0.8F, 0.8F)};
    add_branches(builder, to, normalize(direction + bend), length * dice.uniform(0.6F, 0.85F), radius * 0.6F, depth - 1,
                 dice);
  }
}

void add_conifer(MeshBuilder& builder, float height, float distance, Dice& dice) {
  const int tiers = dice.integer(5, 8);
  const float base = height * dice.uniform(0.05F, 0.2F);
  const float spread = height * dice.uniform(0.14F, 0.24F);
  for (int i = 0; i < tiers; ++i) {
    const float t = to_float(i) / to_float(tiers);
    const float r = spread * (1.05F - t);
    const float tier = (height - base) / to_float(tiers);
    add_blob(builder, {0, base + (t * to_float(tiers) + 0.5F) * tier, 0}, {r, 0.75F * tier, r}, distance, 0.8F,
             dice.split());
  }
}

}  // namespace

void add_tree(Scene& scene, const Frame& frame, float height, float distance, const Flora& flora, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  const std::uint16_t leaves = leaf_material(scene, flora, dice);
  const std::uint16_t bark = bark_material(scene, dice);
  const float kind = dice.uniform();
  const float trunk_radius = height * dice.uniform(0.013F, 0.026F);
  const float bole = height * dice.uniform(0.2F, 0.42F);
  const Vec3 fork = {dice.uniform(-0.04F, 0.04F) * height, bole, dice.uniform(-0.04F, 0.04F) * height};
  builder.set_material(bark);
  if (dice.chance(flora.bare)) {
    add_branches(builder, {0, -0.2F, 0}, {0, 1, 0}, bole, trunk_radius, distance < 30 ? 5 : 4, dice);
    return;
  }
  if (kind < 0.14F) {
    builder.tube({0, -0.2F, 0}, {0, 0.6F * height, 0}, trunk_radius, 0.3F * trunk_radius, 6);
    builder.set_material(leaves);
    add_conifer(builder, height, distance, dice);
    return;
  }
  builder.tube({0, -0.2F, 0}, fork, trunk_radius * 1.2F, trunk_radius * 0.8F, 7);
  // A crown of blobs around the fork's branches, wide or tall.
  const float half_height = 0.5F * (height - bole * 0.85F);
  const float half_width = half_height * (kind < 0.3F ? dice.uniform(0.35F, 0.55F) : dice.uniform(0.75F, 1.15F));
  const Vec3 middle = {fork.x, height - half_height, fork.z};
  const int blobs = distance < 45 ? dice.integer(7, 12) : dice.integer(5, 8);
  const float density = dice.uniform(0.28F, 0.6F);
  for (int i = 0; i < blobs; ++i) {
    const float phi = 2.4F * to_float(i) + dice.uniform(-0.5F, 0.5F);
    const float level = (to_float(i) + dice.uniform(0.1F, 0.9F)) / to_float(blobs) * 2 - 1;
    const float ring = std::sqrt(std::max(0.0F, 1 - level * level)) * dice.uniform(0.35F, 0.75F);
    const Vec3 center = middle + Vec3{ring * half_width * std::cos(phi), level * half_height * 0.72F,
                                      ring * half_width * std::sin(phi)};
    const float size = dice.uniform(0.32F, 0.56F);
    builder.set_material(bark);
    builder.tube(fork, center, trunk_radius * 0.45F, trunk_radius * 0.15F, 4);
    builder.set_material(leaves);
    add_blob(builder, center, {size * half_width, size * half_height * 0.85F, size * half_width}, distance, density,
             dice.split());
  }
}

void add_bush(Scene& scene, const Frame& frame, Vec3 radii, float distance, const Flora& flora, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  builder.set_material(leaf_material(scene, flora, dice));
  const int blobs = dice.integer(2, 5);
  for (int i = 0; i < blobs; ++i) {
    const Vec3 center = {dice.uniform(-0.5F, 0.5F) * radii.x, radii.y * dice.uniform(0.4F, 0.7F),
                         dice.uniform(-0.5F, 0.5F) * radii.z};
    const Dice looks = dice.split();
    add_blob(builder, center, radii * dice.uniform(0.45F, 0.75F), distance, 0.5F, looks);
  }
}

void add_hedge(Scene& scene, const Frame& frame, float length, float width, float height, float distance, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  builder.set_material(leaf_material(scene, {}, dice));
  const float half = 0.5F * width;
  builder.box({-half * 0.92F, -0.1F, 0}, {half * 0.92F, height * 0.96F, length});
  const LeafDetail detail = leaf_detail(distance);
  const float size = 0.1F * detail.size_scale;
  const float area = length * (2 * height + width);
  const int count = static_cast<int>(std::min(0.35F * area / (size * size), 5000.0F));
  for (int i = 0; i < count; ++i) {
    const float around = dice.uniform(0, 2 * height + width);
    Vec3 p = {0, 0, dice.uniform(0, length)};
    Vec3 out = {0, 1, 0};
    if (around < height) {
      p.x = -half, p.y = around, out = {-1, 0, 0};
    } else if (around < height + width) {
      p.x = around - height - half, p.y = height;
    } else {
      p.x = half, p.y = around - height - width, out = {1, 0, 0};
    }
    const Vec3 turn = normalize(Vec3{dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(-1, 1)} + out * 0.6F);
    Vec3 t;
    Vec3 b;
    tangents(turn, t, b);
    const float s = size * dice.uniform(0.6F, 1.4F);
    const Vec3 normal = normalize(out + turn * 0.5F);
    const std::uint32_t first = builder.vertex(p - t * s, normal, p);
    builder.vertex(p + b * s, normal, p + b * s);
    builder.vertex(p + t * s, normal, p + t * s);
    builder.triangle(first, first + 1, first + 2);
  }
}

}  // namespace edgemoe::scenes
