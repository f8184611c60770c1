#include "kernels/simd/make_kernel_table.h"
#include "kernels/simd/vec_portable.h"

namespace edgemoe::simd {

constinit const KernelTable kPortableKernels = make_kernel_table<VecPortable>();

}  // namespace edgemoe::simd
