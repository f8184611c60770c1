#include "scenes/picture.h"

#include <array>
#include <set>

#include "base/thread_pool.h"
#include "scenes/scenes_testing.h"
#include "scenes/street_scene.h"

namespace edgemoe::scenes {
namespace {

constexpr PictureRequest kSmall = {Kind::kStreet, 64, 32, 5};

std::vector<Picture> render_set(const Ranges& ranges, const PictureRequest& request, int count, int threads) {
  ThreadPool pool(threads);
  std::vector<RayTracer> tracers;
  for (int i = 0; i < threads; ++i) tracers.push_back(make_tracer());
  std::vector<Picture> pictures(static_cast<std::size_t>(count));
  pool.parallel_for(pictures.size(), [&](std::size_t i, int thread) {
    Result<Picture> picture = make_picture(ranges, request, i, tracers[static_cast<std::size_t>(thread)]);
    EXPECT_TRUE(picture.ok()) << picture.status().message();
    if (picture.ok()) pictures[i] = std::move(picture).value();
  });
  return pictures;
}

bool same_bytes(const Picture& a, const Picture& b) {
  const auto equal = [](Vec3 u, Vec3 v) { return u.x == v.x && u.y == v.y && u.z == v.z; };
  return a.jpeg == b.jpeg && a.truth.labels == b.truth.labels && a.truth.depth == b.truth.depth &&
         std::equal(a.truth.normals.begin(), a.truth.normals.end(), b.truth.normals.begin(), b.truth.normals.end(),
                    equal);
}

TEST(Picture, any_number_of_threads_makes_the_same_bytes) {
  const Ranges ranges = committed_ranges("train");
  for (const Kind kind : {Kind::kStreet, Kind::kRoom}) {
    PictureRequest request = kSmall;
    request.kind = kind;
    const auto one = render_set(ranges, request, 6, 1);
    const auto three = render_set(ranges, request, 6, 3);
    for (std::size_t i = 0; i < one.size(); ++i) {
      ASSERT_FALSE(one[i].jpeg.empty());
      EXPECT_TRUE(same_bytes(one[i], three[i])) << kind_name(kind) << " " << i;
    }
  }
}

TEST(Picture, seeds_numbers_streams_and_kinds_all_give_other_pictures) {
  const Ranges train = committed_ranges("train");
  const Ranges test = committed_ranges("test");
  std::set<std::uint64_t> seeds;
  int count = 0;
  for (const Ranges* ranges : {&train, &test}) {
    for (const Kind kind : {Kind::kStreet, Kind::kRoom}) {
      for (std::uint64_t seed = 0; seed < 30; ++seed) {
        for (std::uint64_t index = 0; index < 30; ++index, ++count)
          seeds.insert(picture_seed(*ranges, kind, seed, index));
      }
    }
  }
  EXPECT_EQ(seeds.size(), static_cast<std::size_t>(count));
  RayTracer tracer = make_tracer();
  const Result<Picture> a = make_picture(train, kSmall, 0, tracer);
  const Result<Picture> b = make_picture(train, kSmall, 1, tracer);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_FALSE(same_bytes(*a, *b));
}

/// What stands where in a street, and how it looks, as one number: it holds nothing that a math library could round.
std::uint64_t plan_digest(const Ranges& ranges, std::uint64_t seed) {
  std::uint64_t digest = 0;
  for (const PlacedObject& object : plan_street(ranges.street, {}, seed).objects) {
    for (const std::uint64_t part : {static_cast<std::uint64_t>(object.kind), static_cast<std::uint64_t>(object.seed)})
      digest = Random(digest ^ part).next_u64();
  }
  return digest;
}

TEST(Picture, streets_are_those_that_models_were_trained_and_measured_on_by_any_compiler) {
  std::uint64_t digest = 0;
  for (const char* name : {"train", "test", "drive"}) {
    const Ranges ranges = committed_ranges(name);
    for (std::uint64_t seed = 0; seed < 20; ++seed) digest = Random(digest ^ plan_digest(ranges, seed)).next_u64();
  }
  EXPECT_EQ(digest, 1667548129703241040U)
      << "change ranges or scenes, and every number measured on them must be measured anew";
}

TEST(Picture, streets_show_every_class_and_only_the_sky_is_without_depth) {
  const auto pictures = render_set(committed_ranges("train"), kSmall, 24, 2);
  std::array<int, 256> pixels{};
  int solid = 0;
  for (const Picture& picture : pictures) {
    const View& v = picture.truth;
    ASSERT_EQ(v.labels.size(), std::size_t{64 * 32});
    for (std::size_t i = 0; i < v.labels.size(); ++i) {
      ++pixels[v.labels[i]];
      const bool sky = v.labels[i] == street::kSky;
      ASSERT_EQ(sky, v.depth[i] == 0);
      ASSERT_LE(v.depth[i], kViewDistance);
      ASSERT_NEAR(length(v.normals[i]), sky ? 0.0F : 1.0F, 1e-5F);
      if (sky) continue;
      ++solid;
      ASSERT_GE(v.depth[i], 0.02F);
    }
  }
  for (std::size_t c = 0; c < kStreetClasses.size(); ++c) EXPECT_GT(pixels[c], 0) << kStreetClasses[c];
  for (std::size_t c = kStreetClasses.size(); c < kIgnore; ++c) EXPECT_EQ(pixels[c], 0) << c;
  EXPECT_GT(solid, 24 * 64 * 16);
}

TEST(Picture, rooms_show_every_class) {
  PictureRequest request = kSmall;
  request.kind = Kind::kRoom;
  const auto pictures = render_set(committed_ranges("train"), request, 40, 2);
  std::array<int, 256> pixels{};
  for (const Picture& picture : pictures) {
    for (const Label label : picture.truth.labels) ++pixels[label];
  }
  for (std::size_t c = 0; c < kRoomClasses.size(); ++c) EXPECT_GT(pixels[c], 0) << kRoomClasses[c];
}

TEST(Drive, frames_differ_and_depend_on_their_number_alone) {
  const Ranges ranges = committed_ranges("drive");
  const Drive drive(ranges, kSmall, 2, 5);
  EXPECT_EQ(drive.num_frames(), 10U);
  RayTracer tracer = make_tracer();
  const Result<Picture> last = drive.frame(9, tracer);
  const Result<Picture> first = drive.frame(0, tracer);
  const Result<Picture> again = drive.frame(9, tracer);
  ASSERT_TRUE(last.ok() && first.ok() && again.ok());
  EXPECT_TRUE(same_bytes(*last, *again));
  EXPECT_FALSE(same_bytes(*last, *first));
}

TEST(Drive, neighbouring_frames_show_nearly_the_same) {
  const Drive drive(committed_ranges("drive"), kSmall, 2, 20);
  RayTracer tracer = make_tracer();
  const Result<Picture> a = drive.frame(3, tracer);
  const Result<Picture> b = drive.frame(4, tracer);
  ASSERT_TRUE(a.ok() && b.ok());
  std::size_t equal = 0;
  for (std::size_t i = 0; i < a->truth.labels.size(); ++i) equal += a->truth.labels[i] == b->truth.labels[i] ? 1U : 0U;
  EXPECT_GT(equal, a->truth.labels.size() * 8 / 10);
}

}  // namespace
}  // namespace edgemoe::scenes
