#include "kernels/conv/conv.h"

namespace edgemoe {
namespace {

/// One output before bias: the sum over the taps that lie inside the picture.
double convolve(const ConvArgs& args, const float* filter, std::size_t y, std::size_t x) {
  const std::size_t kernel = args.weights->kernel;
  const std::size_t inputs = args.weights->inputs;
  double sum = 0;
  for (std::size_t ky = 0; ky < kernel; ++ky) {
    for (std::size_t kx = 0; kx < kernel; ++kx) {
      const std::size_t padded_y = y + ky;
      const std::size_t padded_x = x + kx;
      const std::size_t margin = kernel / 2;
      if (padded_y < margin || padded_y >= args.height + margin) continue;
      if (padded_x < margin || padded_x >= args.width + margin) continue;
      const float* pixel = args.in.row((padded_y - margin) * args.width + padded_x - margin);
      for (std::size_t c = 0; c < inputs; ++c) {
        sum += static_cast<double>(pixel[c]) * static_cast<double>(filter[(c * kernel + ky) * kernel + kx]);
      }
    }
  }
  return sum;
}

}  // namespace

void conv2d_reference(const ConvArgs& args, const float* weights) {
  const std::size_t filter_size = args.weights->inputs * args.weights->kernel * args.weights->kernel;
  for (std::size_t y = 0; y < args.height; ++y) {
    for (std::size_t x = 0; x < args.width; ++x) {
      float* out = args.out.row(y * args.width + x);
      for (std::size_t o = 0; o < args.weights->outputs; ++o) {
        double sum = convolve(args, weights + o * filter_size, y, x);
        if (args.bias != nullptr) sum += static_cast<double>(args.bias[o]);
        out[o] = static_cast<float>(args.relu && sum < 0 ? 0.0 : sum);
      }
    }
  }
}

}  // namespace edgemoe
