#include "cli/engine_flags.h"

#include "base/text.h"
#include "cli/command.h"
#include "cli/device_flag.h"

namespace edgemoe::cli {

void EngineFlags::add_to(CLI::App& app) {
  app.add_option("--threads", threads, "Threads; 0: all available")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app.add_option("--type", type,
                 "Arithmetic: float, int8 (docs/numerics.md), or reference (the same integers, plainly and slowly); "
                 "default: int8 for a model that edgemoe quantize has written, else float")
      ->check(CLI::IsMember({"float", "int8", "reference"}));
  app.add_option(
      "--isa", isa,
      "Force an instruction set: portable, avx2, avxvnni, avx512, avx512vnni, neon, dotprod (default: the best)");
  app.add_option("--input-size", input_size,
                 "HEIGHTxWIDTH of the network's input, multiples of the patch; the position embedding is resampled "
                 "(default: the model's)");
  app.add_option("--device", device,
                 "Compute the backbone on an accelerator: sim:DESIGN, a simulation of the RTL, or interpreter:DESIGN, "
                 "its programs without a clock; heads run here, in int8 (default: all here)");
}

Result<EngineOptions> EngineFlags::engine_options(int max_batch) const {
  EngineOptions options;
  options.num_threads = threads == 0 ? default_num_threads() : threads;
  options.max_batch = max_batch;
  if (!type.empty()) options.type = number_type_from_name(type);  // CLI11 has checked it
  if (!isa.empty()) {
    EDGEMOE_RETURN_IF_ERROR(choose_instruction_set(isa, options).with_context("--isa"));
  }
  if (!input_size.empty()) {
    EDGEMOE_ASSIGN_OR_RETURN(const auto size, parse_size(input_size, "--input-size"));
    options.input_height = size.first;
    options.input_width = size.second;
  }
  if (!device.empty()) {
    EDGEMOE_ASSIGN_OR_RETURN(std::unique_ptr<Device> opened, open_device(device));
    options.backbone = std::make_shared<DeviceBackbone>(std::move(opened));
  }
  return options;
}

std::shared_ptr<const DeviceBackbone> opened_device(const EngineOptions& options) {
  // Nothing else is put there.
  return std::static_pointer_cast<const DeviceBackbone>(options.backbone);
}

}  // namespace edgemoe::cli
