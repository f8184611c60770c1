#include "pipeline/device_backbone.h"

#include "accel/compiler.h"

namespace edgemoe {

Status DeviceBackbone::load(const ModelConfig& config, const IntegerModel& model,
                            std::span<const std::int32_t> positions) {
  EDGEMOE_ASSIGN_OR_RETURN(Program program, compile_program({config, model, positions}, device_->design()));
  EDGEMOE_ASSIGN_OR_RETURN(phase_names_, name_phases(program, device_->design()));
  program_ = program;
  program_.image.clear();
  program_.image.shrink_to_fit();
  input_.resize(program_.input_bytes);
  return device_->load(std::move(program));
}

Status DeviceBackbone::run(std::span<const std::uint8_t> picture, int task, std::span<std::int32_t> tokens) {
  EDGEMOE_RETURN_IF_ERROR(lay_out_picture(program_, device_->design(), picture, input_));
  const Status status = device_->run(input_, task, tokens);
  return status.ok() ? status : status.with_context(device_->name());
}

}  // namespace edgemoe
