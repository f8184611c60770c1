#include "kernels/simd/kernel_table.h"

#include "base/check.h"

namespace edgemoe {

const KernelTable& kernel_table(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return simd::kPortableKernels;
#if defined(__aarch64__)
    case Isa::kNeon:
    case Isa::kDotProd:
      return simd::kNeonKernels;
#endif
#if defined(__x86_64__)
    case Isa::kAvx2:
    case Isa::kAvxVnni:
      return simd::kAvx2Kernels;
    case Isa::kAvx512:
    case Isa::kAvx512Vnni:
      return simd::kAvx512Kernels;
#endif
    default:
      break;
  }
  check_failed(__FILE__, __LINE__, "this build has code for the instruction set");
}

}  // namespace edgemoe
