#include "resample/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>
#include <vector>

#include "base/random.h"

namespace edgemoe {
namespace {

constexpr ResizeKernel kAllKernels[] = {ResizeKernel::kBilinear, ResizeKernel::kBicubic,
                                        ResizeKernel::kBilinearAntialias, ResizeKernel::kBicubicAntialias};

std::vector<float> random_values(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = random.uniform(-2.0F, 2.0F);
  return values;
}

std::vector<float> resized(const std::vector<float>& in, const ResizeShape& shape) {
  std::vector<float> out(shape.out_height * shape.out_width * shape.channels);
  const ResizePlan plan(shape);
  std::vector<float> workspace(plan.workspace_size());
  plan.run(in.data(), out.data(), workspace);
  return out;
}

/// Where output i looks on an axis of `in_size` inputs, kept inside.
double source_place(std::size_t i, std::size_t in_size, std::size_t out_size) {
  const double size = static_cast<double>(in_size);
  return std::clamp((static_cast<double>(i) + 0.5) * size / static_cast<double>(out_size) - 0.5, 0.0, size - 1.0);
}

/// Bilinear resize of one row, in double.
double bilinear_1d(const std::vector<float>& row, std::size_t i, std::size_t out_size) {
  const double clamped = source_place(i, row.size(), out_size);
  const auto left = static_cast<std::size_t>(clamped);
  const std::size_t right = std::min(left + 1, row.size() - 1);
  const double fraction = clamped - std::floor(clamped);
  return (1.0 - fraction) * static_cast<double>(row[left]) + fraction * static_cast<double>(row[right]);
}

TEST(Resize, sameSize_isCopiedBitForBit) {
  std::vector<float> in = random_values(5 * 4 * 3, 1);
  in[0] = -0.0F;
  in[1] = std::numeric_limits<float>::infinity();
  in[2] = std::numeric_limits<float>::quiet_NaN();
  for (const ResizeKernel kernel : kAllKernels) {
    const std::vector<float> out = resized(in, {5, 4, 5, 4, 3, kernel});
    EXPECT_EQ(std::memcmp(in.data(), out.data(), in.size() * sizeof(float)), 0);
  }
}

TEST(Resize, oneAxisUnchanged_rowsResizeIndependently) {
  const std::vector<float> in = random_values(3 * 7, 2);
  const std::vector<float> out = resized(in, {3, 7, 3, 10, 1, ResizeKernel::kBilinear});
  for (std::size_t y = 0; y < 3; ++y) {
    const std::vector<float> row(in.begin() + static_cast<std::ptrdiff_t>(7 * y),
                                 in.begin() + static_cast<std::ptrdiff_t>(7 * y + 7));
    for (std::size_t x = 0; x < 10; ++x) {
      EXPECT_NEAR(static_cast<double>(out[y * 10 + x]), bilinear_1d(row, x, 10), 4 * 0x1p-24 * 2.0);
    }
  }
}

TEST(Resize, constant_staysConstant) {
  const std::tuple<std::size_t, std::size_t> sizes[] = {{17, 33}, {3, 2}, {40, 5}, {1, 1}};
  for (const ResizeKernel kernel : kAllKernels) {
    for (const auto& [height, width] : sizes) {
      const std::vector<float> in(11 * 14 * 2, 0.7F);
      for (const float value : resized(in, {11, 14, height, width, 2, kernel})) {
        // Weights sum to one but for their rounding: at most 22 weights an axis of 2^-24 each, and as many roundings.
        EXPECT_NEAR(value, 0.7F, 2 * 2 * 22 * 0x1p-24F);
      }
    }
  }
}

TEST(Resize, linearRamp_staysStraightButForTheKernelsOwnBend) {
  std::vector<float> in(32);
  for (std::size_t x = 0; x < in.size(); ++x) in[x] = static_cast<float>(x);
  for (const ResizeKernel kernel : kAllKernels) {
    for (const std::size_t width : {std::size_t{80}, std::size_t{13}}) {
      const std::vector<float> out = resized(in, {1, 32, 1, width, 1, kernel});
      const double scale = 32.0 / static_cast<double>(width);
      const double border = 2.0 * std::max(scale, 1.0) + 1.0;  // the cubic kernel's reach
      std::size_t compared = 0;
      for (std::size_t x = 0; x < width; ++x) {
        const double expected = (static_cast<double>(x) + 0.5) * scale - 0.5;
        if (expected < border || expected > 31.0 - border) continue;
        // Keys' kernel keeps a ramp straight only with a = −0.5; a = −0.75 bends it by t(1 − t)(1 − 2t) / 2.
        const double t = expected - std::floor(expected);
        const double bend = kernel == ResizeKernel::kBicubic ? 0.5 * t * (1.0 - t) * (1.0 - 2.0 * t) : 0.0;
        // A widened kernel sampled at whole inputs and normalised keeps its centre only nearly.
        const bool widened = width < 32 && kernel != ResizeKernel::kBilinear && kernel != ResizeKernel::kBicubic;
        EXPECT_NEAR(static_cast<double>(out[x]), expected + bend, widened ? 0.05 : 1e-5) << x;
        ++compared;
      }
      EXPECT_GT(compared, 3U);
    }
  }
}

TEST(Resize, mirroredInput_givesTheMirroredOutput) {
  constexpr std::size_t kIn = 13;
  for (const ResizeKernel kernel : kAllKernels) {
    for (const std::size_t out_width : {std::size_t{29}, std::size_t{5}, std::size_t{26}}) {
      const std::vector<float> in = random_values(kIn, 3);
      const std::vector<float> mirrored(in.rbegin(), in.rend());
      const std::vector<float> a = resized(in, {1, kIn, 1, out_width, 1, kernel});
      std::vector<float> b = resized(mirrored, {1, kIn, 1, out_width, 1, kernel});
      std::reverse(b.begin(), b.end());
      for (std::size_t x = 0; x < out_width; ++x) {
        if (kernel == ResizeKernel::kBilinear) {
          EXPECT_EQ(a[x], b[x]) << x;  // two weights: the sum commutes
        } else {
          EXPECT_NEAR(a[x], b[x], 16 * 0x1p-24F * 4.0F) << x;
        }
      }
    }
  }
}

TEST(Resize, channels_doNotMix_andEqualPlanes) {
  // 1, 3: unrolled; 7, 21, 70: vectors with ragged ends; every one must equal its planes resized alone, bit for bit.
  for (const std::size_t channels :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{21}, std::size_t{70}}) {
    const std::vector<float> in = random_values(9 * 11 * channels, channels);
    for (const ResizeKernel kernel : kAllKernels) {
      const std::vector<float> out = resized(in, {9, 11, 5, 19, channels, kernel});
      for (std::size_t c = 0; c < channels; ++c) {
        std::vector<float> plane(9 * 11);
        for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = in[i * channels + c];
        const std::vector<float> alone = resized(plane, {9, 11, 5, 19, 1, kernel});
        for (std::size_t i = 0; i < alone.size(); ++i) ASSERT_EQ(out[i * channels + c], alone[i]) << c << " " << i;
      }
    }
  }
}

TEST(Resize, rowsOneByOne_equalTheWhole) {
  const ResizeShape shape{10, 6, 23, 15, 4, ResizeKernel::kBicubic};
  const std::vector<float> in = random_values(10 * 6 * 4, 5);
  const std::vector<float> whole = resized(in, shape);
  const ResizePlan plan(shape);
  std::vector<float> workspace(plan.workspace_size());
  std::vector<float> row(15 * 4);
  for (std::size_t y = 23; y-- > 0;) {
    plan.run_row(in.data(), y, row.data(), workspace);
    ASSERT_EQ(std::memcmp(row.data(), whole.data() + y * row.size(), row.size() * sizeof(float)), 0) << y;
  }
}

template <typename Sample>
void expect_integer_samples_equal_floats(std::uint64_t bound) {
  Random random(6);
  std::vector<Sample> samples(21 * 37 * 3);
  for (Sample& sample : samples) sample = static_cast<Sample>(random.below(bound));
  const std::vector<float> floats(samples.begin(), samples.end());
  for (const ResizeKernel kernel : kAllKernels) {
    for (const std::size_t out_height : {std::size_t{8}, std::size_t{21}}) {
      for (const std::size_t out_width : {std::size_t{50}, std::size_t{37}}) {
        const ResizeShape shape{21, 37, out_height, out_width, 3, kernel};
        const std::vector<float> expected = resized(floats, shape);
        const ResizePlan plan(shape);
        std::vector<float> workspace(plan.workspace_size());
        std::vector<float> row(out_width * 3);
        for (std::size_t y = 0; y < out_height; ++y) {
          plan.run_row(samples.data(), y, row.data(), workspace);
          ASSERT_EQ(std::memcmp(row.data(), expected.data() + y * row.size(), row.size() * sizeof(float)), 0) << y;
        }
      }
    }
  }
}

TEST(Resize, integerSamples_equalTheirFloats) {
  expect_integer_samples_equal_floats<std::uint8_t>(256);
  expect_integer_samples_equal_floats<std::uint16_t>(65536);
}

TEST(Resize, infinityOutsideTheWindow_doesNotReachIn) {
  std::vector<float> in = {1.0F, std::numeric_limits<float>::infinity(), 2.0F, 3.0F};
  const std::vector<float> out = resized(in, {1, 4, 1, 8, 1, ResizeKernel::kBilinear});
  EXPECT_EQ(out[0], 1.0F);  // the border pixel has weight one, its neighbour none
  EXPECT_EQ(out[7], 3.0F);
  EXPECT_FALSE(std::isnan(out[2]));
}

TEST(ResizeNearest, everySize_takesTheStatedPixelAndNoNewLabels) {
  const std::vector<std::uint8_t> in = {3, 1, 4, 1, 5, 9, 2, 6, 255, 0, 7, 8};  // 3 × 4
  for (std::size_t height = 1; height <= 9; ++height) {
    for (std::size_t width = 1; width <= 9; ++width) {
      std::vector<std::uint8_t> out(height * width, 100);
      resize_nearest(in.data(), 3, 4, out.data(), height, width);
      for (std::size_t y = 0; y < height; ++y) {
        for (std::size_t x = 0; x < width; ++x) {
          const auto at_y =
              static_cast<std::size_t>((static_cast<double>(y) + 0.5) * 3.0 / static_cast<double>(height));
          const auto at_x = static_cast<std::size_t>((static_cast<double>(x) + 0.5) * 4.0 / static_cast<double>(width));
          EXPECT_EQ(out[y * width + x], in[at_y * 4 + at_x]) << height << "x" << width << " " << y << "," << x;
        }
      }
    }
  }
}

TEST(ResizeNearest, mirroredInput_givesTheMirroredOutput) {
  // Ties fall where (2i + 1) · in / (2 · out) is whole: none when `in` is odd.
  Random random(7);
  std::vector<std::uint8_t> in(15);
  for (std::uint8_t& label : in) label = static_cast<std::uint8_t>(random.below(256));
  const std::vector<std::uint8_t> mirrored(in.rbegin(), in.rend());
  for (std::size_t width = 1; width <= 64; ++width) {
    std::vector<std::uint8_t> a(width);
    std::vector<std::uint8_t> b(width);
    resize_nearest(in.data(), 1, 15, a.data(), 1, width);
    resize_nearest(mirrored.data(), 1, 15, b.data(), 1, width);
    std::reverse(b.begin(), b.end());
    EXPECT_EQ(a, b) << width;
  }
}

TEST(ResizePositionEmbedding, equalGrid_isCopied) {
  const std::vector<float> in = random_values((1 + 3 * 5) * 4, 8);
  std::vector<float> out(in.size());
  resize_position_embedding(in.data(), 3, 5, out.data(), 3, 5, 4);
  EXPECT_EQ(std::memcmp(in.data(), out.data(), in.size() * sizeof(float)), 0);
}

TEST(ResizePositionEmbedding, rectangles_rowsVaryOnlyWithYAndColumnsOnlyWithX) {
  // Channel 0 counts rows, channel 1 columns; an exchange of height and width, or a square assumed, mixes them.
  constexpr std::size_t kDim = 2;
  const auto rows_columns = [](std::size_t height, std::size_t width) {
    std::vector<float> values = {-5.0F, 5.0F};
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        values.push_back(static_cast<float>(y));
        values.push_back(static_cast<float>(x));
      }
    }
    return values;
  };
  const std::tuple<std::size_t, std::size_t, std::size_t, std::size_t> grids[] = {
      {30, 40, 8, 16}, {8, 16, 30, 40}, {5, 9, 9, 5}, {1, 6, 4, 3}};
  std::size_t compared = 0;
  for (const auto& [in_height, in_width, out_height, out_width] : grids) {
    const std::vector<float> in = rows_columns(in_height, in_width);
    std::vector<float> out((1 + out_height * out_width) * kDim);
    resize_position_embedding(in.data(), in_height, in_width, out.data(), out_height, out_width, kDim);
    EXPECT_EQ(out[0], -5.0F);
    EXPECT_EQ(out[1], 5.0F);
    const float* grid = out.data() + kDim;
    const double tolerance = 8 * 0x1p-24 * 40.0;  // two two-tap sums of values up to 40
    for (std::size_t y = 0; y < out_height; ++y) {
      for (std::size_t x = 0; x < out_width; ++x) {
        const float* token = grid + (y * out_width + x) * kDim;
        EXPECT_NEAR(static_cast<double>(token[0]), source_place(y, in_height, out_height), tolerance);
        EXPECT_NEAR(static_cast<double>(token[1]), source_place(x, in_width, out_width), tolerance);
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 8U * 16 + 30 * 40 + 9 * 5 + 4 * 3);
}

}  // namespace
}  // namespace edgemoe
