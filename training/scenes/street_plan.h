// A street as a list of decisions: measures, what stands where, who moves. street_scene.h turns it into triangles.
#ifndef EDGEMOE_SCENES_STREET_PLAN_H_
#define EDGEMOE_SCENES_STREET_PLAN_H_

#include <array>
#include <cstdint>
#include <vector>

#include "scenes/building.h"
#include "scenes/ranges.h"
#include "scenes/road_curve.h"
#include "scenes/scene.h"
#include "scenes/vegetation.h"

namespace edgemoe::scenes {

enum class ObjectKind {
  kVehicle,
  kTwoWheeler,
  kPerson,
  kTree,
  kBush,
  kHedge,
  kLampPost,
  kTrafficLight,
  kSignPost,
  kBollard,
  kMast,
  kClutter,
  kBoundary,
};

/// One thing on the street, in street coordinates. Everything else about it follows from its seed.
struct PlacedObject {
  ObjectKind kind = ObjectKind::kPerson;
  float x = 0, y = 0, s = 0;
  float turn = 0;   // against the road's direction
  float speed = 0;  // metres a second along s
  float size = 1;   // height or length, by kind
  float reach = 1;  // radius of what it covers, for leaving out what is far away
  VehicleBody body = VehicleBody::kCar;
  int variant = 0;  // boundary kind, rider, pose
  std::uint64_t seed = 0;
};

struct PlacedBuilding {
  float x = 0, s = 0;
  float turn = 0;
  BuildingPlan plan;
};

struct Interval {
  float low = 0, high = 0;
};

/// One side of the street, from the kerb outwards.
struct StreetSide {
  float parking = 0;  // width of a parking lane, 0 = none
  float verge = 0;    // grass between kerb and pavement
  float pavement = 2;
  float setback = 0;  // from pavement to the fronts
  bool paved_front = true;
  std::vector<Interval> side_streets;
};

enum class Surface { kAsphalt, kCobbles, kSlabs };

struct StreetPlan {
  RoadCurve curve;
  Interval extent;  // of s
  float density = 0.5F;
  int lanes = 2;
  float lane_width = 3.2F;
  float half_width = 3.2F;  // of the carriageway, parking lanes excluded
  float traffic_side = 1;   // 1: drives on the right
  float kerb = 0.12F;
  Surface road_surface = Surface::kAsphalt;
  bool pedestrian_zone = false;
  float marking = 1;  // 0 none … 1 fresh
  float wetness = 0;
  std::vector<float> crossings;     // s of zebra crossings
  std::array<StreetSide, 2> sides;  // left (x < 0), right
  std::vector<PlacedBuilding> buildings;
  std::vector<PlacedObject> objects;
  Flora flora;
  std::uint32_t seed = 0;

  const StreetSide& side(float sign) const { return sides[sign > 0 ? 1 : 0]; }
  /// Distance from the middle line to the kerb, to the pavement's inner and outer edge, and to the fronts.
  float kerb_x(float sign) const { return half_width + side(sign).parking; }
  float pavement_x(float sign) const { return kerb_x(sign) + side(sign).verge; }
  float pavement_end(float sign) const { return pavement_x(sign) + side(sign).pavement; }
  float front_x(float sign) const { return pavement_end(sign) + side(sign).setback; }
};

/// Where the camera is kept free, and how far the street goes.
struct StreetRequest {
  float length_ahead = 240;  // beyond the last camera position
  float drive_length = 0;    // metres that the camera travels; 0 for a single picture
  float drive_speed = 0;     // metres a second
};

StreetPlan plan_street(const StreetRanges& ranges, const StreetRequest& request, std::uint64_t seed);

// Steps of plan_street.
void plan_ground(StreetPlan& plan, const StreetRanges& ranges, Dice dice);
void plan_lots(StreetPlan& plan, const StreetRanges& ranges, Dice dice);
void plan_objects(StreetPlan& plan, const StreetRanges& ranges, const StreetRequest& request, Dice dice);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_STREET_PLAN_H_
