// --device: what computes the backbone.
#ifndef EDGEMOE_CLI_DEVICE_FLAG_H_
#define EDGEMOE_CLI_DEVICE_FLAG_H_

#include <memory>
#include <string>
#include <vector>

#include "accel/design_point.h"
#include "accel/simulator.h"
#include "base/status.h"
#include "pipeline/device_backbone.h"

namespace edgemoe::cli {

/// Names of the design points at hand: files of $EDGEMOE_DESIGN_DIR, of the installation and of the source tree.
std::vector<std::string> list_designs();
/// By name or path. kInvalidArgument with the names that there are, or with what is wrong in the file.
Result<DesignPoint> find_design(const std::string& name_or_path);

/// "interpreter:DESIGN" or "sim:DESIGN"; without a design, zcu102. `memory`: what a simulation is behind.
/// kInvalidArgument with what there is.
Result<std::unique_ptr<Device>> open_device(const std::string& name, const SimulatorMemory& memory = {});

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_DEVICE_FLAG_H_
