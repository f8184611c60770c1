// edgemoe-rtl-package DESIGN.json OUT.sv: the SystemVerilog package of a design point.
#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "accel/design_point.h"
#include "base/file.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: edgemoe-rtl-package DESIGN.json OUT.sv\n");
    return 2;
  }
  const edgemoe::Result<edgemoe::DesignPoint> design = edgemoe::load_design_point(argv[1]);
  edgemoe::Status status = design.status();
  if (status.ok()) {
    std::error_code ignored;  // a folder that cannot be made is told by the write
    std::filesystem::create_directories(std::filesystem::path(argv[2]).parent_path(), ignored);
    const std::string package = edgemoe::make_rtl_package(*design);
    // A file that is as it should be keeps its time, so that nothing is verilated again.
    const edgemoe::Result<std::string> present = edgemoe::read_text_file(argv[2], 1 << 20);
    if (!present.ok() || *present != package) status = edgemoe::write_file(argv[2], package);
  }
  if (!status.ok()) {
    fmt::print(stderr, "edgemoe-rtl-package: {}\n", status.message());
    return 1;
  }
  return 0;
}
