// People: jointed bodies of tapered limbs, clothed, standing, walking, sitting or riding.
#ifndef EDGEMOE_SCENES_PERSON_H_
#define EDGEMOE_SCENES_PERSON_H_

#include "scenes/dice.h"
#include "scenes/mesh_builder.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

enum class Pose { kStand, kWalk, kSit, kRide };

struct PersonOptions {
  Pose pose = Pose::kStand;
  float phase = 0;      // of the walk, radians
  float distance = 10;  // from the camera; far bodies get fewer triangles
  float seat_height = 0.45F;
  Label label = street::kPerson;
};

/// A person at `frame` (feet on its origin, facing forward). `dice` decides looks alone: the same stream makes the same
/// person in another pose or phase.
void add_person(Scene& scene, const Frame& frame, const PersonOptions& options, Dice dice);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_PERSON_H_
