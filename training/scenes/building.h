// Buildings: walls with windows, roofs, chimneys, balconies, awnings.
#ifndef EDGEMOE_SCENES_BUILDING_H_
#define EDGEMOE_SCENES_BUILDING_H_

#include "scenes/dice.h"
#include "scenes/mesh_builder.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

enum class Roof { kFlat, kGableAlong, kGableAcross, kHip, kMansard };

/// Measures and style of a building; facade styles of its front and its other sides.
struct BuildingPlan {
  float width = 10, depth = 10, height = 8;
  Roof roof = Roof::kFlat;
  float roof_rise = 3;
  FacadeStyle front, side;
  Vec3 roof_color;
  bool balconies = false, awning = false, relief = false;
  int chimneys = 0, dormers = 0;
  std::uint64_t seed = 0;
};

/// Draws a building of about this size. density: 0 village, 1 inner city.
BuildingPlan draw_building(float width, int floors, float density, Range lit_windows, Dice& dice);

/// Stands with the middle of its front on the frame's origin; forward points from the street into the house.
void add_building(Scene& scene, const Frame& frame, const BuildingPlan& plan);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_BUILDING_H_
