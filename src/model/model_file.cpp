#include "model/model_file.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/text.h"

namespace edgemoe {
namespace {

constexpr std::string_view kConfigKey = "edgemoe.config";
constexpr std::string_view kFormatKey = "edgemoe.format";
constexpr std::size_t kNamesShown = 4;  // of missing tensors, in one message

bool widens_exactly(DType dtype) { return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16; }

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

/// Every tensor of the network against `find`; lists what is missing, refuses what does not fit.
template <typename Find>
Status check_tensors(const ModelConfig& config, const Find& find) {
  std::vector<std::string> missing;
  const std::vector<TensorSpec> table = tensor_table(config);
  for (const TensorSpec& spec : table) {
    const TensorView* view = find(spec.name);
    if (view == nullptr) {
      missing.push_back(spec.name);
      continue;
    }
    if (view->shape != spec.shape) {
      return mismatch("tensor {}: expected shape {}, found {}", spec.name, spec.shape.to_string(),
                      view->shape.to_string());
    }
    if (!widens_exactly(view->dtype)) {
      return unsupported("tensor {}: expected F32, F16 or BF16, found {}", spec.name, dtype_name(view->dtype));
    }
  }
  if (missing.empty()) return {};
  return mismatch("{} of {} tensors are missing: {}", missing.size(), table.size(), sample(missing, kNamesShown));
}

}  // namespace

Result<ModelFile> ModelFile::open(const std::filesystem::path& path) {
  EDGEMOE_RETURN_IF_ERROR(check_kind(path));
  EDGEMOE_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::open(path));
  const auto& metadata = file.index().metadata;
  const auto config_text = metadata.find(kConfigKey);
  if (config_text == metadata.end()) {
    return unsupported(
        "{}: a safetensors file without \"{}\" in its metadata, so bare weights and not a model; convert "
        "it first (edgemoe convert --help)",
        path.string(), kConfigKey);
  }
  const auto format = metadata.find(kFormatKey);
  if (format == metadata.end() || format->second != kModelFormatVersion) {
    return unsupported("{}: model format \"{}\", this program reads \"{}\"; a newer edgemoe may read it", path.string(),
                       format == metadata.end() ? "" : printable(format->second), kModelFormatVersion);
  }
  Result<ModelConfig> config = parse_model_config(config_text->second);
  Status status = config.ok() ? validate_complete_config(*config) : config.status();
  if (!status.ok()) return status.with_context(path.string() + ": configuration");
  status = check_tensors(*config, [&](const std::string& name) { return file.find(name); });
  if (!status.ok()) return status.with_context(path.string());

  std::set<std::string, std::less<>> used;
  for (const TensorSpec& spec : tensor_table(*config)) used.insert(spec.name);
  std::vector<std::string> unused;
  for (const auto& [name, view] : file.index().tensors) {
    if (!used.contains(name)) unused.push_back(name);
  }
  return ModelFile(std::move(config).value(), std::move(file), std::move(unused));
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
    const ModelConfig& config, const std::map<std::string, std::string, std::less<>>& extra) {
  std::map<std::string, std::string, std::less<>> metadata = extra;
  metadata.insert_or_assign(std::string(kConfigKey), model_config_to_json(config));
  metadata.insert_or_assign(std::string(kFormatKey), std::string(kModelFormatVersion));
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
  const Status status = check_tensors(config, [&](const std::string& name) -> const TensorView* {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
  });
  if (!status.ok()) return status.with_context(path.string());
  std::vector<NamedTensor> ordered;
  for (const TensorSpec& spec : tensor_table(config)) {
    ordered.push_back({spec.name, *by_name.at(spec.name)});
    by_name.erase(spec.name);
  }
  if (!by_name.empty()) {
    return mismatch("{}: the network has no tensor {}", path.string(), printable(by_name.begin()->first));
  }
  return write_safetensors(path, ordered, model_metadata(config, extra_metadata));
}

}  // namespace edgemoe
