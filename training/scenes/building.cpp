#include "scenes/building.h"

namespace edgemoe::scenes {
namespace {

struct BuildingMaterials {
  std::uint16_t front, side, roof, trim, accent, dark;
};

BuildingMaterials make_materials(Scene& scene, const BuildingPlan& plan) {
  const auto facade = [&](const FacadeStyle& style) {
    scene.facades.push_back(style);
    Material m;
    m.pattern = Pattern::kFacade;
    m.label = street::kBuilding;
    m.style = static_cast<std::uint32_t>(scene.facades.size() - 1);
    return scene.add(m);
  };
  const auto plain = [&](Vec3 color) {
    Material m;
    m.label = street::kBuilding;
    m.base = color;
    m.second = color * 0.6F;
    m.contrast = 0.6F;
    m.seed = static_cast<std::uint32_t>(plan.seed);
    return m;
  };
  BuildingMaterials materials{};
  materials.front = facade(plan.front);
  materials.side = facade(plan.side);
  Material roof = plain(plan.roof_color);
  roof.pattern = Pattern::kTiles;
  roof.scale = 0.3F;
  roof.second = plan.roof_color * 0.4F;
  materials.roof = scene.add(roof);
  materials.trim = scene.add(plain(plan.front.detail));
  Material accent = plain(plan.front.accent);
  accent.pattern = Pattern::kStripes;
  accent.scale = 0.25F;
  accent.second = plan.seed % 2 == 0 ? plan.front.accent : Vec3{0.7F, 0.69F, 0.65F};
  materials.accent = scene.add(accent);
  materials.dark = scene.add(plain({0.05F, 0.05F, 0.055F}));
  return materials;
}

/// Below this the walls go on, so that no slope shows a gap under them.
constexpr float kFoundation = -2;

void add_walls(MeshBuilder& builder, const BuildingMaterials& materials, const BuildingPlan& plan) {
  const float x = 0.5F * plan.width;
  const float d = plan.depth;
  const float h = plan.height;
  const Vec3 below = {0, kFoundation, 0};
  builder.set_material(materials.front);
  builder.wall({-x, kFoundation, 0}, {x, kFoundation, 0}, {x, h, 0}, {-x, h, 0}, below);
  builder.set_material(materials.side);
  builder.wall({x, kFoundation, 0}, {x, kFoundation, d}, {x, h, d}, {x, h, 0}, below);
  builder.wall({-x, kFoundation, d}, {-x, kFoundation, 0}, {-x, h, 0}, {-x, h, d}, below);
  builder.wall({x, kFoundation, d}, {-x, kFoundation, d}, {-x, h, d}, {x, h, d}, below);
}

/// Two slopes that meet in a ridge along x (`turned` false) or z, with their gable walls.
void add_gable(MeshBuilder& builder, const BuildingMaterials& materials, const BuildingPlan& plan, bool turned) {
  const float x = 0.5F * plan.width;
  const float d = plan.depth;
  const float h = plan.height;
  const float top = h + plan.roof_rise;
  constexpr float kEaves = 0.35F;
  const float drop = kEaves * plan.roof_rise / (turned ? x : 0.5F * d);
  builder.set_material(materials.roof);
  if (!turned) {
    builder.wall({-x - 0.15F, h - drop, -kEaves}, {x + 0.15F, h - drop, -kEaves}, {x + 0.15F, top, 0.5F * d},
                 {-x - 0.15F, top, 0.5F * d});
    builder.wall({x + 0.15F, h - drop, d + kEaves}, {-x - 0.15F, h - drop, d + kEaves}, {-x - 0.15F, top, 0.5F * d},
                 {x + 0.15F, top, 0.5F * d});
    builder.set_material(materials.side);
    for (const float side : {-x, x}) builder.triangle({side, h, 0}, {side, h, d}, {side, top, 0.5F * d});
    builder.set_material(materials.trim);  // gutter
    builder.box({-x, h - drop - 0.12F, -kEaves - 0.1F}, {x, h - drop, -kEaves});
    return;
  }
  builder.wall({x + kEaves, h - drop, -0.2F}, {x + kEaves, h - drop, d}, {0, top, d}, {0, top, -0.2F});
  builder.wall({-x - kEaves, h - drop, d}, {-x - kEaves, h - drop, -0.2F}, {0, top, -0.2F}, {0, top, d});
  builder.set_material(materials.front);
  for (const float z : {0.0F, d}) {
    const Vec3 origin = {x, 0, 0};
    const auto corner = [&](Vec3 p) { return builder.vertex(p, {0, 0, 1}, Vec3{p.x, p.y, 0} + origin); };
    const std::uint32_t a = corner({-x, h, z});
    const std::uint32_t b = corner({x, h, z});
    builder.triangle(a, b, corner({0, top, z}));
  }
}

void add_hip(MeshBuilder& builder, const BuildingMaterials& materials, const BuildingPlan& plan, float inset,
             float rise) {
  constexpr float kEaves = 0.3F;
  const float x = 0.5F * plan.width + kEaves;
  const float z0 = -kEaves;
  const float z1 = plan.depth + kEaves;
  const float h = plan.height - 0.05F;
  const float i = std::min({inset, x - 0.1F, 0.5F * (z1 - z0) - 0.05F});
  const float t = h + rise;
  builder.set_material(materials.roof);
  builder.wall({-x, h, z0}, {x, h, z0}, {x - i, t, z0 + i}, {-x + i, t, z0 + i});
  builder.wall({x, h, z1}, {-x, h, z1}, {-x + i, t, z1 - i}, {x - i, t, z1 - i});
  builder.wall({x, h, z0}, {x, h, z1}, {x - i, t, z1 - i}, {x - i, t, z0 + i});
  builder.wall({-x, h, z1}, {-x, h, z0}, {-x + i, t, z0 + i}, {-x + i, t, z1 - i});
  builder.quad({-x + i, t, z0 + i}, {x - i, t, z0 + i}, {x - i, t, z1 - i}, {-x + i, t, z1 - i});
  builder.set_material(materials.trim);
  builder.box({-x, h - 0.15F, z0}, {x, h, z1});
}

void add_flat_roof(MeshBuilder& builder, const BuildingMaterials& materials, const BuildingPlan& plan, Dice& dice) {
  const float x = 0.5F * plan.width;
  const float h = plan.height;
  builder.set_material(materials.dark);
  builder.quad({-x, h - 0.05F, 0}, {x, h - 0.05F, 0}, {x, h - 0.05F, plan.depth}, {-x, h - 0.05F, plan.depth});
  builder.set_material(materials.trim);
  const float out = dice.uniform(0.0F, 0.35F);
  builder.box({-x, h - 0.1F, -out}, {x, h + dice.uniform(0.2F, 0.6F), 0.15F});
  builder.set_material(materials.side);
  if (dice.chance(0.6F)) {  // plant room
    const float w = 0.25F * plan.width;
    const float shift = dice.uniform(-0.5F, 0.5F) * w;
    builder.box({shift - w, h, 0.4F * plan.depth}, {shift + w, h + dice.uniform(1.5F, 3.0F), 0.8F * plan.depth});
  }
}

void add_roof(MeshBuilder& builder, const BuildingMaterials& materials, const BuildingPlan& plan, Dice& dice) {
  switch (plan.roof) {
    case Roof::kFlat:
      add_flat_roof(builder, materials, plan, dice);
      break;
    case Roof::kGableAlong:
    case Roof::kGableAcross:
      add_gable(builder, materials, plan, plan.roof == Roof::kGableAcross);
      break;
    case Roof::kHip:
      add_hip(builder, materials, plan, 20, plan.roof_rise);
      break;
    case Roof::kMansard:
      add_hip(builder, materials, plan, 1.0F, 2.6F);
      break;
  }
  builder.set_material(materials.side);
  for (int i = 0; i < plan.chimneys; ++i) {
    const float x = dice.uniform(-0.42F, 0.42F) * plan.width;
    const float z = plan.depth * dice.uniform(0.35F, 0.65F);
    builder.box({x - 0.35F, plan.height, z - 0.3F},
                {x + 0.35F, plan.height + plan.roof_rise + dice.uniform(0.5F, 1.4F), z + 0.3F});
  }
  for (int i = 0; i < plan.dormers; ++i) {
    const float x = ((to_float(i) + 0.5F) / to_float(plan.dormers) - 0.5F) * plan.width * 0.8F;
    const float base = plan.height + 0.25F * plan.roof_rise;
    const float z = 0.125F * plan.depth;
    builder.set_material(materials.trim);
    builder.box({x - 0.75F, base, z}, {x + 0.75F, base + 1.2F, 0.45F * plan.depth});
    builder.set_material(materials.dark);
    builder.quad({x - 0.55F, base + 0.2F, z - 0.02F}, {x + 0.55F, base + 0.2F, z - 0.02F},
                 {x + 0.55F, base + 1.05F, z - 0.02F}, {x - 0.55F, base + 1.05F, z - 0.02F});
    builder.set_material(materials.roof);
    builder.quad({x - 0.9F, base + 1.15F, z - 0.2F}, {x, base + 1.75F, z - 0.2F}, {x, base + 1.75F, 0.5F * plan.depth},
                 {x - 0.9F, base + 1.15F, 0.5F * plan.depth});
    builder.quad({x + 0.9F, base + 1.15F, z - 0.2F}, {x, base + 1.75F, z - 0.2F}, {x, base + 1.75F, 0.5F * plan.depth},
                 {x + 0.9F, base + 1.15F, 0.5F * plan.depth});
  }
}

void add_balconies(MeshBuilder& builder, const BuildingMaterials& materials, const BuildingPlan& plan, Dice& dice) {
  const FacadeStyle& s = plan.front;
  const int columns = std::max(1, floor_int(s.width / s.bay_width));
  const float bay = s.width / to_float(columns);
  const float half = 0.46F * bay;
  const float out = dice.uniform(0.8F, 1.5F);
  const int every = dice.integer(1, 3);
  const bool solid = dice.chance(0.4F);
  for (int column = dice.integer(0, 1); column < columns; column += every) {
    const float x = (to_float(column) + 0.5F) * bay - 0.5F * s.width;
    for (float y = s.ground_height; y + s.floor_height <= s.height + 0.3F; y += s.floor_height) {
      builder.set_material(materials.trim);
      builder.box({x - half, y - 0.08F, -out}, {x + half, y + 0.08F, 0.05F});
      if (solid) {
        builder.box({x - half, y, -out}, {x + half, y + 0.95F, -out + 0.08F});
        continue;
      }
      builder.set_material(materials.dark);
      builder.box({x - half, y + 0.92F, -out}, {x + half, y + 0.98F, -out + 0.05F});
      for (float bar = -half; bar <= half; bar += 0.22F) {
        builder.box({x + bar, y, -out}, {x + bar + 0.03F, y + 0.95F, -out + 0.03F});
      }
    }
  }
}

void add_relief(MeshBuilder& builder, const BuildingMaterials& materials, const BuildingPlan& plan) {
  const float x = 0.5F * plan.width;
  builder.set_material(materials.trim);
  builder.box({-x, plan.front.ground_height - 0.12F, -0.14F}, {x, plan.front.ground_height + 0.08F, 0});
  builder.box({-x, plan.height - 0.3F, -0.22F}, {x, plan.height - 0.05F, 0});
  builder.set_material(materials.dark);  // rain pipe
  builder.tube({x - 0.15F, 0, -0.09F}, {x - 0.15F, plan.height - 0.2F, -0.09F}, 0.05F, 0.05F, 5);
}

void add_awning(MeshBuilder& builder, const BuildingMaterials& materials, const BuildingPlan& plan, Dice& dice) {
  const float y = plan.front.ground_height - 0.95F;
  const float half = plan.width * dice.uniform(0.2F, 0.46F);
  const float out = dice.uniform(0.8F, 1.8F);
  builder.set_material(materials.accent);
  builder.quad({-half, y, -0.02F}, {half, y, -0.02F}, {half, y - 0.55F, -out}, {-half, y - 0.55F, -out});
  builder.quad({-half, y - 0.55F, -out}, {half, y - 0.55F, -out}, {half, y - 0.8F, -out}, {-half, y - 0.8F, -out});
}

}  // namespace

void add_building(Scene& scene, const Frame& frame, const BuildingPlan& plan) {
  Dice dice(plan.seed);
  const BuildingMaterials materials = make_materials(scene, plan);
  MeshBuilder builder(scene.mesh, frame);
  add_walls(builder, materials, plan);
  add_roof(builder, materials, plan, dice);
  if (plan.balconies) add_balconies(builder, materials, plan, dice);
  if (plan.relief) add_relief(builder, materials, plan);
  if (plan.awning) add_awning(builder, materials, plan, dice);
}

}  // namespace edgemoe::scenes
