// LayerNorm over the last axis, float32: (x − mean) / sqrt(variance + eps) · weight + bias, variance over n (biased),
// as in PyTorch. Mean and variance in two passes, each summed in an order fixed by the Isa alone.
#ifndef EDGEMOE_KERNELS_LAYERNORM_LAYERNORM_H_
#define EDGEMOE_KERNELS_LAYERNORM_LAYERNORM_H_

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "kernels/isa.h"

namespace edgemoe {

/// `out` may be `in`. weight and bias are [cols].
void layernorm(Isa isa, MatrixView<const float> in, const float* weight, const float* bias, float eps,
               MatrixView<float> out, ThreadPool& pool);

/// Double-precision reference, one row at a time.
void layernorm_reference(MatrixView<const float> in, const float* weight, const float* bias, float eps,
                         MatrixView<float> out);

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_LAYERNORM_LAYERNORM_H_
