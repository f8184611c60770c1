#include "server/frame_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <optional>
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

/// The pictures of a folder by name, or the one that `path` is.
Result<std::vector<fs::path>> list(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<fs::path>{path};
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
  return pictures;
}

/// Pictures that cannot be read are passed over as long as there is one that can.
class PictureSource final : public FrameSource {
 public:
  PictureSource(fs::path path, double pictures_per_second) : path_(std::move(path)), period_(1 / pictures_per_second) {}

  Status reopen() override {
    Result<std::vector<fs::path>> listed = list(path_);
    if (!listed.ok()) return listed.status();
    paths_ = std::move(listed).value();
    number_ = 0;
    held_.reset();
    Result<SourceFrame> first = read();
    if (!first.ok()) return first.status();
    held_ = std::move(first).value();
    return {};
  }

  Result<SourceFrame> next() override {
    if (held_) {
      Result<SourceFrame> first = *std::move(held_);
      held_.reset();
      return first;
    }
    return read();
  }

  std::int64_t num_damaged() const override { return num_damaged_; }

  std::string description() const override {
    std::error_code error;
    if (!fs::is_directory(path_, error)) return path_.filename().string();
    const fs::path folder = path_.has_filename() ? path_.filename() : path_.parent_path().filename();
    return fmt::format("{} pictures of {}", paths_.size(), folder.string());
  }

  void interrupt() override { interrupted_ = true; }

 private:
  Result<SourceFrame> read() {
    Status fault;
    for (std::size_t tried = 0; tried < paths_.size() && !interrupted_; ++tried) {
      const fs::path& path = paths_[number_ % paths_.size()];
      const double seconds = period_ * static_cast<double>(number_++);
      // A single picture is read once.
      if (paths_.size() > 1 || number_ == 1) {
        Result<Picture> picture = read_picture(path);
        if (!picture.ok()) {
          fault = picture.status();
          ++num_damaged_;
          continue;
        }
        last_ = std::move(picture).value();
      }
      return SourceFrame{.picture = last_, .seconds = seconds, .name = path.filename()};
    }
    return interrupted_ ? Status(StatusCode::kIo, "interrupted") : fault;
  }

  const fs::path path_;
  const double period_;
  std::vector<fs::path> paths_;
  std::optional<SourceFrame> held_;  // read by reopen(), for the next next()
  Picture last_;
  std::size_t number_ = 0;
  std::int64_t num_damaged_ = 0;
  std::atomic<bool> interrupted_ = false;
};

/// A file again from its beginning when it ends; a camera as it comes.
class VideoSource final : public FrameSource {
 public:
  VideoSource(fs::path path, std::function<bool()> stopped) : path_(std::move(path)), stopped_(std::move(stopped)) {}

  Status reopen() override {
    num_damaged_ = num_damaged();
    reader_.reset();
    std::error_code error;
    const bool camera = fs::is_character_file(path_, error);
    Result<VideoReader> reader = VideoReader::open(
        path_, {.loop = !camera, .stopped = [this] { return interrupted_ || (stopped_ && stopped_()); }});
    if (!reader.ok()) return reader.status();
    reader_ = std::move(reader).value();
    return {};
  }

  Result<SourceFrame> next() override {
    if (!reader_) return Status(StatusCode::kIo, fmt::format("{}: not open", path_.string()));
    VideoFrame frame;
    const Result<bool> more = reader_->read(frame);
    if (!more.ok()) return more.status();
    if (!*more) return Status(StatusCode::kIo, fmt::format("{}: no more frames come", path_.string()));
    return SourceFrame{.picture = std::move(frame.picture), .seconds = frame.time_s};
  }

  std::int64_t num_damaged() const override { return num_damaged_ + (reader_ ? reader_->num_damaged() : 0); }

  std::string description() const override {
    if (!reader_) return path_.filename().string();
    const VideoInfo& info = reader_->info();
    return fmt::format("{} {}x{} {}", path_.filename().string(), info.width, info.height, info.codec);
  }

  void interrupt() override { interrupted_ = true; }

 private:
  const fs::path path_;
  const std::function<bool()> stopped_;
  std::optional<VideoReader> reader_;
  std::int64_t num_damaged_ = 0;  // of the readers before
  std::atomic<bool> interrupted_ = false;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> open_source(const fs::path& path, double pictures_per_second,
                                                 std::function<bool()> stopped) {
  std::error_code error;
  std::unique_ptr<FrameSource> source;
  if (fs::is_directory(path, error) || has_picture_name(path)) {
    source = std::make_unique<PictureSource>(path, pictures_per_second);
  } else {
    source = std::make_unique<VideoSource>(path, std::move(stopped));
  }
  if (Status status = source->reopen(); !status.ok()) return status;
  return source;
}

}  // namespace edgemoe::server
