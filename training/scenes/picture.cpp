#include "scenes/picture.h"

#include "image/decode.h"
#include "image/jpeg_writer.h"
#include "scenes/mesh_builder.h"
#include "scenes/room_scene.h"
#include "scenes/street_scene.h"

namespace edgemoe::scenes {
namespace {

/// Lateral place, height and direction of a camera on a street.
struct Viewpoint {
  float x = 0, height = 1.5F;
  float yaw = 0, pitch = 0, roll = 0;
  float tan_half_width = 0.7F;
  bool bonnet = false;
  Vec3 bonnet_color;
};

float lane_x(const StreetPlan& plan) { return plan.traffic_side * (plan.lanes == 1 ? 0.0F : 0.5F * plan.lane_width); }

Viewpoint draw_car_viewpoint(const CameraRanges& ranges, const StreetPlan& plan, Dice& dice) {
  Viewpoint view;
  view.tan_half_width = std::tan(radians(0.5F * dice.in(ranges.fov_deg)));
  view.roll = radians(dice.in(ranges.roll_deg)) * 0.6F;
  view.pitch = radians(dice.in(ranges.pitch_deg));
  view.yaw = radians(dice.in(ranges.yaw_deg));
  view.height = dice.in(ranges.height_car);
  view.x = lane_x(plan) + dice.uniform(-0.4F, 0.4F);
  view.bonnet = dice.chance(ranges.bonnet);
  const Vec3 tint = {1, dice.uniform(0.6F, 1.0F), dice.uniform(0.6F, 1.0F)};
  view.bonnet_color = tint * dice.uniform(0.01F, 0.6F);
  return view;
}

Viewpoint draw_viewpoint(const CameraRanges& ranges, const StreetPlan& plan, Dice& dice) {
  Viewpoint view = draw_car_viewpoint(ranges, plan, dice);
  const bool elevated = dice.chance(ranges.view_elevated);
  const bool walks = plan.pedestrian_zone || dice.chance(ranges.view_person);
  const bool across = dice.chance(ranges.view_across);
  if (!elevated && !walks && !across) return view;
  view.bonnet = false;
  const float sign = dice.sign();
  view.height = dice.in(ranges.height_person);
  view.roll *= 1.6F;
  view.x = sign * dice.uniform(plan.pavement_x(sign) + 0.3F, plan.pavement_end(sign) - 0.2F);
  if (plan.pedestrian_zone) view.x = dice.uniform(-1.0F, 1.0F) * plan.half_width;
  if (across) {  // from one side to the fronts of the other
    view.yaw = -sign * radians(dice.uniform(30, 115));
  } else {
    const float along = radians(2 * dice.in(ranges.yaw_deg));
    view.yaw = along - sign * dice.uniform(0, 0.25F);
  }
  if (elevated) {
    view.height = dice.in(ranges.height_elevated);
    view.pitch = radians(dice.in(ranges.pitch_elevated_deg));
  }
  return view;
}

Camera place_camera(const StreetPlan& plan, const Viewpoint& view, const PictureRequest& request, float s) {
  const float ground = std::fabs(view.x) > plan.kerb_x(view.x) ? plan.kerb : 0.0F;
  Camera camera;
  camera.width = request.width;
  camera.height = request.height;
  camera.tan_half_width = view.tan_half_width;
  const Frame base = plan.curve.sloped_frame(view.x, ground + view.height, s, 0);
  camera.frame = Camera::orient(base, view.yaw, view.pitch, view.roll);
  return camera;
}

/// The camera's own car at the lower edge of the picture: of no class, as in street data sets.
void add_bonnet(const Viewpoint& view, const Camera& camera, Scene& scene) {
  Material paint;
  paint.base = view.bonnet_color;
  paint.second = paint.base;
  paint.gloss = 0.05F;
  MeshBuilder builder(scene.mesh, camera.frame);
  builder.set_material(scene.add(paint));
  builder.ellipsoid({0, -0.3F - 0.33F * view.height, 1.3F}, {0.95F, 0.18F, 0.85F}, 28, 16);
}

/// Renders, develops and compresses; `seed` decides where rays fall and the noise.
Result<Picture> photograph(const Scene& scene, const Camera& camera, const Sensor& sensor, std::uint32_t seed,
                           RayTracer& tracer) {
  EDGEMOE_RETURN_IF_ERROR(tracer.set_mesh(scene.mesh));
  RenderSettings settings;
  settings.seed = seed;
  Picture picture;
  picture.truth = render(scene, tracer, camera, settings);
  const Image raw = develop(picture.truth, sensor, mean_brightness(picture.truth), seed);
  EDGEMOE_ASSIGN_OR_RETURN(picture.jpeg, encode_jpeg(raw, sensor.jpeg_quality));
  EDGEMOE_ASSIGN_OR_RETURN(picture.image, decode_image(picture.jpeg));
  return picture;
}

Result<Picture> photograph_with_any_sensor(const Scene& scene, const Camera& camera, const SensorRanges& ranges,
                                           Dice& dice, RayTracer& tracer) {
  const std::uint32_t seed = dice.seed32();
  const Sensor sensor = draw_sensor(ranges, dice.split());
  return photograph(scene, camera, sensor, seed, tracer);
}

}  // namespace

std::uint64_t picture_seed(const Ranges& ranges, Kind kind, std::uint64_t seed, std::uint64_t index) {
  // FNV-1a over the stream's name, then mixed with seed, kind and number.
  std::uint64_t tag = 0xCBF29CE484222325u;
  for (const char c : ranges.stream) tag = (tag ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  std::uint64_t mixed = tag;
  for (const std::uint64_t part : {seed, static_cast<std::uint64_t>(kind), index}) {
    mixed = Random(mixed ^ (part * 0xD1342543DE82EF95u + 1)).next_u64();
  }
  return mixed;
}

Result<Picture> make_picture(const Ranges& ranges, const PictureRequest& request, std::uint64_t index,
                             RayTracer& tracer) {
  Dice dice(picture_seed(ranges, request.kind, request.seed, index));
  Scene scene;
  if (request.kind == Kind::kRoom) {
    Camera camera = build_room(ranges.room, ranges.camera, dice.split().seed32(), scene);
    camera.width = request.width;
    camera.height = request.height;
    return photograph_with_any_sensor(scene, camera, ranges.sensor, dice, tracer);
  }
  const StreetPlan plan = plan_street(ranges.street, {}, dice.split().seed32());
  Dice view_dice = dice.split();
  const Viewpoint view = draw_viewpoint(ranges.camera, plan, view_dice);
  scene.sky = make_sky(ranges.light, dice.split().seed32());
  const Camera camera = place_camera(plan, view, request, 0);
  build_street(plan, camera.frame.origin, 0, 0, scene);
  if (view.bonnet) add_bonnet(view, camera, scene);
  return photograph_with_any_sensor(scene, camera, ranges.sensor, dice, tracer);
}

Drive::Drive(const Ranges& ranges, const PictureRequest& request, float seconds, float frames_per_second)
    : request_(request),
      frames_per_second_(frames_per_second),
      num_frames_(static_cast<std::uint64_t>(std::lround(seconds * frames_per_second))),
      camera_(ranges.camera) {
  Dice dice(picture_seed(ranges, request.kind, request.seed, 0));
  speed_ = dice.uniform(6, 11);
  StreetRequest street;
  street.drive_length = speed_ * seconds;
  street.drive_speed = speed_;
  StreetRanges on_a_road = ranges.street;
  on_a_road.pedestrian_zone = {};
  plan_ = plan_street(on_a_road, street, dice.split().seed32());
  sky_ = make_sky(ranges.light, dice.split().seed32());
  sensor_ = draw_sensor(ranges.sensor, dice.split());
  view_seed_ = dice.seed32();
}

Result<Picture> Drive::frame(std::uint64_t index, RayTracer& tracer) const {
  const float time = static_cast<float>(index) / frames_per_second_;
  const float s = speed_ * time;
  Dice dice(view_seed_);
  Viewpoint view = draw_car_viewpoint(camera_, plan_, dice);
  // The car nods and sways a little.
  view.pitch += 0.004F * std::sin(7.1F * time) + 0.003F * std::sin(2.3F * time + 1);
  view.roll += 0.005F * std::sin(3.3F * time);
  view.x += 0.15F * std::sin(0.5F * time);
  view.height += 0.015F * std::sin(8.7F * time);
  const Camera camera = place_camera(plan_, view, request_, s);
  Scene scene;
  scene.sky = sky_;
  build_street(plan_, camera.frame.origin, s, time, scene);
  if (view.bonnet) add_bonnet(view, camera, scene);
  return photograph(scene, camera, sensor_, static_cast<std::uint32_t>(view_seed_ + index), tracer);
}

}  // namespace edgemoe::scenes
