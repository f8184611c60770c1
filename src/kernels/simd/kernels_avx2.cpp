#include "kernels/simd/make_kernel_table.h"
#include "kernels/simd/vec_avx2.h"

namespace edgemoe::simd {

constinit const KernelTable kAvx2Kernels = make_kernel_table<VecAvx2>();

}  // namespace edgemoe::simd
