// A task's map as files: the data for programs and the pictures for people. docs/outputs.md lists them.
#ifndef EDGEMOE_PIPELINE_MAP_FILES_H_
#define EDGEMOE_PIPELINE_MAP_FILES_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "image/image.h"
#include "model/config.h"
#include "pipeline/task_map.h"

namespace edgemoe {

enum class FloatFormat { kNpy, kPfm };

/// What of a map becomes files: all, or what programs read (labels, the 16-bit depth, floats) without the pictures for
/// people.
enum class MapFileSet { kAll, kData };

struct MapFileOptions {
  std::filesystem::path folder;  // exists
  std::string stem;              // files are <folder>/<stem>_<task>…
  FloatFormat float_format = FloatFormat::kNpy;
  MapFileSet files = MapFileSet::kAll;
};

struct MapFile {
  std::filesystem::path path;
  std::string meaning;  // one phrase: "class of every pixel, 0 to 6"
};

/// The 16-bit depth file: depth = offset + sample / scale, sample 0 where there is none.
struct DepthFileReport {
  double scale = 0;
  double offset = 0;
  std::uint64_t num_invalid = 0;
  std::uint64_t num_clipped = 0;
};

struct ValueRange {
  float min = 0;
  float max = 0;
};

/// What was written for one map, and what a reader of the files must know.
struct MapReport {
  std::string task;
  std::vector<MapFile> files;
  std::vector<std::uint64_t> class_pixels;  // label tasks: pixels of each class
  std::optional<ValueRange> range;          // other tasks: of the finite values, if there are any
  std::uint64_t non_finite = 0;             // pixels with a value (label tasks: a logit) that is not finite
  std::optional<DepthFileReport> depth;
};

/// Writes all files of one map; `picture` is what it was made from (null: no overlay). Files are encoded on the pool. A
/// fault leaves no half-written file.
Result<MapReport> write_map_files(const TaskMap& map, const TaskConfig& task, const Image* picture,
                                  const MapFileOptions& options, ThreadPool& pool);

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_MAP_FILES_H_
