#include "scenes/dataset_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <vector>

#include "base/file.h"
#include "image/png_writer.h"

namespace edgemoe::scenes {
namespace {

namespace fs = std::filesystem;

struct ArrayFormat {
  const char* file;
  const char* type;  // NumPy's
  std::uint64_t value_bytes;
  std::uint64_t channels;  // 1: no axis of its own
};
constexpr std::array<ArrayFormat, 4> kArrays = {{{"images.npy", "|u1", 1, 3},
                                                 {"labels.npy", "|u1", 1, 1},
                                                 {"depth.npy", "<f2", 2, 1},
                                                 {"normals.npy", "|i1", 1, 3}}};

std::uint64_t picture_bytes(const ArrayFormat& format, const DatasetInfo& info) {
  return static_cast<std::uint64_t>(info.height) * static_cast<std::uint64_t>(info.width) * format.channels *
         format.value_bytes;
}

/// Magic, version 1.0, header of a length that makes the whole a multiple of 64 bytes.
std::string npy_header(const ArrayFormat& format, const DatasetInfo& info) {
  std::string shape = fmt::format("({}, {}, {}", info.count, info.height, info.width);
  shape += format.channels > 1 ? fmt::format(", {})", format.channels) : ")";
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", format.type, shape);
  constexpr std::size_t kPrefix = 10;
  text.append(63 - (kPrefix + text.size()) % 64, ' ');
  text += '\n';
  std::string header = "\x93NUMPY";
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

/// Some file systems cannot flush a folder and say EINVAL; there is nothing more to be done then.
Status flush_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool flushed = fd >= 0 && (::fsync(fd) == 0 || errno == EINVAL);
  const int fault = errno;
  if (fd >= 0) ::close(fd);
  if (flushed) return {};
  return io_error("{}: cannot flush: {}", folder.string(), std::strerror(fault));
}

Status write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return io_error("{}: cannot write: {}", path.string(), std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

template <typename T>
std::span<const std::byte> as_bytes(const std::vector<T>& values) {
  return std::as_bytes(std::span<const T>(values));
}

bool has_normal(Vec3 n) { return n.x != 0 || n.y != 0 || n.z != 0; }

nlohmann::ordered_json describe(const DatasetInfo& info) {
  nlohmann::ordered_json json;
  json["format"] = "edgemoe-dataset 1";
  json["layout"] = info.layout == Layout::kFiles ? "files" : "arrays";
  json["count"] = info.count;
  json["height"] = info.height;
  json["width"] = info.width;
  json["classes"] = nlohmann::ordered_json::array();
  for (const std::string_view name : class_names(info.kind)) json["classes"].push_back(name);
  json["ignore"] = kIgnore;
  json["depth_unit"] = "m";
  json["tasks"] = {"semseg", "depth", "normals"};
  json["seed"] = info.seed;
  json["ranges"] = info.ranges;
  json["stream"] = info.stream;
  json["kind"] = kind_name(info.kind);
  json["first"] = info.first;
  if (info.frames_per_second > 0) json["frames_per_second"] = info.frames_per_second;
  json["generator"] = "edgemoe-scenes";
  return json;
}

}  // namespace

std::uint16_t depth_to_file(float metres) {
  const float scaled = metres * 256 + 0.5F;
  return scaled >= 65536 ? std::uint16_t{0} : static_cast<std::uint16_t>(scaled);
}

std::uint16_t depth_to_half(float metres) {
  if (metres < 6.103515625e-05F) return 0;  // under the smallest normal number: no depth of a picture
  const auto bits = std::bit_cast<std::uint32_t>(metres);
  const std::uint32_t rounded = bits + 0xFFFu + ((bits >> 13) & 1u);
  return static_cast<std::uint16_t>((rounded >> 13) - (112u << 10));
}

std::int8_t normal_to_array(float component) { return static_cast<std::int8_t>(std::lround(component * 127)); }
std::uint8_t normal_to_file(float component) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(127.5F * (component + 1)), 0L, 255L));
}

DatasetWriter::DatasetWriter(fs::path folder, DatasetInfo info)
    : folder_(std::move(folder)), partial_(folder_.string() + ".partial"), info_(std::move(info)) {}

DatasetWriter::DatasetWriter(DatasetWriter&& other) noexcept
    : folder_(std::move(other.folder_)),
      partial_(std::move(other.partial_)),
      claim_(std::exchange(other.claim_, -1)),
      info_(std::move(other.info_)),
      arrays_(std::exchange(other.arrays_, {-1, -1, -1, -1})),
      offsets_(other.offsets_) {}

DatasetWriter::~DatasetWriter() {
  close_arrays();
  if (claim_ < 0) return;
  std::error_code ignored;
  fs::remove_all(partial_, ignored);
  ::close(claim_);
}

void DatasetWriter::close_arrays() noexcept {
  for (int& fd : arrays_) {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
}

Result<DatasetWriter> DatasetWriter::create(const fs::path& folder, const DatasetInfo& info, StalePartial stale) {
  // "sets/a/" and "sets/a" are the same folder; the partial one must stand beside it.
  fs::path clean = folder.lexically_normal();
  if (!clean.has_filename()) clean = clean.parent_path();
  if (clean.empty()) return invalid_argument("the output folder has no name");
  DatasetWriter writer(clean, info);
  std::error_code error;
  if (fs::exists(fs::symlink_status(writer.folder_, error))) {
    return invalid_argument("{}: is there already; remove it or choose another name", writer.folder_.string());
  }
  EDGEMOE_RETURN_IF_ERROR(writer.claim_partial(stale));
  EDGEMOE_RETURN_IF_ERROR(writer.check_room());
  if (info.layout == Layout::kArrays) {
    EDGEMOE_RETURN_IF_ERROR(writer.open_arrays());
    return writer;
  }
  for (const char* name : {"images", "labels", "depth", "normals"}) {
    const fs::path path = writer.partial_ / name;
    fs::create_directory(path, error);
    if (error) return io_error("{}: cannot be made: {}", path.string(), error.message());
  }
  return writer;
}

/// Makes the partial folder and locks it. A lock goes with its process, however that ends: a folder without one is
/// stale.
Status DatasetWriter::claim_partial(StalePartial stale) {
  std::error_code error;
  if (partial_.has_parent_path()) fs::create_directories(partial_.parent_path(), error);
  if (error) return io_error("{}: cannot be made: {}", partial_.parent_path().string(), error.message());
  const bool made = ::mkdir(partial_.c_str(), 0777) == 0;
  if (!made && errno != EEXIST) return io_error("{}: cannot be made: {}", partial_.string(), std::strerror(errno));
  const int claim = ::open(partial_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (claim < 0) return io_error("{}: cannot be opened: {}", partial_.string(), std::strerror(errno));
  if (::flock(claim, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(claim);
    return invalid_argument("{}: another run is writing this set; choose another name", partial_.string());
  }
  if (!made && stale == StalePartial::kRefuse) {
    ::close(claim);
    return invalid_argument(
        "{}: the beginning of a set, left by a run that was killed; --replace-partial (or removing it) makes the set "
        "anew",
        partial_.string());
  }
  claim_ = claim;
  if (made) return {};
  std::vector<fs::path> old;
  for (fs::directory_iterator entry(partial_, error), end; !error && entry != end; entry.increment(error)) {
    old.push_back(entry->path());
  }
  for (auto path = old.begin(); !error && path != old.end(); ++path) fs::remove_all(*path, error);
  if (error) return io_error("{}: cannot be emptied: {}", partial_.string(), error.message());
  return {};
}

/// A disk that is too small says so before the work.
Status DatasetWriter::check_room() const {
  // What JPEG and PNG come to was measured: 1.5 bytes a pixel for the committed ranges.
  double bytes = 1.5 * static_cast<double>(info_.height) * static_cast<double>(info_.width);
  if (info_.layout == Layout::kArrays) {
    bytes = 0;
    for (const ArrayFormat& format : kArrays) bytes += static_cast<double>(picture_bytes(format, info_));
  }
  bytes *= static_cast<double>(info_.count);
  std::error_code error;
  const fs::space_info space = fs::space(partial_, error);
  if (error || static_cast<double>(space.available) >= bytes) return {};
  constexpr double kMegabyte = 1e6;
  return io_error("{}: {} pictures of {}x{} need about {:.0f} MB, the disk has {:.0f} MB left", partial_.string(),
                  info_.count, info_.height, info_.width, std::ceil(bytes / kMegabyte),
                  std::floor(static_cast<double>(space.available) / kMegabyte));
}

Status DatasetWriter::open_arrays() {
  for (std::size_t i = 0; i < kArrays.size(); ++i) {
    const fs::path path = partial_ / kArrays[i].file;
    arrays_[i] = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (arrays_[i] < 0) return io_error("{}: cannot be made: {}", path.string(), std::strerror(errno));
    const std::string header = npy_header(kArrays[i], info_);
    offsets_[i] = header.size();
    EDGEMOE_RETURN_IF_ERROR(write_at(arrays_[i], std::as_bytes(std::span(header)), 0, path));
    // The whole length at once: nobody else can take the room meanwhile.
    const std::uint64_t bytes = info_.count * picture_bytes(kArrays[i], info_);
    if (const int fault = ::posix_fallocate(arrays_[i], 0, static_cast<off_t>(header.size() + bytes)); fault != 0) {
      return io_error("{}: no room for {} bytes: {}", path.string(), bytes, std::strerror(fault));
    }
  }
  return {};
}

Status DatasetWriter::write(std::uint64_t position, const Picture& picture) const {
  return info_.layout == Layout::kFiles ? write_files(position, picture) : write_arrays(position, picture);
}

Status DatasetWriter::write_files(std::uint64_t position, const Picture& picture) const {
  const View& view = picture.truth;
  const std::string name = fmt::format("{:06}", info_.first + position);
  EDGEMOE_RETURN_IF_ERROR(write_file(partial_ / "images" / (name + ".jpg"), picture.jpeg));
  PngSource png;
  png.width = static_cast<std::size_t>(view.width);
  png.height = static_cast<std::size_t>(view.height);
  PngSource labels = png;
  labels.grey8 = view.labels;
  labels.content = PngContent::kFlat;
  EDGEMOE_RETURN_IF_ERROR(write_png(partial_ / "labels" / (name + ".png"), labels));
  std::vector<std::uint16_t> depth;
  std::vector<std::uint8_t> normals;
  for (const float d : view.depth) depth.push_back(depth_to_file(d));
  for (const Vec3& n : view.normals) {
    for (const float c : {n.x, n.y, n.z}) normals.push_back(has_normal(n) ? normal_to_file(c) : std::uint8_t{0});
  }
  PngSource depth_png = png;
  depth_png.grey16 = depth;
  EDGEMOE_RETURN_IF_ERROR(write_png(partial_ / "depth" / (name + ".png"), depth_png));
  PngSource normals_png = png;
  normals_png.rgb8 = normals;
  return write_png(partial_ / "normals" / (name + ".png"), normals_png);
}

Status DatasetWriter::write_arrays(std::uint64_t position, const Picture& picture) const {
  const View& view = picture.truth;
  std::vector<std::uint16_t> depth;
  std::vector<std::int8_t> normals;
  for (const float d : view.depth) depth.push_back(depth_to_half(d));
  for (const Vec3& n : view.normals) {
    for (const float c : {n.x, n.y, n.z}) normals.push_back(normal_to_array(c));
  }
  static_assert(std::endian::native == std::endian::little, "the arrays are little-endian");
  const std::array<std::span<const std::byte>, 4> parts = {as_bytes(picture.image.samples8), as_bytes(view.labels),
                                                           as_bytes(depth), as_bytes(normals)};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::uint64_t offset = offsets_[i] + position * picture_bytes(kArrays[i], info_);
    EDGEMOE_RETURN_IF_ERROR(write_at(arrays_[i], parts[i], offset, partial_ / kArrays[i].file));
  }
  return {};
}

Status DatasetWriter::flush_arrays() {
  for (std::size_t i = 0; i < arrays_.size(); ++i) {
    if (arrays_[i] < 0) continue;
    const bool flushed = ::fsync(arrays_[i]) == 0;
    const bool closed = ::close(std::exchange(arrays_[i], -1)) == 0;
    if (!flushed || !closed) {
      return io_error("{}: cannot flush: {}", (partial_ / kArrays[i].file).string(), std::strerror(errno));
    }
  }
  return {};
}

Status DatasetWriter::finish() {
  EDGEMOE_RETURN_IF_ERROR(flush_arrays());
  EDGEMOE_RETURN_IF_ERROR(write_file(partial_ / "dataset.json", describe(info_).dump(2) + "\n"));
  // Files are flushed as they are written; their names stand in these folders.
  for (const char* name : {"images", "labels", "depth", "normals"}) {
    if (info_.layout == Layout::kFiles) EDGEMOE_RETURN_IF_ERROR(flush_folder(partial_ / name));
  }
  EDGEMOE_RETURN_IF_ERROR(flush_folder(partial_));
  std::error_code error;
  fs::rename(partial_, folder_, error);
  if (error) return io_error("{}: cannot be renamed to {}: {}", partial_.string(), folder_.string(), error.message());
  ::close(std::exchange(claim_, -1));
  return flush_folder(folder_.has_parent_path() ? folder_.parent_path() : ".");
}

}  // namespace edgemoe::scenes
