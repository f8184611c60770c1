// What stands along a street: lamps, traffic lights, signs, fences and walls, bollards, bins and benches.
#ifndef EDGEMOE_SCENES_STREET_FURNITURE_H_
#define EDGEMOE_SCENES_STREET_FURNITURE_H_

#include "scenes/dice.h"
#include "scenes/mesh_builder.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

/// A lamp post whose arm reaches forward.
void add_lamp_post(Scene& scene, const Frame& frame, float height, Dice dice);
/// A post with a signal box that shows to the frame's back (towards traffic that comes along forward).
void add_traffic_light(Scene& scene, const Frame& frame, Dice dice);
/// One to three signs on a post, facing the frame's back.
void add_sign_post(Scene& scene, const Frame& frame, Dice dice);
void add_bollard(Scene& scene, const Frame& frame, Dice dice);
/// A telegraph or flag pole, or an advertising board.
void add_mast(Scene& scene, const Frame& frame, Dice dice);
/// Bins, boxes and benches; they belong to no class.
void add_clutter(Scene& scene, const Frame& frame, Dice dice);

enum class Boundary { kBrickWall, kPlasterWall, kPicketFence, kRailing, kBoardFence, kGuardRail };
/// Along z from 0 to `length`.
void add_boundary(Scene& scene, const Frame& frame, Boundary kind, float length, Dice dice);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_STREET_FURNITURE_H_
