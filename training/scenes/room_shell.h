// A room's own surfaces: floor, walls, ceiling, windows and doors, lamps.
#ifndef EDGEMOE_SCENES_ROOM_SHELL_H_
#define EDGEMOE_SCENES_ROOM_SHELL_H_

#include <cmath>
#include <vector>

#include "scenes/dice.h"
#include "scenes/furniture.h"
#include "scenes/ranges.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

/// The room stands around the origin: x from -half_x to half_x, z from -half_z to half_z, floor at 0.
struct RoomShell {
  float half_x = 2, half_z = 3, height = 2.5F;
  struct Opening {
    int wall = 0;
    float x = 0, half = 0, low = 0;  // along the wall from its middle; lower edge
  };
  std::vector<Opening> openings;

  /// Wall 0 (ahead), 1 (right), 2 (behind), 3 (left): origin at its foot in the middle, forward into the room.
  Frame wall_frame(int wall) const;
  float wall_half(int wall) const { return wall % 2 == 0 ? half_x : half_z; }
  /// Whether [x - half, x + half] of a wall is free of openings that begin below `high`.
  bool wall_is_free(int wall, float x, float half, float high) const;
};

/// Draws and builds the shell, and sets the light of the scene.
RoomShell build_room_shell(const RoomRanges& ranges, const RoomStyle& style, Scene& scene, Dice dice);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_ROOM_SHELL_H_
