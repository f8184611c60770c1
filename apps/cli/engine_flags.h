// The options that choose and size an engine, the same for every command that runs one.
#ifndef EDGEMOE_CLI_ENGINE_FLAGS_H_
#define EDGEMOE_CLI_ENGINE_FLAGS_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "pipeline/device_backbone.h"
#include "pipeline/pipeline.h"

namespace edgemoe::cli {

struct EngineFlags {
  int threads = 0;         // 0: all that the process may run on
  std::string type;        // arithmetic; empty: that of the model's file
  std::string isa;         // empty: the best
  std::string input_size;  // "HEIGHTxWIDTH"; empty: the model's own
  std::string device;      // what computes the backbone; empty: this processor

  void add_to(CLI::App& app);
  /// kInvalidArgument with what was expected.
  Result<EngineOptions> engine_options(int max_batch) const;
};

/// The device that engine_options() has opened; null: none was asked for.
std::shared_ptr<const DeviceBackbone> opened_device(const EngineOptions& options);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_ENGINE_FLAGS_H_
