#include "scenes/dataset_writer.h"

#include <cmath>
#include <cstring>

#include "base/file.h"
#include "image/decode.h"
#include "scenes/scenes_testing.h"

namespace edgemoe::scenes {
namespace {

namespace fs = std::filesystem;

constexpr int kWidth = 48;
constexpr int kHeight = 32;
constexpr std::size_t kPixels = kWidth * kHeight;
constexpr std::uint64_t kCount = 3;

class DatasetWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("scenes_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const Ranges ranges = committed_ranges("train");
    RayTracer tracer = make_tracer();
    for (std::uint64_t i = 0; i < kCount; ++i) {
      Result<Picture> picture = make_picture(ranges, {Kind::kStreet, kWidth, kHeight, 11}, i, tracer);
      ASSERT_TRUE(picture.ok()) << picture.status().message();
      pictures_.push_back(std::move(picture).value());
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(Layout layout, const fs::path& name) {
    Result<DatasetWriter> writer = DatasetWriter::create(
        folder_ / name, {.layout = layout, .count = kCount, .height = kHeight, .width = kWidth, .seed = 11});
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    for (const std::uint64_t i : {2U, 0U, 1U}) ASSERT_TRUE(writer->write(i, pictures_[i]).ok());
    EXPECT_FALSE(fs::exists(folder_ / name));
    ASSERT_TRUE(writer->finish().ok());
    EXPECT_FALSE(fs::exists((folder_ / name).string() + ".partial"));
  }

  /// The values of an array file after its header, whose shape and type must read as wanted.
  std::vector<std::byte> read_array(const std::string& file, const std::string& type, const std::string& shape) {
    Result<std::vector<std::byte>> bytes = read_file(folder_ / "arrays" / file, 1 << 24);
    EXPECT_TRUE(bytes.ok());
    const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>((*bytes)[i]); };
    const std::size_t length = at(8) + 256 * at(9);
    EXPECT_EQ((10 + length) % 64, 0U);
    const std::string header(reinterpret_cast<const char*>(bytes->data()) + 10, length);
    EXPECT_EQ(header.back(), '\n');
    EXPECT_NE(header.find("'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape), std::string::npos)
        << header;
    return {bytes->begin() + static_cast<std::ptrdiff_t>(10 + length), bytes->end()};
  }

  Image read_picture(const std::string& path) {
    Result<Image> image = load_image(folder_ / "files" / path);
    EXPECT_TRUE(image.ok()) << image.status().message();
    return image.ok() ? *image : Image{};
  }

  fs::path folder_;
  std::vector<Picture> pictures_;
};

float half_value(std::uint16_t half) {
  const int exponent = half >> 10;
  const float fraction = 1 + static_cast<float>(half & 0x3FF) / 1024;
  return half == 0 ? 0.0F : std::ldexp(fraction, exponent - 15);
}

TEST_F(DatasetWriterTest, both_layouts_hold_the_same) {
  write(Layout::kFiles, "files");
  write(Layout::kArrays, "arrays");
  const auto images = read_array("images.npy", "|u1", "(3, 32, 48, 3)");
  const auto labels = read_array("labels.npy", "|u1", "(3, 32, 48)");
  const auto depth = read_array("depth.npy", "<f2", "(3, 32, 48)");
  const auto normals = read_array("normals.npy", "|i1", "(3, 32, 48, 3)");
  ASSERT_EQ(images.size(), kCount * kPixels * 3);
  ASSERT_EQ(labels.size(), kCount * kPixels);
  ASSERT_EQ(depth.size(), kCount * kPixels * 2);
  ASSERT_EQ(normals.size(), kCount * kPixels * 3);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    const std::string name = "00000" + std::to_string(i);
    const Image image = read_picture("images/" + name + ".jpg");
    const Image label = read_picture("labels/" + name + ".png");
    const Image far = read_picture("depth/" + name + ".png");
    const Image normal = read_picture("normals/" + name + ".png");
    ASSERT_EQ(image.samples8.size(), kPixels * 3);
    ASSERT_EQ(label.samples8.size(), kPixels * 3);
    ASSERT_EQ(far.samples16.size(), kPixels * 3);
    ASSERT_EQ(normal.samples8.size(), kPixels * 3);
    EXPECT_EQ(std::memcmp(image.samples8.data(), images.data() + i * kPixels * 3, kPixels * 3), 0);
    for (std::size_t p = 0; p < kPixels; ++p, ++compared) {
      ASSERT_EQ(label.samples8[3 * p], std::to_integer<std::uint8_t>(labels[i * kPixels + p]));
      std::uint16_t half = 0;
      std::memcpy(&half, depth.data() + 2 * (i * kPixels + p), 2);
      const float metres = half_value(half);
      // A half in 1024 of the value by the half float, a half in 256 m by the file.
      ASSERT_NEAR(static_cast<float>(far.samples16[3 * p]) / 256, metres, metres / 2048 + 0.5F / 256 + 1e-5F);
      ASSERT_EQ(far.samples16[3 * p] == 0, half == 0);
      for (std::size_t c = 0; c < 3; ++c) {
        const auto component =
            static_cast<std::int8_t>(std::to_integer<std::uint8_t>(normals[3 * (i * kPixels + p) + c]));
        if (half == 0) {
          ASSERT_EQ(component, 0);
          ASSERT_EQ(normal.samples8[3 * p + c], 0);
        } else {
          ASSERT_NEAR(static_cast<float>(normal.samples8[3 * p + c]) / 127.5F - 1, static_cast<float>(component) / 127,
                      1.0F / 127);
        }
      }
    }
  }
  EXPECT_EQ(compared, kCount * kPixels);
}

TEST_F(DatasetWriterTest, folder_that_is_there_is_left_alone) {
  write(Layout::kFiles, "files");
  const Status there =
      DatasetWriter::create(folder_ / "files", {.count = 1, .height = kHeight, .width = kWidth}).status();
  EXPECT_EQ(there.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(fs::exists(folder_ / "files" / "dataset.json"));
  EXPECT_FALSE(fs::exists(folder_ / "files.partial"));
}

TEST_F(DatasetWriterTest, writer_without_finish_leaves_nothing) {
  for (const Layout layout : {Layout::kFiles, Layout::kArrays}) {
    {
      const Result<DatasetWriter> writer =
          DatasetWriter::create(folder_ / "set", {.layout = layout, .count = 1, .height = kHeight, .width = kWidth});
      ASSERT_TRUE(writer.ok()) << writer.status().message();
      ASSERT_TRUE(writer->write(0, pictures_[0]).ok());
      EXPECT_TRUE(fs::exists(folder_ / "set.partial"));
    }
    EXPECT_FALSE(fs::exists(folder_ / "set"));
    EXPECT_FALSE(fs::exists(folder_ / "set.partial"));
  }
}

TEST_F(DatasetWriterTest, partial_folder_of_another_run_is_kept_until_told_and_never_while_it_is_written) {
  const DatasetInfo info = {.count = 1, .height = kHeight, .width = kWidth};
  fs::create_directories(folder_ / "set.partial" / "images");
  const Status refused = DatasetWriter::create(folder_ / "set/", info).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.message().find("--replace-partial"), std::string::npos) << refused.message();
  EXPECT_TRUE(fs::exists(folder_ / "set.partial" / "images"));

  Result<DatasetWriter> writer = DatasetWriter::create(folder_ / "set", info, StalePartial::kReplace);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  const Status busy = DatasetWriter::create(folder_ / "set", info, StalePartial::kReplace).status();
  EXPECT_NE(busy.message().find("another run"), std::string::npos) << busy.message();
  ASSERT_TRUE(writer->write(0, pictures_[0]).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_TRUE(fs::exists(folder_ / "set" / "dataset.json"));
}

TEST_F(DatasetWriterTest, set_larger_than_the_disk_is_refused_at_once) {
  for (const Layout layout : {Layout::kFiles, Layout::kArrays}) {
    const Status status =
        DatasetWriter::create(folder_ / "set", {.layout = layout, .count = 10'000'000, .height = 4096, .width = 4096})
            .status();
    EXPECT_EQ(status.code(), StatusCode::kIo);
    EXPECT_NE(status.message().find("the disk has"), std::string::npos) << status.message();
    EXPECT_FALSE(fs::exists(folder_ / "set.partial"));
  }
}

TEST(DatasetFormats, depths_and_normals_are_rounded_to_the_nearest) {
  EXPECT_EQ(depth_to_file(0), 0);
  EXPECT_EQ(depth_to_file(1), 256);
  EXPECT_EQ(depth_to_file(246), 246 * 256);
  EXPECT_EQ(depth_to_file(256), 0);
  EXPECT_EQ(depth_to_half(0), 0);
  EXPECT_EQ(depth_to_half(1), 0x3C00);
  EXPECT_EQ(depth_to_half(1 + 1.0F / 2048), 0x3C00);  // a tie goes to the even one
  EXPECT_EQ(depth_to_half(1 + 3.0F / 2048), 0x3C02);
  EXPECT_EQ(depth_to_half(2047.9F), 0x6800);  // rounds up over the exponent
  EXPECT_EQ(normal_to_array(-1), -127);
  EXPECT_EQ(normal_to_array(0.5F), 64);
  EXPECT_EQ(normal_to_file(-1), 0);
  EXPECT_EQ(normal_to_file(0), 128);
  EXPECT_EQ(normal_to_file(1), 255);
}

}  // namespace
}  // namespace edgemoe::scenes
