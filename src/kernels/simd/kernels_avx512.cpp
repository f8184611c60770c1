#include "kernels/simd/make_kernel_table.h"
#include "kernels/simd/vec_avx512.h"

namespace edgemoe::simd {

constinit const KernelTable kAvx512Kernels = make_kernel_table<VecAvx512>();

}  // namespace edgemoe::simd
