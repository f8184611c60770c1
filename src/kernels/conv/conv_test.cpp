#include "kernels/conv/conv.h"

#include <gtest/gtest.h>

#include "kernels/testing.h"

namespace edgemoe {
namespace {

using testing::Matrix;
using testing::same_bits;
using testing::within;

struct Case {
  std::size_t height, width, inputs, outputs, kernel;
};

// One pixel, single rows and columns, pictures smaller than the kernel, ragged tiles and panels, and the head's shapes.
constexpr Case kCases[] = {{1, 1, 1, 1, 3},   {1, 7, 3, 5, 3},   {9, 1, 2, 33, 3},   {2, 2, 5, 8, 3},
                           {5, 6, 16, 17, 3}, {3, 29, 8, 32, 3}, {8, 16, 20, 40, 3}, {4, 5, 7, 9, 1},
                           {1, 1, 64, 7, 1},  {8, 16, 32, 1, 1}};

struct Problem {
  explicit Problem(const Case& test)
      : in(test.height * test.width, test.inputs, 1),
        weights(testing::random_floats(test.outputs * test.inputs * test.kernel * test.kernel, 2)),
        bias(testing::random_floats(test.outputs, 3)) {}

  const Matrix in;
  const std::vector<float> weights;
  const std::vector<float> bias;
};

/// The sums that conv.h promises: taps in the order ky, kx, then input channels; outside the picture zeros are
/// multiplied.
float chain(Isa isa, const Case& test, const Problem& problem, std::size_t pixel, std::size_t output) {
  const auto margin = static_cast<std::ptrdiff_t>(test.kernel / 2);
  float sum = 0;
  for (std::size_t ky = 0; ky < test.kernel; ++ky) {
    for (std::size_t kx = 0; kx < test.kernel; ++kx) {
      const std::ptrdiff_t y = static_cast<std::ptrdiff_t>(pixel / test.width + ky) - margin;
      const std::ptrdiff_t x = static_cast<std::ptrdiff_t>(pixel % test.width + kx) - margin;
      const bool inside = y >= 0 && x >= 0 && y < static_cast<std::ptrdiff_t>(test.height) &&
                          x < static_cast<std::ptrdiff_t>(test.width);
      for (std::size_t c = 0; c < test.inputs; ++c) {
        const float value =
            inside ? problem.in.at(static_cast<std::size_t>(y) * test.width + static_cast<std::size_t>(x), c) : 0.0F;
        const float weight = problem.weights[((output * test.inputs + c) * test.kernel + ky) * test.kernel + kx];
        sum = testing::multiply_add(isa, value, weight, sum);
      }
    }
  }
  return sum + problem.bias[output];
}

TEST(ConvTest, everyShape_givesThePromisedChain) {
  for (const Isa isa : supported_isas()) {
    for (const Case& test : kCases) {
      const Problem problem(test);
      const ConvWeights weights =
          pack_conv_weights(isa, problem.weights.data(), test.outputs, test.inputs, test.kernel);
      Matrix expected(problem.in.rows(), test.outputs);
      for (std::size_t pixel = 0; pixel < expected.rows(); ++pixel) {
        for (std::size_t o = 0; o < test.outputs; ++o) expected.at(pixel, o) = chain(isa, test, problem, pixel, o);
      }
      for (const int threads : {1, 2, 3, 7}) {
        ThreadPool pool(threads);
        Matrix out(problem.in.rows(), test.outputs);
        conv2d(isa,
               {.in = problem.in.view(),
                .height = test.height,
                .width = test.width,
                .weights = &weights,
                .bias = problem.bias.data(),
                .out = out.view()},
               pool);
        EXPECT_TRUE(same_bits(out, expected)) << isa_name(isa) << " " << test.height << "x" << test.width << "x"
                                              << test.inputs << " to " << test.outputs << " on " << threads;
      }
    }
  }
}

// A chain of K = kernel² · inputs roundings (twice as many where the product is rounded too, portable's worst), and the
// bias.
TEST(ConvTest, everyShape_isWithinTheBoundOfTheReference) {
  ThreadPool pool(2);
  for (const Isa isa : supported_isas()) {
    for (const Case& test : kCases) {
      for (const bool relu : {false, true}) {
        const Problem problem(test);
        const ConvWeights weights =
            pack_conv_weights(isa, problem.weights.data(), test.outputs, test.inputs, test.kernel);
        Matrix out(problem.in.rows(), test.outputs);
        Matrix expected = out;
        ConvArgs args{.in = problem.in.view(),
                      .height = test.height,
                      .width = test.width,
                      .weights = &weights,
                      .bias = problem.bias.data(),
                      .relu = relu,
                      .out = out.view()};
        conv2d(isa, args, pool);
        args.out = expected.view();
        conv2d_reference(args, problem.weights.data());
        float largest_in = 0;
        for (std::size_t r = 0; r < problem.in.rows(); ++r) {
          for (std::size_t c = 0; c < test.inputs; ++c) {
            largest_in = std::max(largest_in, std::abs(problem.in.at(r, c)));
          }
        }
        const std::size_t terms = test.kernel * test.kernel * test.inputs;
        EXPECT_TRUE(within(out, expected, [&](std::size_t, std::size_t o) {
          double norm = std::abs(static_cast<double>(problem.bias[o]));
          for (std::size_t i = 0; i < terms; ++i) {
            norm += std::abs(static_cast<double>(problem.weights[o * terms + i])) * static_cast<double>(largest_in);
          }
          return (static_cast<double>(terms) + 3) * testing::kHalfUlp * norm;
        })) << isa_name(isa);
      }
    }
  }
}

TEST(ConvTest, withoutBias_addsNothing) {
  ThreadPool pool(1);
  const Case test{3, 4, 6, 10, 3};
  const Problem problem(test);
  const std::vector<float> zeros(test.outputs, 0.0F);
  for (const Isa isa : supported_isas()) {
    const ConvWeights weights = pack_conv_weights(isa, problem.weights.data(), test.outputs, test.inputs, test.kernel);
    Matrix without(12, test.outputs);
    Matrix with = without;
    ConvArgs args{.in = problem.in.view(), .height = 3, .width = 4, .weights = &weights, .out = without.view()};
    conv2d(isa, args, pool);
    args.bias = zeros.data();
    args.out = with.view();
    conv2d(isa, args, pool);
    EXPECT_TRUE(same_bits(without, with)) << isa_name(isa);
  }
}

}  // namespace
}  // namespace edgemoe
