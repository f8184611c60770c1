// Sets of pictures with ground truth on disk, in either of two layouts (README.md here).
#ifndef EDGEMOE_SCENES_DATASET_WRITER_H_
#define EDGEMOE_SCENES_DATASET_WRITER_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/status.h"
#include "scenes/picture.h"

namespace edgemoe::scenes {

enum class Layout { kFiles, kArrays };

/// What dataset.json says of a set.
struct DatasetInfo {
  Layout layout = Layout::kFiles;
  Kind kind = Kind::kStreet;
  std::uint64_t count = 0;
  std::uint64_t first = 0;  // number of the first picture
  int height = 128;
  int width = 256;
  std::uint64_t seed = 0;
  std::string ranges;
  std::string stream;
  double frames_per_second = 0;  // of a drive; 0: pictures of their own
};

/// What becomes of the `<folder>.partial` that a run left which was killed.
enum class StalePartial { kRefuse, kReplace };

/// Writes a set into `<folder>.partial` and renames that to `<folder>` when all is on the disk: a set with its own name
/// is whole. A writer that goes without finish() takes its partial folder with it. write() may be called from several
/// threads, in any order, once a picture.
class DatasetWriter {
 public:
  /// kInvalidArgument when `folder` is there already, or its partial form, which is replaced only if `stale` says so
  /// and no other writer holds it; kIo when it cannot be made, or the disk has no room for the set.
  static Result<DatasetWriter> create(const std::filesystem::path& folder, const DatasetInfo& info,
                                      StalePartial stale = StalePartial::kRefuse);

  DatasetWriter(DatasetWriter&& other) noexcept;
  DatasetWriter& operator=(DatasetWriter&& other) = delete;
  ~DatasetWriter();

  /// Picture number info.first + `position`.
  Status write(std::uint64_t position, const Picture& picture) const;
  /// Writes dataset.json, waits until all is on the disk and gives the folder its name.
  Status finish();

 private:
  DatasetWriter(std::filesystem::path folder, DatasetInfo info);
  Status claim_partial(StalePartial stale);
  Status check_room() const;
  Status open_arrays();
  Status flush_arrays();
  Status write_files(std::uint64_t position, const Picture& picture) const;
  Status write_arrays(std::uint64_t position, const Picture& picture) const;
  void close_arrays() noexcept;

  std::filesystem::path folder_;
  std::filesystem::path partial_;
  int claim_ = -1;  // descriptor of the partial folder, locked while this writer lives; −1: no folder of ours
  DatasetInfo info_;
  std::array<int, 4> arrays_ = {-1, -1, -1, -1};  // descriptors: images, labels, depth, normals
  std::array<std::uint64_t, 4> offsets_{};        // of their first value
};

// How ground truth is stored; x in metres or as a component of a unit vector.

/// 16-bit depth in 1/256 m; 0 = none, also for what is beyond the format.
std::uint16_t depth_to_file(float metres);
/// IEEE 754 half precision, rounded to nearest even; for 0 ≤ x < 65504.
std::uint16_t depth_to_half(float metres);
std::int8_t normal_to_array(float component);
std::uint8_t normal_to_file(float component);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_DATASET_WRITER_H_
