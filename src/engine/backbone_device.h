// Something else than an engine that computes backbones in the integers of docs/numerics.md: an accelerator, or a
// simulation of one. The int8 engine hands it whole pictures and runs the heads itself.
#ifndef EDGEMOE_ENGINE_BACKBONE_DEVICE_H_
#define EDGEMOE_ENGINE_BACKBONE_DEVICE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/status.h"
#include "model/config.h"
#include "quant/integer_model.h"

namespace edgemoe {

class BackboneDevice {
 public:
  virtual ~BackboneDevice() = default;
  /// "interpreter:zcu102".
  virtual std::string_view name() const = 0;
  /// Makes the device ready for a network; `positions` are [num_tokens, embed_dim] s32.16, the class token among them.
  /// Called once, before run(). kUnsupported for a network that does not fit it.
  virtual Status load(const ModelConfig& config, const IntegerModel& model,
                      std::span<const std::int32_t> positions) = 0;
  /// A picture [height, width, 3] to the tokens behind the last block as `task` sees them, [num_tokens, embed_dim]
  /// s32.16: the int8 engine's, bit for bit. Any error is the device's.
  virtual Status run(std::span<const std::uint8_t> picture, int task, std::span<std::int32_t> tokens) = 0;
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_BACKBONE_DEVICE_H_
