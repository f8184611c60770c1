#include "eval/dataset.h"

#include <algorithm>
#include <system_error>

#include "eval/dataset_json.h"
#include "eval/truth_files.h"

namespace edgemoe {

std::string_view dataset_layout_name(DatasetLayout layout) {
  switch (layout) {
    case DatasetLayout::kFiles:
      return "files";
    case DatasetLayout::kArrays:
      return "arrays";
    case DatasetLayout::kCityscapes:
      return "cityscapes";
    case DatasetLayout::kNyud:
      return "nyud";
  }
  return "";
}

bool has_task(std::span<const TaskKind> tasks, TaskKind task) {
  return std::find(tasks.begin(), tasks.end(), task) != tasks.end();
}

namespace {

bool is_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

Result<DatasetLayout> layout_of(const std::filesystem::path& folder, LayoutChoice choice) {
  if (!is_folder(folder)) return not_found("{}: no such folder", folder.string());
  if (choice == LayoutChoice::kCityscapes) return DatasetLayout::kCityscapes;
  if (choice == LayoutChoice::kNyud) return DatasetLayout::kNyud;
  if (choice == LayoutChoice::kDataset || is_file(folder / kDatasetFile)) {
    EDGEMOE_ASSIGN_OR_RETURN(const DatasetJson json, read_dataset_json(folder));
    return json.is_arrays ? DatasetLayout::kArrays : DatasetLayout::kFiles;
  }
  if (is_folder(folder / "leftImg8bit")) return DatasetLayout::kCityscapes;
  if (is_folder(folder / "gt_sets")) return DatasetLayout::kNyud;
  return not_found(
      "{}: no layout that is known here; expected {}, or the folder leftImg8bit/ (Cityscapes), or gt_sets/ (NYUD-v2): "
      "docs/eval.md describes them",
      folder.string(), kDatasetFile);
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_dataset(const std::filesystem::path& folder, const DatasetOptions& options) {
  EDGEMOE_ASSIGN_OR_RETURN(const DatasetLayout layout, layout_of(folder, options.layout));
  switch (layout) {
    case DatasetLayout::kFiles:
      return open_files_dataset(folder, options);
    case DatasetLayout::kArrays:
      return open_arrays_dataset(folder, options);
    case DatasetLayout::kCityscapes:
      return open_cityscapes_dataset(folder, options);
    case DatasetLayout::kNyud:
      return open_nyud_dataset(folder, options);
  }
  return Status(StatusCode::kInternal, "layout without a reader");
}

}  // namespace edgemoe
