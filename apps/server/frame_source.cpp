#include "server/frame_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "edgemoe/video.h"

namespace edgemoe::server {
namespace {

namespace fs = std::filesystem;

bool has_picture_name(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& letter : extension) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

class PictureSource final : public FrameSource {
 public:
  PictureSource(std::vector<fs::path> paths, double pictures_per_second, std::string description)
      : paths_(std::move(paths)), period_(1 / pictures_per_second), description_(std::move(description)) {}

  Result<SourceFrame> next() override {
    const fs::path& path = paths_[number_ % paths_.size()];
    // A single picture is read once.
    if (paths_.size() > 1 || number_ == 0) {
      Result<Picture> picture = read_picture(path);
      if (!picture.ok()) return picture.status();
      last_ = std::move(picture).value();
    }
    return SourceFrame{.picture = last_, .seconds = period_ * static_cast<double>(number_++), .name = path.filename()};
  }
  std::string description() const override { return description_; }

 private:
  const std::vector<fs::path> paths_;
  const double period_;
  const std::string description_;
  Picture last_;
  std::size_t number_ = 0;
};

class VideoSource final : public FrameSource {
 public:
  VideoSource(VideoReader reader, std::string description)
      : reader_(std::move(reader)), description_(std::move(description)) {}

  Result<SourceFrame> next() override {
    VideoFrame frame;
    Result<bool> more = reader_.read(frame);
    if (!more.ok()) return more.status();
    if (!*more) return Status(StatusCode::kIo, fmt::format("{}: no more frames come", description_));
    return SourceFrame{.picture = std::move(frame.picture), .seconds = frame.time_s};
  }
  std::string description() const override { return description_; }
  void interrupt() override { reader_.interrupt(); }

 private:
  VideoReader reader_;
  const std::string description_;
};

/// A file again from its beginning when it ends; a camera as it comes.
Result<std::unique_ptr<FrameSource>> open_video(const fs::path& path, bool camera) {
  Result<VideoReader> reader = VideoReader::open(path, {.loop = !camera});
  if (!reader.ok()) return reader.status();
  std::string description = fmt::format("{} {}x{} {}", path.filename().string(), reader->info().width,
                                        reader->info().height, reader->info().codec);
  return std::unique_ptr<FrameSource>(std::make_unique<VideoSource>(std::move(reader).value(), std::move(description)));
}

}  // namespace

Result<std::unique_ptr<FrameSource>> open_source(const fs::path& path, double pictures_per_second) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    std::vector<fs::path> pictures;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
      if (has_picture_name(entry->path())) pictures.push_back(entry->path());
    }
    if (error) return Status(StatusCode::kIo, fmt::format("{}: {}", path.string(), error.message()));
    if (pictures.empty()) {
      return Status(StatusCode::kNotFound,
                    fmt::format("{}: no picture in this folder; expected .jpg or .png files", path.string()));
    }
    std::sort(pictures.begin(), pictures.end());
    const fs::path folder = path.has_filename() ? path.filename() : path.parent_path().filename();
    std::string description = fmt::format("{} pictures of {}", pictures.size(), folder.string());
    return std::unique_ptr<FrameSource>(
        std::make_unique<PictureSource>(std::move(pictures), pictures_per_second, std::move(description)));
  }
  if (!has_picture_name(path)) return open_video(path, fs::is_character_file(path, error));
  if (Result<Picture> picture = read_picture(path); !picture.ok()) return picture.status();
  return std::unique_ptr<FrameSource>(
      std::make_unique<PictureSource>(std::vector<fs::path>{path}, pictures_per_second, path.filename().string()));
}

}  // namespace edgemoe::server
