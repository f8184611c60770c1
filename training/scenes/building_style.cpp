// The choice of a building's measures, materials and windows.
#include <array>

#include "scenes/building.h"

namespace edgemoe::scenes {
namespace {

const std::array<Vec3, 14> kPlasters = {
    display_color(0.88F, 0.86F, 0.8F),  display_color(0.85F, 0.78F, 0.62F), display_color(0.78F, 0.66F, 0.48F),
    display_color(0.76F, 0.55F, 0.42F), display_color(0.7F, 0.72F, 0.66F),  display_color(0.62F, 0.6F, 0.56F),
    display_color(0.8F, 0.72F, 0.68F),  display_color(0.65F, 0.7F, 0.75F),  display_color(0.92F, 0.91F, 0.88F),
    display_color(0.5F, 0.48F, 0.46F),  display_color(0.74F, 0.5F, 0.36F),  display_color(0.68F, 0.64F, 0.5F),
    display_color(0.58F, 0.42F, 0.35F), display_color(0.82F, 0.82F, 0.84F)};
const std::array<Vec3, 7> kBricks = {display_color(0.55F, 0.3F, 0.23F),  display_color(0.62F, 0.4F, 0.3F),
                                     display_color(0.45F, 0.27F, 0.22F), display_color(0.68F, 0.55F, 0.4F),
                                     display_color(0.4F, 0.35F, 0.32F),  display_color(0.7F, 0.62F, 0.5F),
                                     display_color(0.5F, 0.36F, 0.3F)};
const std::array<Vec3, 6> kStones = {display_color(0.66F, 0.62F, 0.54F), display_color(0.58F, 0.56F, 0.53F),
                                     display_color(0.74F, 0.69F, 0.58F), display_color(0.5F, 0.48F, 0.45F),
                                     display_color(0.6F, 0.52F, 0.44F),  display_color(0.7F, 0.69F, 0.67F)};
const std::array<Vec3, 7> kRoofs = {display_color(0.48F, 0.26F, 0.2F), display_color(0.4F, 0.22F, 0.18F),
                                    display_color(0.3F, 0.3F, 0.32F),  display_color(0.22F, 0.22F, 0.24F),
                                    display_color(0.38F, 0.33F, 0.3F), display_color(0.58F, 0.36F, 0.27F),
                                    display_color(0.42F, 0.45F, 0.46F)};
const std::array<Vec3, 8> kAccents = {display_color(0.6F, 0.12F, 0.12F), display_color(0.12F, 0.25F, 0.45F),
                                      display_color(0.1F, 0.32F, 0.2F),  display_color(0.12F, 0.12F, 0.13F),
                                      display_color(0.8F, 0.75F, 0.65F), display_color(0.75F, 0.5F, 0.12F),
                                      display_color(0.35F, 0.2F, 0.14F), display_color(0.3F, 0.4F, 0.45F)};

WallKind draw_wall_kind(float density, int floors, Dice& dice) {
  const float roll = dice.uniform();
  if (floors >= 5 && roll < 0.22F * density) return WallKind::kCurtain;
  if (floors >= 3 && roll < 0.36F) return dice.chance(0.5F) ? WallKind::kConcrete : WallKind::kPanels;
  if (floors <= 3 && roll < 0.1F) return WallKind::kTimber;
  if (floors <= 2 && roll < 0.2F) return WallKind::kSiding;
  if (roll < 0.58F) return WallKind::kBrick;
  return roll < 0.72F ? WallKind::kStone : WallKind::kPlaster;
}

Vec3 draw_wall_color(WallKind kind, Dice& dice) {
  switch (kind) {
    case WallKind::kBrick:
      return dice.vary(dice.pick(kBricks), 0.2F, 0.08F);
    case WallKind::kStone:
    case WallKind::kConcrete:
    case WallKind::kPanels:
      return dice.vary(dice.pick(kStones), 0.25F, 0.06F);
    default:
      return dice.vary(dice.pick(kPlasters), 0.15F, 0.06F);
  }
}

void draw_windows(FacadeStyle& s, Dice& dice) {
  s.bay_width = dice.uniform(1.7F, 4.2F);
  s.window_width = std::min(s.bay_width * dice.uniform(0.32F, 0.75F), 2.6F);
  s.sill = dice.chance(0.2F) ? 0.1F : dice.uniform(0.7F, 1.05F);
  s.window_height = std::min(s.floor_height - s.sill - 0.35F, dice.uniform(1.1F, 2.2F));
  s.panes = s.window_width > 1.5F ? dice.integer(2, 4) : dice.integer(1, 2);
  s.arched = dice.chance(0.08F);
  s.trim = dice.chance(0.55F) ? dice.uniform(0.06F, 0.2F) : 0.0F;
  s.shutters = dice.chance(0.15F) ? dice.uniform(0.5F, 1.0F) : 0.0F;
  s.blank = dice.chance(0.3F) ? dice.uniform(0, 0.3F) : 0.0F;
  s.band = dice.chance(0.25F) ? dice.uniform(0.1F, 0.3F) : 0.0F;
  const float frame = dice.uniform();
  s.frame = frame < 0.55F   ? Vec3{0.72F, 0.71F, 0.68F}
            : frame < 0.75F ? Vec3{0.05F, 0.05F, 0.055F}
                            : dice.vary({0.14F, 0.08F, 0.05F}, 0.4F, 0.2F);
  s.glass = dice.vary({0.022F, 0.026F, 0.03F}, 0.6F, 0.2F);
}

}  // namespace

BuildingPlan draw_building(float width, int floors, float density, Range lit_windows, Dice& dice) {
  BuildingPlan plan;
  plan.seed = dice.split().seed32();
  plan.width = width;
  plan.depth = dice.uniform(7, 14);
  FacadeStyle& s = plan.front;
  s.seed = dice.seed32();
  s.wall_kind = draw_wall_kind(density, floors, dice);
  s.wall = draw_wall_color(s.wall_kind, dice);
  s.detail = s.wall_kind == WallKind::kTimber ? dice.vary({0.06F, 0.04F, 0.03F}, 0.4F, 0.1F)
             : dice.chance(0.5F)              ? dice.vary({0.55F, 0.53F, 0.48F}, 0.3F, 0.04F)
                                              : s.wall * dice.uniform(0.6F, 1.3F);
  if (s.wall_kind == WallKind::kBrick) s.detail = dice.vary({0.4F, 0.37F, 0.32F}, 0.4F, 0.05F);
  s.accent = dice.vary(dice.pick(kAccents), 0.25F, 0.1F);
  s.door = dice.vary(dice.pick(kAccents), 0.3F, 0.1F);
  s.ground_wall = dice.chance(0.4F) ? dice.vary(dice.pick(kStones), 0.3F, 0.05F) : s.wall * dice.uniform(0.5F, 1.1F);
  s.floor_height = dice.uniform(2.7F, 3.6F);
  s.width = width;
  s.dirt = dice.uniform(0, 0.7F);
  s.lit = dice.in(lit_windows);
  draw_windows(s, dice);
  const float ground = dice.uniform();
  const float shops = 0.1F + 0.55F * density;
  s.ground_floor = ground < shops           ? GroundFloor::kShop
                   : ground < shops + 0.07F ? GroundFloor::kGarage
                   : ground < shops + 0.11F ? GroundFloor::kArcade
                                            : GroundFloor::kSame;
  s.ground_height =
      s.ground_floor == GroundFloor::kShop ? dice.uniform(3.4F, 4.6F) : s.floor_height + dice.uniform(0, 0.5F);
  if (dice.chance(0.05F)) {  // a hall: high, few windows
    s.ground_floor = dice.chance(0.5F) ? GroundFloor::kGarage : GroundFloor::kBlank;
    s.blank = 0.7F;
  }
  plan.height = s.ground_height + s.floor_height * to_float(floors - 1) + dice.uniform(0.1F, 0.9F);
  s.height = plan.height;
  plan.side = s;
  plan.side.width = plan.depth;
  plan.side.blank = dice.chance(0.5F) ? 1.0F : dice.uniform(0.2F, 0.7F);
  plan.side.ground_floor = GroundFloor::kBlank;
  plan.side.ground_wall = s.wall;
  plan.side.seed = s.seed + 17;
  if (s.wall_kind != WallKind::kCurtain && dice.chance(0.35F)) plan.side.wall_kind = WallKind::kPlaster;
  plan.roof_color = dice.vary(dice.pick(kRoofs), 0.25F, 0.08F);
  const bool flat =
      s.wall_kind == WallKind::kCurtain || s.wall_kind == WallKind::kPanels || dice.chance(0.12F + 0.35F * density);
  const float shape = dice.uniform();
  plan.roof = flat            ? Roof::kFlat
              : shape < 0.5F  ? Roof::kGableAlong
              : shape < 0.72F ? Roof::kGableAcross
              : shape < 0.88F ? Roof::kHip
                              : Roof::kMansard;
  const float span = plan.roof == Roof::kGableAcross ? plan.width : plan.depth;
  plan.roof_rise = std::min(span * dice.uniform(0.22F, 0.55F), 7.0F);
  plan.balconies = floors >= 3 && dice.chance(0.25F);
  plan.awning = s.ground_floor == GroundFloor::kShop && dice.chance(0.4F);
  plan.relief = dice.chance(0.5F);
  plan.chimneys = flat ? 0 : dice.integer(0, 2);
  plan.dormers = plan.roof == Roof::kGableAlong && dice.chance(0.35F) ? dice.integer(1, 3) : 0;
  return plan;
}

}  // namespace edgemoe::scenes
