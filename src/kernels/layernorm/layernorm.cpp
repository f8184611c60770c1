#include "kernels/layernorm/layernorm.h"

#include <cmath>

#include "base/check.h"
#include "kernels/gemm/tile_loop.h"
#include "kernels/simd/kernel_table.h"

namespace edgemoe {

void layernorm(Isa isa, MatrixView<const float> in, const float* weight, const float* bias, float eps,
               MatrixView<float> out, ThreadPool& pool) {
  EDGEMOE_CHECK(in.rows == out.rows && in.cols == out.cols);
  if (in.rows == 0 || in.cols == 0) return;
  const KernelTable& kernels = kernel_table(isa);
  // A task of fewer elements than this is over before another thread has woken up.
  constexpr std::size_t kMinTaskElements = 8192;
  const std::size_t rows_per_task = (kMinTaskElements + in.cols - 1) / in.cols;
  const EvenSplit tasks = split_evenly(in.rows, rows_per_task);
  pool.parallel_for(tasks.parts, [&](std::size_t task, int) {
    for (std::size_t row = tasks.begin(task); row < tasks.begin(task + 1); ++row) {
      kernels.layernorm_row({in.row(row), weight, bias, eps, in.cols, out.row(row)});
    }
  });
}

void layernorm_reference(MatrixView<const float> in, const float* weight, const float* bias, float eps,
                         MatrixView<float> out) {
  const auto n = static_cast<double>(in.cols);
  for (std::size_t row = 0; row < in.rows; ++row) {
    const float* x = in.row(row);
    double mean = 0;
    for (std::size_t i = 0; i < in.cols; ++i) mean += static_cast<double>(x[i]) / n;
    double variance = 0;
    for (std::size_t i = 0; i < in.cols; ++i) {
      const double difference = static_cast<double>(x[i]) - mean;
      variance += difference * difference / n;
    }
    const double scale = 1.0 / std::sqrt(variance + static_cast<double>(eps));
    for (std::size_t i = 0; i < in.cols; ++i) {
      const double normed = (static_cast<double>(x[i]) - mean) * scale;
      out.row(row)[i] = static_cast<float>(normed * static_cast<double>(weight[i]) + static_cast<double>(bias[i]));
    }
  }
}

}  // namespace edgemoe
