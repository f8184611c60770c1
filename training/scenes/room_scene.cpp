#include "scenes/room_scene.h"

#include <array>

#include "scenes/furniture.h"
#include "scenes/person.h"
#include "scenes/room_shell.h"

namespace edgemoe::scenes {
namespace {

class RoomBuilder {
 public:
  RoomBuilder(const RoomRanges& ranges, std::uint64_t seed, Scene& scene)
      : ranges_(ranges), scene_(scene), dice_(seed), builder_(scene.mesh, {}) {
    style_ = draw_room_style(dice_);
    shell_ = build_room_shell(ranges, style_, scene, dice_.split());
    clutter_ = dice_.in(ranges.clutter);
  }

  Camera build(const CameraRanges& ranges) {
    const Camera camera = place_camera(ranges);
    furnish();
    return camera;
  }

 private:
  bool take_floor(float x, float z, float half_x, float half_z) {
    if (std::fabs(x) + half_x > shell_.half_x - 0.02F || std::fabs(z) + half_z > shell_.half_z - 0.02F) return false;
    for (const FloorArea& t : floor_) {
      if (std::fabs(x - t.x) < half_x + t.half_x && std::fabs(z - t.z) < half_z + t.half_z) return false;
    }
    floor_.push_back({x, z, half_x, half_z});
    return true;
  }

  Camera place_camera(const CameraRanges& ranges) {
    const float side = dice_.sign();
    const float x = side * dice_.uniform(0.2F, 0.85F) * (shell_.half_x - 0.3F);
    const float z = -dice_.uniform(0.55F, 0.95F) * (shell_.half_z - 0.3F);
    floor_.push_back({x, z, 0.55F, 0.55F});
    const float yaw = std::atan2(-0.5F * x - x, shell_.half_z - z) + radians(3 * dice_.in(ranges.yaw_deg));
    Camera camera;
    camera.tan_half_width = std::tan(radians(0.5F * dice_.in(ranges.fov_deg)));
    const float height = std::min(dice_.in(ranges.height_person), shell_.height - 0.4F);
    const Frame base = Frame::upright({x, height, z}, 0);
    const float roll = radians(dice_.in(ranges.roll_deg));
    const float pitch = radians(dice_.in(ranges.pitch_deg) - 8);
    camera.frame = Camera::orient(base, yaw, pitch, roll);
    return camera;
  }

  /// Stands a thing of this width and depth against some wall; false when no place is found.
  bool against_wall(float width, float depth, float high, Frame& frame) {
    for (int attempt = 0; attempt < 8; ++attempt) {
      const int side = dice_.integer(0, 3);
      const float w = shell_.wall_half(side);
      const float half = 0.5F * width;
      if (half > w - 0.1F) continue;
      const float x = dice_.uniform(-1, 1) * (w - half - 0.05F);
      if (!shell_.wall_is_free(side, x, half, high)) continue;
      const Frame wall = shell_.wall_frame(side);
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
    const int pieces = static_cast<int>(amount * (8 + 2.0F * shell_.half_x * shell_.half_z));
    for (int i = 0; i < pieces; ++i) add_piece();
    add_table_group();
    for (int i = static_cast<int>(clutter_ * dice_.uniform(0, 8)); i > 0; --i) {
      const float x = dice_.uniform(-1, 1) * shell_.half_x;
      const float z = dice_.uniform(-1, 1) * shell_.half_z;
      const float size = dice_.uniform(0.25F, 0.9F);
      if (!take_floor(x, z, 0.4F * size, 0.4F * size)) continue;
      const Dice looks = dice_.split();
      add_small_object(scene_, Frame::upright({x, 0, z}, dice_.uniform(0, 6)), size, looks);
    }
    if (dice_.chance(ranges_.people)) {
      for (int i = dice_.integer(1, 3); i > 0; --i) {
        const float x = dice_.uniform(-0.8F, 0.8F) * shell_.half_x;
        const float z = dice_.uniform(-0.6F, 0.9F) * shell_.half_z;
        if (!take_floor(x, z, 0.3F, 0.3F)) continue;
        const Dice looks = dice_.split();
        const PersonOptions options = {.pose = dice_.chance(0.5F) ? Pose::kWalk : Pose::kStand,
                                       .phase = dice_.uniform(0, 6),
                                       .distance = 5,
                                       .label = room::kPerson};
        add_person(scene_, Frame::upright({x, 0, z}, dice_.uniform(0, 6)), options, looks);
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
        const Dice looks = dice_.split();
        const Frame seat = Frame::upright({dice_.uniform(-0.2F, 0.2F), 0, size.z + 0.2F}, kPi);
        add_chair(scene_, frame.compose(seat), style_, looks);
      }
    }
  }

  void add_table_group() {
    if (!dice_.chance(0.7F)) return;
    const Vec3 size = {dice_.uniform(0.8F, 1.8F), dice_.chance(0.3F) ? 0.45F : 0.75F, dice_.uniform(0.6F, 0.95F)};
    const float x = dice_.uniform(-0.4F, 0.4F) * shell_.half_x;
    const float z = dice_.uniform(-0.2F, 0.6F) * shell_.half_z;
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
    const float w = shell_.wall_half(side);
    const float half = dice_.uniform(0.2F, 0.5F);
    const float x = dice_.uniform(-1, 1) * (w - half - 0.1F);
    if (!shell_.wall_is_free(side, x, half + 0.1F, 3.0F)) return;
    Material poster;
    poster.pattern = Pattern::kPoster;
    poster.label = room::kWall;
    poster.base = style_.accent;
    poster.contrast = 0.7F;
    poster.scale = dice_.uniform(0.04F, 0.2F);
    poster.seed = dice_.seed32();
    builder_.set_frame(shell_.wall_frame(side));
    builder_.set_material(scene_.add(poster));
    const float low = dice_.uniform(1.3F, 1.5F);
    builder_.box({x - half, low, 0}, {x + half, low + half * dice_.uniform(0.8F, 1.6F), 0.03F});
  }

  struct FloorArea {
    float x, z, half_x, half_z;
  };

  const RoomRanges& ranges_;
  Scene& scene_;
  Dice dice_;
  MeshBuilder builder_;
  RoomStyle style_;
  RoomShell shell_;
  float clutter_ = 0.5F;
  std::vector<FloorArea> floor_;
};

}  // namespace

Camera build_room(const RoomRanges& ranges, const CameraRanges& camera, std::uint64_t seed, Scene& scene) {
  return RoomBuilder(ranges, seed, scene).build(camera);
}

}  // namespace edgemoe::scenes
