// Cityscapes as it is distributed: leftImg8bit/, gtFine/, disparity/ and camera/, in each <split>/<city>/.
#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/file.h"
#include "eval/dataset.h"
#include "eval/truth_files.h"
#include "image/palette.h"
#include "model/json.h"

namespace edgemoe {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPictureEnd = "_leftImg8bit.png";
constexpr std::uint64_t kMaxCameraBytes = 1 << 16;
constexpr std::size_t kNumCategories = 7;
constexpr std::size_t kNumTrainIds = 19;
constexpr std::uint8_t kVoid = kIgnoreLabel;

// What the dataset's own label table (cityscapesScripts, helpers/labels.py) says of the ids 0 to 33: the number among
// the 19 evaluated classes.
constexpr std::uint8_t kTrainIdOfId[] = {kVoid, kVoid, kVoid, kVoid, kVoid, kVoid, kVoid, 0,  1,  kVoid, kVoid, 2,
                                         3,     4,     kVoid, kVoid, kVoid, 5,     kVoid, 6,  7,  8,     9,     10,
                                         11,    12,    13,    14,    15,    kVoid, kVoid, 16, 17, 18};
static_assert(std::size(kTrainIdOfId) == 34);

constexpr std::string_view kClassNames[kNumTrainIds] = {
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain",
    "sky",  "person",   "rider",    "car",  "truck", "bus",  "train",         "motorcycle",   "bicycle"};
constexpr std::string_view kCategoryNames[kNumCategories] = {"flat", "construction", "object", "nature",
                                                             "sky",  "human",        "vehicle"};
constexpr std::uint8_t kCategoryOfTrainId[kNumTrainIds] = {0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 6, 6, 6, 6, 6};

enum class LabelFile { kIds, kTrainIds };

/// Stored label to class: the 19 or the 7; what is not evaluated is ignored in both.
LabelTable label_table(LabelFile file, std::size_t num_classes) {
  LabelTable table;
  table.fill(kNoClass);
  table[kIgnoreLabel] = kIgnoreLabel;
  const std::size_t stored = file == LabelFile::kIds ? std::size(kTrainIdOfId) : kNumTrainIds;
  for (std::size_t i = 0; i < stored; ++i) {
    const std::size_t train_id = file == LabelFile::kIds ? kTrainIdOfId[i] : i;
    if (train_id == kVoid) {
      table[i] = kIgnoreLabel;
    } else if (num_classes == kNumCategories) {
      table[i] = kCategoryOfTrainId[train_id];
    } else {
      table[i] = static_cast<std::uint16_t>(train_id);
    }
  }
  return table;
}

struct CityscapesPicture {
  fs::path city;     // folder within a split: "frankfurt"
  std::string stem;  // "frankfurt_000000_000294"
};

class CityscapesDataset final : public Dataset {
 public:
  CityscapesDataset(DatasetInfo info, std::vector<CityscapesPicture> pictures)
      : Dataset(std::move(info)),
        pictures_(std::move(pictures)),
        ids_(label_table(LabelFile::kIds, this->info().num_classes)),
        train_ids_(label_table(LabelFile::kTrainIds, this->info().num_classes)) {}

  std::size_t size() const override { return pictures_.size(); }

  Result<Sample> read(std::size_t index, const SampleRequest& request) const override {
    Sample sample;
    sample.name = pictures_[index].stem;
    if (request.picture == PictureUse::kDecode) {
      EDGEMOE_RETURN_IF_ERROR(read_picture(path(index, "leftImg8bit", kPictureEnd), sample));
    }
    if (request.wants(TaskKind::kSemseg)) EDGEMOE_RETURN_IF_ERROR(read_labels(index, sample));
    if (request.wants(TaskKind::kDepth)) EDGEMOE_RETURN_IF_ERROR(read_depth(index, sample));
    return sample;
  }

  Status check_files() const {
    for (std::size_t i = 0; i < size(); ++i) {
      const fs::path picture = path(i, "leftImg8bit", kPictureEnd);
      if (info().has(TaskKind::kSemseg) && !is_file(path(i, "gtFine", "_gtFine_labelTrainIds.png"))) {
        EDGEMOE_RETURN_IF_ERROR(expect_file(path(i, "gtFine", "_gtFine_labelIds.png"), picture));
      }
      if (info().has(TaskKind::kDepth)) {
        EDGEMOE_RETURN_IF_ERROR(expect_file(path(i, "disparity", "_disparity.png"), picture));
        EDGEMOE_RETURN_IF_ERROR(expect_file(path(i, "camera", "_camera.json"), picture));
      }
    }
    return {};
  }

 private:
  fs::path path(std::size_t index, std::string_view kind, std::string_view end) const {
    const CityscapesPicture& picture = pictures_[index];
    return info().folder / kind / info().split / picture.city / (picture.stem + std::string(end));
  }

  Status read_labels(std::size_t index, Sample& sample) const {
    fs::path file = path(index, "gtFine", "_gtFine_labelIds.png");
    const bool has_ids = is_file(file);
    if (!has_ids) file = path(index, "gtFine", "_gtFine_labelTrainIds.png");
    EDGEMOE_ASSIGN_OR_RETURN(TruthMap<std::uint8_t> map, read_label_png(file));
    EDGEMOE_RETURN_IF_ERROR(agree_on_size(sample, map.height, map.width).with_context(file.string()));
    sample.labels = std::move(map.values);
    return translate_labels(sample.labels, sample.width, has_ids ? ids_ : train_ids_).with_context(file.string());
  }

  /// Stored p > 0 is a disparity of (p − 1) / 256 pixels; depth = baseline · fx / disparity. p = 0 is no measurement, a
  /// disparity of 0 infinitely far: no depth.
  Status read_depth(std::size_t index, Sample& sample) const {
    const fs::path file = path(index, "disparity", "_disparity.png");
    EDGEMOE_ASSIGN_OR_RETURN(const TruthMap<std::uint16_t> map, read_grey16_png(file));
    EDGEMOE_RETURN_IF_ERROR(agree_on_size(sample, map.height, map.width).with_context(file.string()));
    EDGEMOE_ASSIGN_OR_RETURN(const double focal_baseline, read_camera(path(index, "camera", "_camera.json")));
    sample.depth.resize(map.values.size());
    for (std::size_t i = 0; i < map.values.size(); ++i) {
      const double disparity = (static_cast<double>(map.values[i]) - 1) / 256;
      sample.depth[i] = disparity > 0 ? static_cast<float>(focal_baseline / disparity) : 0.0F;
    }
    return {};
  }

  /// extrinsic.baseline (metres) · intrinsic.fx (pixels).
  static Result<double> read_camera(const fs::path& file) {
    EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(file, kMaxCameraBytes));
    const Result<JsonValue> root = parse_json(text);
    if (!root.ok()) return root.status().with_context(file.string());
    const double baseline = member_number(*root, "extrinsic", "baseline");
    const double focal = member_number(*root, "intrinsic", "fx");
    if (baseline > 0 && focal > 0) return baseline * focal;
    return malformed("{}: expected the numbers extrinsic.baseline and intrinsic.fx, both above 0", file.string());
  }

  static const JsonValue* member(const JsonValue& value, std::string_view name) {
    const auto* object = std::get_if<JsonValue::Object>(&value.value);
    if (object == nullptr) return nullptr;
    const auto found =
        std::find_if(object->begin(), object->end(), [&](const JsonMember& m) { return m.name == name; });
    return found == object->end() ? nullptr : &found->value;
  }

  /// 0 when there is no such number.
  static double member_number(const JsonValue& root, std::string_view outer, std::string_view inner) {
    const JsonValue* group = member(root, outer);
    const JsonValue* value = group == nullptr ? nullptr : member(*group, inner);
    if (value == nullptr) return 0;
    if (const auto* whole = std::get_if<std::int64_t>(&value->value)) return static_cast<double>(*whole);
    const auto* number = std::get_if<double>(&value->value);
    return number != nullptr && std::isfinite(*number) ? *number : 0;
  }

  const std::vector<CityscapesPicture> pictures_;
  const LabelTable ids_;
  const LabelTable train_ids_;
};

/// The pictures of all cities, sorted by city and name.
Result<std::vector<CityscapesPicture>> list_split(const fs::path& folder) {
  std::vector<CityscapesPicture> pictures;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(kPictureEnd)) continue;
    pictures.push_back(
        {entry->path().parent_path().lexically_relative(folder), name.substr(0, name.size() - kPictureEnd.size())});
  }
  if (error) return not_found("{}: cannot be listed ({}); --split names another", folder.string(), error.message());
  if (pictures.empty()) return not_found("{}: no picture <city>/*{} in it", folder.string(), kPictureEnd);
  std::sort(pictures.begin(), pictures.end(), [](const CityscapesPicture& a, const CityscapesPicture& b) {
    return std::tie(a.city, a.stem) < std::tie(b.city, b.stem);
  });
  return pictures;
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_cityscapes_dataset(const std::filesystem::path& folder,
                                                         const DatasetOptions& options) {
  EDGEMOE_ASSIGN_OR_RETURN(std::vector<CityscapesPicture> pictures, list_split(folder / "leftImg8bit" / options.split));
  DatasetInfo info{
      .layout = DatasetLayout::kCityscapes, .folder = folder, .split = options.split, .default_cap = kStreetCap};
  std::error_code ignored;
  for (const TaskKind task : options.tasks) {
    const bool known = task == TaskKind::kSemseg || task == TaskKind::kDepth;
    const std::string_view kind = task == TaskKind::kSemseg ? "gtFine" : "disparity";
    if (known && fs::is_directory(folder / kind, ignored)) info.tasks.push_back(task);
  }
  if (options.semseg_classes == kNumCategories) {
    info.classes.assign(std::begin(kCategoryNames), std::end(kCategoryNames));
  } else {
    info.classes.assign(std::begin(kClassNames), std::end(kClassNames));
  }
  info.num_classes = info.classes.size();
  auto dataset = std::make_unique<CityscapesDataset>(std::move(info), std::move(pictures));
  EDGEMOE_RETURN_IF_ERROR(dataset->check_files());
  return std::unique_ptr<Dataset>(std::move(dataset));
}

}  // namespace edgemoe
