// The model in the box, on the design point of its size: trained weights, every task.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/hls_case_testing.h"
#include "hls/design_points.h"

namespace edgemoe {
namespace {

TEST(StreetTest, modelInTheBox_equalsTheReference) {
  const auto path = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "models/edgemoe-street.safetensors";
  const auto file = ModelFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  expect_equals_reference<hls::StreetDesign>(HlsCase(*file, 3));
}

}  // namespace
}  // namespace edgemoe
