#include "image/video_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <tuple>

#include "base/file.h"
#include "base/random.h"
#include "base/testing.h"
#include "image/orientation.h"
#include "image/test_video.h"

namespace edgemoe {
namespace {

using test::clip_frame;
using test::ClipOptions;
using test::mean_difference;
using test::write_clip;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Samples that FFV1 keeps as they are.
const ClipOptions kLossless{.codec = "ffv1", .pixels = "bgr0"};

struct Decoded {
  StreamInfo info;
  std::vector<Image> images;
  std::vector<std::int64_t> ticks;
  VideoDamage damage;
};

Decoded read_all(VideoDecoder decoder, std::size_t at_most = 1000) {
  Decoded decoded;
  decoded.info = decoder.info();
  DecodedFrame frame;
  while (decoded.images.size() < at_most) {
    const Result<bool> read = decoder.read(frame);
    EXPECT_TRUE(read.ok()) << read.status().message();
    if (!read.ok() || !*read) break;
    EXPECT_EQ(frame.number, static_cast<std::int64_t>(decoded.images.size()));
    decoded.images.push_back(frame.image);
    decoded.ticks.push_back(frame.ticks);
  }
  decoded.damage = decoder.damage();
  return decoded;
}

Decoded decode(const std::filesystem::path& path, const VideoDecoderOptions& options = {}, std::size_t at_most = 1000) {
  Result<VideoDecoder> decoder = VideoDecoder::open(path, options);
  EXPECT_TRUE(decoder.ok()) << decoder.status().message();
  return decoder.ok() ? read_all(std::move(decoder).value(), at_most) : Decoded{};
}

class VideoDecoderTest : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }
  std::filesystem::path clip(const ClipOptions& options, const std::string& name = "clip.avi") const {
    write_clip(file(name), options);
    return file(name);
  }
  std::vector<std::byte> bytes(const std::filesystem::path& path) const { return read_file(path, 1 << 24).value(); }
  Status fault(const std::filesystem::path& path, const VideoDecoderOptions& options = {}) const {
    return VideoDecoder::open(path, options).status();
  }
  const TemporaryFolder folder_;
};

TEST_F(VideoDecoderTest, ALosslessClip_comes_back_frame_by_frame) {
  const Decoded decoded = decode(clip(kLossless));
  ASSERT_EQ(decoded.images.size(), 10U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(decoded.images[static_cast<std::size_t>(i)].samples8, clip_frame(64, 48, i).samples8) << "frame " << i;
  }
  EXPECT_EQ(decoded.info.codec, "ffv1");
  EXPECT_EQ(decoded.info.container, "avi");
  EXPECT_EQ(decoded.info.frame_rate, 10);
  EXPECT_EQ(decoded.info.num_frames, 10);
  EXPECT_NEAR(decoded.info.duration_s, 1, 1e-9);
  EXPECT_EQ(decoded.damage.frames, 0);
}

TEST_F(VideoDecoderTest, EveryPixelFormat_gives_the_same_scene) {
  for (const char* pixels : {"yuv444p", "yuv422p", "yuv420p", "yuv420p10le", "yuv444p16le", "yuva420p", "gbrp10le"}) {
    for (const bool full_range : {false, true}) {
      const Decoded decoded = decode(
          clip({.codec = "ffv1", .pixels = pixels, .container = "matroska", .num_frames = 2, .full_range = full_range},
               "clip.mkv"));
      ASSERT_EQ(decoded.images.size(), 2U) << pixels;
      // What halving the chroma costs at the bar's edges; a wrong range or matrix costs five times as much.
      EXPECT_LT(mean_difference(decoded.images[1], clip_frame(64, 48, 1)), 2.5) << pixels << " " << full_range;
    }
  }
}

TEST_F(VideoDecoderTest, OddSizes_are_kept) {
  for (const auto& [width, height] : {std::pair{17, 33}, std::pair{65, 47}, std::pair{1, 1}, std::pair{3, 200}}) {
    for (const char* pixels : {"yuv420p", "bgr0"}) {
      const auto w = static_cast<std::size_t>(width);
      const auto h = static_cast<std::size_t>(height);
      const Decoded decoded =
          decode(clip({.codec = "ffv1", .pixels = pixels, .width = w, .height = h, .num_frames = 2}));
      ASSERT_EQ(decoded.images.size(), 2U);
      EXPECT_EQ(decoded.images[1].width, w);
      EXPECT_EQ(decoded.images[1].height, h);
      EXPECT_EQ(decoded.images[1].samples8.size(), w * h * 3);
    }
  }
}

TEST_F(VideoDecoderTest, ATurnedClip_comes_upright) {
  // Display matrices a, b, c, d of the EXIF orientations.
  const std::vector<std::pair<int, std::array<std::int32_t, 4>>> turns = {
      {1, {1, 0, 0, 1}}, {2, {-1, 0, 0, 1}}, {3, {-1, 0, 0, -1}}, {4, {1, 0, 0, -1}},
      {5, {0, 1, 1, 0}}, {6, {0, 1, -1, 0}}, {7, {0, -1, -1, 0}}, {8, {0, -1, 1, 0}}};
  for (const auto& [orientation, turn] : turns) {
    const Decoded decoded = decode(clip({.container = "mov", .num_frames = 3, .turn = turn}, "clip.mov"));
    ASSERT_EQ(decoded.images.size(), 3U);
    Image expected = clip_frame(64, 48, 2);
    make_upright(expected, orientation);
    ASSERT_EQ(decoded.images[2].width, expected.width) << orientation;
    EXPECT_EQ(decoded.info.width, expected.width);
    EXPECT_EQ(decoded.info.height, expected.height);
    EXPECT_LT(mean_difference(decoded.images[2], expected), 4) << orientation;
  }
}

TEST_F(VideoDecoderTest, AVariableRate_keeps_the_time_of_each_frame) {
  const Decoded decoded = decode(clip({.codec = "ffv1",
                                       .container = "matroska",
                                       .num_frames = 5,
                                       .times = {0, 40, 55, 700, 701},
                                       .time_base = {1, 1000}},
                                      "clip.mkv"));
  EXPECT_THAT(decoded.ticks, ElementsAre(0, 40, 55, 700, 701));
  EXPECT_EQ(decoded.info.time_base.denominator, 1000);
  EXPECT_EQ(decoded.damage.retimed, 0);
}

TEST_F(VideoDecoderTest, AStreamThatCannotSeek_gives_the_same_frames) {
  for (const char* container : {"avi", "matroska", "mpegts"}) {
    const auto path = clip({.container = container, .num_frames = 12});
    const Decoded from_file = decode(path);
    const std::vector<std::byte> content = bytes(path);
    struct Pipe : std::stringbuf {
      using std::stringbuf::stringbuf;
      pos_type seekoff(off_type, std::ios::seekdir, std::ios::openmode) override { return pos_type(off_type(-1)); }
      pos_type seekpos(pos_type, std::ios::openmode) override { return pos_type(off_type(-1)); }
    } pipe(std::string(reinterpret_cast<const char*>(content.data()), content.size()), std::ios::in);
    std::istream stream(&pipe);
    Result<VideoDecoder> decoder = VideoDecoder::open_stream(stream, "standard input", {});
    ASSERT_TRUE(decoder.ok()) << decoder.status().message();
    const Decoded decoded = read_all(std::move(decoder).value());
    ASSERT_EQ(decoded.images.size(), from_file.images.size()) << container;
    EXPECT_EQ(decoded.images.size(), 12U);
    EXPECT_EQ(decoded.images.back().samples8, from_file.images.back().samples8);
  }
}

TEST_F(VideoDecoderTest, ALoop_begins_again_with_times_that_go_on) {
  const auto path = clip(kLossless);
  const Decoded decoded = decode(path, {.loop = true}, 25);
  ASSERT_EQ(decoded.images.size(), 25U);
  for (std::size_t i = 0; i < 25; ++i) {
    EXPECT_EQ(decoded.images[i].samples8, clip_frame(64, 48, static_cast<int>(i % 10)).samples8);
    EXPECT_EQ(decoded.ticks[i], static_cast<std::int64_t>(i));
  }
}

/// Overwrites bytes in the midst of a frame of an AVI file, counted as they are stored.
void damage_frame(std::vector<std::byte>& avi, int number) {
  constexpr std::string_view kTag = "00dc";
  const std::string_view text(reinterpret_cast<const char*>(avi.data()), avi.size());
  std::size_t chunk = text.find("movi");
  for (int i = 0; i <= number; ++i) chunk = text.find(kTag, chunk + kTag.size());
  ASSERT_NE(chunk, std::string_view::npos);
  std::uint32_t size = 0;
  std::memcpy(&size, avi.data() + chunk + kTag.size(), sizeof(size));
  ASSERT_LE(chunk + 8 + size, avi.size());
  for (std::size_t i = size / 2; i < size / 2 + 24; ++i) avi[chunk + 8 + i] ^= static_cast<std::byte>(i * 37 + 11);
}

TEST_F(VideoDecoderTest, DamagedFrames_are_skipped_and_counted) {
  constexpr int kFrames = 40;
  for (const char* codec : {"mpeg4", "libx264", "mjpeg"}) {
    if (!test::has_encoder(codec)) continue;
    const bool jpeg = std::string_view(codec) == "mjpeg";
    const auto path = clip({.codec = codec,
                            .pixels = jpeg ? "yuvj420p" : "yuv420p",
                            .width = 160,
                            .height = 128,
                            .num_frames = kFrames,
                            .full_range = jpeg});
    ASSERT_EQ(decode(path).damage.frames, 0) << codec;
    std::vector<std::byte> content = bytes(path);
    for (const int number : {9, 10, 22, 31}) damage_frame(content, number);
    ASSERT_TRUE(write_file(path, content).ok());
    // Whichever thread of the decoder meets the damage, and whenever.
    std::int64_t damaged = 0;
    for (int round = 0; round < 5; ++round) {
      const Decoded decoded = decode(path);
      // One of the four JPEGs can still be decoded, to another picture: nothing in it tells.
      EXPECT_GE(decoded.damage.frames, jpeg ? 3 : 4) << codec;
      EXPECT_EQ(static_cast<std::int64_t>(decoded.images.size()) + decoded.damage.frames, kFrames) << codec;
      EXPECT_TRUE(std::is_sorted(decoded.ticks.begin(), decoded.ticks.end()));
      if (round == 0) damaged = decoded.damage.frames;
      EXPECT_EQ(decoded.damage.frames, damaged) << codec;
    }
  }
}

TEST_F(VideoDecoderTest, FramesBeforeTheFirstKeyFrame_are_skipped_and_counted) {
  if (!test::has_encoder("libx264")) GTEST_SKIP() << "no libx264";
  constexpr int kFrames = 24;
  const auto path = clip({.codec = "libx264", .container = "avi", .width = 64, .height = 48, .num_frames = kFrames});
  std::vector<std::byte> content = bytes(path);
  // The first frame as a chunk that nobody reads: what follows refers to what was never there.
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  const std::size_t first = text.find("00dc", text.find("movi"));
  ASSERT_NE(first, std::string_view::npos);
  std::memcpy(content.data() + first, "JUNK", 4);
  ASSERT_TRUE(write_file(path, content).ok());
  const Decoded decoded = decode(path);
  EXPECT_GE(decoded.damage.frames, 1);
  EXPECT_EQ(static_cast<std::int64_t>(decoded.images.size()) + decoded.damage.frames, kFrames - 1);
}

TEST_F(VideoDecoderTest, AVideoThatGoesAway_ends_its_loop_with_a_fault) {
  const auto path = clip(kLossless);
  Result<VideoDecoder> decoder = VideoDecoder::open(path, {.loop = true});
  ASSERT_TRUE(decoder.ok());
  DecodedFrame frame;
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(decoder->read(frame).value());
  std::filesystem::remove(path);
  Result<bool> read = true;
  for (int i = 0; i < 15 && read.ok(); ++i) read = decoder->read(frame);
  EXPECT_EQ(read.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(decoder->read(frame).status().code(), StatusCode::kIo);
}

TEST_F(VideoDecoderTest, AnyDamage_ends_in_a_fault_or_in_frames_that_are_whole) {
  Random random(3);
  int opened = 0;
  for (const char* container : {"avi", "matroska", "mpegts", "mp4"}) {
    const auto path = clip({.container = container, .num_frames = 6});
    const std::vector<std::byte> whole = bytes(path);
    for (int round = 0; round < 40; ++round) {
      std::vector<std::byte> content = whole;
      for (int flips = 1 << (round % 8); flips > 0; --flips) {
        content[random.below(content.size())] = static_cast<std::byte>(random.below(256));
      }
      if (round % 3 == 0) content.resize(1 + random.below(content.size()));
      std::istringstream stream(std::string(reinterpret_cast<const char*>(content.data()), content.size()));
      Result<VideoDecoder> decoder =
          VideoDecoder::open_stream(stream, "damaged", {.limits = {.max_pixels = 1 << 20, .max_dimension = 4096}});
      if (!decoder.ok()) {
        EXPECT_FALSE(decoder.status().message().empty());
        continue;
      }
      ++opened;
      DecodedFrame frame;
      std::int64_t last = -1;
      for (int i = 0; i < 50; ++i) {
        const Result<bool> read = decoder->read(frame);
        if (!read.ok() || !*read) break;
        EXPECT_EQ(frame.image.samples8.size(), frame.image.width * frame.image.height * 3);
        EXPECT_GT(frame.ticks, last);
        last = frame.ticks;
      }
    }
  }
  EXPECT_GT(opened, 40);
}

TEST_F(VideoDecoderTest, AFileThatBreaksOff_gives_the_frames_before) {
  const auto path = clip({.codec = "ffv1", .pixels = "bgr0", .container = "matroska", .num_frames = 20}, "clip.mkv");
  std::vector<std::byte> content = bytes(path);
  content.resize(content.size() * 6 / 10);
  ASSERT_TRUE(write_file(path, content).ok());
  const Decoded decoded = decode(path);
  ASSERT_GT(decoded.images.size(), 5U);
  ASSERT_LT(decoded.images.size(), 16U);
  for (std::size_t i = 0; i + 1 < decoded.images.size(); ++i) {
    EXPECT_EQ(decoded.images[i].samples8, clip_frame(64, 48, static_cast<int>(i)).samples8);
  }
}

TEST_F(VideoDecoderTest, AnMp4WithoutItsIndex_is_refused_with_the_reason) {
  const auto path = clip({.container = "mp4", .num_frames = 20}, "clip.mp4");
  std::vector<std::byte> content = bytes(path);
  content.resize(content.size() * 6 / 10);
  ASSERT_TRUE(write_file(path, content).ok());
  EXPECT_EQ(fault(path).code(), StatusCode::kMalformed);
  EXPECT_THAT(fault(path).message(), HasSubstr("clip.mp4"));
  EXPECT_THAT(fault(path).message(), HasSubstr("moov atom not found"));
}

TEST_F(VideoDecoderTest, WhatIsNoVideo_is_refused_with_the_reason) {
  EXPECT_EQ(fault(file("missing.mp4")).code(), StatusCode::kNotFound);
  EXPECT_EQ(fault(folder_.path()).code(), StatusCode::kMalformed);
  ASSERT_TRUE(write_file(file("empty.mp4"), std::string_view()).ok());
  EXPECT_EQ(fault(file("empty.mp4")).code(), StatusCode::kMalformed);
  ASSERT_TRUE(write_file(file("text.mp4"), std::string_view("these are words, and no video at all\n")).ok());
  EXPECT_EQ(fault(file("text.mp4")).code(), StatusCode::kMalformed);
  EXPECT_THAT(fault(file("text.mp4")).message(), HasSubstr("text.mp4"));
}

TEST_F(VideoDecoderTest, AVideoWithoutFrames_is_refused) {
  const auto path = clip({.num_frames = 0});
  EXPECT_EQ(fault(path).code(), StatusCode::kMalformed);
  EXPECT_THAT(fault(path).message(), HasSubstr("clip.avi"));
}

TEST_F(VideoDecoderTest, APlaylist_cannot_open_other_files) {
  const auto path = clip({.container = "mpegts"}, "secret.ts");
  const std::vector<std::pair<std::string, std::string>> playlists = {
      {"list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + path.string() + "\n#EXT-X-ENDLIST\n"},
      {"list.ffconcat", "ffconcat version 1.0\nfile secret.ts\n"},
      {"list.mp4", "ffconcat version 1.0\nfile '" + path.string() + "'\n"}};
  for (const auto& [name, text] : playlists) {
    ASSERT_TRUE(write_file(file(name), text).ok());
    EXPECT_FALSE(VideoDecoder::open(file(name), {}).ok()) << name;
  }
}

TEST_F(VideoDecoderTest, FramesOverTheLimit_are_refused_before_they_are_decoded) {
  const auto path = clip({});
  EXPECT_EQ(fault(path, {.limits = {.max_pixels = 64 * 48 - 1}}).code(), StatusCode::kTooLarge);
  EXPECT_TRUE(VideoDecoder::open(path, {.limits = {.max_pixels = 64 * 48}}).ok());
}

TEST_F(VideoDecoderTest, AStop_ends_the_stream) {
  bool stop = false;
  Result<VideoDecoder> decoder = VideoDecoder::open(clip({}), {.stopped = [&stop] { return stop; }});
  ASSERT_TRUE(decoder.ok());
  DecodedFrame frame;
  ASSERT_TRUE(decoder->read(frame).value());
  stop = true;
  int more = 0;
  while (decoder->read(frame).value()) ++more;
  EXPECT_LT(more, 9);
}

TEST_F(VideoDecoderTest, ANamedPipe_isReadWhenAWriterComes) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto path = clip({.container = "matroska", .num_frames = 12});
  const Decoded from_file = decode(path);
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  std::thread writer([&] {
    const std::vector<std::byte> content = bytes(path);
    std::ofstream(file("pipe"), std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  });
  const Decoded decoded = decode(file("pipe"));
  writer.join();
  ASSERT_EQ(decoded.images.size(), 12U);
  EXPECT_EQ(decoded.images.back().samples8, from_file.images.back().samples8);
}

TEST_F(VideoDecoderTest, ANamedPipeWithoutAWriter_endsWhenStopped) {
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  std::atomic<int> asked = 0;
  const Status status = fault(file("pipe"), {.stopped = [&asked] { return ++asked > 5; }});
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_THAT(status.message(), HasSubstr("interrupted"));
}

TEST_F(VideoDecoderTest, AnMp4WithItsIndexAtTheEnd_isRefusedFromAPipeWithTheWayOut) {
  std::signal(SIGPIPE, SIG_IGN);
  // Larger than what FFmpeg keeps of what it has read.
  const auto path =
      clip({.codec = "mjpeg", .pixels = "yuvj420p", .container = "mp4", .width = 320, .height = 240, .num_frames = 60},
           "clip.mp4");
  ASSERT_EQ(decode(path).images.size(), 60U);
  ASSERT_GT(std::filesystem::file_size(path), 200'000U);
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  std::thread writer([&] {
    const std::vector<std::byte> content = bytes(path);
    std::ofstream(file("pipe"), std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  });
  const Status status = fault(file("pipe"));
  writer.join();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("faststart"));
}

/// Most memory that this process has had addresses for, in MiB.
long peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmPeak:")) return std::stol(line.substr(7)) / 1024;
  }
  return 0;
}

/// An AVI whose header says 16000x16000 where its frames are 64x48.
std::vector<std::byte> with_huge_frames(std::vector<std::byte> avi) {
  const auto text = [&](std::size_t at) { return std::string_view(reinterpret_cast<const char*>(&avi[at]), 4); };
  for (std::size_t i = 0; i + 20 < avi.size(); ++i) {
    if (text(i) != "strf") continue;  // four bytes, its size, the size of BITMAPINFOHEADER, then width and height
    for (const std::size_t at : {i + 12, i + 16}) {
      avi[at] = std::byte{16000 & 0xFF};
      avi[at + 1] = std::byte{16000 >> 8};
    }
    break;
  }
  return avi;
}

TEST_F(VideoDecoderTest, AHeaderOverTheLimit_takesNoMemoryWhileStreamsAreFound) {
  // In a process of its own: what others have taken would hide it.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto sound = clip({.codec = "zlib", .pixels = "bgr24"});  // a decoder that takes its picture when it is opened
  ASSERT_TRUE(write_file(file("huge.avi"), with_huge_frames(bytes(sound))).ok());
  const auto open_both = [&] {
    decode(sound);  // the libraries and the threads are there
    const long before = peak_mib();
    const Status status = fault(file("huge.avi"), {.limits = {.max_pixels = 1'000'000, .max_dimension = 20'000}});
    const long taken = peak_mib() - before;
    std::fprintf(stderr, "%s, taken %ld MiB\n", status.message().c_str(), taken);
    std::exit(status.code() != StatusCode::kTooLarge ? 2 : taken < 200 ? 0 : 1);  // a picture takes 732 MiB
  };
  EXPECT_EXIT(open_both(), ::testing::ExitedWithCode(0), "huge.avi: frames of 16000x16000");
}

TEST(IsVideoSource, AsksTheNameThenTheContent) {
  const TemporaryFolder folder;
  const auto with = [&](const std::string& name, std::string_view content) {
    EXPECT_TRUE(write_file(folder.path() / name, content).ok());
    return is_video_source(folder.path() / name);
  };
  EXPECT_TRUE(with("clip.MP4", "no video, but called so: its message is a video's"));
  EXPECT_TRUE(with("clip", std::string_view("\0\0\0\x20"
                                            "ftypisom",
                                            12)));
  EXPECT_FALSE(with("photo.jpg", "text"));
  EXPECT_FALSE(with("input.npy", "\x93NUMPY"));
  EXPECT_FALSE(is_video_source(folder.path()));
  EXPECT_FALSE(is_video_source(folder.path() / "missing.png"));
  EXPECT_TRUE(is_video_source("/dev/video77"));  // not plugged in: still no picture
  EXPECT_TRUE(is_video_source(folder.path() / "missing.mkv"));
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(is_video_source(folder.path() / "pipe"));
}

}  // namespace
}  // namespace edgemoe
