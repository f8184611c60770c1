// Convolution of stride 1 with zero padding that keeps the size, float32, pixels as rows of channels ([height · width,
// channels]). Weights are M3ViT's [outputs, inputs, kernel, kernel], kernel 1 or 3, packed once. Same promise as
// gemm.h: one chain of fused multiply-adds an output, in the order ky, kx, input channel, independent of tiling, batch
// and threads.
#ifndef EDGEMOE_KERNELS_CONV_CONV_H_
#define EDGEMOE_KERNELS_CONV_CONV_H_

#include <cstddef>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "kernels/gemm/gemm.h"
#include "kernels/isa.h"

namespace edgemoe {

struct ConvWeights {
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  std::size_t kernel = 0;
  GemmWeights packed;          // [outputs, kernel · kernel · inputs]
  AlignedBuffer<float> zeros;  // [inputs]: what lies outside the picture
};

ConvWeights pack_conv_weights(Isa isa, const float* weights, std::size_t outputs, std::size_t inputs,
                              std::size_t kernel);

struct ConvArgs {
  MatrixView<const float> in;  // [height · width, inputs]
  std::size_t height = 0;
  std::size_t width = 0;
  const ConvWeights* weights = nullptr;
  const float* bias = nullptr;  // [outputs]; batch norm is folded into weights and bias by the caller
  bool relu = false;
  MatrixView<float> out;  // [height · width, outputs]
};

void conv2d(Isa isa, const ConvArgs& args, ThreadPool& pool);

/// Double-precision reference on unpacked weights.
void conv2d_reference(const ConvArgs& args, const float* weights);

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_CONV_CONV_H_
