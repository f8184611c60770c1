#include "scenes/room_shell.h"

#include <array>

#include "scenes/mesh_builder.h"

namespace edgemoe::scenes {

Frame RoomShell::wall_frame(int wall) const {
  const std::array<Vec3, 4> feet = {Vec3{0, 0, half_z}, {half_x, 0, 0}, {0, 0, -half_z}, {-half_x, 0, 0}};
  return Frame::upright(feet[static_cast<std::size_t>(wall)], kPi + 0.5F * kPi * to_float(wall));
}

bool RoomShell::wall_is_free(int wall, float x, float half, float high) const {
  for (const Opening& o : openings) {
    if (o.wall == wall && std::fabs(o.x - x) < o.half + half && o.low < high) return false;
  }
  return true;
}

namespace {

class ShellBuilder {
 public:
  ShellBuilder(const RoomRanges& ranges, const RoomStyle& style, Scene& scene, Dice& dice)
      : ranges_(ranges), style_(style), scene_(scene), dice_(dice), builder_(scene.mesh, {}) {
    shell_.half_x = 0.5F * dice_.in(ranges.width);
    shell_.half_z = 0.5F * dice_.in(ranges.length);
    shell_.height = dice_.in(ranges.height);
  }

  RoomShell build() {
    add_floor_and_ceiling();
    add_walls();
    if (dice_.chance(0.4F)) add_carpet();
    add_openings();
    add_lamps();
    return shell_;
  }

 private:
  void add_floor_and_ceiling() {
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
    const float x = shell_.half_x;
    const float z = shell_.half_z;
    builder_.set_material(scene_.add(floor));
    builder_.quad({-x, 0, -z}, {x, 0, -z}, {x, 0, z}, {-x, 0, z});
    Material ceiling;
    ceiling.label = room::kCeiling;
    ceiling.base = dice_.vary({0.7F, 0.69F, 0.67F}, 0.2F, 0.03F);
    ceiling.second = ceiling.base * 0.9F;
    builder_.set_material(scene_.add(ceiling));
    builder_.quad({-x, shell_.height, -z}, {x, shell_.height, -z}, {x, shell_.height, z}, {-x, shell_.height, z});
  }

  void add_walls() {
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
    Material skirting;
    skirting.base = skirting.second = {0.6F, 0.59F, 0.57F};
    skirting.label = room::kWall;
    const std::uint16_t skirting_id = scene_.add(skirting);
    for (int side = 0; side < 4; ++side) {
      builder_.set_frame(shell_.wall_frame(side));
      const float w = shell_.wall_half(side);
      builder_.set_material(wall_id);
      builder_.wall({-w, 0, 0}, {w, 0, 0}, {w, shell_.height, 0}, {-w, shell_.height, 0});
      builder_.set_material(skirting_id);
      builder_.box({-w, 0, 0}, {w, 0.09F, 0.015F});
    }
    builder_.set_frame({});
  }

  void add_carpet() {
    Material rug;
    rug.label = room::kFloor;
    rug.seed = dice_.seed32();
    rug.scale = dice_.uniform(0.15F, 0.5F);
    rug.pattern = Pattern::kWallpaper;
    rug.base = dice_.vary(style_.accent, 0.3F, 0.1F);
    rug.second = dice_.vary(style_.fabric, 0.3F, 0.1F);
    rug.contrast = 0.7F;
    builder_.set_material(scene_.add(rug));
    const float rx = shell_.half_x * dice_.uniform(0.4F, 0.7F);
    const float rz = shell_.half_z * dice_.uniform(0.3F, 0.6F);
    builder_.box({-rx, 0, -rz}, {rx, 0.012F, rz});
  }

  void add_openings() {
    const std::uint16_t pane = add_pane();
    Material frame;
    frame.label = room::kWindowDoor;
    frame.base = dice_.chance(0.7F) ? Vec3{0.7F, 0.69F, 0.67F} : style_.wood;
    frame.second = frame.base * 0.8F;
    const std::uint16_t frame_id = scene_.add(frame);
    Material curtain;
    curtain.pattern = Pattern::kCloth;
    curtain.label = room::kWindowDoor;
    curtain.base = dice_.vary(style_.fabric, 0.3F, 0.2F);
    const std::uint16_t curtain_id = scene_.add(curtain);
    Material door = frame;
    door.base = dice_.vary(style_.wood, 0.3F, 0.1F);
    door.second = door.base * 0.8F;
    const std::uint16_t door_id = scene_.add(door);
    for (int wall = 0; wall < 4; ++wall) {
      builder_.set_frame(shell_.wall_frame(wall));
      if (dice_.chance(ranges_.windows)) {
        add_window(wall, pane, frame_id, curtain_id);
      } else if (dice_.chance(0.5F) && shell_.wall_half(wall) > 0.9F) {
        add_door(wall, door_id, frame_id);
      }
    }
    builder_.set_frame({});
  }

  std::uint16_t add_pane() {
    daylight_ = dice_.in(ranges_.daylight);
    Material pane;
    pane.label = room::kWindowDoor;
    pane.base = pane.second = Vec3{0.64F, 0.7F, 0.8F};
    pane.emission = daylight_;
    pane.gloss = 0.04F;
    return scene_.add(pane);
  }

  void add_window(int wall, std::uint16_t pane, std::uint16_t frame, std::uint16_t curtain) {
    const float w = shell_.wall_half(wall);
    const float half = std::min(dice_.uniform(0.4F, 1.2F), w - 0.25F);
    const float x = dice_.uniform(-1, 1) * (w - half - 0.2F);
    const float low = dice_.uniform(0.5F, 1.0F);
    const float high = std::min(shell_.height - 0.2F, low + dice_.uniform(1.0F, 1.5F));
    shell_.openings.push_back({wall, x, half, low});
    builder_.set_material(pane);
    constexpr float kOut = 0.012F;  // before the wall's own plane
    builder_.quad({x - half, low, kOut}, {x + half, low, kOut}, {x + half, high, kOut}, {x - half, high, kOut});
    builder_.set_material(frame);
    const int posts = dice_.integer(2, 4);
    for (int i = 0; i < posts; ++i) {
      const float px = x - half + 2 * half * to_float(i) / to_float(posts - 1);
      builder_.box({px - 0.035F, low, 0}, {px + 0.035F, high, 0.05F});
    }
    for (const float y : {low, high}) builder_.box({x - half, y - 0.035F, 0}, {x + half, y + 0.035F, 0.06F});
    if (dice_.chance(0.5F)) {
      builder_.set_material(curtain);
      for (const float edge : {x - half - 0.15F, x + half - 0.15F}) {
        builder_.bevelled_box({edge, 0.1F, 0.07F}, {edge + 0.3F, high + 0.1F, 0.13F}, 0.02F);
      }
    }
    // Daylight comes from a lamp before the pane.
    scene_.lamps.push_back({shell_.wall_frame(wall).point({x, 0.5F * (low + high), 0.35F}),
                            Vec3{0.85F, 0.95F, 1.05F} * (daylight_ * half * 0.5F), 0.12F});
  }

  void add_door(int wall, std::uint16_t door, std::uint16_t frame) {
    const float x = dice_.uniform(-1, 1) * (shell_.wall_half(wall) - 0.7F);
    shell_.openings.push_back({wall, x, 0.6F, 0});
    builder_.set_material(door);
    builder_.box({x - 0.42F, 0.005F, 0}, {x + 0.42F, 2.02F, 0.025F});
    builder_.set_material(frame);
    for (const float edge : {x - 0.5F, x + 0.42F}) builder_.box({edge, 0, 0}, {edge + 0.08F, 2.1F, 0.04F});
    builder_.box({x - 0.5F, 2.02F, 0}, {x + 0.5F, 2.1F, 0.04F});
    builder_.box({x + 0.3F, 1.0F, 0.025F}, {x + 0.38F, 1.03F, 0.08F});  // handle
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
      const Vec3 place = {dice_.uniform(-0.5F, 0.5F) * shell_.half_x, shell_.height - dice_.uniform(0.12F, 0.5F),
                          dice_.uniform(-0.6F, 0.6F) * shell_.half_z};
      builder_.ellipsoid(place, {0.16F, 0.09F, 0.16F}, 10, 6);
      builder_.tube(place, {place.x, shell_.height, place.z}, 0.012F, 0.012F, 5);
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

  const RoomRanges& ranges_;
  const RoomStyle& style_;
  Scene& scene_;
  Dice& dice_;
  MeshBuilder builder_;
  RoomShell shell_;
  float daylight_ = 1;
};

}  // namespace

RoomShell build_room_shell(const RoomRanges& ranges, const RoomStyle& style, Scene& scene, Dice dice) {
  return ShellBuilder(ranges, style, scene, dice).build();
}

}  // namespace edgemoe::scenes
