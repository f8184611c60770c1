#include "scenes/sensor.h"

#include "scenes/dice.h"

namespace edgemoe::scenes {
namespace {

using Plane = std::vector<Vec3>;

struct Size {
  int width, height;
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(std::clamp(y, 0, height - 1) * width + std::clamp(x, 0, width - 1));
  }
};

Vec3 bilinear(const Plane& in, Size size, float x, float y) {
  const int ix = floor_int(x);
  const int iy = floor_int(y);
  const float tx = x - to_float(ix);
  const float ty = y - to_float(iy);
  return mix(mix(in[size.index(ix, iy)], in[size.index(ix + 1, iy)], tx),
             mix(in[size.index(ix, iy + 1)], in[size.index(ix + 1, iy + 1)], tx), ty);
}

Plane gaussian(const Plane& in, Size size, float deviation) {
  const int reach = std::max(1, static_cast<int>(std::ceil(2.5F * deviation)));
  std::vector<float> weights;
  float total = 0;
  for (int k = -reach; k <= reach; ++k) {
    weights.push_back(std::exp(-0.5F * to_float(k * k) / (deviation * deviation)));
    total += weights.back();
  }
  Plane rows(in.size());
  Plane out(in.size());
  for (const bool horizontal : {true, false}) {
    const Plane& from = horizontal ? in : rows;
    Plane& to = horizontal ? rows : out;
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        Vec3 sum;
        for (int k = -reach; k <= reach; ++k) {
          const std::size_t j = horizontal ? size.index(x + k, y) : size.index(x, y + k);
          sum += from[j] * weights[static_cast<std::size_t>(k + reach)];
        }
        to[size.index(x, y)] = sum * (1 / total);
      }
    }
  }
  return out;
}

Plane motion_blur(const Plane& in, Size size, const Sensor& sensor) {
  constexpr int kTaps = 7;
  Plane out(in.size());
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const float rx = 2 * to_float(x) / to_float(size.width) - 1;
      const float ry = 2 * to_float(y) / to_float(size.height) - 1;
      const float dx = sensor.motion_x + sensor.zoom * rx;
      const float dy = sensor.motion_y + sensor.zoom * ry * 0.5F;
      Vec3 sum;
      for (int k = 0; k < kTaps; ++k) {
        const float t = to_float(k) / to_float(kTaps - 1) - 0.5F;
        sum += bilinear(in, size, to_float(x) + t * dx, to_float(y) + t * dy);
      }
      out[size.index(x, y)] = sum * (1.0F / kTaps);
    }
  }
  return out;
}

/// A film-like curve: slope one in the dark, a soft shoulder into white; then the display's gamma.
float tone(float v, const Sensor& sensor) {
  const float x = std::max(v, 0.0F);
  const float shoulder = x * (1 + x * 0.12F) / (1 + 0.55F * x);
  const float display = std::pow(std::min(shoulder, 1.2F), sensor.gamma / 2.2F);
  return 0.5F + (display - 0.5F) * sensor.contrast;
}

}  // namespace

Sensor draw_sensor(const SensorRanges& ranges, Dice dice) {
  Sensor s;
  s.exposure_ev = dice.in(ranges.exposure_ev);
  s.balance = {1 + dice.in(ranges.white_balance), 1 + 0.3F * dice.in(ranges.white_balance),
               1 + dice.in(ranges.white_balance)};
  // Most pictures are clean, sharp and still; squares of uniforms keep the extremes rare.
  const float noisy = dice.uniform();
  s.noise = mix(ranges.noise.low, ranges.noise.high, noisy * noisy);
  const float blurred = dice.uniform();
  s.defocus = mix(ranges.defocus.low, ranges.defocus.high, blurred * blurred);
  const float moved = dice.uniform();
  const float motion = mix(ranges.motion.low, ranges.motion.high, moved * moved * moved);
  if (dice.chance(0.4F)) {
    s.zoom = motion;
  } else {
    const float angle = dice.uniform(-0.4F, 0.4F);
    s.motion_x = motion * std::cos(angle);
    s.motion_y = motion * std::sin(angle);
  }
  s.vignette = dice.in(ranges.vignette);
  s.gamma = dice.in(ranges.gamma);
  s.contrast = dice.in(ranges.contrast);
  s.saturation = dice.in(ranges.saturation);
  s.sharpening = dice.in(ranges.sharpening);
  s.bloom = dice.in(ranges.bloom);
  s.jpeg_quality = dice.integer(ranges.jpeg_quality);
  return s;
}

float mean_brightness(const View& view) {
  double sum = 0;
  double weights = 0;
  for (int y = 0; y < view.height; ++y) {
    // The lower part counts more, as cameras do it: the sky may go white.
    const float weight = 0.25F + smoothstep(0.2F, 0.6F, to_float(y) / to_float(view.height));
    for (int x = 0; x < view.width; ++x) {
      const float l = std::clamp(luminance(view.radiance[static_cast<std::size_t>(y * view.width + x)]), 0.004F, 1.5F);
      sum += static_cast<double>(weight * std::log(l));
      weights += static_cast<double>(weight);
    }
  }
  return static_cast<float>(std::exp(sum / weights));
}

Image develop(const View& view, const Sensor& sensor, float metered, std::uint64_t seed) {
  const Size size = {view.width, view.height};
  Plane light = view.radiance;
  const float gain = 0.2F / metered * std::exp2(sensor.exposure_ev);
  for (Vec3& c : light)
    c = Vec3{std::min(c.x * gain, 8.0F), std::min(c.y * gain, 8.0F), std::min(c.z * gain, 8.0F)} * sensor.balance;
  if (sensor.bloom > 0.01F) {
    const Plane wide = gaussian(light, size, 5);
    for (std::size_t i = 0; i < light.size(); ++i) light[i] = mix(light[i], wide[i], sensor.bloom);
  }
  if (std::fabs(sensor.motion_x) + std::fabs(sensor.motion_y) + sensor.zoom > 0.3F)
    light = motion_blur(light, size, sensor);
  if (sensor.defocus > 0.25F) light = gaussian(light, size, sensor.defocus);

  Dice dice(seed);
  Plane shown(light.size());
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const float rx = 2 * to_float(x) / to_float(size.width) - 1;
      const float ry = (2 * to_float(y) / to_float(size.height) - 1) * 0.6F;
      Vec3 c = light[size.index(x, y)] * (1 - sensor.vignette * (rx * rx + ry * ry) * 0.75F);
      if (sensor.noise > 0.0005F) {  // photon noise grows with the root of the light, read-out noise is constant
        const float grey = 0.4F * dice.normal();
        const auto noisy = [&](float v) {
          return v + sensor.noise * (0.25F + std::sqrt(std::max(v, 0.0F))) * (0.6F * dice.normal() + grey);
        };
        c = {noisy(c.x), noisy(c.y), noisy(c.z)};
      }
      const Vec3 t = {tone(c.x, sensor), tone(c.y, sensor), tone(c.z, sensor)};
      const float grey = luminance(t);
      shown[size.index(x, y)] = mix(Vec3{grey, grey, grey}, t, sensor.saturation);
    }
  }
  Image image = make_image(static_cast<std::size_t>(size.width), static_cast<std::size_t>(size.height));
  const Plane soft = sensor.sharpening > 0.05F ? gaussian(shown, size, 0.8F) : shown;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const Vec3 c = shown[i] + (shown[i] - soft[i]) * sensor.sharpening;
    const auto byte = [](float v) { return static_cast<std::uint8_t>(clamp01(v) * 255 + 0.5F); };
    image.samples8[3 * i] = byte(c.x);
    image.samples8[3 * i + 1] = byte(c.y);
    image.samples8[3 * i + 2] = byte(c.z);
  }
  return image;
}

}  // namespace edgemoe::scenes
