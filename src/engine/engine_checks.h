// What every engine checks before it works: options, requests, sizes.
#ifndef EDGEMOE_ENGINE_ENGINE_CHECKS_H_
#define EDGEMOE_ENGINE_ENGINE_CHECKS_H_

#include <cstddef>

#include "base/status.h"
#include "engine/engine.h"
#include "model/config.h"
#include "model/model_file.h"

namespace edgemoe {

/// kInvalidArgument for options outside their bounds or an instruction set that is not here.
Status check_engine_options(const EngineOptions& options);
/// The model's configuration with the input size of `options`. kInvalidArgument for a size that does not suit it.
Result<ModelConfig> engine_config(const ModelFile& model, const EngineOptions& options);
/// kTooLarge for more tokens than sums of 32 bits hold (numerics.md, section 1). Widths are within the bounds already.
Status check_integer_sizes(const ModelConfig& config);
/// Number of pictures and tasks of a request, and whether there are heads for it.
Status check_request(const ModelConfig& config, int max_batch, const EngineRequest& request);
Status check_has_head(const ModelConfig& config);
/// A task's number and how many values its tokens have.
Status check_tokens(const ModelConfig& config, int task, std::size_t count);
Status check_block(const ModelConfig& config, int block);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_ENGINE_CHECKS_H_
