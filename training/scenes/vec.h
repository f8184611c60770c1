// Vectors, colours and rigid frames. World: x right, y up, z forward (left-handed), metres. Colours: linear RGB.
#ifndef EDGEMOE_SCENES_VEC_H_
#define EDGEMOE_SCENES_VEC_H_

#include <algorithm>
#include <cmath>

namespace edgemoe::scenes {

inline constexpr float kPi = 3.14159265F;

struct Vec3 {
  float x = 0;
  float y = 0;
  float z = 0;
};

inline Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator-(Vec3 a) { return {-a.x, -a.y, -a.z}; }
inline Vec3 operator*(Vec3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
inline Vec3 operator*(float s, Vec3 a) { return a * s; }
/// Componentwise: light times reflectance.
inline Vec3 operator*(Vec3 a, Vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline Vec3& operator+=(Vec3& a, Vec3 b) { return a = a + b; }

inline float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(Vec3 a, Vec3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
inline float length(Vec3 a) { return std::sqrt(dot(a, a)); }
/// A unit vector; a zero vector gives straight up.
inline Vec3 normalize(Vec3 a) {
  const float l = length(a);
  return l > 1e-12F ? a * (1 / l) : Vec3{0, 1, 0};
}
inline float mix(float a, float b, float t) { return a + (b - a) * t; }
inline Vec3 mix(Vec3 a, Vec3 b, float t) { return a + (b - a) * t; }
inline float clamp01(float v) { return std::clamp(v, 0.0F, 1.0F); }
inline float smoothstep(float low, float high, float v) {
  const float t = clamp01((v - low) / (high - low));
  return t * t * (3 - 2 * t);
}
inline float to_float(int v) { return static_cast<float>(v); }
inline int floor_int(float v) { return static_cast<int>(std::floor(v)); }
inline float fraction(float v) { return v - std::floor(v); }
inline float radians(float degrees) { return degrees * (kPi / 180); }
inline float luminance(Vec3 c) { return 0.2126F * c.x + 0.7152F * c.y + 0.0722F * c.z; }

/// A linear colour from display values in [0, 1] (gamma 2.2).
inline Vec3 display_color(float r, float g, float b) {
  return {std::pow(r, 2.2F), std::pow(g, 2.2F), std::pow(b, 2.2F)};
}

/// A rigid frame: where an object stands and which way it faces.
struct Frame {
  Vec3 right = {1, 0, 0};
  Vec3 up = {0, 1, 0};
  Vec3 forward = {0, 0, 1};
  Vec3 origin = {};

  Vec3 direction(Vec3 v) const { return right * v.x + up * v.y + forward * v.z; }
  Vec3 point(Vec3 p) const { return origin + direction(p); }
  /// `inner`, given in this frame, as a frame of the world.
  Frame compose(const Frame& inner) const {
    return {direction(inner.right), direction(inner.up), direction(inner.forward), point(inner.origin)};
  }
  /// Upright at `origin`, its forward axis turned by `heading` from z towards x.
  static Frame upright(Vec3 origin, float heading) {
    const float c = std::cos(heading);
    const float s = std::sin(heading);
    return {{c, 0, -s}, {0, 1, 0}, {s, 0, c}, origin};
  }
};

/// Two unit vectors that make a frame with the unit vector `n`.
inline void tangents(Vec3 n, Vec3& t, Vec3& b) {
  t = normalize(std::fabs(n.y) < 0.9F ? cross({0, 1, 0}, n) : cross({1, 0, 0}, n));
  b = cross(n, t);
}

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_VEC_H_
