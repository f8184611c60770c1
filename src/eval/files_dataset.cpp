// The layout "files": a folder of pictures, and beside it a folder for each kind of ground truth.
#include <algorithm>
#include <system_error>

#include "eval/dataset.h"
#include "eval/dataset_json.h"
#include "eval/truth_files.h"
#include "image/decode.h"

namespace edgemoe {
namespace {

constexpr float kDepthScale = 256;  // stored = metres · 256

/// Folder of a task's files, all of them PNG named as the picture.
std::string_view truth_folder(TaskKind task) {
  switch (task) {
    case TaskKind::kSemseg:
      return "labels";
    case TaskKind::kHumanParts:
      return "human_parts";
    case TaskKind::kDepth:
      return "depth";
    case TaskKind::kNormals:
      return "normals";
    case TaskKind::kSaliency:
    case TaskKind::kEdge:
      return "";
  }
  return "";
}

class FilesDataset final : public Dataset {
 public:
  FilesDataset(DatasetInfo info, std::vector<std::filesystem::path> pictures, const LabelTable& labels,
               const DatasetJson& json)
      : Dataset(std::move(info)),
        pictures_(std::move(pictures)),
        labels_(labels),
        height_(json.height),
        width_(json.width) {}

  std::size_t size() const override { return pictures_.size(); }

  Result<Sample> read(std::size_t index, const SampleRequest& request) const override {
    Sample sample;
    sample.name = pictures_[index].filename().string();
    if (request.picture == PictureUse::kDecode) EDGEMOE_RETURN_IF_ERROR(read_picture(pictures_[index], sample));
    for (const TaskKind task : request.tasks) {
      std::filesystem::path path = info().folder / truth_folder(task) / pictures_[index].stem();
      path += ".png";
      EDGEMOE_RETURN_IF_ERROR(read_truth(task, path, sample));
    }
    EDGEMOE_RETURN_IF_ERROR(check_said_size(pictures_[index], sample));
    return sample;
  }

 private:
  Status check_said_size(const std::filesystem::path& picture, const Sample& sample) const {
    const auto agrees = [](std::optional<std::int64_t> said, std::size_t found) {
      return !said || static_cast<std::size_t>(*said) == found;
    };
    if (agrees(height_, sample.height) && agrees(width_, sample.width)) return {};
    const auto text = [](std::optional<std::int64_t> said) { return said ? std::to_string(*said) : "any"; };
    return mismatch("{}: {} pixels high and {} wide; {} says height {}, width {}: mend or remove what it says",
                    picture.string(), sample.height, sample.width, kDatasetFile, text(height_), text(width_));
  }

  Status read_truth(TaskKind task, const std::filesystem::path& path, Sample& sample) const {
    if (task == TaskKind::kDepth) {
      EDGEMOE_ASSIGN_OR_RETURN(const TruthMap<std::uint16_t> map, read_grey16_png(path));
      EDGEMOE_RETURN_IF_ERROR(agree_on_size(sample, map.height, map.width).with_context(path.string()));
      sample.depth.resize(map.values.size());
      for (std::size_t i = 0; i < map.values.size(); ++i) {
        sample.depth[i] = static_cast<float>(map.values[i]) / kDepthScale;
      }
      return {};
    }
    if (task == TaskKind::kNormals) {
      EDGEMOE_ASSIGN_OR_RETURN(TruthMap<float> map, read_normals_png(path));
      sample.normals = std::move(map.values);
      return agree_on_size(sample, map.height, map.width).with_context(path.string());
    }
    EDGEMOE_ASSIGN_OR_RETURN(TruthMap<std::uint8_t> map, read_label_png(path));
    EDGEMOE_RETURN_IF_ERROR(agree_on_size(sample, map.height, map.width).with_context(path.string()));
    if (task == TaskKind::kHumanParts) {
      sample.human_parts = std::move(map.values);
      return {};
    }
    sample.labels = std::move(map.values);
    return translate_labels(sample.labels, sample.width, labels_).with_context(path.string());
  }

  const std::vector<std::filesystem::path> pictures_;
  const LabelTable labels_;
  const std::optional<std::int64_t> height_;  // of all pictures, as dataset.json says
  const std::optional<std::int64_t> width_;
};

Status check_files(const std::vector<std::filesystem::path>& pictures, const DatasetInfo& info) {
  std::vector<std::string> stems;
  for (const std::filesystem::path& picture : pictures) stems.push_back(picture.stem().string());
  std::sort(stems.begin(), stems.end());
  if (const auto twice = std::adjacent_find(stems.begin(), stems.end()); twice != stems.end()) {
    return mismatch("{}: two pictures are named {}, which ground truth is it?", (info.folder / "images").string(),
                    *twice);
  }
  for (const std::filesystem::path& picture : pictures) {
    for (const TaskKind task : info.tasks) {
      std::filesystem::path path = info.folder / truth_folder(task) / picture.stem();
      path += ".png";
      EDGEMOE_RETURN_IF_ERROR(expect_file(path, picture));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_files_dataset(const std::filesystem::path& folder,
                                                    const DatasetOptions& options) {
  EDGEMOE_ASSIGN_OR_RETURN(const DatasetJson json, read_dataset_json(folder));
  EDGEMOE_ASSIGN_OR_RETURN(std::vector<std::filesystem::path> pictures, list_pictures(folder / "images"));
  if (json.count && static_cast<std::size_t>(*json.count) != pictures.size()) {
    return mismatch("{}: \"count\" says {} pictures, images/ has {}", (folder / kDatasetFile).string(), *json.count,
                    pictures.size());
  }
  EDGEMOE_ASSIGN_OR_RETURN(DatasetInfo info, describe_dataset(folder, json, options.tasks, truth_folder));
  EDGEMOE_RETURN_IF_ERROR(check_files(pictures, info));
  const LabelTable labels = plain_labels(json.classes.size(), static_cast<std::uint8_t>(json.ignore));
  return std::unique_ptr<Dataset>(std::make_unique<FilesDataset>(std::move(info), std::move(pictures), labels, json));
}

}  // namespace edgemoe
