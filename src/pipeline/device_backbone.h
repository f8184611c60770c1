// A device of src/accel as the int8 engine takes it: compiles the network, lays pictures out.
#ifndef EDGEMOE_PIPELINE_DEVICE_BACKBONE_H_
#define EDGEMOE_PIPELINE_DEVICE_BACKBONE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/device.h"
#include "accel/phase_names.h"
#include "engine/backbone_device.h"

namespace edgemoe {

class DeviceBackbone final : public BackboneDevice {
 public:
  explicit DeviceBackbone(std::unique_ptr<Device> device) : device_(std::move(device)) {}

  std::string_view name() const override { return device_->name(); }
  Status load(const ModelConfig& config, const IntegerModel& model, std::span<const std::int32_t> positions) override;
  Status run(std::span<const std::uint8_t> picture, int task, std::span<std::int32_t> tokens) override;

  const Device& device() const { return *device_; }
  /// The compiled network, but for its image, which the device has.
  const Program& program() const { return program_; }
  const std::vector<PhaseName>& phase_names() const { return phase_names_; }

 private:
  std::unique_ptr<Device> device_;
  Program program_;
  std::vector<PhaseName> phase_names_;
  std::vector<std::uint8_t> input_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_DEVICE_BACKBONE_H_
