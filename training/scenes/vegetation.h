// Trees, bushes and hedges: trunks and branches, crowns of many leaf cards.
#ifndef EDGEMOE_SCENES_VEGETATION_H_
#define EDGEMOE_SCENES_VEGETATION_H_

#include "scenes/dice.h"
#include "scenes/mesh_builder.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

/// What grows in one place: its season and kind of green.
struct Flora {
  float autumn = 0;  // share of yellow and brown
  float bare = 0;    // chance that a tree has no leaves
};

/// Crowns seen from afar get fewer and larger leaves; `distance` is the camera's.
void add_tree(Scene& scene, const Frame& frame, float height, float distance, const Flora& flora, Dice dice);
void add_bush(Scene& scene, const Frame& frame, Vec3 radii, float distance, const Flora& flora, Dice dice);
/// A clipped hedge along z from 0 to `length`.
void add_hedge(Scene& scene, const Frame& frame, float length, float width, float height, float distance, Dice dice);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_VEGETATION_H_
