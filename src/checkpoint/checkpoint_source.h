// One input of a conversion, opened: whatever the container, a list of tensors under M3ViT's names.
#ifndef EDGEMOE_CHECKPOINT_CHECKPOINT_SOURCE_H_
#define EDGEMOE_CHECKPOINT_CHECKPOINT_SOURCE_H_

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "checkpoint/names.h"
#include "checkpoint/source_tensor.h"
#include "model/config.h"

namespace edgemoe {

/// What an input turned out to be.
enum class CheckpointFormat { kTorchZip, kTorchLegacy, kSafetensors, kRankDirectory, kFloatFolder };

/// "PyTorch zip", "safetensors", …
std::string_view checkpoint_format_name(CheckpointFormat format);

struct CheckpointSource {
  std::string path;
  CheckpointFormat format = CheckpointFormat::kTorchZip;
  std::vector<SourceTensor> tensors;     // prefixes taken off, names unique
  StripCounts stripped;                  // prefixes → names they were taken from
  std::vector<std::string> wrappers;     // dicts around the weights: "state_dict"
  std::vector<std::string> beside;       // what stands beside the weights and is no weight: "epoch", "optimizer"
  std::vector<std::string> not_tensors;  // values among the weights that are no tensors
  std::vector<std::string> extra_files;  // files of a folder that no tensor is called after
  /// Grid of the position embedding where the input states it itself (a file that edgemoe wrote).
  std::optional<std::array<int, 2>> pos_embed_grid;
};

/// Opens a checkpoint: a file of torch.save or safetensors, a directory of rank files (0.pth, 1.pth, …) or a folder of
/// headerless float32 files, whose shapes come from `config` (a width that is 0 there is read from the files' sizes).
/// Nothing in it is executed. Messages name the file.
Result<CheckpointSource> open_checkpoint(const std::filesystem::path& path, const ModelConfig& config);

/// The same for the bytes of one file; `name` is for messages.
Result<CheckpointSource> open_checkpoint_bytes(FileBytes file, const std::string& name);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_CHECKPOINT_SOURCE_H_
