// The layout "arrays": all pictures in one .npy, and one for each kind of ground truth; mapped, not read.
#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "eval/dataset.h"
#include "eval/dataset_json.h"
#include "eval/truth_files.h"
#include "image/array_file.h"

namespace edgemoe {
namespace {

constexpr float kNormalsScale = 127;  // stored = round(127 · n)

/// One array [count, height, width, …] of known element type, in a mapped file.
struct PictureArray {
  MappedFile file;
  std::span<const std::byte> data;
  std::size_t stride = 0;  // bytes of one picture's part

  std::span<const std::byte> picture(std::size_t index) const { return data.subspan(index * stride, stride); }
};

struct Extents {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

enum class Channels : std::int64_t { kOne = 1, kThree = 3 };

/// Opens an array and checks it. `extents` with a count of 0 takes them from it.
Result<PictureArray> open_array(const std::filesystem::path& path, DType dtype, Channels channels, Extents& extents) {
  EDGEMOE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  const Result<TensorView> view = view_npy(file.bytes());
  if (!view.ok()) return view.status().with_context(path.string());
  const Shape& shape = view->shape;
  if (extents.count == 0 && shape.rank() >= 3) extents = {shape[0], shape[1], shape[2]};
  Shape expected{extents.count, extents.height, extents.width};
  if (channels == Channels::kThree) expected = Shape{extents.count, extents.height, extents.width, 3};
  if (view->dtype != dtype) {
    return unsupported("{}: expected an array of {}, found {}", path.string(), dtype_name(dtype),
                       dtype_name(view->dtype));
  }
  if (shape != expected || shape.num_elements() == 0) {
    return mismatch("{}: expected an array of shape {} (the pictures' and dataset.json's), found {}", path.string(),
                    expected.to_string(), shape.to_string());
  }
  PictureArray array{std::move(file), view->bytes, 0};
  array.stride = array.data.size() / static_cast<std::size_t>(shape[0]);
  return array;
}

std::vector<std::uint8_t> bytes_of(std::span<const std::byte> bytes) {
  std::vector<std::uint8_t> out(bytes.size());
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

struct Arrays {
  std::optional<PictureArray> images;
  std::optional<PictureArray> labels;
  std::optional<PictureArray> depth;
  std::optional<PictureArray> normals;
};

class ArraysDataset final : public Dataset {
 public:
  ArraysDataset(DatasetInfo info, Arrays arrays, const Extents& extents, const LabelTable& labels)
      : Dataset(std::move(info)), arrays_(std::move(arrays)), extents_(extents), label_table_(labels) {}

  std::size_t size() const override { return static_cast<std::size_t>(extents_.count); }

  Result<Sample> read(std::size_t index, const SampleRequest& request) const override {
    Sample sample;
    sample.name = fmt::format("{:06}", index);
    sample.height = static_cast<std::size_t>(extents_.height);
    sample.width = static_cast<std::size_t>(extents_.width);
    if (request.picture == PictureUse::kDecode) {
      sample.image.height = sample.height;
      sample.image.width = sample.width;
      sample.image.samples8 = bytes_of(arrays_.images->picture(index));
    }
    if (request.wants(TaskKind::kSemseg)) {
      sample.labels = bytes_of(arrays_.labels->picture(index));
      EDGEMOE_RETURN_IF_ERROR(translate_labels(sample.labels, sample.width, label_table_)
                                  .with_context(fmt::format("{}: picture {}", path("labels.npy"), index)));
    }
    if (request.wants(TaskKind::kDepth)) {
      sample.depth.resize(sample.height * sample.width);
      widen_to_f32(DType::kF16, arrays_.depth->picture(index), sample.depth);
    }
    if (request.wants(TaskKind::kNormals)) {
      for (const std::byte stored : arrays_.normals->picture(index)) {
        sample.normals.push_back(static_cast<float>(static_cast<std::int8_t>(stored)) / kNormalsScale);
      }
    }
    return sample;
  }

 private:
  std::string path(std::string_view name) const { return (info().folder / name).string(); }

  const Arrays arrays_;
  const Extents extents_;
  const LabelTable label_table_;
};

std::string_view array_name(TaskKind task) {
  switch (task) {
    case TaskKind::kSemseg:
      return "labels.npy";
    case TaskKind::kDepth:
      return "depth.npy";
    case TaskKind::kNormals:
      return "normals.npy";
    case TaskKind::kHumanParts:
    case TaskKind::kSaliency:
    case TaskKind::kEdge:
      return "";
  }
  return "";
}

}  // namespace

Result<std::unique_ptr<Dataset>> open_arrays_dataset(const std::filesystem::path& folder,
                                                     const DatasetOptions& options) {
  EDGEMOE_ASSIGN_OR_RETURN(const DatasetJson json, read_dataset_json(folder));
  EDGEMOE_ASSIGN_OR_RETURN(DatasetInfo info, describe_dataset(folder, json, options.tasks, array_name));
  Extents extents;
  Arrays arrays;
  EDGEMOE_ASSIGN_OR_RETURN(arrays.images, open_array(folder / "images.npy", DType::kU8, Channels::kThree, extents));
  const Extents said{json.count.value_or(extents.count), json.height.value_or(extents.height),
                     json.width.value_or(extents.width)};
  if (said.count != extents.count || said.height != extents.height || said.width != extents.width) {
    return mismatch("{}: says {} pictures of {}x{} (height x width), images.npy has {} of {}x{}",
                    (folder / kDatasetFile).string(), said.count, said.height, said.width, extents.count,
                    extents.height, extents.width);
  }
  const auto open = [&](TaskKind task, DType dtype, Channels channels, std::optional<PictureArray>& array) -> Status {
    if (!info.has(task)) return {};
    EDGEMOE_ASSIGN_OR_RETURN(array, open_array(folder / array_name(task), dtype, channels, extents));
    return {};
  };
  EDGEMOE_RETURN_IF_ERROR(open(TaskKind::kSemseg, DType::kU8, Channels::kOne, arrays.labels));
  EDGEMOE_RETURN_IF_ERROR(open(TaskKind::kDepth, DType::kF16, Channels::kOne, arrays.depth));
  EDGEMOE_RETURN_IF_ERROR(open(TaskKind::kNormals, DType::kI8, Channels::kThree, arrays.normals));
  const LabelTable labels = plain_labels(json.classes.size(), static_cast<std::uint8_t>(json.ignore));
  return std::unique_ptr<Dataset>(std::make_unique<ArraysDataset>(std::move(info), std::move(arrays), extents, labels));
}

}  // namespace edgemoe
