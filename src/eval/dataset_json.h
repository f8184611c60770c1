// dataset.json: what the layouts "files" and "arrays" say about themselves.
#ifndef EDGEMOE_EVAL_DATASET_JSON_H_
#define EDGEMOE_EVAL_DATASET_JSON_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "eval/dataset.h"
#include "model/config.h"

namespace edgemoe {

inline constexpr std::string_view kDatasetFormat = "edgemoe-dataset 1";
inline constexpr std::string_view kDatasetFile = "dataset.json";

/// The members that a reader needs; others may stand there and travel along in `text`.
struct DatasetJson {
  std::string text;
  bool is_arrays = false;              // "layout": "arrays", else "files"
  std::optional<std::int64_t> count;   // of pictures
  std::optional<std::int64_t> height;  // of all pictures
  std::optional<std::int64_t> width;
  std::vector<std::string> classes;
  std::int64_t ignore = 255;  // the label that means "ignore"
  std::optional<std::vector<TaskKind>> tasks;
};

/// Reads folder/dataset.json. kNotFound; kMalformed for a member of another type or out of bounds; kUnsupported for
/// another format or layout, or depth in another unit than metres.
Result<DatasetJson> read_dataset_json(const std::filesystem::path& folder);

/// Where a layout keeps a task's ground truth: "depth", "depth.npy"; empty where it has none.
using TruthName = std::string_view (*)(TaskKind task);

/// What dataset.json and the folder's entries say of the set: its classes, and of the wanted tasks those that "tasks"
/// names or, without it, whose ground truth is there. kUnsupported or kNotFound for a named task without; kMalformed
/// for labels without "classes".
Result<DatasetInfo> describe_dataset(const std::filesystem::path& folder, const DatasetJson& json,
                                     std::span<const TaskKind> wanted, TruthName truth_name);

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_DATASET_JSON_H_
