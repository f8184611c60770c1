// dataset.json: what the layouts "files" and "arrays" say about themselves.
#ifndef EDGEMOE_EVAL_DATASET_JSON_H_
#define EDGEMOE_EVAL_DATASET_JSON_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
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

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_DATASET_JSON_H_
