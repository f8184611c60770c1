// edgemoe-rtl-package DESIGN.json OUT.sv [OUT.h]: the SystemVerilog package of a design point; and a header for
// programs that are built on what is made of the package, with the design point and its fingerprint.
#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "accel/design_point.h"
#include "base/file.h"

namespace edgemoe::sim {
namespace {

constexpr std::uint64_t kMaxBytes = 1 << 20;

/// A file that is as it should be keeps its time, so that nothing is verilated again.
Status write_changed(const std::filesystem::path& path, const std::string& text) {
  std::error_code ignored;  // a folder that cannot be made is told by the write
  std::filesystem::create_directories(path.parent_path(), ignored);
  const Result<std::string> present = read_text_file(path, kMaxBytes);
  return present.ok() && *present == text ? Status() : write_file(path, text);
}

std::string header(const std::string& design_text, const DesignPoint& design) {
  return fmt::format(
      "// Generated from the design point `{}`: change that, not this.\n"
      "#pragma once\n"
      "#include <cstdint>\n"
      "#include <string_view>\n"
      "namespace edgemoe::sim {{\n"
      "inline constexpr std::uint64_t kBuiltFingerprint = {}U;\n"
      "inline constexpr std::string_view kBuiltDesign = R\"json({})json\";\n"
      "}}  // namespace edgemoe::sim\n",
      design.name, rtl_fingerprint(design), design_text);
}

Status run(const std::filesystem::path& source, const std::filesystem::path& package,
           const std::filesystem::path& header_path) {
  EDGEMOE_ASSIGN_OR_RETURN(const DesignPoint design, load_design_point(source));
  EDGEMOE_RETURN_IF_ERROR(write_changed(package, make_rtl_package(design)));
  if (header_path.empty()) return {};
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(source, kMaxBytes));
  return write_changed(header_path, header(text, design));
}

}  // namespace
}  // namespace edgemoe::sim

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    fmt::print(stderr, "usage: edgemoe-rtl-package DESIGN.json OUT.sv [OUT.h]\n");
    return 2;
  }
  const edgemoe::Status status = edgemoe::sim::run(argv[1], argv[2], argc == 4 ? argv[3] : "");
  if (!status.ok()) {
    fmt::print(stderr, "edgemoe-rtl-package: {}\n", status.message());
    return 1;
  }
  return 0;
}
