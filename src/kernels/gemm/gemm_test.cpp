#include "kernels/gemm/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "kernels/simd/kernel_table.h"
#include "kernels/testing.h"

namespace edgemoe {
namespace {

using testing::Matrix;
using testing::same_bits;
using testing::within;

struct Size {
  std::size_t m, n, k;
};

// Below, at and above the tiles of every instruction set (rows 4, 6, 12, 14; columns 8, 16, 32), and the network's own.
constexpr Size kSizes[] = {{1, 1, 1},     {1, 8, 3},     {2, 7, 5},       {3, 33, 64},  {4, 16, 1},   {5, 17, 31},
                           {6, 32, 192},  {7, 31, 2},    {13, 40, 48},    {14, 64, 17}, {15, 15, 15}, {29, 65, 33},
                           {28, 96, 192}, {41, 16, 192}, {129, 192, 192}, {9, 384, 192}};

/// The sums that gemm.h promises, term by term; no bias or activation.
Matrix chains(Isa isa, const Matrix& a, const Matrix& b) {
  Matrix c(a.rows(), b.rows());
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t n = 0; n < b.rows(); ++n) {
      float sum = 0;
      for (std::size_t k = 0; k < a.cols(); ++k) sum = testing::multiply_add(isa, a.at(i, k), b.at(n, k), sum);
      c.at(i, n) = sum;
    }
  }
  return c;
}

TEST(GemmTest, everySize_givesThePromisedChain) {
  ThreadPool pool(1);
  for (const Isa isa : supported_isas()) {
    for (const Size& size : kSizes) {
      const Matrix a(size.m, size.k, 1);
      const Matrix b(size.n, size.k, 2);
      const GemmWeights weights = pack_gemm_weights(isa, b.view());
      Matrix c(size.m, size.n);
      gemm(isa, {.a = a.view(), .b = &weights, .c = c.view(), .m = size.m}, pool);
      EXPECT_TRUE(same_bits(c, chains(isa, a, b))) << isa_name(isa) << " " << size.m << "x" << size.n << "x" << size.k;
    }
  }
}

// A chain of K roundings, then bias, activation (slope at most 1.13, error 5e-7) and accumulation: with u = 2⁻²⁴ the
// error of element (i, n) is at most 1.13 · ((K + 2) u (Σ|a||b| + |bias|) + u |bias|) + 5e-7, and each of the last
// steps rounds its result once more. Portable rounds each product too: K + 1 more of them in the worst term.
TEST(GemmTest, everyEpilogue_isWithinTheBoundOfTheReference) {
  ThreadPool pool(2);
  for (const Isa isa : supported_isas()) {
    for (const Size& size : kSizes) {
      for (const auto activation : {GemmActivation::kNone, GemmActivation::kGelu, GemmActivation::kRelu}) {
        for (const auto store : {GemmStore::kAssign, GemmStore::kAccumulate}) {
          const Matrix a(size.m, size.k, 3);
          const Matrix b(size.n, size.k, 4, 0.25F);
          const std::vector<float> bias = testing::random_floats(size.n, 5);
          const GemmWeights weights = pack_gemm_weights(isa, b.view());
          Matrix c(size.m, size.n, 6);
          Matrix expected = c;
          GemmArgs args{.a = a.view(),
                        .b = &weights,
                        .bias = bias.data(),
                        .activation = activation,
                        .store = store,
                        .c = c.view(),
                        .m = size.m};
          gemm(isa, args, pool);
          args.c = expected.view();
          gemm_reference(args, b.view());
          const double terms = static_cast<double>(size.k) + 4 + (isa == Isa::kPortable ? 1 : 0);
          EXPECT_TRUE(within(c, expected,
                             [&](std::size_t i, std::size_t n) {
                               double magnitude = std::abs(static_cast<double>(bias[n]));
                               for (std::size_t k = 0; k < size.k; ++k) {
                                 magnitude +=
                                     std::abs(static_cast<double>(a.at(i, k)) * static_cast<double>(b.at(n, k)));
                               }
                               const double gelu_error = activation == GemmActivation::kGelu ? 5e-7 : 0;
                               return 1.13 * terms * testing::kHalfUlp * magnitude + gelu_error +
                                      2 * testing::kHalfUlp * std::abs(static_cast<double>(expected.at(i, n)));
                             }))
              << isa_name(isa) << " " << size.m << "x" << size.n << "x" << size.k;
        }
      }
    }
  }
}

TEST(GemmTest, activation_isAppliedToTheVeryBitsOfTheSum) {
  ThreadPool pool(1);
  const Matrix a(15, 33, 7);
  const Matrix b(37, 33, 8);
  for (const Isa isa : supported_isas()) {
    const GemmWeights weights = pack_gemm_weights(isa, b.view());
    Matrix plain(15, 37);
    Matrix activated(15, 37);
    gemm(isa, {.a = a.view(), .b = &weights, .c = plain.view(), .m = 15}, pool);
    GemmArgs args{.a = a.view(), .b = &weights, .activation = GemmActivation::kGelu, .c = activated.view(), .m = 15};
    gemm(isa, args, pool);
    for (std::size_t i = 0; i < 15; ++i) {
      kernel_table(isa).gelu(plain.view().row(i), plain.cols(), plain.view().row(i));
    }
    EXPECT_TRUE(same_bits(activated, plain)) << isa_name(isa);
  }
}

TEST(GemmTest, row_hasTheSameBitsAloneInAnyPlaceAndOnAnyThreads) {
  const std::size_t m = 61;
  const Matrix a(m, 70, 9);
  const Matrix b(75, 70, 10);
  const std::vector<float> bias = testing::random_floats(75, 11);
  for (const Isa isa : supported_isas()) {
    const GemmWeights weights = pack_gemm_weights(isa, b.view());
    Matrix together(m, 75);
    const auto run = [&](std::size_t first, std::size_t rows, Matrix& c, int threads) {
      ThreadPool pool(threads);
      MatrixView<const float> rows_of_a = a.view();
      rows_of_a.data = rows_of_a.row(first);
      rows_of_a.rows = rows;
      const auto activation = GemmActivation::kGelu;
      gemm(isa,
           {.a = rows_of_a, .b = &weights, .bias = bias.data(), .activation = activation, .c = c.view(), .m = rows},
           pool);
    };
    run(0, m, together, 1);
    for (const int threads : {2, 3, 7}) {
      Matrix c(m, 75);
      run(0, m, c, threads);
      EXPECT_TRUE(same_bits(c, together)) << isa_name(isa) << " on " << threads << " threads";
    }
    for (const std::size_t row : {0UL, 13UL, 60UL}) {
      for (std::size_t rows = 1; rows <= std::min<std::size_t>(17, m - row); ++rows) {
        Matrix c(rows, 75);
        run(row, rows, c, 1);
        for (std::size_t n = 0; n < 75; ++n) {
          ASSERT_EQ(c.at(0, n), together.at(row, n)) << isa_name(isa) << " row " << row << " of " << rows;
        }
      }
    }
  }
}

TEST(GemmTest, gatherAndScatter_moveWholeRowsAndTouchNoOther) {
  ThreadPool pool(3);
  const std::size_t m = 9;
  const std::vector<std::uint32_t> a_rows = {5, 5, 0, 19, 3, 7, 8, 1, 2};
  const std::vector<std::uint32_t> c_rows = {11, 0, 29, 4, 3, 2, 1, 17, 16};
  const std::vector<float> scale = testing::random_floats(m, 12);
  const Matrix a(20, 40, 13);
  const Matrix b(50, 40, 14);
  for (const Isa isa : supported_isas()) {
    const GemmWeights weights = pack_gemm_weights(isa, b.view());
    Matrix c(30, 50, 15);
    Matrix expected = c;
    gemm(isa,
         {.a = a.view(),
          .a_rows = a_rows,
          .b = &weights,
          .store = GemmStore::kAccumulate,
          .c = c.view(),
          .c_rows = c_rows,
          .row_scale = scale,
          .m = m},
         pool);
    const Matrix sums = chains(isa, a, b);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t n = 0; n < 50; ++n) {
        float& value = expected.at(c_rows[i], n);
        value = testing::multiply_add(isa, scale[i], sums.at(a_rows[i], n), value);
      }
    }
    EXPECT_TRUE(same_bits(c, expected)) << isa_name(isa);
  }
}

TEST(GemmTest, noRows_changesNothing) {
  ThreadPool pool(2);
  const Matrix b(10, 6, 16);
  for (const Isa isa : supported_isas()) {
    const GemmWeights weights = pack_gemm_weights(isa, b.view());
    Matrix c(4, 10, 17);
    const Matrix before = c;
    gemm(isa, {.a = {nullptr, 0, 6, 6}, .b = &weights, .c = c.view(), .m = 0}, pool);
    EXPECT_TRUE(same_bits(c, before)) << isa_name(isa);
  }
}

TEST(GemmTest, nan_spreadsToItsRowOnly) {
  ThreadPool pool(1);
  Matrix poisoned(5, 12, 18);
  poisoned.at(2, 7) = std::numeric_limits<float>::quiet_NaN();
  const Matrix& a = poisoned;
  const Matrix b(20, 12, 19);
  for (const Isa isa : supported_isas()) {
    const GemmWeights weights = pack_gemm_weights(isa, b.view());
    for (const auto activation : {GemmActivation::kNone, GemmActivation::kGelu, GemmActivation::kRelu}) {
      Matrix c(5, 20);
      gemm(isa, {.a = a.view(), .b = &weights, .activation = activation, .c = c.view(), .m = 5}, pool);
      for (std::size_t i = 0; i < 5; ++i) {
        for (std::size_t n = 0; n < 20; ++n) EXPECT_EQ(std::isnan(c.at(i, n)), i == 2) << isa_name(isa);
      }
    }
  }
}

TEST(GemmTest, vectorIsas_agreeBitForBit) {
  ThreadPool pool(1);
  const Matrix a(23, 100, 20);
  const Matrix b(45, 100, 21);
  std::vector<Matrix> results;
  for (const Isa isa : supported_isas()) {
    if (isa == Isa::kPortable) continue;
    const GemmWeights weights = pack_gemm_weights(isa, b.view());
    results.emplace_back(23, 45);
    gemm(isa, {.a = a.view(), .b = &weights, .activation = GemmActivation::kGelu, .c = results.back().view(), .m = 23},
         pool);
  }
  if (results.size() < 2) GTEST_SKIP() << "this machine has fewer than two vector instruction sets";
  EXPECT_TRUE(same_bits(results[0], results[1]));
}

TEST(ComparerTest, within_rejectsOneWrongValueAndEmptyInput) {
  const Matrix a(3, 4, 22);
  Matrix b = a;
  const auto bound = [](std::size_t, std::size_t) { return 1e-6; };
  EXPECT_TRUE(within(a, b, bound));
  EXPECT_TRUE(same_bits(a, b));
  b.at(2, 3) += 1e-5F;
  EXPECT_FALSE(within(a, b, bound));
  EXPECT_FALSE(same_bits(a, b));
  b.at(2, 3) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(within(a, b, bound));
  EXPECT_FALSE(within(Matrix(0, 4), Matrix(0, 4), bound));
  EXPECT_FALSE(same_bits(Matrix(0, 4), Matrix(0, 4)));
}

}  // namespace
}  // namespace edgemoe
