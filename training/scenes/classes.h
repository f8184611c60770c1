// The label tables of streets and rooms, and what a label means.
#ifndef EDGEMOE_SCENES_CLASSES_H_
#define EDGEMOE_SCENES_CLASSES_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace edgemoe::scenes {

enum class Kind { kStreet, kRoom };

using Label = std::uint8_t;
inline constexpr Label kIgnore = 255;  // things that belong to no class: bins, boxes

/// Street classes.
namespace street {
inline constexpr Label kRoad = 0, kPavement = 1, kTerrain = 2, kBuilding = 3, kWallFence = 4, kVegetation = 5,
                       kPole = 6, kSign = 7, kPerson = 8, kVehicle = 9, kSky = 10;
}  // namespace street

/// Room classes.
namespace room {
inline constexpr Label kFloor = 0, kWall = 1, kCeiling = 2, kWindowDoor = 3, kTable = 4, kSeat = 5, kCabinet = 6,
                       kBed = 7, kPerson = 8, kObject = 9;
}  // namespace room

/// Names in the order of the labels.
inline constexpr std::array<std::string_view, 11> kStreetClasses = {
    "road", "pavement", "terrain", "building", "wall_fence", "vegetation", "pole", "sign", "person", "vehicle", "sky"};
inline constexpr std::array<std::string_view, 10> kRoomClasses = {
    "floor", "wall", "ceiling", "window_door", "table", "seat", "cabinet", "bed", "person", "object"};

inline std::span<const std::string_view> class_names(Kind kind) {
  if (kind == Kind::kRoom) return kRoomClasses;
  return kStreetClasses;
}
inline std::string_view kind_name(Kind kind) { return kind == Kind::kRoom ? "room" : "street"; }

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_CLASSES_H_
