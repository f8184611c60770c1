// The line of a road: street coordinates are x (right of the middle line), s (metres along it), y (up).
#ifndef EDGEMOE_SCENES_ROAD_CURVE_H_
#define EDGEMOE_SCENES_ROAD_CURVE_H_

#include "scenes/vec.h"

namespace edgemoe::scenes {

/// A middle line that swings as a sine and rises and falls as another.
struct RoadCurve {
  float swing = 0, swing_length = 100, swing_phase = 0;  // metres, metres, radians
  float hill = 0, hill_length = 150, hill_phase = 0;

  float heading(float s) const { return std::atan(swing / swing_length * std::cos(s / swing_length + swing_phase)); }
  Vec3 point(float x, float y, float s) const {
    const float h = heading(s);
    return {swing * std::sin(s / swing_length + swing_phase) + x * std::cos(h), rise(s) + y, s - x * std::sin(h)};
  }
  float rise(float s) const { return hill * std::sin(s / hill_length + hill_phase); }
  /// Upright at (x, s), facing along the road turned by `turn`.
  Frame frame(float x, float y, float s, float turn) const { return Frame::upright(point(x, y, s), heading(s) + turn); }
  /// The same, tilted along with the slope (vehicles).
  Frame sloped_frame(float x, float y, float s, float turn) const {
    const Frame flat = frame(x, y, s, turn);
    const float slope = hill / hill_length * std::cos(s / hill_length + hill_phase) * std::cos(turn);
    const Vec3 forward = normalize(flat.forward + flat.up * slope);
    return {flat.right, cross(forward, flat.right), forward, flat.origin};
  }
};

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_ROAD_CURVE_H_
