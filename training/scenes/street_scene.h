// A street plan as triangles, at one moment, around one place.
#ifndef EDGEMOE_SCENES_STREET_SCENE_H_
#define EDGEMOE_SCENES_STREET_SCENE_H_

#include "scenes/camera.h"
#include "scenes/street_plan.h"

namespace edgemoe::scenes {

/// Nothing is farther than this from the camera: a ring of trees or houses closes the view, so that every depth fits
/// the formats of depth files (16 bits of 1/256 m).
inline constexpr float kViewDistance = 246;

/// Builds what can be seen from `eye` (at `eye_s` along the street) `time` seconds after the start.
void build_street(const StreetPlan& plan, Vec3 eye, float eye_s, float time, Scene& scene);

// Steps of build_street.
void build_ground(const StreetPlan& plan, float eye_s, Scene& scene);
void build_backdrop(const StreetPlan& plan, Vec3 eye, Scene& scene);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_STREET_SCENE_H_
