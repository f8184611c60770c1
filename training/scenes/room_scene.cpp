#include "scenes/room_scene.h"

#include <array>

#include "scenes/furniture.h"
#include "scenes/person.h"

namespace edgemoe::scenes {
namespace {

class RoomBuilder {
 public:
  RoomBuilder(const RoomRanges& ranges, std::uint64_t seed, Scene& scene)
      : ranges_(ranges), scene_(scene), dice_(seed), builder_(scene.mesh, {}) {
    half_x_ = 0.5F * dice_.in(ranges.width);
    half_z_ = 0.5F * dice_.in(ranges.length);
    height_ = dice_.in(ranges.height);
    style_ = draw_room_style(dice_);
    clutter_ = dice_.in(ranges.clutter);
  }

  Camera build(const CameraRanges& ranges) {
    add_shell();
    add_openings();
    add_lamps();
    const Camera camera = place_camera(ranges);
    furnish();
    return camera;
  }

 private:
  /// The wall number `side` (0 back, 1 right, 2 front, 3 left): origin at its foot in the middle, forward into the
  /// room.
  Frame wall_frame(int side) const {
    const std::array<Vec3, 4> feet = {Vec3{0, 0, half_z_}, {half_x_, 0, 0}, {0, 0, -half_z_}, {-half_x_, 0, 0}};
    return Frame::upright(feet[static_cast<std::size_t>(side)], kPi + 0.5F * kPi * to_float(side));
  }
  float wall_half(int side) const { return side % 2 == 0 ? half_x_ : half_z_; }

  void add_shell() {
    Material floor;
    floor.label = room::kFloor;
    floor.seed = dice_.seed32();
    const float kind = dice_.uniform();
    floor.pattern = kind < 0.5F ? Pattern::kPlanks : kind < 0.75F ? Pattern::kTiles : Pattern::kPlain;
    floor.base = kind < 0.5F ? dice_.vary(style_.wood, 0.3F, 0.08F) : dice_.vary({0.35F, 0.33F, 0.3F}, 0.6F, 0.15F);
    floor.second = floor.base * 0.5F;
    floor.scale = kind < 0.5F ? dice_.uniform(0.08F, 0.2F) : dice_.uniform(0.2F, 0.6F);
    floor.contrast = dice_.uniform(0.2F, 0.8F);
    floor.gloss = kind < 0.75F && dice_.chance(0.5F) ? 0.05F : 0.0F;
    const float x = half_x_;
    const float z = half_z_;
    builder_.set_material(scene_.add(floor));
    builder_.quad({-x, 0, -z}, {x, 0, -z}, {x, 0, z}, {-x, 0, z});
    Material ceiling;
    ceiling.label = room::kCeiling;
    ceiling.base = dice_.vary({0.7F, 0.69F, 0.67F}, 0.2F, 0.03F);
    ceiling.second = ceiling.base * 0.9F;
    builder_.set_material(scene_.add(ceiling));
    builder_.quad({-x, height_, -z}, {x, height_, -z}, {x, height_, z}, {-x, height_, z});
    Material wall;
    wall.label = room::kWall;
    wall.seed = dice_.seed32();
    wall.base =
        dice_.chance(0.6F) ? dice_.vary({0.62F, 0.6F, 0.56F}, 0.25F, 0.08F) : dice_.vary(style_.paint, 0.2F, 0.1F);
    wall.second = wall.base * dice_.uniform(0.5F, 1.3F);
    wall.third = wall.base * 0.7F;
    wall.contrast = 0.15F;
    wall.scale = dice_.uniform(0.1F, 0.4F);
    if (dice_.chance(ranges_.pattern)) {
      const float paper = dice_.uniform();
      wall.pattern = paper < 0.5F    ? Pattern::kWallpaper
                     : paper < 0.65F ? Pattern::kBrick
                     : paper < 0.8F  ? Pattern::kTiles
                                     : Pattern::kStripes;
      wall.contrast = dice_.uniform(0.2F, 0.8F);
    }
    const std::uint16_t wall_id = scene_.add(wall);
    Material skirting = ceiling;
    skirting.label = room::kWall;
    const std::uint16_t skirting_id = scene_.add(skirting);
    for (int side = 0; side < 4; ++side) {
      builder_.set_frame(wall_frame(side));
      const float w = wall_half(side);
      builder_.set_material(wall_id);
      builder_.wall({-w, 0, 0}, {w, 0, 0}, {w, height_, 0}, {-w, height_, 0});
      builder_.set_material(skirting_id);
      builder_.box({-w, 0, 0}, {w, 0.09F, 0.015F});
    }
    builder_.set_frame({});
    if (dice_.chance(0.4F)) {  // a carpet
      Material rug = floor;
      rug.pattern = Pattern::kWallpaper;
      rug.base = dice_.vary(style_.accent, 0.3F, 0.1F);
      rug.second = dice_.vary(style_.fabric, 0.3F, 0.1F);
      rug.contrast = 0.7F;
      rug.gloss = 0;
      builder_.set_material(scene_.add(rug));
      const float rx = half_x_ * dice_.uniform(0.4F, 0.7F);
      const float rz = half_z_ * dice_.uniform(0.3F, 0.6F);
      builder_.box({-rx, 0, -rz}, {rx, 0.012F, rz});
    }
  }

  /// Whether [x - half, x + half] of a wall is free of openings that begin below `high`.
  bool wall_is_free(int side, float x, float half, float high) const {
    for (const Taken& t : taken_) {
      if (t.side == side && std::fabs(t.x - x) < t.half + half && (t.low < high)) return false;
    }
    return true;
  }

  void add_openings() {
    Material frame;
    frame.label = room::kWindowDoor;
    frame.base = dice_.chance(0.7F) ? Vec3{0.7F, 0.69F, 0.67F} : style_.wood;
    frame.second = frame.base * 0.8F;
    const std::uint16_t frame_id = scene_.add(frame);
    const float daylight = dice_.in(ranges_.daylight);
    Material pane;
    pane.label = room::kWindowDoor;
    pane.base = Vec3{0.8F, 0.88F, 1.0F} * 0.8F;
    pane.second = pane.base;
    pane.emission = daylight;
    pane.gloss = 0.04F;
    const std::uint16_t pane_id = scene_.add(pane);
    Material curtain;
    curtain.pattern = Pattern::kCloth;
    curtain.label = room::kWindowDoor;
    curtain.base = dice_.vary(style_.fabric, 0.3F, 0.2F);
    const std::uint16_t curtain_id = scene_.add(curtain);
    Material door = frame;
    door.base = dice_.vary(style_.wood, 0.3F, 0.1F);
    door.second = door.base * 0.8F;
    const std::uint16_t door_id = scene_.add(door);
    for (int side = 0; side < 4; ++side) {
      builder_.set_frame(wall_frame(side));
      const float w = wall_half(side);
      if (dice_.chance(ranges_.windows)) {
        const float half = std::min(dice_.uniform(0.4F, 1.2F), w - 0.25F);
        const float x = dice_.uniform(-1, 1) * (w - half - 0.2F);
        const float low = dice_.uniform(0.5F, 1.0F);
        const float high = std::min(height_ - 0.2F, low + dice_.uniform(1.0F, 1.5F));
        taken_.push_back({side, x, half, low});
        builder_.set_material(pane_id);
        builder_.quad({x - half, low, 0.012F}, {x + half, low, 0.012F}, {x + half, high, 0.012F},
                      {x - half, high, 0.012F});
        builder_.set_material(frame_id);
        const int posts = dice_.integer(2, 4);
        for (int i = 0; i < posts; ++i) {
          const float px = x - half + 2 * half * to_float(i) / to_float(posts - 1);
          builder_.box({px - 0.035F, low, 0}, {px + 0.035F, high, 0.05F});
        }
        for (const float y : {low, high}) builder_.box({x - half, y - 0.035F, 0}, {x + half, y + 0.035F, 0.06F});
        if (dice_.chance(0.5F)) {
          builder_.set_material(curtain_id);
          for (const float edge : {x - half - 0.15F, x + half - 0.15F})
            builder_.bevelled_box({edge, 0.1F, 0.07F}, {edge + 0.3F, high + 0.1F, 0.13F}, 0.02F);
        }
        const Frame wall = wall_frame(side);
        scene_.lamps.push_back(
            {wall.point({x, 0.5F * (low + high), 0.35F}), Vec3{0.85F, 0.95F, 1.05F} * (daylight * half * 0.5F), 0.12F});
      } else if (dice_.chance(0.5F) && w > 0.9F) {
        const float x = dice_.uniform(-1, 1) * (w - 0.7F);
        taken_.push_back({side, x, 0.6F, 0});
        builder_.set_material(door_id);
        builder_.box({x - 0.42F, 0.005F, 0}, {x + 0.42F, 2.02F, 0.025F});
        builder_.set_material(frame_id);
        for (const float edge : {x - 0.5F, x + 0.42F}) builder_.box({edge, 0, 0}, {edge + 0.08F, 2.1F, 0.04F});
        builder_.box({x - 0.5F, 2.02F, 0}, {x + 0.5F, 2.1F, 0.04F});
        builder_.box({x + 0.3F, 1.0F, 0.025F}, {x + 0.38F, 1.03F, 0.08F});
      }
    }
    builder_.set_frame({});
  }

  void add_lamps() {
    Material shade;
    shade.label = room::kObject;
    shade.base = {0.8F, 0.76F, 0.66F};
    shade.second = shade.base;
    const float power = dice_.in(ranges_.lamp_power);
    shade.emission = 1.5F * power;
    builder_.set_material(scene_.add(shade));
    const int count = dice_.integer(1, 2);
    for (int i = 0; i < count; ++i) {
      const Vec3 place = {dice_.uniform(-0.5F, 0.5F) * half_x_, height_ - dice_.uniform(0.12F, 0.5F),
                          dice_.uniform(-0.6F, 0.6F) * half_z_};
      builder_.ellipsoid(place, {0.16F, 0.09F, 0.16F}, 10, 6);
      builder_.tube(place, {place.x, height_, place.z}, 0.012F, 0.012F, 5);
      scene_.lamps.push_back(
          {place - Vec3{0, 0.14F, 0}, Vec3{1.0F, 0.85F, 0.66F} * (0.7F * power / to_float(count)), 0.08F});
    }
    Sky& sky = scene_.sky;  // what light is about in the room, whatever its source
    const float about = dice_.uniform(0.05F, 0.16F);
    sky.zenith = sky.horizon = sky.haze = Vec3{1.0F, 0.97F, 0.92F} * about;
    sky.ground = sky.zenith * dice_.uniform(0.4F, 0.8F);
    sky.sun = {};
    sky.haze_distance = 1e6F;
    scene_.occlusion_distance = 1.2F;
    scene_.sky_label = kIgnore;
  }

  bool take_floor(float x, float z, float half_x, float half_z) {
    if (std::fabs(x) + half_x > half_x_ - 0.02F || std::fabs(z) + half_z > half_z_ - 0.02F) return false;
    for (const FloorArea& t : floor_) {
      if (std::fabs(x - t.x) < half_x + t.half_x && std::fabs(z - t.z) < half_z + t.half_z) return false;
    }
    floor_.push_back({x, z, half_x, half_z});
    return true;
  }

  Camera place_camera(const CameraRanges& ranges) {
    const float x = dice_.sign() * dice_.uniform(0.2F, 0.85F) * (half_x_ - 0.3F);
    const float z = -dice_.uniform(0.55F, 0.95F) * (half_z_ - 0.3F);
    floor_.push_back({x, z, 0.55F, 0.55F});
    const float yaw = std::atan2(-0.5F * x - x, half_z_ - z) + radians(3 * dice_.in(ranges.yaw_deg));
    Camera camera;
    camera.tan_half_width = std::tan(radians(0.5F * dice_.in(ranges.fov_deg)));
    const float height = std::min(dice_.in(ranges.height_person), height_ - 0.4F);
    const Frame base = Frame::upright({x, height, z}, 0);
    camera.frame =
        Camera::orient(base, yaw, radians(dice_.in(ranges.pitch_deg) - 8), radians(dice_.in(ranges.roll_deg)));
    return camera;
  }

  /// Stands a thing of this width and depth against some wall; false when no place is found.
  bool against_wall(float width, float depth, float high, Frame& frame) {
    for (int attempt = 0; attempt < 8; ++attempt) {
      const int side = dice_.integer(0, 3);
      const float w = wall_half(side);
      const float half = 0.5F * width;
      if (half > w - 0.1F) continue;
      const float x = dice_.uniform(-1, 1) * (w - half - 0.05F);
      if (!wall_is_free(side, x, half, high)) continue;
      const Frame wall = wall_frame(side);
      const Vec3 middle = wall.point({x, 0, 0.5F * depth + 0.03F});
      const bool turned = side % 2 != 0;
      if (!take_floor(middle.x, middle.z, turned ? 0.5F * depth : half, turned ? half : 0.5F * depth)) continue;
      frame = wall;
      frame.origin = wall.point({x, 0, 0.03F});
      return true;
    }
    return false;
  }

  void furnish() {
    const float amount = dice_.in(ranges_.furniture);
    const int pieces = static_cast<int>(amount * (8 + 2.0F * half_x_ * half_z_));
    for (int i = 0; i < pieces; ++i) add_piece();
    add_table_group();
    for (int i = static_cast<int>(clutter_ * dice_.uniform(0, 8)); i > 0; --i) {
      const float x = dice_.uniform(-1, 1) * half_x_;
      const float z = dice_.uniform(-1, 1) * half_z_;
      const float size = dice_.uniform(0.25F, 0.9F);
      if (take_floor(x, z, 0.4F * size, 0.4F * size))
        add_small_object(scene_, Frame::upright({x, 0, z}, dice_.uniform(0, 6)), size, dice_.split());
    }
    if (dice_.chance(ranges_.people)) {
      for (int i = dice_.integer(1, 3); i > 0; --i) {
        const float x = dice_.uniform(-0.8F, 0.8F) * half_x_;
        const float z = dice_.uniform(-0.6F, 0.9F) * half_z_;
        if (take_floor(x, z, 0.3F, 0.3F)) {
          add_person(scene_, Frame::upright({x, 0, z}, dice_.uniform(0, 6)),
                     {.pose = dice_.chance(0.5F) ? Pose::kWalk : Pose::kStand,
                      .phase = dice_.uniform(0, 6),
                      .distance = 5,
                      .label = room::kPerson},
                     dice_.split());
        }
      }
    }
    for (int side = 0; side < 4; ++side) add_pictures(side);
  }

  void add_piece() {
    Frame frame;
    const float roll = dice_.uniform();
    if (roll < 0.16F) {
      const float width = dice_.chance(0.5F) ? 0.95F : dice_.uniform(1.4F, 1.85F);
      if (against_wall(width, 2.15F, 1.0F, frame)) add_bed(scene_, frame, style_, width, dice_.split());
    } else if (roll < 0.36F) {
      const float width = dice_.uniform(0.9F, 2.3F);
      if (against_wall(width, 1.0F, 0.9F, frame)) add_sofa(scene_, frame, style_, width, dice_.split());
    } else if (roll < 0.78F) {
      const Vec3 size = {dice_.uniform(0.5F, 1.8F),
                         dice_.chance(0.5F) ? dice_.uniform(0.6F, 1.1F) : dice_.uniform(1.6F, 2.2F),
                         dice_.uniform(0.28F, 0.6F)};
      if (against_wall(size.x, size.z, size.y, frame))
        add_cabinet(scene_, frame, style_, size, clutter_, dice_.split());
    } else {
      const Vec3 size = {dice_.uniform(0.9F, 1.6F), dice_.uniform(0.7F, 0.78F), dice_.uniform(0.5F, 0.8F)};
      if (against_wall(size.x, size.z + 0.6F, size.y, frame)) {
        const Frame middle = frame.compose(Frame::upright({0, 0, 0.5F * size.z}, 0));
        add_table(scene_, middle, style_, size, clutter_, dice_.split());
        add_chair(scene_, frame.compose(Frame::upright({dice_.uniform(-0.2F, 0.2F), 0, size.z + 0.2F}, kPi)), style_,
                  dice_.split());
      }
    }
  }

  void add_table_group() {
    if (!dice_.chance(0.7F)) return;
    const Vec3 size = {dice_.uniform(0.8F, 1.8F), dice_.chance(0.3F) ? 0.45F : 0.75F, dice_.uniform(0.6F, 0.95F)};
    const float x = dice_.uniform(-0.4F, 0.4F) * half_x_;
    const float z = dice_.uniform(-0.2F, 0.6F) * half_z_;
    if (!take_floor(x, z, 0.5F * size.x + 0.3F, 0.5F * size.z + 0.55F)) return;
    const Frame frame = Frame::upright({x, 0, z}, 0);
    add_table(scene_, frame, style_, size, clutter_, dice_.split());
    if (size.y < 0.6F) return;
    Dice looks = dice_.split();
    for (const float side : {-1.0F, 1.0F}) {
      for (float cx = -0.5F * size.x + 0.35F; cx < 0.5F * size.x - 0.2F; cx += 0.65F) {
        if (!dice_.chance(0.8F)) continue;
        const Frame seat = frame.compose(Frame::upright({cx, 0, side * (0.5F * size.z + 0.12F)}, side > 0 ? kPi : 0));
        add_chair(scene_, seat, style_, looks);
      }
    }
  }

  void add_pictures(int side) {
    if (!dice_.chance(0.5F)) return;
    const float w = wall_half(side);
    const float half = dice_.uniform(0.2F, 0.5F);
    const float x = dice_.uniform(-1, 1) * (w - half - 0.1F);
    if (!wall_is_free(side, x, half + 0.1F, 3.0F)) return;
    Material poster;
    poster.pattern = Pattern::kPoster;
    poster.label = room::kWall;
    poster.base = style_.accent;
    poster.contrast = 0.7F;
    poster.scale = dice_.uniform(0.04F, 0.2F);
    poster.seed = dice_.seed32();
    builder_.set_frame(wall_frame(side));
    builder_.set_material(scene_.add(poster));
    const float low = dice_.uniform(1.3F, 1.5F);
    builder_.box({x - half, low, 0}, {x + half, low + half * dice_.uniform(0.8F, 1.6F), 0.03F});
  }

  struct Taken {
    int side;
    float x, half, low;
  };
  struct FloorArea {
    float x, z, half_x, half_z;
  };

  const RoomRanges& ranges_;
  Scene& scene_;
  Dice dice_;
  MeshBuilder builder_;
  RoomStyle style_;
  float half_x_ = 2, half_z_ = 3, height_ = 2.5F, clutter_ = 0.5F;
  std::vector<Taken> taken_;
  std::vector<FloorArea> floor_;
};

}  // namespace

Camera build_room(const RoomRanges& ranges, const CameraRanges& camera, std::uint64_t seed, Scene& scene) {
  return RoomBuilder(ranges, seed, scene).build(camera);
}

}  // namespace edgemoe::scenes
