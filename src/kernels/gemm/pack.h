// Packing of a matrix into panels of columns, for GEMM weights and for the keys and values of attention.
#ifndef EDGEMOE_KERNELS_GEMM_PACK_H_
#define EDGEMOE_KERNELS_GEMM_PACK_H_

#include <cstddef>

namespace edgemoe {

/// Element (n, k) of a matrix B[N,K] is data[n · n_stride + k · k_stride].
struct StridedMatrix {
  const float* data = nullptr;
  std::size_t n = 0;
  std::size_t k = 0;
  std::size_t n_stride = 0;
  std::size_t k_stride = 1;
};

/// Floats that pack_panels writes.
constexpr std::size_t packed_size(std::size_t n, std::size_t k, std::size_t panel_width) {
  return (n + panel_width - 1) / panel_width * panel_width * k;
}

/// Writes [ceil(N / panel_width)][K][panel_width], zeros past N.
void pack_panels(const StridedMatrix& b, std::size_t panel_width, float* panels);

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_GEMM_PACK_H_
