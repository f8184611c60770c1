// What a set of pictures may vary in: every random property of a scene is drawn from a range of these tables.
#ifndef EDGEMOE_SCENES_RANGES_H_
#define EDGEMOE_SCENES_RANGES_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "scenes/dice.h"

namespace edgemoe::scenes {

// One list a table; a range of chances is the probability's own range, drawn first for each picture.
// clang-format off

// Heights in metres above the ground, angles in degrees, field of view horizontal; view_…, bonnet: chances.
#define EDGEMOE_CAMERA_RANGES(X) \
  X(height_car) X(height_person) X(height_elevated) X(pitch_deg) X(pitch_elevated_deg) X(roll_deg) X(fov_deg) \
  X(yaw_deg) X(view_person) X(view_across) X(view_elevated) X(bonnet)
// Blur in pixels; noise and white balance as shares.
#define EDGEMOE_SENSOR_RANGES(X) \
  X(exposure_ev) X(white_balance) X(noise) X(defocus) X(motion) X(vignette) X(gamma) X(contrast) X(saturation) \
  X(sharpening) X(jpeg_quality) X(bloom)
// Strengths relative to a white surface in full sun; overcast, dusk: chances; haze: metres to 1/e.
#define EDGEMOE_LIGHT_RANGES(X) \
  X(sun_elevation_deg) X(sun_azimuth_deg) X(sun_strength) X(sky_strength) X(overcast) X(cloud_cover) X(glare) \
  X(dusk) X(haze_distance)
// Metres; counts per 100 m of street (trees to signs); shares of 1 (curve, slope, marking, wetness, parked, lit_windows);
// chances (side_street, pedestrian_zone, cobbles, crossing, boundary); density: 0 village, 1 inner city.
#define EDGEMOE_STREET_RANGES(X) \
  X(density) X(lanes) X(lane_width) X(pavement_width) X(setback) X(curve) X(slope) X(side_street) \
  X(pedestrian_zone) X(marking) X(cobbles) X(wetness) X(crossing) X(floors) X(building_width) X(trees) X(bushes) \
  X(parked) X(moving) X(two_wheelers) X(people) X(signs) X(lamp_spacing) X(boundary) X(lit_windows)
// Metres; chances (windows a wall, people, pattern of the walls); shares of 1 (furniture, clutter); light.
#define EDGEMOE_ROOM_RANGES(X) \
  X(width) X(length) X(height) X(windows) X(daylight) X(lamp_power) X(furniture) X(people) X(clutter) X(pattern)
// clang-format on

#define EDGEMOE_RANGE_MEMBER(name) Range name;

struct CameraRanges {
  EDGEMOE_CAMERA_RANGES(EDGEMOE_RANGE_MEMBER)
};
struct SensorRanges {
  EDGEMOE_SENSOR_RANGES(EDGEMOE_RANGE_MEMBER)
};
struct LightRanges {
  EDGEMOE_LIGHT_RANGES(EDGEMOE_RANGE_MEMBER)
};
struct StreetRanges {
  EDGEMOE_STREET_RANGES(EDGEMOE_RANGE_MEMBER)
};
struct RoomRanges {
  EDGEMOE_ROOM_RANGES(EDGEMOE_RANGE_MEMBER)
};
#undef EDGEMOE_RANGE_MEMBER

struct Ranges {
  std::string name;    // goes into dataset.json
  std::string stream;  // keeps the seeds of sets apart: the same seed in another stream is another scene
  CameraRanges camera;
  SensorRanges sensor;
  LightRanges light;
  StreetRanges street;
  RoomRanges room;
};

/// Reads a ranges file: {"name", "stream", "camera": {key: [low, high], …}, "sensor", "light", "street", "room"}, every
/// key set. kMalformed for anything missing, unknown or not a range of finite numbers with low ≤ high; messages start
/// with `path`.
Result<Ranges> load_ranges(const std::filesystem::path& path);
/// The same, from text.
Result<Ranges> parse_ranges(std::string_view text);

struct NamedRange {
  std::string name;  // "camera.fov_deg"
  Range range;
};
/// Every range with its name, in a fixed order.
std::vector<NamedRange> list_ranges(const Ranges& ranges);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_RANGES_H_
