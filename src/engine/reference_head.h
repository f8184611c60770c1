// One task's integer head, plainly: tokens of one picture to float32 logits at the network's input size.
#ifndef EDGEMOE_ENGINE_REFERENCE_HEAD_H_
#define EDGEMOE_ENGINE_REFERENCE_HEAD_H_

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "engine/reference_backbone.h"
#include "model/config.h"
#include "quant/integer_model.h"

namespace edgemoe {

/// `tokens` is [num_tokens, embed_dim], 16 fraction bits. Returns [height · width, outputs].
std::vector<float> run_reference_head(const ModelConfig& config, int task, const IntegerHead& head,
                                      const std::int32_t* tokens, const ReferenceTaps& taps, Saturation& saturation);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_REFERENCE_HEAD_H_
