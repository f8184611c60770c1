// Edge-MoE's published form: a folder of headerless little-endian float32 files in C order, one a tensor.
#ifndef EDGEMOE_CHECKPOINT_FLOAT_FOLDER_H_
#define EDGEMOE_CHECKPOINT_FLOAT_FOLDER_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "checkpoint/checkpoint_source.h"
#include "model/config.h"

namespace edgemoe {

/// Whether a directory holds *.float32.bin.
bool is_float_folder(const std::filesystem::path& directory);

/// The file that holds a tensor: "backbone.blocks.3.attn.qkv.weight" is in "l3_qkv_weight.float32.bin". Nothing for
/// tensors that the format lacks: decoders, and the class token, which is added into row 0 of the position embedding.
std::optional<std::string> float_file_name(std::string_view tensor);

/// Reads the tensors that the folder holds; a second folder may hold the rest. Shapes are the configuration's, gates
/// lie transposed ([experts, dim]); the class token becomes zeros beside the position embedding. A width that the
/// configuration leaves open is read from a file's size. kMalformed: a file's size is not its tensor's (states both).
Result<CheckpointSource> open_float_folder(const std::filesystem::path& directory, const ModelConfig& config);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_FLOAT_FOLDER_H_
