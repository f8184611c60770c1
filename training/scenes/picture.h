// One numbered picture of a set: a seed and a number give the scene, the photograph and its ground truth.
#ifndef EDGEMOE_SCENES_PICTURE_H_
#define EDGEMOE_SCENES_PICTURE_H_

#include <cstdint>

#include "base/status.h"
#include "image/image.h"
#include "scenes/ranges.h"
#include "scenes/renderer.h"
#include "scenes/sensor.h"
#include "scenes/street_plan.h"

namespace edgemoe::scenes {

struct PictureRequest {
  Kind kind = Kind::kStreet;
  int width = 256;
  int height = 128;
  std::uint64_t seed = 0;
};

struct Picture {
  View truth;
  std::vector<std::byte> jpeg;  // the photograph
  Image image;                  // the same, decoded again: what a reader of `jpeg` sees
};

/// Seed of picture `index`: depends on the set's seed, the stream of its ranges, and the kind.
std::uint64_t picture_seed(const Ranges& ranges, Kind kind, std::uint64_t seed, std::uint64_t index);

/// Picture `index`; depends on its arguments alone.
Result<Picture> make_picture(const Ranges& ranges, const PictureRequest& request, std::uint64_t index,
                             RayTracer& tracer);

/// A drive along one street: frame k is the view after k / frames_per_second seconds.
class Drive {
 public:
  Drive(const Ranges& ranges, const PictureRequest& request, float seconds, float frames_per_second);

  std::uint64_t num_frames() const { return num_frames_; }
  Result<Picture> frame(std::uint64_t index, RayTracer& tracer) const;

 private:
  PictureRequest request_;
  float frames_per_second_;
  std::uint64_t num_frames_;
  float speed_ = 0;
  StreetPlan plan_;
  Sky sky_;
  Sensor sensor_;
  std::uint64_t view_seed_ = 0;
  CameraRanges camera_;
};

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_PICTURE_H_
