// From light to a photograph: lens, exposure, noise, tone, sharpening, JPEG.
#ifndef EDGEMOE_SCENES_SENSOR_H_
#define EDGEMOE_SCENES_SENSOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "image/image.h"
#include "scenes/ranges.h"
#include "scenes/renderer.h"

namespace edgemoe::scenes {

/// One camera's properties, drawn once a picture or drive.
struct Sensor {
  float exposure_ev = 0;
  Vec3 balance = {1, 1, 1};
  float noise = 0;
  float defocus = 0;                           // deviation in pixels
  float motion_x = 0, motion_y = 0, zoom = 0;  // blur: pixels at the picture's middle, and at its edge outwards
  float vignette = 0;
  float gamma = 1, contrast = 1, saturation = 1, sharpening = 0, bloom = 0;
  int jpeg_quality = 90;
};

Sensor draw_sensor(const SensorRanges& ranges, Dice dice);

/// The 8-bit picture before compression. `seed` decides the noise alone. `metered` is the scene's mean brightness as
/// the exposure is set by; see mean_brightness.
Image develop(const View& view, const Sensor& sensor, float metered, std::uint64_t seed);
/// Geometric mean of the luminance, highlights and shadows limited.
float mean_brightness(const View& view);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_SENSOR_H_
