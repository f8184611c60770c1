// Rooms: walls, windows, furniture and people, seen from within.
#ifndef EDGEMOE_SCENES_ROOM_SCENE_H_
#define EDGEMOE_SCENES_ROOM_SCENE_H_

#include "scenes/camera.h"
#include "scenes/ranges.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

/// Builds a room into `scene` (light included) and returns the frame and field of view of a camera in it.
Camera build_room(const RoomRanges& ranges, const CameraRanges& camera, std::uint64_t seed, Scene& scene);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_ROOM_SCENE_H_
