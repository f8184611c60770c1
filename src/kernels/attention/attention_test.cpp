#include "kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/aligned_buffer.h"
#include "kernels/testing.h"

namespace edgemoe {
namespace {

using testing::Matrix;
using testing::same_bits;
using testing::within;

struct Case {
  std::size_t num_sequences, num_tokens, num_heads, head_dim;
};

constexpr Case kCases[] = {{1, 1, 1, 1},   {1, 2, 2, 5},    {2, 17, 3, 48},  {1, 15, 1, 33},
                           {3, 33, 2, 16}, {1, 129, 3, 64}, {2, 129, 1, 32}, {1, 300, 1, 7}};

AttentionArgs make_args(const Case& test, const Matrix& qkv, Matrix& out) {
  return {.qkv = qkv.view(),
          .out = out.view(),
          .num_sequences = test.num_sequences,
          .num_tokens = test.num_tokens,
          .num_heads = test.num_heads,
          .head_dim = test.head_dim,
          .scale = 1.0F / std::sqrt(static_cast<float>(test.head_dim))};
}

Matrix make_qkv(const Case& test, std::uint64_t seed) {
  return Matrix(test.num_sequences * test.num_tokens, 3 * test.num_heads * test.head_dim, seed);
}

Matrix make_out(const Case& test) {
  return Matrix(test.num_sequences * test.num_tokens, test.num_heads * test.head_dim);
}

/// Runs with a workspace of exactly the stated size, filled with NaN: what is read must have been written.
void run(Isa isa, AttentionArgs args, int threads) {
  AlignedBuffer<float> workspace(
      attention_workspace_size(args.num_sequences, args.num_tokens, args.num_heads, args.head_dim, threads));
  std::fill(workspace.begin(), workspace.end(), std::numeric_limits<float>::quiet_NaN());
  args.workspace = workspace.data();
  ThreadPool pool(threads);
  attention(isa, args, pool);
}

Matrix run_reference(const Case& test, const Matrix& qkv) {
  Matrix out = make_out(test);
  attention_reference(make_args(test, qkv, out));
  return out;
}

/// Largest |q|·|k| sum of a head's scores and largest |v|, over everything.
struct Magnitudes {
  double score = 0;
  double value = 0;
};

Magnitudes magnitudes(const Case& test, const Matrix& qkv, double scale) {
  const std::size_t width = test.num_heads * test.head_dim;
  double q = 0;
  double k = 0;
  Magnitudes result;
  for (std::size_t row = 0; row < qkv.rows(); ++row) {
    for (std::size_t col = 0; col < width; ++col) {
      q = std::max(q, std::abs(static_cast<double>(qkv.at(row, col))));
      k = std::max(k, std::abs(static_cast<double>(qkv.at(row, width + col))));
      result.value = std::max(result.value, std::abs(static_cast<double>(qkv.at(row, 2 * width + col))));
    }
  }
  result.score = static_cast<double>(test.head_dim) * q * k * scale;
  return result;
}

// With u = 2⁻²⁴, S the bound on Σ|q||k|·scale and V on |v|: a score is off by (head_dim + 2)uS, its difference from the
// maximum by twice that and u·2S; the exponential adds 2.5e-7; so each weight is relatively off by e, the sum of
// weights by e
// + tokens·u, the product with V by as much again; the result by at most V · (2e + (2·tokens + 4)u). Portable rounds
// products too: one more u a chain.
double attention_bound(const Case& test, const Magnitudes& m) {
  const double u = testing::kHalfUlp;
  const double exponent_error = 2 * (static_cast<double>(test.head_dim) + 3) * u * m.score + 2 * u * m.score;
  return m.value * (2 * (std::expm1(exponent_error) + 2.5e-7) + (2 * static_cast<double>(test.num_tokens) + 5) * u);
}

TEST(AttentionTest, everyShape_isWithinTheBoundOfTheReference) {
  for (const Isa isa : supported_isas()) {
    for (const Case& test : kCases) {
      const Matrix qkv = make_qkv(test, 1);
      Matrix out = make_out(test);
      const AttentionArgs args = make_args(test, qkv, out);
      run(isa, args, 2);
      const double bound = attention_bound(test, magnitudes(test, qkv, static_cast<double>(args.scale)));
      EXPECT_TRUE(within(out, run_reference(test, qkv), [&](std::size_t, std::size_t) { return bound; }))
          << isa_name(isa) << " " << test.num_tokens << " tokens, head_dim " << test.head_dim;
    }
  }
}

TEST(AttentionTest, manyTokens_areWithinTheBoundOfTheReference) {
  for (const Isa isa : supported_isas()) {
    for (const Case& test : {Case{1, 1201, 1, 32}, Case{1, 2049, 1, 8}}) {
      const Matrix qkv = make_qkv(test, 2);
      Matrix out = make_out(test);
      const AttentionArgs args = make_args(test, qkv, out);
      run(isa, args, 2);
      const std::size_t last = test.num_tokens - 1;
      const double bound = attention_bound(test, magnitudes(test, qkv, static_cast<double>(args.scale)));
      const Matrix expected = run_reference(test, qkv);
      EXPECT_TRUE(within(out, expected, [&](std::size_t, std::size_t) { return bound; })) << isa_name(isa);
      EXPECT_NE(out.at(0, 0), out.at(last, 0));
    }
  }
}

TEST(AttentionTest, sequence_hasTheSameBitsAloneInABatchAndOnAnyThreads) {
  const Case batch{3, 41, 2, 24};
  const Matrix qkv = make_qkv(batch, 3);
  for (const Isa isa : supported_isas()) {
    Matrix together = make_out(batch);
    run(isa, make_args(batch, qkv, together), 1);
    for (const int threads : {2, 3, 7}) {
      Matrix out = make_out(batch);
      run(isa, make_args(batch, qkv, out), threads);
      EXPECT_TRUE(same_bits(out, together)) << isa_name(isa) << " on " << threads << " threads";
    }
    const Case single{1, 41, 2, 24};
    for (std::size_t sequence = 0; sequence < 3; ++sequence) {
      Matrix out = make_out(single);
      AttentionArgs args = make_args(single, qkv, out);
      args.qkv.data = args.qkv.row(sequence * 41);
      run(isa, args, 2);
      for (std::size_t row = 0; row < 41; ++row) {
        for (std::size_t col = 0; col < out.cols(); ++col) {
          ASSERT_EQ(out.at(row, col), together.at(sequence * 41 + row, col)) << isa_name(isa);
        }
      }
    }
  }
}

TEST(AttentionTest, query_doesNotDependOnItsNeighbours) {
  // Equal queries stand in tiles of every place; all must give the same bits.
  const Case test{1, 45, 1, 20};
  Matrix qkv = make_qkv(test, 4);
  for (std::size_t row = 1; row < 45; ++row) {
    for (std::size_t col = 0; col < 20; ++col) qkv.at(row, col) = qkv.at(0, col);
  }
  for (const Isa isa : supported_isas()) {
    Matrix out = make_out(test);
    run(isa, make_args(test, qkv, out), 1);
    for (std::size_t row = 1; row < 45; ++row) {
      for (std::size_t col = 0; col < 20; ++col) ASSERT_EQ(out.at(row, col), out.at(0, col)) << isa_name(isa);
    }
  }
}

/// qkv of one head of two columns: q is (level, 0), so the score of key t is level · k(t, 0); v(t) = (v, 1): the second
/// output column is the sum of the probabilities.
Matrix make_softmax_probe(std::size_t num_tokens, float level) {
  Matrix qkv(num_tokens, 6, 5);
  for (std::size_t t = 0; t < num_tokens; ++t) {
    qkv.at(t, 0) = level;
    qkv.at(t, 1) = 0;
    qkv.at(t, 5) = 1;
  }
  return qkv;
}

Matrix run_probe(Isa isa, const Matrix& qkv) {
  const Case test{1, qkv.rows(), 1, 2};
  Matrix out = make_out(test);
  AttentionArgs args = make_args(test, qkv, out);
  args.scale = 1;
  run(isa, args, 1);
  return out;
}

TEST(AttentionTest, probabilities_sumToOneWithinTheirRoundings) {
  for (const Isa isa : supported_isas()) {
    for (const std::size_t num_tokens : {2UL, 17UL, 129UL, 2049UL}) {
      for (const float level : {0.0F, 1.0F, 60.0F}) {
        Matrix qkv = make_softmax_probe(num_tokens, level);
        for (std::size_t t = 0; t < num_tokens; ++t) qkv.at(t, 2) = t % 3 == 0 ? 1.0F : -1.0F;  // scores ± level
        const Matrix out = run_probe(isa, qkv);
        const double bound = (2 * static_cast<double>(num_tokens) + 4) * testing::kHalfUlp;
        for (std::size_t t = 0; t < num_tokens; ++t) {
          ASSERT_NEAR(static_cast<double>(out.at(t, 1)), 1.0, bound) << isa_name(isa) << " level " << level;
        }
      }
    }
  }
}

TEST(AttentionTest, oneDominantKey_givesItsValueExactly) {
  Matrix qkv = make_softmax_probe(50, 1000.0F);
  for (std::size_t t = 0; t < 50; ++t) qkv.at(t, 2) = t == 37 ? 1.0F : -1.0F;
  for (const Isa isa : supported_isas()) {
    const Matrix out = run_probe(isa, qkv);
    for (std::size_t t = 0; t < 50; ++t) {
      EXPECT_EQ(out.at(t, 0), qkv.at(37, 4)) << isa_name(isa);
      EXPECT_EQ(out.at(t, 1), 1.0F);
    }
  }
}

TEST(AttentionTest, equalScores_giveTheMeanOfTheValues) {
  Matrix qkv = make_softmax_probe(129, 0.0F);
  double mean = 0;
  for (std::size_t t = 0; t < 129; ++t) mean += static_cast<double>(qkv.at(t, 4)) / 129;
  for (const Isa isa : supported_isas()) {
    const Matrix out = run_probe(isa, qkv);
    for (std::size_t t = 0; t < 129; ++t) {
      EXPECT_NEAR(static_cast<double>(out.at(t, 0)), mean, 129 * 6.0 * testing::kHalfUlp) << isa_name(isa);
    }
  }
}

TEST(AttentionTest, noSequences_isLegal) {
  ThreadPool pool(1);
  for (const Isa isa : supported_isas()) attention(isa, {.num_sequences = 0}, pool);
  EXPECT_EQ(attention_workspace_size(0, 5, 1, 8, 0), 0U);
}

TEST(AttentionTest, workspace_growsLinearlyWithTokens) {
  const std::size_t once = attention_workspace_size(1, 4096, 3, 64, 2);
  EXPECT_LE(attention_workspace_size(1, 8192, 3, 64, 2), 2 * once);
}

}  // namespace
}  // namespace edgemoe
