#include "checkpoint/checkpoint_source.h"

#include <cstring>

#include "base/file.h"
#include "base/text.h"
#include "checkpoint/float_folder.h"
#include "checkpoint/rank_directory.h"
#include "checkpoint/state_dict.h"
#include "checkpoint/torch_archive.h"
#include "model/model_file.h"
#include "model/safetensors.h"

namespace edgemoe {
namespace {

Result<CheckpointSource> from_torch(FileBytes file, CheckpointFormat format, const std::string& name) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<TorchArchive> archive, format == CheckpointFormat::kTorchZip
                                                                            ? open_torch_zip(std::move(file))
                                                                            : open_torch_legacy(std::move(file)));
  EDGEMOE_ASSIGN_OR_RETURN(StateDict state, find_state_dict(archive->root()));
  CheckpointSource source;
  source.format = format;
  source.wrappers = std::move(state.wrappers);
  source.beside = std::move(state.beside);
  source.not_tensors = std::move(state.not_tensors);
  for (const NamedRecord& record : state.tensors) {
    Result<std::shared_ptr<Storage>> storage = archive->storage(*record.tensor->storage);
    if (!storage.ok()) return storage.status().with_context("tensor " + printable(record.name));
    SourcePart part{std::move(*storage), record.tensor->offset, record.tensor->sizes, record.tensor->strides};
    source.tensors.push_back(
        {std::string(record.name), record.tensor->type, Shape(record.tensor->sizes), {std::move(part)}, name});
  }
  return source;
}

Result<CheckpointSource> from_safetensors(const FileBytes& file, const std::string& name) {
  EDGEMOE_ASSIGN_OR_RETURN(const SafetensorsIndex index, parse_safetensors(file.bytes));
  if (index.metadata.contains(kNumericsKey)) {
    return unsupported("a model of integers, no checkpoint: convert the floats that it was quantised from");
  }
  CheckpointSource source;
  source.format = CheckpointFormat::kSafetensors;
  for (const auto& [tensor_name, view] : index.tensors) {
    auto storage = std::make_shared<PlainStorage>(FileBytes{view.bytes, file.owner});
    source.tensors.push_back(dense_source_tensor(tensor_name, view.dtype, view.shape, std::move(storage)));
    source.tensors.back().origin = name;
  }
  if (source.tensors.empty()) return mismatch("a safetensors file without tensors");
  // A model of edgemoe's own states the grid that its position embedding was resampled to.
  if (const auto config_text = index.metadata.find("edgemoe.config"); config_text != index.metadata.end()) {
    EDGEMOE_ASSIGN_OR_RETURN(const ModelConfig own, parse_model_config(config_text->second));
    source.pos_embed_grid = {own.pos_embed_height, own.pos_embed_width};
  }
  return source;
}

bool is_tar(std::span<const std::byte> bytes) {
  constexpr std::size_t kMagicAt = 257;
  return bytes.size() >= kMagicAt + 5 && std::memcmp(bytes.data() + kMagicAt, "ustar", 5) == 0;
}

/// Eight bytes of header length, then a JSON object.
bool is_safetensors(std::span<const std::byte> bytes) {
  return bytes.size() >= 9 && static_cast<char>(bytes[8]) == '{';
}

Result<CheckpointSource> from_bytes(FileBytes file, const std::string& name) {
  if (file.bytes.empty()) return malformed("the file is empty");
  if (is_zip(file.bytes)) return from_torch(std::move(file), CheckpointFormat::kTorchZip, name);
  if (is_torch_legacy(file.bytes)) return from_torch(std::move(file), CheckpointFormat::kTorchLegacy, name);
  if (is_safetensors(file.bytes)) return from_safetensors(file, name);
  constexpr std::string_view kSave = "load it in PyTorch and save it again: torch.save({'state_dict': …}, path)";
  if (is_tar(file.bytes)) return unsupported("a tar archive of PyTorch before 0.1.10; {}", kSave);
  if (file.bytes[0] == std::byte{0x80}) return unsupported("a pickle that torch.save did not write; {}", kSave);
  return unsupported("neither a file that torch.save wrote (zip or legacy pickle) nor safetensors");
}

}  // namespace

std::string_view checkpoint_format_name(CheckpointFormat format) {
  switch (format) {
    case CheckpointFormat::kTorchZip:
      return "PyTorch zip";
    case CheckpointFormat::kTorchLegacy:
      return "PyTorch legacy";
    case CheckpointFormat::kSafetensors:
      return "safetensors";
    case CheckpointFormat::kRankDirectory:
      return "rank directory";
    case CheckpointFormat::kFloatFolder:
      return "float32 folder";
  }
  return "unknown";
}

Result<CheckpointSource> open_checkpoint_bytes(FileBytes file, const std::string& name) {
  Result<CheckpointSource> source = from_bytes(std::move(file), name);
  if (!source.ok()) return source.status().with_context(name);
  source->path = name;
  EDGEMOE_RETURN_IF_ERROR(strip_prefixes(source->tensors, source->stripped));
  return source;
}

Result<CheckpointSource> open_checkpoint(const std::filesystem::path& path, const ModelConfig& config) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    if (is_rank_directory(path)) return open_rank_directory(path);
    if (is_float_folder(path)) return open_float_folder(path, config);
    return unsupported("{}: the folder holds neither rank files (0.pth, 1.pth, …) nor *.float32.bin", path.string());
  }
  EDGEMOE_ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::open(path));
  auto file = std::make_shared<MappedFile>(std::move(mapped));
  return open_checkpoint_bytes({file->bytes(), file}, path.string());
}

}  // namespace edgemoe
