// The light of a scene: sun, sky with clouds, haze.
#ifndef EDGEMOE_SCENES_SKY_H_
#define EDGEMOE_SCENES_SKY_H_

#include <cstdint>

#include "scenes/ranges.h"
#include "scenes/vec.h"

namespace edgemoe::scenes {

/// Radiances are relative to a white surface in full sun, which is 1.
struct Sky {
  Vec3 sun_direction = {0, 1, 0};  // towards the sun
  Vec3 sun = {};                   // what a white surface that faces the sun sends back; zero when it is hidden
  float sun_radius = 0.01F;        // radians; wide when thin cloud spreads the light
  Vec3 zenith, horizon, ground;    // ground: light from below
  Vec3 cloud_light, cloud_dark;
  float cloud_cover = 0;  // 0 clear, 1 closed
  float cloud_scale = 1;
  float glare = 0;
  Vec3 haze;
  float haze_distance = 1000;  // where a share of 1/e is left
  std::uint32_t seed = 0;

  /// Radiance that comes from `direction` (unit).
  Vec3 radiance(Vec3 direction) const;
  /// Light on a surface with this normal from the whole unobstructed surroundings, as radiance of a white surface.
  Vec3 ambient(Vec3 normal) const;
  /// `color` seen over `distance` metres of air.
  Vec3 through_air(Vec3 color, float distance) const;
};

/// Draws a sky.
Sky make_sky(const LightRanges& ranges, std::uint64_t seed);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_SKY_H_
