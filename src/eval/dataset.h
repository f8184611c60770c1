// Pictures with ground truth, read one at a time from folders of several layouts. docs/eval.md describes each.
#ifndef EDGEMOE_EVAL_DATASET_H_
#define EDGEMOE_EVAL_DATASET_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "eval/depth_metrics.h"
#include "image/image.h"
#include "model/config.h"

namespace edgemoe {

enum class DatasetLayout {
  kFiles,       ///< "files": dataset.json, images/, labels/, depth/, normals/: one file a picture each
  kArrays,      ///< "arrays": dataset.json, images.npy, labels.npy, depth.npy, normals.npy
  kCityscapes,  ///< "cityscapes": leftImg8bit/, gtFine/, disparity/, camera/
  kNyud,        ///< "nyud": images/, segmentation/, depth/, normals/, gt_sets/
};

std::string_view dataset_layout_name(DatasetLayout layout);

/// One picture and what is known about it. A task's part is empty unless it was asked for.
struct Sample {
  std::string name;
  std::size_t height = 0;
  std::size_t width = 0;
  Image image;
  std::vector<std::uint8_t> labels;       // semseg [height, width]: the data's class, kIgnoreLabel
  std::vector<std::uint8_t> human_parts;  // the same for human_parts
  std::vector<float> depth;               // [height, width]: metres along the optical axis, 0 where there is none
  std::vector<float> normals;             // [height, width, 3]: of any length, (0, 0, 0) where there is none

  const std::vector<std::uint8_t>& label_map(TaskKind task) const {
    return task == TaskKind::kHumanParts ? human_parts : labels;
  }
};

enum class PictureUse { kDecode, kLeaveOut };

bool has_task(std::span<const TaskKind> tasks, TaskKind task);

/// What a reader is asked for.
struct SampleRequest {
  std::vector<TaskKind> tasks;
  PictureUse picture = PictureUse::kDecode;

  bool wants(TaskKind task) const { return has_task(tasks, task); }
};

/// What holds for all samples.
struct DatasetInfo {
  DatasetLayout layout = DatasetLayout::kFiles;
  std::filesystem::path folder;
  std::string split;                 // Cityscapes, NYUD: "val"; else empty
  std::vector<TaskKind> tasks;       // that have ground truth, of those looked for
  std::size_t num_classes = 0;       // of semseg; 0 without labels
  std::vector<std::string> classes;  // their names, or empty where the data has none
  DepthCap default_cap;              // what is usual for such data, in metres
  std::string description;           // text of dataset.json, or empty

  bool has(TaskKind task) const { return has_task(tasks, task); }
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::size_t size() const = 0;
  /// Reads sample `index` with what is asked for, a part of info().tasks. Threads may read at once. Faults name the
  /// file: kNotFound, kMalformed, kUnsupported (bits, channels, element type), kMismatch (ground truth of another size
  /// than the picture's, a label that is no class).
  virtual Result<Sample> read(std::size_t index, const SampleRequest& request) const = 0;

  const DatasetInfo& info() const { return info_; }

 protected:
  explicit Dataset(DatasetInfo info) : info_(std::move(info)) {}

 private:
  const DatasetInfo info_;
};

enum class LayoutChoice {
  kAuto,     ///< told by what lies in the folder
  kDataset,  ///< "files" or "arrays", as dataset.json says
  kCityscapes,
  kNyud,
};

struct DatasetOptions {
  std::vector<TaskKind> tasks;  // whose ground truth is looked for
  LayoutChoice layout = LayoutChoice::kAuto;
  std::string split = "val";       // Cityscapes, NYUD
  std::size_t semseg_classes = 0;  // Cityscapes: 7 for its categories; anything else for its 19 classes
};

/// Opens a folder and checks that every file that will be read is there. kNotFound, kMalformed, kUnsupported,
/// kMismatch.
Result<std::unique_ptr<Dataset>> open_dataset(const std::filesystem::path& folder, const DatasetOptions& options);

// One layout each; open_dataset chooses.
Result<std::unique_ptr<Dataset>> open_files_dataset(const std::filesystem::path& folder, const DatasetOptions& options);
Result<std::unique_ptr<Dataset>> open_arrays_dataset(const std::filesystem::path& folder,
                                                     const DatasetOptions& options);
Result<std::unique_ptr<Dataset>> open_cityscapes_dataset(const std::filesystem::path& folder,
                                                         const DatasetOptions& options);
Result<std::unique_ptr<Dataset>> open_nyud_dataset(const std::filesystem::path& folder, const DatasetOptions& options);

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_DATASET_H_
