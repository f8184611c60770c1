#include "resample/axis.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"

namespace edgemoe {
namespace {

constexpr double kBicubicSharpness = -0.75;          // PyTorch's interpolate(mode="bicubic")
constexpr double kBicubicAntialiasSharpness = -0.5;  // the same with antialias=True

/// Keys' cubic convolution kernel, |x| < 2 (R. Keys, 1981).
double cubic(double x, double a) {
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a;
  return 0.0;
}

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// Where output i falls between two inputs: (i + 0.5) · in / out − 0.5 = index + fraction, without rounding of `index`.
struct Position {
  std::ptrdiff_t index;
  double fraction;    // in [0, 1)
  double complement;  // 1 − fraction, rounded by itself, so that a mirrored axis has the same weights
};

Position position(std::size_t i, std::size_t in_size, std::size_t out_size) {
  const auto denominator = static_cast<std::ptrdiff_t>(2 * out_size);
  const auto numerator = static_cast<std::ptrdiff_t>((2 * i + 1) * in_size) - static_cast<std::ptrdiff_t>(out_size);
  std::ptrdiff_t index = numerator / denominator;
  std::ptrdiff_t remainder = numerator % denominator;
  if (remainder < 0) {
    remainder += denominator;
    --index;
  }
  const auto divisor = static_cast<double>(denominator);
  return {index, static_cast<double>(remainder) / divisor, static_cast<double>(denominator - remainder) / divisor};
}

/// The widened kernel: weights of inputs first … first + size − 1, which sum to one. Returns `first`.
std::ptrdiff_t antialias_weights(std::size_t i, std::size_t in_size, std::size_t out_size, ResizeKernel kernel,
                                 std::vector<double>& weights) {
  const double scale = static_cast<double>(in_size) / static_cast<double>(out_size);
  const double stretch = std::max(scale, 1.0);
  const double support = (kernel == ResizeKernel::kBicubicAntialias ? 2.0 : 1.0) * stretch;
  const double centre = (static_cast<double>(i) + 0.5) * scale;
  const double low = std::max(0.0, std::floor(centre - support + 0.5));
  const double high = std::min(static_cast<double>(in_size), std::floor(centre + support + 0.5));
  weights.clear();
  double sum = 0.0;
  for (double j = low; j < high; j += 1.0) {
    const double x = (j - centre + 0.5) / stretch;
    weights.push_back(kernel == ResizeKernel::kBicubicAntialias ? cubic(x, kBicubicAntialiasSharpness) : triangle(x));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return static_cast<std::ptrdiff_t>(low);
}

}  // namespace

ResizeAxis::ResizeAxis(std::size_t in_size, std::size_t out_size, ResizeKernel kernel) : in_size_(in_size) {
  EDGEMOE_CHECK(in_size >= 1 && out_size >= 1);
  windows_.reserve(out_size);
  std::vector<double> wide;
  for (std::size_t i = 0; i < out_size; ++i) {
    const Position p = position(i, in_size, out_size);
    if (in_size == out_size) {
      add_window(p.index, std::array{1.0});
      continue;
    }
    switch (kernel) {
      case ResizeKernel::kBilinear:
        add_window(p.index, std::array{p.complement, p.fraction});
        break;
      case ResizeKernel::kBicubic:
        add_window(p.index - 1,
                   std::array{cubic(1.0 + p.fraction, kBicubicSharpness), cubic(p.fraction, kBicubicSharpness),
                              cubic(p.complement, kBicubicSharpness), cubic(1.0 + p.complement, kBicubicSharpness)});
        break;
      case ResizeKernel::kBilinearAntialias:
      case ResizeKernel::kBicubicAntialias: {
        const std::ptrdiff_t first = antialias_weights(i, in_size, out_size, kernel, wide);
        add_window(first, wide);
        break;
      }
    }
  }
}

void ResizeAxis::add_window(std::ptrdiff_t first, std::span<const double> weights) {
  const auto last_input = static_cast<std::ptrdiff_t>(in_size_) - 1;
  const auto clamped = [&](std::size_t t) {
    return static_cast<std::size_t>(std::clamp(first + static_cast<std::ptrdiff_t>(t), std::ptrdiff_t{0}, last_input));
  };
  std::size_t begin = 0;
  std::size_t end = weights.size();
  while (begin + 1 < end && weights[begin] == 0.0) ++begin;
  while (end > begin + 1 && weights[end - 1] == 0.0) --end;

  Entry entry{clamped(begin), weights_.size(), 0};
  for (std::size_t t = begin; t < end;) {
    double weight = weights[t];
    std::size_t next = t + 1;
    while (next < end && clamped(next) == clamped(t)) weight += weights[next++];
    weights_.push_back(static_cast<float>(weight));
    ++entry.count;
    t = next;
  }
  windows_.push_back(entry);
}

}  // namespace edgemoe
