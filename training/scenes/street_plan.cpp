#include "scenes/street_plan.h"

namespace edgemoe::scenes {

StreetPlan plan_street(const StreetRanges& ranges, const StreetRequest& request, std::uint64_t seed) {
  Dice dice(seed);
  StreetPlan plan;
  plan.seed = dice.seed32();
  plan.extent = {-40, request.drive_length + request.length_ahead};
  plan.density = dice.in(ranges.density);
  plan_ground(plan, ranges, dice.split());
  plan_lots(plan, ranges, dice.split());
  plan_objects(plan, ranges, request, dice.split());
  return plan;
}

void plan_ground(StreetPlan& plan, const StreetRanges& ranges, Dice dice) {
  RoadCurve& curve = plan.curve;
  curve.swing_length = dice.uniform(45, 130);
  // The strongest bend has a radius of 60 m.
  const float bend_sign = dice.sign();
  const float strongest_bend = bend_sign * dice.in(ranges.curve);
  const float bend = strongest_bend * dice.uniform(0, 1);
  curve.swing = bend * curve.swing_length * curve.swing_length / 60;
  curve.swing = std::clamp(curve.swing, -0.55F * curve.swing_length, 0.55F * curve.swing_length);
  curve.swing_phase = dice.uniform(0, 2 * kPi);
  curve.hill_length = dice.uniform(60, 200);
  const float steepest = dice.in(ranges.slope);
  curve.hill = steepest * dice.uniform(0, 0.06F) * curve.hill_length;
  curve.hill_phase = dice.uniform(0, 2 * kPi);

  plan.lanes = dice.integer(ranges.lanes);
  plan.lane_width = dice.in(ranges.lane_width);
  plan.half_width = 0.5F * to_float(plan.lanes) * plan.lane_width + (plan.lanes == 1 ? 0.6F : 0.0F);
  plan.traffic_side = dice.chance(0.75F) ? 1.0F : -1.0F;
  plan.kerb = dice.uniform(0.05F, 0.16F);
  plan.pedestrian_zone = dice.chance(ranges.pedestrian_zone);
  if (plan.pedestrian_zone) {
    plan.kerb = 0.01F;
    plan.half_width = std::min(plan.half_width, 4.5F);
  }
  plan.road_surface = plan.pedestrian_zone          ? (dice.chance(0.5F) ? Surface::kSlabs : Surface::kCobbles)
                      : dice.chance(ranges.cobbles) ? Surface::kCobbles
                                                    : Surface::kAsphalt;
  plan.marking = plan.road_surface == Surface::kAsphalt ? dice.in(ranges.marking) : 0.0F;
  plan.wetness = dice.chance(0.3F) ? dice.in(ranges.wetness) : 0.0F;
  plan.flora = {dice.chance(0.25F) ? dice.uniform(0.2F, 1.0F) : 0.0F,
                dice.chance(0.15F) ? dice.uniform(0.3F, 1.0F) : 0.04F};
  for (const float sign : {-1.0F, 1.0F}) {
    StreetSide& side = plan.sides[sign > 0 ? 1 : 0];
    side.parking = plan.pedestrian_zone || !dice.chance(0.5F) ? 0.0F : dice.uniform(1.9F, 2.3F);
    side.verge = dice.chance(0.45F * (1 - plan.density)) ? dice.uniform(0.8F, 3.0F) : 0.0F;
    side.pavement = dice.in(ranges.pavement_width);
    side.setback = dice.chance(plan.density) ? dice.uniform(0, 0.4F) : dice.in(ranges.setback);
    side.paved_front = dice.chance(0.15F + 0.8F * plan.density);
    float s = plan.extent.low + dice.uniform(20, 120);
    while (s < plan.extent.high && dice.chance(ranges.side_street)) {
      side.side_streets.push_back({s, s + dice.uniform(5, 10)});
      s += dice.uniform(45, 140);
    }
    for (const Interval& street : side.side_streets) {
      if (dice.chance(0.4F)) plan.crossings.push_back(street.low - 3);
    }
  }
  if (!plan.pedestrian_zone && dice.chance(ranges.crossing)) {
    for (float s = dice.uniform(5, 45); s < plan.extent.high; s += dice.uniform(60, 160)) plan.crossings.push_back(s);
  }
  if (plan.pedestrian_zone) plan.crossings.clear();
}

namespace {

bool in_side_street(const StreetSide& side, float low, float high) {
  for (const Interval& street : side.side_streets) {
    if (low < street.high && high > street.low) return true;
  }
  return false;
}

/// Green or yard between houses: trees and bushes behind the pavement.
void plant_lot(StreetPlan& plan, float sign, Interval lot, float from_x, int trees, Dice& dice) {
  for (int i = 0; i < trees; ++i) {
    PlacedObject tree;
    const bool bush = dice.chance(0.35F);
    tree.kind = bush ? ObjectKind::kBush : ObjectKind::kTree;
    tree.x = sign * (from_x + dice.uniform(1.8F, 16));
    tree.s = dice.uniform(lot.low + 0.5F, lot.high - 0.5F);
    tree.size = bush ? dice.uniform(0.7F, 2.2F) : dice.uniform(4.5F, 15);
    tree.reach = 6;
    tree.seed = dice.split().seed32();
    plan.objects.push_back(tree);
  }
}

void add_lot_boundary(StreetPlan& plan, float sign, Interval lot, Dice& dice) {
  PlacedObject fence;
  const bool hedge = dice.chance(0.35F);
  fence.kind = hedge ? ObjectKind::kHedge : ObjectKind::kBoundary;
  fence.variant = dice.integer(0, 4);
  fence.x = sign * (plan.pavement_end(sign) + 0.25F);
  fence.s = lot.low + 0.3F;
  fence.size = lot.high - lot.low - 0.6F;
  fence.reach = fence.size;
  fence.seed = dice.split().seed32();
  if (fence.size > 2) plan.objects.push_back(fence);
}

void add_house(StreetPlan& plan, const StreetRanges& ranges, float sign, float s, float width, float back, Dice& dice) {
  const float low = ranges.floors.low;
  const float high = ranges.floors.high;
  const float usual = mix(low, high, clamp01(plan.density * 0.75F + 0.1F));
  const float floors = std::clamp(usual + dice.uniform(-1.5F, 1.5F), low, high);
  PlacedBuilding house;
  // A straight front behind a bent pavement: back by the sagitta of the bend over the front's width.
  const RoadCurve& curve = plan.curve;
  const float bend = std::fabs(curve.swing) / (curve.swing_length * curve.swing_length);
  house.x = sign * (plan.front_x(sign) + back + 0.125F * width * width * bend);
  house.s = s;
  house.turn = sign * 0.5F * kPi;
  house.plan = draw_building(width, static_cast<int>(floors + 0.5F), plan.density, ranges.lit_windows, dice);
  plan.buildings.push_back(house);
}

void plan_side_lots(StreetPlan& plan, const StreetRanges& ranges, float sign, Dice& dice) {
  const StreetSide& side = plan.side(sign);
  const float built = 0.42F + 0.5F * plan.density;
  const bool terraced = dice.chance(0.15F + 0.8F * plan.density);
  const float boundary = dice.in(ranges.boundary);
  float s = plan.extent.low;
  while (s < plan.extent.high) {
    const float width = dice.in(ranges.building_width);
    const Interval lot = {s, s + width};
    s += width + (terraced ? 0.0F : dice.uniform(1.0F, 9.0F));
    if (in_side_street(side, lot.low - 0.5F, lot.high + 0.5F)) {
      // Up to the corner, if that is wide enough for a house.
      for (const Interval& street : side.side_streets) {
        if (street.low > lot.low && street.low < lot.high) {
          const float left = street.low - 1.5F - lot.low;
          if (left > 5) add_house(plan, ranges, sign, lot.low + 0.5F * left, left, 0, dice);
          s = street.high + 1.5F;
        } else if (street.high > lot.low && street.low <= lot.low) {
          s = street.high + 1.5F;
        }
      }
      continue;
    }
    if (dice.chance(built)) {
      const float back = terraced ? 0.0F : dice.uniform(0, 2.5F);
      add_house(plan, ranges, sign, 0.5F * (lot.low + lot.high), width, back, dice);
      if (side.setback > 1.5F) {
        if (dice.chance(boundary)) add_lot_boundary(plan, sign, lot, dice);
        // A front garden has room for a bush or small tree.
        for (int i = dice.integer(0, 3); i > 0; --i) {
          PlacedObject bush;
          const bool tree = dice.chance(0.2F) && side.setback > 4;
          bush.kind = tree ? ObjectKind::kTree : ObjectKind::kBush;
          bush.size = tree ? dice.uniform(2.5F, 5) : dice.uniform(0.4F, 1.1F);
          bush.x = sign * (plan.pavement_end(sign) + dice.uniform(0.4F, 0.8F) * side.setback);
          bush.s = dice.uniform(lot.low, lot.high);
          bush.reach = 3;
          bush.seed = dice.split().seed32();
          plan.objects.push_back(bush);
        }
      }
    } else {
      if (dice.chance(boundary + 0.3F)) add_lot_boundary(plan, sign, lot, dice);
      plant_lot(plan, sign, lot, plan.pavement_end(sign), dice.integer(1, 3 + static_cast<int>(width / 3)), dice);
    }
  }
  // A second row, seen between and above the first.
  for (float back = plan.extent.low; back < plan.extent.high; back += dice.uniform(18, 50)) {
    if (dice.chance(0.55F)) {
      const float setback = dice.uniform(22, 60);
      const float width = dice.uniform(10, 28);
      add_house(plan, ranges, sign, back, width, setback, dice);
    } else {
      plant_lot(plan, sign, {back, back + 10}, plan.front_x(sign) + 17, dice.integer(1, 3), dice);
    }
  }
  // What closes the view along each side street.
  for (const Interval& street : side.side_streets) {
    const float setback = dice.uniform(45, 90);
    const float width = dice.uniform(14, 26);
    add_house(plan, ranges, sign, 0.5F * (street.low + street.high), width, setback, dice);
  }
}

}  // namespace

void plan_lots(StreetPlan& plan, const StreetRanges& ranges, Dice dice) {
  for (const float sign : {-1.0F, 1.0F}) plan_side_lots(plan, ranges, sign, dice);
}

}  // namespace edgemoe::scenes
