#include "kernels/simd/make_kernel_table.h"
#include "kernels/simd/vec_neon.h"

namespace edgemoe::simd {

constinit const KernelTable kNeonKernels = make_kernel_table<VecNeon>();

}  // namespace edgemoe::simd
