// A scene as data: triangles, materials and light. Generators fill it, the renderer reads it.
#ifndef EDGEMOE_SCENES_SCENE_H_
#define EDGEMOE_SCENES_SCENE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "scenes/classes.h"
#include "scenes/sky.h"
#include "scenes/vec.h"

namespace edgemoe::scenes {

/// `texture` is the object's own coordinate in metres, from which patterns are computed.
struct Vertex {
  Vec3 position;
  Vec3 normal;
  Vec3 texture;
};

struct Mesh {
  std::vector<Vertex> vertices;
  std::vector<std::array<std::uint32_t, 3>> triangles;
  std::vector<std::uint16_t> materials;  // per triangle
};

/// How a material's colours are laid out over its texture coordinates.
enum class Pattern {
  kPlain,      // base, with mottling towards `second` by `contrast`
  kAsphalt,    // grain, patches, cracks, tyre tracks; x across the road, z along it
  kCobbles,    // stones of `scale`, joints in `second`
  kSlabs,      // paving slabs of `scale`, joints in `second`
  kGrass,      // two greens and worn earth (`third`)
  kBrick,      // bricks base/third, mortar `second`; x along the wall, y up
  kPlanks,     // boards of width `scale` along x
  kTiles,      // roof or floor tiles of `scale`; joints in `second`
  kFoliage,    // leaves: base to `second` per leaf and patch
  kFacade,     // FacadeStyle number `style`
  kVehicle,    // VehiclePaint number `style`
  kStripes,    // alternating base and `second` of width `scale` along x
  kCloth,      // soft folds; `second` in stripes or checks when contrast > 0.5
  kSign,       // SignFace number `style`
  kSkyline,    // a distant row of facades or trees
  kPoster,     // pictures and book backs: coloured blocks
  kWallpaper,  // small repeated ornaments
};

struct Material {
  Pattern pattern = Pattern::kPlain;
  Label label = kIgnore;
  Vec3 base = {0.2F, 0.2F, 0.2F};
  Vec3 second = {0.1F, 0.1F, 0.1F};
  Vec3 third = {0.1F, 0.1F, 0.1F};
  float scale = 1;
  float contrast = 0.2F;
  float gloss = 0;     // share of mirror reflection at normal incidence
  float emission = 0;  // radiance per unit of base colour
  float wetness = 0;   // share of the surface that is wet (roads)
  std::uint32_t seed = 0;
  std::uint32_t style = 0;
};

enum class WallKind { kBrick, kPlaster, kConcrete, kStone, kPanels, kTimber, kCurtain, kSiding };
enum class GroundFloor { kSame, kShop, kGarage, kBlank, kArcade };

/// A wall with windows; lengths in metres.
struct FacadeStyle {
  WallKind wall_kind = WallKind::kPlaster;
  GroundFloor ground_floor = GroundFloor::kSame;
  Vec3 wall, detail, frame, glass, ground_wall, accent, door;
  float width = 10, height = 9;
  float ground_height = 3.2F, floor_height = 3;
  float bay_width = 2.5F, window_width = 1.1F, window_height = 1.5F, sill = 0.9F;
  float trim = 0.12F;  // width of the surround, 0 = none
  float shutters = 0;  // share of windows with shutters
  float lit = 0;       // share of windows with light
  float blank = 0;     // share of bays without window
  float dirt = 0.3F;
  float band = 0;  // height of a string course at each floor, 0 = none
  bool arched = false;
  int panes = 2;
  std::uint32_t seed = 0;
};

enum class VehicleBody { kCar, kVan, kTruck, kBus };

/// A vehicle's paint by its own coordinates: x right, y up, z forward, origin on the ground in the middle.
struct VehiclePaint {
  VehicleBody body = VehicleBody::kCar;
  Vec3 color, trim, second;
  float length = 4.3F, width = 1.8F, height = 1.5F;
  float belt = 0.9F;  // lower edge of the windows
  float window_top = 1.35F;
  float cabin_front = 0.6F, cabin_rear = -1.6F;  // z of the windows' ends at the belt
  float roof_front = 0.1F, roof_rear = -1.2F;
  float wheel_front = 1.3F, wheel_rear = -1.3F, wheel_radius = 0.32F;
  float lights = 0;  // brake and head lamps on
  float dirt = 0.2F;
  bool stripe = false;
  std::uint32_t seed = 0;
};

enum class SignShape { kCircle, kTriangle, kSquare, kPlate, kOctagon, kTrafficLight };

/// The face of a sign, in coordinates from -1 to 1.
struct SignFace {
  SignShape shape = SignShape::kCircle;
  Vec3 rim, field, mark;
  int lamp = 0;  // traffic lights: 0 red, 1 amber, 2 green
  std::uint32_t seed = 0;
};

/// A lamp that lights its surroundings (rooms).
struct PointLight {
  Vec3 position;
  Vec3 power;        // radiant intensity
  float radius = 0;  // its light comes from within a cube of this half width
};

struct Scene {
  Mesh mesh;
  std::vector<Material> materials;
  std::vector<FacadeStyle> facades;
  std::vector<VehiclePaint> paints;
  std::vector<SignFace> signs;
  std::vector<PointLight> lamps;
  Sky sky;
  float occlusion_distance = 8;  // how far ambient light looks for what shades it
  Label sky_label = street::kSky;

  std::uint16_t add(const Material& material) {
    materials.push_back(material);
    return static_cast<std::uint16_t>(materials.size() - 1);
  }
};

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_SCENE_H_
