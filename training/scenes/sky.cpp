#include "scenes/sky.h"

#include "scenes/dice.h"
#include "scenes/noise.h"

namespace edgemoe::scenes {

Vec3 Sky::radiance(Vec3 direction) const {
  const float up = std::max(direction.y, 0.0F);
  Vec3 color = mix(horizon, zenith, std::pow(up, 0.45F));
  const float towards_sun = clamp01(dot(direction, sun_direction));
  color += sun * (glare * (0.25F * std::pow(towards_sun, 6.0F) + 1.2F * std::pow(towards_sun, 80.0F) +
                           12 * std::pow(towards_sun, 1500.0F)));
  if (cloud_cover > 0) {
    // A flat layer of cloud, seen in perspective.
    const float reach = cloud_scale / (up + 0.12F);
    const float density = fractal_noise(seed, direction.x * reach, direction.z * reach, 5);
    const float edge = 0.78F - 0.62F * cloud_cover;
    const float cover = smoothstep(edge, edge + 0.22F, density);
    const float thick = smoothstep(edge + 0.05F, edge + 0.45F, density + 0.25F * (1 - up) - 0.12F);
    const Vec3 cloud = mix(cloud_light, cloud_dark, thick) + sun * (0.15F * glare * std::pow(towards_sun, 4.0F));
    color = mix(color, cloud, cover * smoothstep(0.0F, 0.08F, up + 0.05F));
  }
  return mix(color, haze, 0.6F * smoothstep(0.12F, 0.0F, direction.y));
}

Vec3 Sky::ambient(Vec3 normal) const {
  const Vec3 clear = mix(horizon, zenith, 0.55F);
  const Vec3 above = mix(clear, mix(cloud_light, cloud_dark, 0.5F), 0.8F * cloud_cover);
  return mix(ground, above, 0.5F + 0.5F * normal.y);
}

Vec3 Sky::through_air(Vec3 color, float distance) const {
  return mix(haze, color, std::exp(-distance / haze_distance));
}

Sky make_sky(const LightRanges& ranges, std::uint64_t seed) {
  Dice dice(seed);
  Sky sky;
  sky.seed = dice.seed32();
  const float elevation = radians(dice.in(ranges.sun_elevation_deg));
  const float azimuth = radians(dice.in(ranges.sun_azimuth_deg));
  sky.sun_direction = {std::cos(elevation) * std::sin(azimuth), std::sin(elevation),
                       std::cos(elevation) * std::cos(azimuth)};
  const bool overcast = dice.chance(ranges.overcast);
  sky.cloud_cover = overcast ? dice.uniform(0.85F, 1.15F) : dice.in(ranges.cloud_cover);
  sky.cloud_scale = dice.uniform(0.5F, 2.2F);
  sky.glare = overcast ? 0 : dice.in(ranges.glare);
  sky.sun_radius = radians(dice.uniform(0.25F, 0.9F));

  // Low sun: long way through the air, red light, dim blue sky.
  const float height = smoothstep(0.0F, 0.6F, elevation);
  const Vec3 sun_tint = mix({1.15F, 0.62F, 0.32F}, {1.03F, 0.98F, 0.9F}, height);
  const float brightness = mix(0.35F, 1.0F, height);
  sky.sun = overcast ? Vec3{} : sun_tint * (brightness * dice.in(ranges.sun_strength));
  const float strength = dice.in(ranges.sky_strength) * brightness;
  const float milky = dice.uniform(0, 0.45F);
  const Vec3 blue = mix(dice.vary({0.16F, 0.3F, 0.62F}, 0.25F, 0.12F), {0.5F, 0.52F, 0.56F}, milky);
  sky.zenith = blue * (strength * 0.9F);
  const Vec3 low = mix(Vec3{0.95F, 0.62F, 0.4F}, Vec3{0.72F, 0.82F, 0.95F}, height);
  sky.horizon = dice.vary(low, 0.15F, 0.05F) * (strength * 1.1F);
  const float white = overcast ? dice.uniform(0.7F, 1.2F) : dice.uniform(0.9F, 1.5F);
  sky.cloud_light = mix(low, {0.95F, 0.96F, 1.0F}, 0.7F) * (white * brightness);
  sky.cloud_dark = sky.cloud_light * (overcast ? dice.uniform(0.5F, 0.95F) : dice.uniform(0.35F, 0.8F));
  if (overcast) sky.zenith = sky.horizon = sky.cloud_light * dice.uniform(0.85F, 1.0F);
  if (dice.chance(ranges.dusk)) {
    const float left = dice.uniform(0.03F, 0.3F);
    sky.sun = sky.sun * (left * 0.2F);
    sky.zenith = sky.zenith * Vec3{left * 0.8F, left * 0.9F, left * 1.25F};
    sky.horizon = sky.horizon * left;
    sky.cloud_light = sky.cloud_light * (left * 0.6F);
    sky.cloud_dark = sky.cloud_dark * (left * 0.5F);
    sky.glare *= 0.3F;
  }
  const float reflected = dice.uniform(0.1F, 0.3F);
  sky.ground = (sky.sun * (std::sin(elevation) * 0.7F) + mix(sky.horizon, sky.zenith, 0.5F)) * reflected;
  sky.haze = mix(sky.horizon, sky.ambient({0, 1, 0}), 0.5F);
  // Spread on a scale of ratios, towards clear air: thick haze is rare.
  const float clear = std::cbrt(dice.uniform());
  sky.haze_distance = ranges.haze_distance.low * std::pow(ranges.haze_distance.high / ranges.haze_distance.low, clear);
  return sky;
}

}  // namespace edgemoe::scenes
