// Labels, depths and normals against geometry that is known.
#include "scenes/renderer.h"

#include "scenes/mesh_builder.h"
#include "scenes/scenes_testing.h"

namespace edgemoe::scenes {
namespace {

constexpr Label kWallLabel = 3;
constexpr Label kGroundLabel = 0;
constexpr float kEyeHeight = 1.5F;

class RendererTest : public testing::Test {
 protected:
  RendererTest() {
    camera_.width = 64;
    camera_.height = 32;
    camera_.tan_half_width = 0.8F;
    camera_.frame.origin = {0.3F, kEyeHeight, -2};
  }

  void use(Label label) {
    Material m;
    m.label = label;
    builder_.set_material(scene_.add(m));
  }
  void add_ground() {
    use(kGroundLabel);
    builder_.quad({-500, 0, -500}, {500, 0, -500}, {500, 0, 500}, {-500, 0, 500});
  }
  View view() {
    EXPECT_TRUE(tracer_.set_mesh(scene_.mesh).ok());
    return render(scene_, tracer_, camera_, {.extra_samples = 1});
  }
  std::size_t at(int x, int y) const { return static_cast<std::size_t>(y * camera_.width + x); }

  Scene scene_;
  Camera camera_;
  MeshBuilder builder_{scene_.mesh, {}};
  RayTracer tracer_ = make_tracer();
};

void expect_normal(Vec3 found, Vec3 expected, float tolerance = 1e-6F) {
  EXPECT_NEAR(found.x, expected.x, tolerance);
  EXPECT_NEAR(found.y, expected.y, tolerance);
  EXPECT_NEAR(found.z, expected.z, tolerance);
}

TEST_F(RendererTest, wall_ahead_has_its_distance_in_the_middle_and_in_the_corners) {
  use(kWallLabel);
  builder_.quad({-50, -50, 8}, {50, -50, 8}, {50, 50, 8}, {-50, 50, 8});
  const View v = view();
  int compared = 0;
  for (int y = 0; y < v.height; ++y) {
    for (int x = 0; x < v.width; ++x) {
      // Eight roundings at most lie between the wall's place and the ray's parameter.
      EXPECT_NEAR(v.depth[at(x, y)], 10.0F, 10 * 8 * 6e-8F) << x << ", " << y;
      EXPECT_EQ(v.labels[at(x, y)], kWallLabel);
      expect_normal(v.normals[at(x, y)], {0, 0, 1});
      ++compared;
    }
  }
  EXPECT_EQ(compared, 64 * 32);
}

TEST_F(RendererTest, level_ground_points_up_begins_at_the_horizon_and_recedes_as_it_must) {
  add_ground();
  const View v = view();
  const float focal = 0.5F * to_float(v.width) / camera_.tan_half_width;
  int ground = 0;
  for (int y = 0; y < v.height; ++y) {
    for (int x = 0; x < v.width; ++x) {
      const std::size_t i = at(x, y);
      const float below = to_float(y) + 0.5F - 0.5F * to_float(v.height);
      if (below < 0) {
        EXPECT_EQ(v.labels[i], street::kSky);
        EXPECT_EQ(v.depth[i], 0.0F);
        expect_normal(v.normals[i], {0, 0, 0}, 0);
        continue;
      }
      EXPECT_EQ(v.labels[i], kGroundLabel);
      const float expected = kEyeHeight * focal / below;
      EXPECT_NEAR(v.depth[i], expected, expected * 1e-5F) << x << ", " << y;
      expect_normal(v.normals[i], {0, 1, 0});
      ++ground;
    }
  }
  EXPECT_EQ(ground, 64 * 16);
}

TEST_F(RendererTest, pitched_camera_turns_normals_and_moves_the_horizon) {
  add_ground();
  const float pitch = radians(-10);
  camera_.frame = Camera::orient(camera_.frame, 0, pitch, 0);
  const View v = view();
  // Looking down, the ground leans towards the camera.
  expect_normal(v.normals[at(32, 31)], {0, std::cos(pitch), -std::sin(pitch)});
  const float focal = 0.5F * to_float(v.width) / camera_.tan_half_width;
  const int horizon = static_cast<int>(std::lround(16 + focal * std::tan(pitch)));
  ASSERT_GT(horizon, 2);
  EXPECT_EQ(v.labels[at(5, horizon - 1)], street::kSky);
  EXPECT_EQ(v.labels[at(5, horizon + 1)], kGroundLabel);
}

TEST_F(RendererTest, camera_rolled_clockwise_sees_the_ground_turned_counterclockwise) {
  add_ground();
  const float roll = radians(20);
  camera_.frame = Camera::orient(camera_.frame, 0, 0, roll);
  const View v = view();
  expect_normal(v.normals[at(32, 31)], {-std::sin(roll), std::cos(roll), 0});
}

TEST_F(RendererTest, box_at_a_known_distance_shows_its_front_and_hides_the_ground) {
  add_ground();
  use(kWallLabel);
  builder_.box({-0.7F, 0, 4}, {1.3F, 2.5F, 5});
  const View v = view();
  EXPECT_EQ(v.labels[at(32, 16)], kWallLabel);
  EXPECT_NEAR(v.depth[at(32, 16)], 6.0F, 6 * 8 * 6e-8F);
  expect_normal(v.normals[at(32, 16)], {0, 0, 1});
  // Its right edge, 1 m right of the axis at 6 m, stands at pixel 32 + 40 / 6.
  EXPECT_EQ(v.labels[at(38, 16)], kWallLabel);
  EXPECT_NE(v.labels[at(39, 16)], kWallLabel);
}

TEST_F(RendererTest, round_shapes_have_their_own_normals) {
  use(kWallLabel);
  builder_.ellipsoid({0.3F, kEyeHeight, 8}, {2, 2, 2}, 64, 48);
  const View v = view();
  int compared = 0;
  for (int y = 0; y < v.height; ++y) {
    for (int x = 0; x < v.width; ++x) {
      const std::size_t i = at(x, y);
      if (v.labels[i] != kWallLabel) continue;
      const Vec3 ray = camera_.ray(to_float(x) + 0.5F, to_float(y) + 0.5F);
      const Vec3 p = camera_.frame.origin + ray * v.depth[i];
      const Vec3 true_normal = normalize(p - Vec3{0.3F, kEyeHeight, 8});
      // Facets of 2π/64: interpolated normals are off by a fraction of that angle.
      expect_normal(v.normals[i], camera_.to_camera(true_normal), 0.05F);
      ++compared;
    }
  }
  EXPECT_GT(compared, 50);
}

TEST_F(RendererTest, sun_throws_a_shadow) {
  add_ground();
  use(kWallLabel);
  builder_.box({-1, 1, 3}, {1.6F, 1.2F, 5});
  scene_.sky.sun = {1, 1, 1};
  const View v = view();
  // Right under the slab, 6 m ahead, and beside it.
  const float focal = 0.5F * to_float(v.width) / camera_.tan_half_width;
  const int row = static_cast<int>(16 + kEyeHeight * focal / 6);
  EXPECT_LT(luminance(v.radiance[at(32, row)]), 0.5F * luminance(v.radiance[at(60, row)]));
}

}  // namespace
}  // namespace edgemoe::scenes
