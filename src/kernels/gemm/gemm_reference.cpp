#include <cmath>
#include <numbers>

#include "kernels/gemm/gemm.h"

namespace edgemoe {
namespace {

double activate(GemmActivation activation, double x) {
  switch (activation) {
    case GemmActivation::kNone:
      return x;
    case GemmActivation::kGelu:
      return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
    case GemmActivation::kRelu:
      return x < 0 ? 0 : x;
  }
  return x;
}

}  // namespace

void gemm_reference(const GemmArgs& args, MatrixView<const float> b) {
  for (std::size_t i = 0; i < args.m; ++i) {
    const float* a = args.a.row(args.a_rows.empty() ? i : args.a_rows[i]);
    float* c = args.c.row(args.c_rows.empty() ? i : args.c_rows[i]);
    const double scale = args.row_scale.empty() ? 1.0 : static_cast<double>(args.row_scale[i]);
    for (std::size_t n = 0; n < b.rows; ++n) {
      double sum = 0;
      for (std::size_t k = 0; k < b.cols; ++k) sum += static_cast<double>(a[k]) * static_cast<double>(b.row(n)[k]);
      if (args.bias != nullptr) sum += static_cast<double>(args.bias[n]);
      const double value = activate(args.activation, sum);
      const double before = args.store == GemmStore::kAccumulate ? static_cast<double>(c[n]) : 0.0;
      c[n] = static_cast<float>(args.store == GemmStore::kAccumulate ? before + scale * value : value);
    }
  }
}

}  // namespace edgemoe
