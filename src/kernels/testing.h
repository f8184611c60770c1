// What the tests of the kernels share: random data, the comparer, and the sum that gemm.h promises.
#ifndef EDGEMOE_KERNELS_TESTING_H_
#define EDGEMOE_KERNELS_TESTING_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/tensor.h"
#include "kernels/isa.h"

namespace edgemoe::testing {

inline constexpr double kHalfUlp = 0x1p-24;  // unit roundoff of float32

inline std::vector<float> random_floats(std::size_t count, std::uint64_t seed, float scale = 1.0F) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = scale * random.normal();
  return values;
}

/// A matrix that owns its values, with room between its rows that nobody may write.
class Matrix {
 public:
  static constexpr std::size_t kGap = 3;
  static constexpr float kGapValue = 12345.0F;

  Matrix(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), values_(rows * (cols + kGap), kGapValue) {}
  Matrix(std::size_t rows, std::size_t cols, std::uint64_t seed, float scale = 1.0F) : Matrix(rows, cols) {
    Random random(seed);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < cols; ++c) at(r, c) = scale * random.normal();
    }
  }

  float& at(std::size_t r, std::size_t c) { return values_[r * (cols_ + kGap) + c]; }
  float at(std::size_t r, std::size_t c) const { return values_[r * (cols_ + kGap) + c]; }
  MatrixView<float> view() { return {values_.data(), rows_, cols_, cols_ + kGap}; }
  MatrixView<const float> view() const { return {values_.data(), rows_, cols_, cols_ + kGap}; }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::span<const float> values() const { return values_; }

 private:
  std::size_t rows_;
  std::size_t cols_;
  std::vector<float> values_;
};

/// Equal bit for bit, gaps included; names the first place that is not. Fails on empty input.
inline ::testing::AssertionResult same_bits(const Matrix& a, const Matrix& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return ::testing::AssertionFailure() << "shapes differ";
  if (a.values().empty()) return ::testing::AssertionFailure() << "no value was compared";
  for (std::size_t r = 0; r < a.rows(); ++r) {
    const MatrixView<const float> x = a.view();
    const MatrixView<const float> y = b.view();
    for (std::size_t c = 0; c < a.cols() + Matrix::kGap; ++c) {
      if (std::memcmp(x.row(r) + c, y.row(r) + c, sizeof(float)) != 0) {
        return ::testing::AssertionFailure() << "row " << r << ", column " << c << " of [" << a.rows() << ", "
                                             << a.cols() << "]: " << x.row(r)[c] << " and " << y.row(r)[c];
      }
    }
  }
  return ::testing::AssertionSuccess() << a.values().size() << " values compared";
}

/// |a − b| ≤ bound(r, c) everywhere (a NaN is never within); names the worst place. Fails on empty input.
template <typename Bound>
::testing::AssertionResult within(const Matrix& a, const Matrix& b, const Bound& bound) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return ::testing::AssertionFailure() << "shapes differ";
  if (a.rows() * a.cols() == 0) return ::testing::AssertionFailure() << "no value was compared";
  double worst = -1;
  std::size_t worst_row = 0;
  std::size_t worst_col = 0;
  for (std::size_t r = 0; r < a.rows(); ++r) {
    for (std::size_t c = 0; c < a.cols(); ++c) {
      const double share = std::abs(static_cast<double>(a.at(r, c)) - static_cast<double>(b.at(r, c))) / bound(r, c);
      if (share <= worst) continue;
      worst = std::isnan(share) ? std::numeric_limits<double>::infinity() : share;
      worst_row = r;
      worst_col = c;
    }
  }
  if (worst <= 1) return ::testing::AssertionSuccess() << a.rows() * a.cols() << " values compared";
  return ::testing::AssertionFailure() << "worst of " << a.rows() * a.cols() << " values: row " << worst_row
                                       << ", column " << worst_col << ": " << a.at(worst_row, worst_col) << " and "
                                       << b.at(worst_row, worst_col) << ", " << worst << " times the bound";
}

/// One step of the sums that gemm.h promises.
inline float multiply_add(Isa isa, float a, float b, float sum) {
  if (isa != Isa::kPortable) return std::fma(a, b, sum);
  const float product = a * b;
  return product + sum;
}

}  // namespace edgemoe::testing

#endif  // EDGEMOE_KERNELS_TESTING_H_
