// The model in the box, on the design point of its size: trained weights, every task.
#include <gtest/gtest.h>

#include <filesystem>

#include "accel/program_testing.h"

namespace edgemoe {
namespace {

TEST(ProgramStreet, ModelInTheBoxOnTheZcu102_EqualsTheReference) {
  const auto path = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "models/edgemoe-street.safetensors";
  const auto file = ModelFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  expect_program_equals_reference(HlsCase(*file, 3), design_of("zcu102"));
}

}  // namespace
}  // namespace edgemoe
