// C[M,N] = A[M,K] · B[N,K]ᵀ in float32, with the gather, bias, activation and scatter that the network wants around it.
//
// Every element of C is one chain of fused multiply-adds over k in ascending order, starting at zero, whatever the
// tiling: the result of a row depends on that row of A alone, not on M, on the other rows, or on the number of threads.
// Isa::kPortable rounds the product and the sum apart, on every machine, since not every machine can fuse them; the
// other instruction sets give the same bits as each other.
#ifndef EDGEMOE_KERNELS_GEMM_GEMM_H_
#define EDGEMOE_KERNELS_GEMM_GEMM_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned_buffer.h"
#include "base/tensor.h"
#include "base/thread_pool.h"
#include "kernels/isa.h"

namespace edgemoe {

/// B[N,K] repacked once into panels of columns: [ceil(N / panel)][K][panel], the tail zero-filled. Made for one Isa.
struct GemmWeights {
  std::size_t n = 0;
  std::size_t k = 0;
  AlignedBuffer<float> panels;
};

/// Packs B[N,K], row-major with any stride.
GemmWeights pack_gemm_weights(Isa isa, MatrixView<const float> b);

/// What happens to (sum + bias) before it is stored.
enum class GemmActivation { kNone, kGelu, kRelu };

/// How a finished row reaches C.
enum class GemmStore {
  kAssign,      ///< C[row] = value
  kAccumulate,  ///< C[row] += row_scale · value (row_scale 1 where none is given)
};

struct GemmArgs {
  MatrixView<const float> a;                   // [rows, K]
  std::span<const std::uint32_t> a_rows = {};  // row i of the product reads a.row(a_rows[i]); empty: i
  const GemmWeights* b = nullptr;
  const float* bias = nullptr;  // [N] or null
  GemmActivation activation = GemmActivation::kNone;
  GemmStore store = GemmStore::kAssign;
  MatrixView<float> c;                         // [rows, N]
  std::span<const std::uint32_t> c_rows = {};  // row i of the product goes to c.row(c_rows[i]); empty: i; no row twice
  std::span<const float> row_scale = {};       // [M], kAccumulate only; empty: 1
  std::size_t m = 0;                           // rows of the product
};

/// Runs one product on the pool. GELU is the erf form, absolute error below 1e-6.
void gemm(Isa isa, const GemmArgs& args, ThreadPool& pool);

/// The plain triple loop that every variant is tested against (double accumulation).
void gemm_reference(const GemmArgs& args, MatrixView<const float> b);

/// GELU(x) = x · Φ(x), erf form, in float32 as the kernels compute it (absolute error below 1e-6).
float gelu(float x);

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_GEMM_GEMM_H_
