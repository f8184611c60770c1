// Names of tensors in other people's checkpoints: what wrappers put in front of them, and what training leaves behind.
#ifndef EDGEMOE_CHECKPOINT_NAMES_H_
#define EDGEMOE_CHECKPOINT_NAMES_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "checkpoint/source_tensor.h"
#include "model/config.h"

namespace edgemoe {

/// Prefix → how many names it was taken from.
using StripCounts = std::map<std::string, std::size_t>;

/// Takes from every name the path components that wrappers add wherever they stand: "module." (DataParallel) and
/// "_orig_mod." (torch.compile); then "model.", "net.", "ema.", "encoder." and the like from the front, while every
/// name has one. kMalformed when two names become one.
Status strip_prefixes(std::vector<SourceTensor>& tensors, StripCounts& stripped);

/// The experts' tensors, which fastmoe keeps apart per rank.
bool is_expert_name(std::string_view name);

/// Why a tensor of a trained M3ViT is not needed to run it ("training only", …); nothing for one that is unknown.
/// `name` is M3ViT's own, with its backbone or decoders prefix.
std::optional<std::string_view> known_unused(std::string_view name);

/// "backbone.blocks.3.mlp.gate.1.w_gate" → 1; nothing for any other name.
std::optional<int> gate_task(std::string_view name);

/// The name as M3ViT spells it in a multi-task model: "decoder.…" becomes "decoders.<task>.…" where `config` has one
/// task, and names of a bare backbone get their "backbone.".
std::string canonical_name(std::string_view name, const ModelConfig& config);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_NAMES_H_
