#include <fmt/core.h>

#include <utility>

#include "accel/device.h"
#include "accel/interpreter.h"

namespace edgemoe {
namespace {

class InterpreterDevice final : public Device {
 public:
  explicit InterpreterDevice(DesignPoint design)
      : design_(std::move(design)), name_(fmt::format("interpreter:{}", design_.name)) {}

  std::string_view name() const override { return name_; }
  const DesignPoint& design() const override { return design_; }

  Status load(Program program) override {
    if (program.design != design_.name) {
      return invalid_argument("device {} runs programs of design point {}, not of {}", name_, design_.name,
                              program.design);
    }
    program_ = std::move(program);
    return {};
  }

  Status run(std::span<const std::uint8_t> input, int task, std::span<std::int32_t> tokens) override {
    EDGEMOE_ASSIGN_OR_RETURN(const InterpreterCounts counts, interpret(program_, design_, input, task, {}, tokens));
    ++report_.runs;
    report_.read_beats += counts.loaded_beats;
    report_.write_beats += 4 * tokens.size() / static_cast<std::size_t>(design_.bus_bytes());
    return {};
  }

  const DeviceReport& report() const override { return report_; }

 private:
  DesignPoint design_;
  std::string name_;
  Program program_;
  DeviceReport report_;
};

}  // namespace

std::unique_ptr<Device> make_interpreter_device(DesignPoint design) {
  return std::make_unique<InterpreterDevice>(std::move(design));
}

}  // namespace edgemoe
