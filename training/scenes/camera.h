// A pinhole camera.
#ifndef EDGEMOE_SCENES_CAMERA_H_
#define EDGEMOE_SCENES_CAMERA_H_

#include "scenes/vec.h"

namespace edgemoe::scenes {

struct Camera {
  Frame frame;                  // right, up, and forward along the optical axis
  float tan_half_width = 0.7F;  // of half the horizontal field of view
  int width = 256;
  int height = 128;

  /// Direction through the point (x, y) of the picture in pixels, (0, 0) the top left corner; its component along the
  /// optical axis is 1, so that the ray parameter is the metric depth.
  Vec3 ray(float x, float y) const {
    const float scale = 2 * tan_half_width / to_float(width);
    return frame.forward + frame.right * ((x - 0.5F * to_float(width)) * scale) -
           frame.up * ((y - 0.5F * to_float(height)) * scale);
  }
  /// A direction of the world in camera coordinates: x right, y up, z towards the camera.
  Vec3 to_camera(Vec3 v) const { return {dot(v, frame.right), dot(v, frame.up), -dot(v, frame.forward)}; }
  /// Width of a pixel at depth 1.
  float pixel_size() const { return 2 * tan_half_width / to_float(width); }

  /// At `base`, turned by yaw (towards right), pitch (up) and roll (clockwise), in radians.
  static Frame orient(const Frame& base, float yaw, float pitch, float roll);
};

inline Frame Camera::orient(const Frame& base, float yaw, float pitch, float roll) {
  const Vec3 ahead = base.forward * std::cos(yaw) + base.right * std::sin(yaw);
  const Vec3 side = base.right * std::cos(yaw) - base.forward * std::sin(yaw);
  const Vec3 forward = ahead * std::cos(pitch) + base.up * std::sin(pitch);
  const Vec3 up = base.up * std::cos(pitch) - ahead * std::sin(pitch);
  return {side * std::cos(roll) - up * std::sin(roll), up * std::cos(roll) + side * std::sin(roll), forward,
          base.origin};
}

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_CAMERA_H_
