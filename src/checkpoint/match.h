// Which tensor of a checkpoint is which tensor of the network.
#ifndef EDGEMOE_CHECKPOINT_MATCH_H_
#define EDGEMOE_CHECKPOINT_MATCH_H_

#include <map>
#include <span>
#include <string>

#include "base/status.h"
#include "checkpoint/checkpoint_source.h"
#include "checkpoint/report.h"
#include "model/config.h"

namespace edgemoe {

/// Tensors by the network's names.
using TensorMap = std::map<std::string, SourceTensor, std::less<>>;

/// Finds the network's tensors in the sources and fills in the report: matched, stripped, renamed, ignored, left over,
/// missing. Then sets the widths of `config` that the weights decide (mlp_dim, moe.expert_dim, head.first_kernel) and
/// notes each that the configuration had left open or stated otherwise. Shapes are not looked at beyond that.
/// kMismatch: two inputs hold the same tensor, or a router's layout contradicts the configuration.
Result<TensorMap> match_tensors(std::span<const CheckpointSource> sources, ModelConfig& config, ConvertReport& report);

/// Why a model can't be written when tensors are missing; success when none is.
Status check_missing(std::span<const CheckpointSource> sources, const ModelConfig& config, const ConvertReport& report);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_MATCH_H_
