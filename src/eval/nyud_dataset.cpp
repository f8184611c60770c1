// NYUD-v2 as M3ViT's training data lays it out: images/<id>.jpg, segmentation/<id>.png, depth/<id>.npy,
// normals/<id>.npy, and the ids of a split one a line in gt_sets/<split>.txt.
#include <algorithm>
#include <set>
#include <sstream>
#include <system_error>

#include "base/file.h"
#include "base/text.h"
#include "eval/dataset.h"
#include "eval/truth_files.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

namespace fs = std::filesystem;

constexpr DepthCap kDefaultCap = {0.001, 10};
constexpr std::size_t kNumClasses = 40;
constexpr std::uint64_t kMaxListBytes = 64 << 20;

/// Stored 0 is "no class" and is ignored; 1 to 40 are the classes 0 to 39.
LabelTable label_table() {
  LabelTable table;
  table.fill(kNoClass);
  table[0] = kIgnoreLabel;
  table[kIgnoreLabel] = kIgnoreLabel;
  for (std::size_t c = 0; c < kNumClasses; ++c) table[c + 1] = static_cast<std::uint16_t>(c);
  return table;
}

struct TruthFile {
  std::string_view folder;
  std::string_view end;
};

/// Empty for the tasks whose ground truth is not read.
TruthFile truth_file(TaskKind task) {
  switch (task) {
    case TaskKind::kSemseg:
      return {"segmentation", ".png"};
    case TaskKind::kDepth:
      return {"depth", ".npy"};
    case TaskKind::kNormals:
      return {"normals", ".npy"};
    case TaskKind::kHumanParts:
    case TaskKind::kSaliency:
    case TaskKind::kEdge:
      return {};
  }
  return {};
}

class NyudDataset final : public Dataset {
 public:
  NyudDataset(DatasetInfo info, std::vector<std::string> ids)
      : Dataset(std::move(info)), ids_(std::move(ids)), labels_(label_table()) {}

  std::size_t size() const override { return ids_.size(); }

  Result<Sample> read(std::size_t index, const SampleRequest& request) const override {
    Sample sample;
    sample.name = ids_[index];
    if (request.picture == PictureUse::kDecode) EDGEMOE_RETURN_IF_ERROR(read_picture(picture(index), sample));
    if (request.wants(TaskKind::kSemseg)) {
      const fs::path file = truth(index, TaskKind::kSemseg);
      EDGEMOE_ASSIGN_OR_RETURN(TruthMap<std::uint8_t> map, read_label_png(file));
      EDGEMOE_RETURN_IF_ERROR(agree_on_size(sample, map.height, map.width).with_context(file.string()));
      sample.labels = std::move(map.values);
      EDGEMOE_RETURN_IF_ERROR(translate_labels(sample.labels, sample.width, labels_).with_context(file.string()));
    }
    if (request.wants(TaskKind::kDepth)) {
      EDGEMOE_RETURN_IF_ERROR(read_floats(truth(index, TaskKind::kDepth), 1, sample, sample.depth));
    }
    if (request.wants(TaskKind::kNormals)) {
      EDGEMOE_RETURN_IF_ERROR(read_floats(truth(index, TaskKind::kNormals), 3, sample, sample.normals));
    }
    return sample;
  }

  Status check_files() const {
    for (std::size_t i = 0; i < size(); ++i) {
      if (!is_file(picture(i))) {
        return not_found("{}: missing; {}.txt names it", picture(i).string(), info().split);
      }
      for (const TaskKind task : info().tasks) EDGEMOE_RETURN_IF_ERROR(expect_file(truth(i, task), picture(i)));
    }
    return {};
  }

 private:
  fs::path picture(std::size_t index) const { return info().folder / "images" / (ids_[index] + ".jpg"); }
  fs::path truth(std::size_t index, TaskKind task) const {
    const TruthFile file = truth_file(task);
    return info().folder / file.folder / (ids_[index] + std::string(file.end));
  }

  static Status read_floats(const fs::path& file, std::size_t channels, Sample& sample, std::vector<float>& out) {
    EDGEMOE_ASSIGN_OR_RETURN(TruthMap<float> map, read_float_npy(file, channels));
    out = std::move(map.values);
    return agree_on_size(sample, map.height, map.width).with_context(file.string());
  }

  const std::vector<std::string> ids_;
  const LabelTable labels_;
};

/// One id a line; an id is a file's name, never a path.
Result<std::vector<std::string>> read_ids(const fs::path& file) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(file, kMaxListBytes));
  std::vector<std::string> ids;
  std::set<std::string> seen;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    if (line.find('/') != std::string::npos || line.starts_with('.')) {
      return malformed("{}: expected one picture's name a line, found \"{}\"", file.string(), printable(line));
    }
    if (!seen.insert(line).second) {
      return malformed("{}: names \"{}\" a second time, and it would be scored twice; remove the line", file.string(),
                       printable(line));
    }
    ids.push_back(line);
  }
  if (ids.empty()) return malformed("{}: names no picture", file.string());
  return ids;
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_nyud_dataset(const std::filesystem::path& folder, const DatasetOptions& options) {
  EDGEMOE_ASSIGN_OR_RETURN(std::vector<std::string> ids, read_ids(folder / "gt_sets" / (options.split + ".txt")));
  DatasetInfo info{.layout = DatasetLayout::kNyud,
                   .folder = folder,
                   .split = options.split,
                   .num_classes = kNumClasses,
                   .default_cap = kDefaultCap};
  for (const TaskKind task : options.tasks) {
    const TruthFile file = truth_file(task);
    std::error_code ignored;
    if (!file.folder.empty() && fs::is_directory(folder / file.folder, ignored)) info.tasks.push_back(task);
  }
  auto dataset = std::make_unique<NyudDataset>(std::move(info), std::move(ids));
  EDGEMOE_RETURN_IF_ERROR(dataset->check_files());
  return std::unique_ptr<Dataset>(std::move(dataset));
}

}  // namespace edgemoe
