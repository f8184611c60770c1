#include "model/model_file.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "model/integer_table.h"

namespace edgemoe {
namespace {

constexpr std::string_view kConfigKey = "edgemoe.config";
constexpr std::string_view kFormatKey = "edgemoe.format";
constexpr std::size_t kNamesShown = 4;  // of missing tensors, in one message

Status check_type(const TensorSpec& spec, DType found) {
  if (found == DType::kF32 || found == DType::kF16 || found == DType::kBF16) return {};
  return unsupported("tensor {}: expected F32, F16 or BF16, found {}", spec.name, dtype_name(found));
}

Status check_type(const IntegerTensorSpec& spec, DType found) {
  if (found == spec.dtype) return {};
  return unsupported("tensor {}: expected {}, found {}", spec.name, dtype_name(spec.dtype), dtype_name(found));
}

/// What a file that is no safetensors file probably is and what to do with it; empty when nothing is recognised.
std::string_view recognise(std::span<const std::byte> bytes) {
  const auto starts_with = [&](std::initializer_list<unsigned char> magic) {
    return bytes.size() >= magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin(),
                      [](unsigned char expected, std::byte found) { return std::byte{expected} == found; });
  };
  // A zip archive (torch.save since PyTorch 1.6), or a pickle of protocol 2 to 5 (before).
  const bool is_torch = starts_with({'P', 'K', 3, 4}) || starts_with({0x80, 2}) || starts_with({0x80, 3}) ||
                        starts_with({0x80, 4}) || starts_with({0x80, 5});
  if (is_torch) return "this looks like a PyTorch checkpoint; convert it first (edgemoe convert --help)";
  if (starts_with({'{'})) return "this looks like JSON, perhaps a configuration; edgemoe new makes a model from one";
  return {};
}

/// Refuses what is plainly no safetensors file, with advice.
Status check_kind(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return unsupported(
        "{}: expected a model file, found a folder; a checkpoint in pieces is converted first (edgemoe "
        "convert --help)",
        path.string());
  }
  EDGEMOE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  const std::string_view advice = recognise(file.bytes());
  return advice.empty() ? Status() : unsupported("{}: expected a model file; {}", path.string(), advice);
}

/// Every tensor of `table` against `find`; lists what is missing, refuses what does not fit.
template <typename Spec, typename Find>
Status check_tensors(const std::vector<Spec>& table, const Find& find) {
  std::vector<std::string> missing;
  for (const Spec& spec : table) {
    const TensorView* view = find(spec.name);
    if (view == nullptr) {
      missing.push_back(spec.name);
      continue;
    }
    if (view->shape != spec.shape) {
      return mismatch("tensor {}: expected shape {}, found {}", spec.name, spec.shape.to_string(),
                      view->shape.to_string());
    }
    EDGEMOE_RETURN_IF_ERROR(check_type(spec, view->dtype));
  }
  if (missing.empty()) return {};
  return mismatch("{} of {} tensors are missing: {}", missing.size(), table.size(), sample(missing, kNamesShown));
}

template <typename Spec>
Result<std::vector<std::string>> checked_names(const std::vector<Spec>& table, const SafetensorsFile& file) {
  EDGEMOE_RETURN_IF_ERROR(check_tensors(table, [&](const std::string& name) { return file.find(name); }));
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const Spec& spec : table) names.push_back(spec.name);
  return names;
}

/// What the format's version and that of the integers' rules say; kUnsupported for versions that are not ours.
Result<StoredNumbers> stored_numbers(const std::map<std::string, std::string, std::less<>>& metadata) {
  const auto text = [&](std::string_view key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  const std::string format = text(kFormatKey);
  if (format == kModelFormatVersion) return StoredNumbers::kFloats;
  if (format != kIntegerFormatVersion) {
    return unsupported("model format \"{}\", this program reads \"{}\" and \"{}\"; a newer edgemoe may read it",
                       printable(format), kModelFormatVersion, kIntegerFormatVersion);
  }
  const std::string numerics = text(kNumericsKey);
  if (numerics == kNumericsVersion) return StoredNumbers::kIntegers;
  return unsupported(
      "integers by version \"{}\" of the rules, this program computes by version \"{}\"; quantise the float model "
      "again "
      "(edgemoe quantize --help)",
      printable(numerics), kNumericsVersion);
}

}  // namespace

Result<ModelFile> ModelFile::open(const std::filesystem::path& path) {
  EDGEMOE_RETURN_IF_ERROR(check_kind(path));
  EDGEMOE_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::open(path));
  Result<ModelFile> model = from_file(std::move(file));
  if (!model.ok()) return model.status().with_context(path.string());
  return model;
}

Result<ModelFile> ModelFile::from_bytes(std::span<const std::byte> bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::from_bytes(bytes));
  return from_file(std::move(file));
}

Result<ModelFile> ModelFile::from_file(SafetensorsFile file) {
  const auto& metadata = file.index().metadata;
  const auto config_text = metadata.find(kConfigKey);
  if (config_text == metadata.end()) {
    return unsupported(
        "a safetensors file without \"{}\" in its metadata, so bare weights and not a model; convert it first (edgemoe "
        "convert --help)",
        kConfigKey);
  }
  EDGEMOE_ASSIGN_OR_RETURN(const StoredNumbers numbers, stored_numbers(metadata));
  Result<ModelConfig> config = parse_model_config(config_text->second);
  const Status status = config.ok() ? validate_complete_config(*config) : config.status();
  if (!status.ok()) return status.with_context("configuration");
  ModelFile model(std::move(config).value(), numbers, std::move(file));
  EDGEMOE_ASSIGN_OR_RETURN(model.tensor_names_, numbers == StoredNumbers::kIntegers
                                                    ? checked_names(integer_tensor_table(model.config_), model.file_)
                                                    : checked_names(tensor_table(model.config_), model.file_));
  const std::set<std::string_view> used(model.tensor_names_.begin(), model.tensor_names_.end());
  for (const auto& [name, view] : model.file_.index().tensors) {
    if (!used.contains(name)) model.unused_.push_back(name);
  }
  return model;
}

const TensorView& ModelFile::tensor(std::string_view name) const {
  const TensorView* view = file_.find(name);
  EDGEMOE_CHECK(view != nullptr);
  return *view;
}

Tensor ModelFile::load_f32(std::string_view name) const {
  const TensorView& view = tensor(name);
  Tensor tensor(view.shape);
  EDGEMOE_CHECK(widen_to_f32(view.dtype, view.bytes, tensor.values.span()));
  return tensor;
}

std::map<std::string, std::string, std::less<>> model_metadata(
    const ModelConfig& config, const std::map<std::string, std::string, std::less<>>& extra, StoredNumbers numbers) {
  std::map<std::string, std::string, std::less<>> metadata = extra;
  const bool integers = numbers == StoredNumbers::kIntegers;
  metadata.insert_or_assign(std::string(kConfigKey), model_config_to_json(config));
  metadata.insert_or_assign(std::string(kFormatKey),
                            std::string(integers ? kIntegerFormatVersion : kModelFormatVersion));
  metadata.erase(std::string(kNumericsKey));
  if (integers) metadata.emplace(kNumericsKey, kNumericsVersion);
  return metadata;
}

Status write_model_file(const std::filesystem::path& path, const ModelConfig& config,
                        std::span<const NamedTensor> tensors,
                        const std::map<std::string, std::string, std::less<>>& extra_metadata) {
  EDGEMOE_RETURN_IF_ERROR(validate_complete_config(config));
  std::map<std::string_view, const TensorView*> by_name;
  for (const NamedTensor& tensor : tensors) {
    if (!by_name.emplace(tensor.name, &tensor.view).second) {
      return invalid_argument("{}: two tensors called {}", path.string(), printable(tensor.name));
    }
  }
  const std::vector<TensorSpec> table = tensor_table(config);
  const Status status = check_tensors(table, [&](const std::string& name) -> const TensorView* {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
  });
  if (!status.ok()) return status.with_context(path.string());
  std::vector<NamedTensor> ordered;
  for (const TensorSpec& spec : table) {
    ordered.push_back({spec.name, *by_name.at(spec.name)});
    by_name.erase(spec.name);
  }
  if (!by_name.empty()) {
    return mismatch("{}: the network has no tensor {}", path.string(), printable(by_name.begin()->first));
  }
  return write_safetensors(path, ordered, model_metadata(config, extra_metadata));
}

}  // namespace edgemoe
