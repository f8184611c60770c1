// The resize against values stored from PyTorch (tests/golden/make_resize_golden.py).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "resample/resize.h"

namespace edgemoe {
namespace {

const std::map<std::string, ResizeKernel>& kernels() {
  static const std::map<std::string, ResizeKernel> table = {
      {"bilinear", ResizeKernel::kBilinear},
      {"bicubic", ResizeKernel::kBicubic},
      {"bilinear_antialias", ResizeKernel::kBilinearAntialias},
      {"bicubic_antialias", ResizeKernel::kBicubicAntialias},
  };
  return table;
}

struct Comparison {
  std::size_t compared = 0;
  double worst = 0.0;
};

/// Reads one case's values and compares ours; inputs are at most 0.82 in size.
Comparison compare_case(std::istream& golden, ResizeShape shape) {
  std::vector<float> in(shape.in_height * shape.in_width);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>((37 * i + 11) % 101) / 64.0F - 0.75F;
  std::vector<float> out(shape.out_height * shape.out_width);
  resize({.in = in.data(),
          .in_height = shape.in_height,
          .in_width = shape.in_width,
          .out = out.data(),
          .out_height = shape.out_height,
          .out_width = shape.out_width,
          .channels = 1,
          .kernel = shape.kernel});
  Comparison result;
  for (const float value : out) {
    double expected = 0.0;
    golden >> expected;
    const double apart = std::abs(expected - static_cast<double>(value));
    if (std::isnan(apart) || apart > result.worst) result.worst = apart;  // nothing is above a NaN
    ++result.compared;
  }
  return result;
}

TEST(Resize, pytorchStoredValues_agreeToRounding) {
  std::ifstream golden(EDGEMOE_SOURCE_DIR "/tests/golden/resize.txt");
  ASSERT_TRUE(golden) << "tests/golden/resize.txt is missing";
  // Rounding: a window of n weights errs by at most (n + 1) · 2^-24 · Σ|w| · max|v|, once an axis. Here n ≤ 13 (the
  // widest antialias window), Σ|w| ≤ 1.6 an axis (bicubic's overshoot) and |v| ≤ 0.82.
  const double tolerance = 2 * 14 * 0x1p-24 * 1.6 * 1.6 * 0.82;
  std::size_t cases = 0;
  std::size_t compared = 0;
  std::string name;
  ResizeShape shape;
  while (golden >> name >> shape.in_height >> shape.in_width >> shape.out_height >> shape.out_width) {
    ASSERT_TRUE(kernels().contains(name)) << name;
    shape.kernel = kernels().at(name);
    const Comparison result = compare_case(golden, shape);
    ASSERT_TRUE(golden) << "the file ends within a case";
    EXPECT_LE(result.worst, tolerance) << name << " " << shape.in_height << "x" << shape.in_width << " to "
                                       << shape.out_height << "x" << shape.out_width;
    compared += result.compared;
    ++cases;
  }
  EXPECT_EQ(cases, 24U);
  EXPECT_EQ(compared, 4U * (143 + 20 + 192 + 45 + 60 + 4));
}

}  // namespace
}  // namespace edgemoe
