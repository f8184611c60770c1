#include "kernels/layernorm/layernorm.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "kernels/testing.h"

namespace edgemoe {
namespace {

using testing::Matrix;
using testing::same_bits;
using testing::within;

constexpr float kEps = 1e-6F;

struct Case {
  std::size_t rows, cols;
  float offset;  // added to every element: a mean far from zero
};

constexpr Case kCases[] = {{1, 1, 0},     {3, 2, 1},     {2, 15, 0},   {2, 16, -5},   {5, 17, 0},
                           {129, 192, 0}, {7, 192, 100}, {4, 384, -1}, {3, 1000, 10}, {2, 33, 1e4F}};

Matrix make_input(const Case& test, std::uint64_t seed) {
  Matrix in(test.rows, test.cols, seed, 2.0F);
  for (std::size_t r = 0; r < test.rows; ++r) {
    for (std::size_t c = 0; c < test.cols; ++c) in.at(r, c) += test.offset;
  }
  return in;
}

// With u = 2⁻²⁴ and X the row's largest magnitude, differences from the first element are exact to 2Xu and their sum
// over n terms to n·u times its size, so the mean is off by at most (n + 4) · 2Xu =: d. The deviation from the mean is
// off by d + 2Xu; the scale s = 1/σ changes by no more than its own relative error, (n + 8)u/2 from the chain of
// squares, and d/σ from the mean's error; each output then rounds three times.
TEST(LayerNormTest, everyShape_isWithinTheBoundOfTheReference) {
  ThreadPool pool(2);
  for (const Isa isa : supported_isas()) {
    for (const Case& test : kCases) {
      const Matrix in = make_input(test, 1);
      const std::vector<float> weight = testing::random_floats(test.cols, 2);
      const std::vector<float> bias = testing::random_floats(test.cols, 3);
      Matrix out(test.rows, test.cols);
      Matrix expected(test.rows, test.cols);
      layernorm(isa, in.view(), weight.data(), bias.data(), kEps, out.view(), pool);
      layernorm_reference(in.view(), weight.data(), bias.data(), kEps, expected.view());
      const auto n = static_cast<double>(test.cols);
      EXPECT_TRUE(within(
          out, expected,
          [&](std::size_t r, std::size_t c) {
            double largest = 0;
            double mean = 0;
            for (std::size_t i = 0; i < test.cols; ++i) {
              largest = std::max(largest, std::abs(static_cast<double>(in.at(r, i))));
              mean += static_cast<double>(in.at(r, i)) / n;
            }
            double variance = 0;
            for (std::size_t i = 0; i < test.cols; ++i) {
              variance += (static_cast<double>(in.at(r, i)) - mean) * (static_cast<double>(in.at(r, i)) - mean) / n;
            }
            const double u = testing::kHalfUlp;
            const double scale = 1 / std::sqrt(variance + static_cast<double>(kEps));
            const double mean_error = (n + 4) * 2 * largest * u;
            const double normed = std::abs(static_cast<double>(in.at(r, c)) - mean) * scale;
            const double normed_error =
                (mean_error + 2 * largest * u) * scale + normed * ((n + 8) * u / 2 + mean_error * scale);
            return std::abs(static_cast<double>(weight[c])) * (normed_error + 3 * u * normed) +
                   2 * u * (normed * std::abs(static_cast<double>(weight[c])) + std::abs(static_cast<double>(bias[c])));
          }))
          << isa_name(isa) << " " << test.rows << "x" << test.cols << " + " << test.offset;
    }
  }
}

TEST(LayerNormTest, constantRows_giveTheBias) {
  ThreadPool pool(1);
  const std::vector<float> weight = testing::random_floats(192, 4);
  const std::vector<float> bias = testing::random_floats(192, 5);
  const float values[] = {0.0F, 1.0F, -0.1F, 3.3e7F, 1e30F, 1e-40F};
  for (const Isa isa : supported_isas()) {
    Matrix in(std::size(values), 192);
    for (std::size_t r = 0; r < in.rows(); ++r) {
      for (std::size_t c = 0; c < in.cols(); ++c) in.at(r, c) = values[r];
    }
    layernorm(isa, std::as_const(in).view(), weight.data(), bias.data(), kEps, in.view(), pool);
    for (std::size_t r = 0; r < in.rows(); ++r) {
      for (std::size_t c = 0; c < in.cols(); ++c) {
        ASSERT_EQ(in.at(r, c), bias[c]) << isa_name(isa) << " row of " << values[r] << ", column " << c;
      }
    }
  }
}

TEST(LayerNormTest, inPlaceAndOnAnyThreads_givesTheSameBits) {
  const Matrix in = make_input({200, 70, 3.0F}, 6);
  const std::vector<float> weight = testing::random_floats(70, 7);
  const std::vector<float> bias = testing::random_floats(70, 8);
  for (const Isa isa : supported_isas()) {
    Matrix expected(200, 70);
    ThreadPool single(1);
    layernorm(isa, in.view(), weight.data(), bias.data(), kEps, expected.view(), single);
    for (const int threads : {1, 2, 3, 7}) {
      ThreadPool pool(threads);
      Matrix out = in;
      layernorm(isa, std::as_const(out).view(), weight.data(), bias.data(), kEps, out.view(), pool);
      EXPECT_TRUE(same_bits(out, expected)) << isa_name(isa) << " on " << threads << " threads";
    }
    Matrix alone(1, 70);
    MatrixView<const float> row = in.view();
    row.data = row.row(123);
    row.rows = 1;
    layernorm(isa, row, weight.data(), bias.data(), kEps, alone.view(), single);
    for (std::size_t c = 0; c < 70; ++c) EXPECT_EQ(alone.at(0, c), expected.at(123, c));
  }
}

TEST(LayerNormTest, nan_spreadsToItsRowOnly) {
  ThreadPool pool(1);
  const std::vector<float> ones(40, 1.0F);
  for (const Isa isa : supported_isas()) {
    Matrix in(3, 40, 9);
    in.at(1, 39) = std::numeric_limits<float>::quiet_NaN();
    layernorm(isa, std::as_const(in).view(), ones.data(), ones.data(), kEps, in.view(), pool);
    for (std::size_t c = 0; c < 40; ++c) {
      EXPECT_FALSE(std::isnan(in.at(0, c)));
      EXPECT_TRUE(std::isnan(in.at(1, c)));
      EXPECT_FALSE(std::isnan(in.at(2, c)));
    }
  }
}

}  // namespace
}  // namespace edgemoe
