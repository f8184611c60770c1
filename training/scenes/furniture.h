// Furniture and small things of rooms.
#ifndef EDGEMOE_SCENES_FURNITURE_H_
#define EDGEMOE_SCENES_FURNITURE_H_

#include "scenes/dice.h"
#include "scenes/mesh_builder.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

/// Materials of one room, so that its furniture goes together.
struct RoomStyle {
  Vec3 wood, paint, fabric, accent;
};
RoomStyle draw_room_style(Dice& dice);

// Each stands on the frame's origin with its back to -z (against a wall) and its middle at x = 0; measures in metres.

void add_bed(Scene& scene, const Frame& frame, const RoomStyle& style, float width, Dice dice);
void add_sofa(Scene& scene, const Frame& frame, const RoomStyle& style, float width, Dice dice);
void add_chair(Scene& scene, const Frame& frame, const RoomStyle& style, Dice dice);
/// A table centred on the origin, with things on it as `clutter` (0…1) has it.
void add_table(Scene& scene, const Frame& frame, const RoomStyle& style, Vec3 size, float clutter, Dice dice);
/// A closed cupboard, a chest of drawers or open shelves with books.
void add_cabinet(Scene& scene, const Frame& frame, const RoomStyle& style, Vec3 size, float clutter, Dice dice);
/// A plant, lamp, box, ball, bottle, book pile or screen of about this size.
void add_small_object(Scene& scene, const Frame& frame, float size, Dice dice);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_FURNITURE_H_
