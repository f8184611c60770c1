#include "checkpoint/float_folder.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/file.h"
#include "model/tensor_table.h"

namespace edgemoe {
namespace {

constexpr std::string_view kSuffix = ".float32.bin";
constexpr std::int64_t kElementBytes = 4;

struct Spelling {
  std::string_view tensor;
  std::string_view file;
};

// What follows "backbone.blocks.<i>." in a tensor's name and "l<i>_" in a file's.
constexpr std::array kBlockSpellings = {
    Spelling{"norm1.", "norm1_"},
    Spelling{"norm2.", "norm2_"},
    Spelling{"attn.qkv.", "qkv_"},
    Spelling{"attn.proj.", "attn_proj_"},
    Spelling{"mlp.fc1.", "fc1_"},
    Spelling{"mlp.fc2.", "fc2_"},
    Spelling{"mlp.experts.htoh4.", "htoh4_"},
    Spelling{"mlp.experts.h4toh.", "h4toh_"},
};

using FileSizes = std::map<std::string, std::uint64_t>;  // name → bytes

Result<FileSizes> list_files(const std::filesystem::path& directory) {
  FileSizes files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    const std::uint64_t size = entry->file_size(error);
    if (error) break;
    files.emplace(name, size);
  }
  if (error) return io_error("{}: {}", directory.string(), error.message());
  return files;
}

/// A tensor whose number of elements is a width times `unit`.
struct WidthClue {
  std::string_view tensor;  // after "backbone.blocks.<i>."
  std::int64_t unit;
};

/// A width from the size of the first file in `blocks` that tells it: its bytes over those of a clue's unit. 0 when
/// there is none; a size that does not divide shows when the file is read.
int width_from_files(std::span<const int> blocks, const FileSizes& files, std::span<const WidthClue> clues) {
  constexpr std::uint64_t kMaxWidth = 1 << 20;
  for (const int block : blocks) {
    for (const WidthClue& clue : clues) {
      const auto file = files.find(*float_file_name(block_prefix(block) + std::string(clue.tensor)));
      if (file == files.end()) continue;
      const std::uint64_t width = file->second / static_cast<std::uint64_t>(clue.unit * kElementBytes);
      if (width > 0 && width <= kMaxWidth) return static_cast<int>(width);
    }
  }
  return 0;
}

/// The configuration with every width set, so that tensor_table can be asked; decoders left out.
ModelConfig with_widths(ModelConfig config, const FileSizes& files) {
  config.head.present = false;
  const std::int64_t dim = config.embed_dim;
  if (config.mlp_dim == 0) {
    std::vector<int> dense_blocks;
    for (int block = 0; block < config.depth; ++block) {
      if (!config.is_moe_block(block)) dense_blocks.push_back(block);
    }
    const WidthClue clues[] = {{"mlp.fc1.weight", dim}, {"mlp.fc1.bias", 1}, {"mlp.fc2.weight", dim}};
    config.mlp_dim = width_from_files(dense_blocks, files, clues);
  }
  if (config.moe.expert_dim == 0 && !config.moe.blocks.empty()) {
    const std::int64_t experts = config.moe.num_experts;
    const WidthClue clues[] = {{"mlp.experts.htoh4.weight", experts * dim},
                               {"mlp.experts.htoh4.bias", experts},
                               {"mlp.experts.h4toh.weight", experts * dim}};
    config.moe.expert_dim = width_from_files(config.moe.blocks, files, clues);
  }
  // A width that no file tells stands on tensors that no file holds either: any number will do.
  config.mlp_dim = std::max(config.mlp_dim, 1);
  config.moe.expert_dim = std::max(config.moe.expert_dim, 1);
  return config;
}

Result<SourceTensor> open_tensor(const std::filesystem::path& path, const TensorSpec& spec) {
  EDGEMOE_ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::open(path));
  auto file = std::make_shared<MappedFile>(std::move(mapped));
  const bool is_gate = spec.role == TensorRole::kGate;
  const Shape stored = is_gate ? Shape{spec.shape[1], spec.shape[0]} : spec.shape;
  const std::int64_t due = stored.num_elements() * kElementBytes;
  if (file->bytes().size() != static_cast<std::uint64_t>(due)) {
    return malformed("{}: expected {} bytes (float32 {}), found {}", path.string(), due, stored.to_string(),
                     file->bytes().size());
  }
  auto storage = std::make_shared<PlainStorage>(FileBytes{file->bytes(), file});
  SourceTensor tensor = dense_source_tensor(spec.name, DType::kF32, stored, std::move(storage));
  tensor.origin = path.string();
  return is_gate ? transposed(tensor) : tensor;
}

SourceTensor zero_tensor(const TensorSpec& spec, const std::string& origin) {
  auto zeros = std::make_shared<AlignedBuffer<float>>(static_cast<std::size_t>(spec.shape.num_elements()));
  auto storage = std::make_shared<PlainStorage>(FileBytes{std::as_bytes(zeros->span()), zeros});
  SourceTensor tensor = dense_source_tensor(spec.name, DType::kF32, spec.shape, std::move(storage));
  tensor.origin = origin;
  return tensor;
}

}  // namespace

bool is_float_folder(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename().string().ends_with(kSuffix)) return true;
  }
  return false;
}

std::optional<std::string> float_file_name(std::string_view tensor) {
  constexpr std::string_view kBlocks = "backbone.blocks.";
  constexpr std::string_view kPatch = "backbone.patch_embed.proj.";
  constexpr std::string_view kGate = "mlp.gate.";
  constexpr std::string_view kGateEnd = ".w_gate";
  const std::string suffix(kSuffix);
  if (tensor == "backbone.pos_embed") return "pos_embed" + suffix;
  if (tensor.starts_with(kPatch)) return "patch_embed_" + std::string(tensor.substr(kPatch.size())) + suffix;
  if (!tensor.starts_with(kBlocks)) return std::nullopt;
  tensor.remove_prefix(kBlocks.size());
  const std::size_t dot = tensor.find('.');
  const std::string block = "l" + std::string(tensor.substr(0, dot)) + "_";
  const std::string_view rest = tensor.substr(dot + 1);
  for (const Spelling& spelling : kBlockSpellings) {
    if (!rest.starts_with(spelling.tensor)) continue;
    return block + std::string(spelling.file) + std::string(rest.substr(spelling.tensor.size())) + suffix;
  }
  if (rest.starts_with(kGate) && rest.ends_with(kGateEnd) && rest.size() > kGate.size() + kGateEnd.size()) {
    const std::string_view task = rest.substr(kGate.size(), rest.size() - kGate.size() - kGateEnd.size());
    return block + "w_gate_T_task" + std::string(task) + suffix;
  }
  return std::nullopt;
}

Result<CheckpointSource> open_float_folder(const std::filesystem::path& directory, const ModelConfig& config) {
  EDGEMOE_ASSIGN_OR_RETURN(FileSizes files, list_files(directory));
  CheckpointSource source;
  source.path = directory.string();
  source.format = CheckpointFormat::kFloatFolder;
  const TensorSpec* class_token = nullptr;
  bool has_pos_embed = false;
  const std::vector<TensorSpec> table = tensor_table(with_widths(config, files));
  for (const TensorSpec& spec : table) {
    if (spec.role == TensorRole::kClassToken) class_token = &spec;
    const std::optional<std::string> name = float_file_name(spec.name);
    if (!name || files.erase(*name) == 0) continue;
    EDGEMOE_ASSIGN_OR_RETURN(SourceTensor tensor, open_tensor(directory / *name, spec));
    source.tensors.push_back(std::move(tensor));
    has_pos_embed = has_pos_embed || spec.role == TensorRole::kPositionEmbed;
  }
  if (has_pos_embed && class_token != nullptr) source.tensors.push_back(zero_tensor(*class_token, source.path));
  for (const auto& file : files) source.extra_files.push_back(file.first);
  return source;
}

}  // namespace edgemoe
