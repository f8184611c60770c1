#include "model/model_file.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/check.h"

namespace edgemoe {
namespace {

constexpr std::string_view kConfigKey = "edgemoe.config";
constexpr std::string_view kFormatKey = "edgemoe.format";

bool widens_exactly(DType dtype) { return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16; }

/// What a file that is no safetensors file probably is; empty when there is nothing helpful to say.
std::string guess_other_format(const std::filesystem::path& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file.ok() || file->bytes().size() < 4) return "";
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(file->bytes()[i]); };
  const bool zip = byte(0) == 'P' && byte(1) == 'K' && byte(2) == 3 && byte(3) == 4;
  const bool pickle = byte(0) == 0x80 && byte(1) <= 5;
  if (!zip && !pickle) return "";
  return fmt::format(
      "{}: this looks like a PyTorch checkpoint; convert it first: edgemoe convert {} --config NAME -o "
      "model.safetensors",
      path.string(), path.string());
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
  constexpr std::size_t kShown = 3;
  std::string names;
  for (std::size_t i = 0; i < std::min(kShown, missing.size()); ++i) names += (i == 0 ? "" : ", ") + missing[i];
  return not_found("{} of {} tensors are missing: {}{}", missing.size(), table.size(), names,
                   missing.size() > kShown ? ", …" : "");
}

}  // namespace

Result<ModelFile> ModelFile::open(const std::filesystem::path& path) {
  Result<SafetensorsFile> opened = SafetensorsFile::open(path);
  if (!opened.ok()) {
    const std::string guess =
        opened.status().code() == StatusCode::kMalformed ? guess_other_format(path) : std::string();
    return guess.empty() ? opened.status() : Status(StatusCode::kMalformed, guess);
  }
  SafetensorsFile file = std::move(opened).value();
  const auto& metadata = file.index().metadata;
  const auto config_text = metadata.find(kConfigKey);
  if (config_text == metadata.end()) {
    return malformed(
        "{}: a safetensors file without \"{}\" in its metadata, so not a model; convert it first: edgemoe "
        "convert {} --config NAME -o model.safetensors",
        path.string(), kConfigKey, path.string());
  }
  const auto format = metadata.find(kFormatKey);
  if (format == metadata.end() || format->second != kModelFormatVersion) {
    return unsupported("{}: model format \"{}\", this program reads \"{}\"", path.string(),
                       format == metadata.end() ? "" : format->second.substr(0, 20), kModelFormatVersion);
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
  for (const NamedTensor& tensor : tensors) by_name[tensor.name] = &tensor.view;
  EDGEMOE_RETURN_IF_ERROR(check_tensors(config, [&](const std::string& name) -> const TensorView* {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
  }));
  return write_safetensors(path, tensors, model_metadata(config, extra_metadata));
}

std::optional<std::size_t> find_non_finite(const TensorView& view) {
  const std::size_t size = dtype_size(view.dtype);
  const std::size_t count = view.bytes.size() / size;
  constexpr std::size_t kChunk = 4096;
  std::vector<float> chunk(std::min(kChunk, count));
  for (std::size_t begin = 0; begin < count; begin += kChunk) {
    const std::size_t length = std::min(kChunk, count - begin);
    const std::span<float> values(chunk.data(), length);
    if (!widen_to_f32(view.dtype, view.bytes.subspan(begin * size, length * size), values)) return std::nullopt;
    for (std::size_t i = 0; i < length; ++i) {
      if (!std::isfinite(values[i])) return begin + i;
    }
  }
  return std::nullopt;
}

}  // namespace edgemoe
